//! The firmware: a board, the client, and a loop
//!
//! Wiring only. Built by `cargo xtask build-firmware`, run by `cargo xtask emulate`.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use embedded_app::app::{App, Memory, Turn};
use embedded_app::board::{Board as _, Selected};
use static_cell::StaticCell;

/// The client's large parts: a `static`, so that their size is known from the section table
static MEMORY: StaticCell<Memory<'static>> = StaticCell::new();

#[entry]
fn main() -> ! {
    let Some(mut board) = Selected::take() else { Selected::exit(1) };
    let memory = MEMORY.init_with(Memory::new);
    let mut app = board.with_settings(|board, settings| App::new(board, memory, settings));
    loop {
        match app.turn(&mut board) {
            Turn::Sleep(until) => board.wait(until),
            Turn::Exit => Selected::exit(0),
        }
    }
}

/// Tells both lines where it happened, and ends with the status that Rust programs have then
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    Selected::panicked(info)
}
