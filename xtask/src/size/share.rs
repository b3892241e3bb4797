//! Whose code it is: the bytes of .text by the crate that they were written in
//!
//! The firmware is one program to the optimizer, and most functions end up inside others; so each address is asked for in the
//! debug information. It counts for the innermost function that is not of Rust's own libraries, because their small functions
//! are what everything consists of. Constants are nobody's here.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::elf::Elf;

/// What is told where the debug information names no file: assembler, and fill between functions
const UNKNOWN: &str = "unknown";
/// What Rust comes with
const RUST: &str = "core";

/// Bytes of code for each crate
pub(crate) fn by_crate(file: &Path, elf: &Elf<'_>) -> anyhow::Result<BTreeMap<String, u32>> {
    /// Thumb's instructions begin at every second byte
    const STEP: usize = 2;
    let code = elf.range(".text").context("it has no code")?;
    let loader = addr2line::Loader::new(file).map_err(|error| anyhow!("no debug information: {error}"))?;
    let mut bytes = BTreeMap::new();
    for address in code.step_by(STEP) {
        let mut frames = loader.find_frames(address).map_err(|error| anyhow!("at {address:#x}: {error}"))?;
        let mut owner = UNKNOWN;
        while let Ok(Some(frame)) = frames.next() {
            owner = frame.location.and_then(|place| place.file).map_or(UNKNOWN, name);
            if owner != RUST {
                break;
            }
        }
        *bytes.entry(owner.to_owned()).or_default() += u32::try_from(STEP)?;
    }
    Ok(bytes)
}

/// The crate that a file of source is part of
fn name(file: &str) -> &str {
    let parts = || file.split(['/', '\\']);
    if parts().any(|part| matches!(part, "library" | "rustc")) {
        return RUST;
    }
    // A folder named NAME-VERSION in the registry, or a member's own folder: what stands before `src`.
    let folder = parts().zip(parts().skip(1)).filter(|(_, next)| *next == "src").last();
    let folder = folder.map_or(UNKNOWN, |(folder, _)| folder);
    match folder.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => name,
        _ => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_known_by_their_folders() {
        assert_eq!(name("registry/src/index-1949/smoltcp-0.14.0/src/socket/tcp.rs"), "smoltcp");
        assert_eq!(name("slp/proto-core/src/client.rs"), "proto-core");
        assert_eq!(name("proto-core/src/client.rs"), "proto-core");
        assert_eq!(name("/rustc/5980/library/core/src/num/mod.rs"), "core");
        assert_eq!(name("main.rs"), "unknown");
    }
}
