//! Gives the linker the memory of the board whose feature is on; does nothing for the library on the host

use std::path::PathBuf;
use std::{env, fs};

const BOARDS: [&str; 4] = ["lm3s6965evb", "mps2-an385", "nucleo-f429zi", "nucleo-h743zi"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let feature = |board: &&str| env::var_os(format!("CARGO_FEATURE_{}", board.to_uppercase().replace('-', "_")));
    let Some(board) = BOARDS.iter().find(|board| feature(board).is_some()) else {
        // The library says so in a better place.
        return;
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let memory = PathBuf::from("memory").join(format!("{board}.x"));
    fs::copy(&memory, out.join("memory.x")).unwrap_or_else(|error| panic!("{}: {error}", memory.display()));
    // It names handlers of interrupts: the emulated boards have none, the others' come with their chip's crate.
    if env::var_os("CARGO_FEATURE_NUCLEO").is_none() {
        fs::write(out.join("device.x"), "").expect("cargo's own folder can be written to");
    }
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // What was dropped is nowhere, rather than at address 0, where it would be taken for what does lie there.
    println!("cargo::rustc-link-arg-bins=-zdead-reloc-in-nonalloc=.debug_*=0xffffffff");
}
