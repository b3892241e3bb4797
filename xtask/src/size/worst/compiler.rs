//! What the compiler says of frames, beside what the code says
//!
//! Nightly Rust writes the size of each function's frame into the firmware, if asked (`-Z emit-stack-sizes`). It is another
//! compiler than the one whose firmware is measured, so its numbers are no part of the bound; but every frame that was read
//! out of its code has to be the one that it says. Precompiled code, assembler and what several functions have in common have
//! no such entry.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, bail, ensure};

use super::calls;
use super::program::Program;
use crate::build_firmware::Board;
use crate::setup::rust;
use crate::size::Elf;
use crate::test::executable;

/// Where the compiler writes them
const SECTION: &str = ".stack_sizes";
/// Fewer than the smallest firmware has
const FEWEST: usize = 100;

/// How the frames compare
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Comparison {
    /// How many functions have the same frame
    same: usize,
    /// Functions that take more than the compiler says: what it saves around shared code is not in its numbers
    larger: Vec<u32>,
    /// Functions that it has no number for
    without: Vec<u32>,
}

/// Builds a board's firmware with nightly Rust, compares, and returns a line that tells how they compare
pub(in crate::size) fn compare(board: &Board) -> anyhow::Result<String> {
    let flags = format!("target.{}.rustflags=['-Zemit-stack-sizes']", board.target);
    let build = rust::on_nightly("cargo")
        .args(["build", "--package", "embedded-app", "--bin", "slp-device", "--profile", "firmware"])
        .args(["--features", board.name, "--target", board.target, "--target-dir", "target/stack", "--config", &flags]);
    let file = executable(&build)?;
    let bytes = fs::read(&file).with_context(|| format!("cannot read {file}"))?;
    let elf = Elf::new(&bytes).with_context(|| format!("{file} is no firmware"))?;
    let program = Program::read(&elf)?;
    let frames = calls::graph(&program).nodes.into_iter().map(|(function, node)| (function, node.frame)).collect();
    let said = parse(elf.bytes(SECTION).with_context(|| format!("{file} has no {SECTION}"))?)?;
    let names = |functions: Vec<u32>| {
        let names: Vec<String> = functions.iter().map(|function| program.name(*function)).collect();
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    };
    match compared(&frames, &said) {
        Ok(Comparison { same, larger, without }) => Ok(format!(
            "{same} as nightly Rust says, {} larger{}, {} of which it says nothing{}",
            larger.len(),
            names(larger),
            without.len(),
            names(without)
        )),
        Err((function, read, said)) => {
            let name = program.name(function);
            bail!("{name} takes {said} bytes of stack, the compiler says, and {read} were found in its code")
        }
    }
}

/// Compares frames read from the code with those that the compiler says; an error is a function of which too little was found
fn compared(frames: &BTreeMap<u32, u32>, said: &BTreeMap<u32, u32>) -> Result<Comparison, (u32, u32, u32)> {
    let mut comparison = Comparison::default();
    for (&function, &read) in frames {
        match said.get(&function) {
            None => comparison.without.push(function),
            Some(&said) if said > read => return Err((function, read, said)),
            Some(&said) if said < read => comparison.larger.push(function),
            Some(_) => comparison.same += 1,
        }
    }
    Ok(comparison)
}

/// Reads pairs of an address and a number in LEB128
fn parse(mut bytes: &[u8]) -> anyhow::Result<BTreeMap<u32, u32>> {
    let mut sizes = BTreeMap::new();
    while let Some((address, rest)) = bytes.split_first_chunk() {
        let end = rest.iter().position(|byte| byte & 0x80 == 0).context("a size has no end")? + 1;
        ensure!(end <= 4, "a size is more than any memory");
        let (size, rest) = rest.split_at(end);
        let size = size.iter().rev().fold(0, |size, byte| size << 7 | u32::from(byte & 0x7F));
        sizes.insert(u32::from_le_bytes(*address) & !1, size);
        bytes = rest;
    }
    if sizes.len() < FEWEST {
        bail!("only {} functions have sizes", sizes.len());
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_leb128_behind_addresses_of_thumb() {
        let many = (0_u32..100).flat_map(|index| [&(2 * index + 1).to_le_bytes()[..], &[0x80, 0x06]].concat());
        let sizes = parse(&many.collect::<Vec<u8>>()).unwrap();
        assert_eq!((sizes.len(), sizes[&0], sizes[&198]), (100, 768, 768));
        assert_eq!(parse(&[1, 0, 0, 0, 8]).unwrap_err().to_string(), "only 1 functions have sizes");
        assert_eq!(parse(&[1, 0, 0, 0, 0x80]).unwrap_err().to_string(), "a size has no end");
    }

    #[test]
    fn frame_of_less_than_the_compiler_says_is_an_error() {
        let said = BTreeMap::from([(2, 16), (4, 24)]);
        let more = BTreeMap::from([(2, 16), (4, 32), (6, 8)]);
        assert_eq!(compared(&more, &said), Ok(Comparison { same: 1, larger: vec![4], without: vec![6] }));
        assert_eq!(compared(&BTreeMap::from([(2, 8)]), &said), Err((2, 8, 16)));
    }
}
