//! The firmware: a board, the client, and a loop
//!
//! Wiring only. Built by `cargo xtask build-firmware`, run by `cargo xtask emulate`.

#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use embedded_app::app::{App, Turn};
use embedded_app::board::{Board as _, Selected};
use embedded_app::net::Storage;
use static_cell::StaticCell;

/// The memory of the network, which outlives `main`'s stack frame for the compiler's sake
static STORAGE: StaticCell<Storage<'static>> = StaticCell::new();
/// The client, off the stack so that its size is known from the section table
static APP: StaticCell<App<'static>> = StaticCell::new();

#[entry]
fn main() -> ! {
    let Some(mut board) = Selected::take() else { Selected::exit(1) };
    let storage = STORAGE.init_with(Storage::new);
    let app = APP.init_with(|| board.with_settings(|board, settings| App::new(board, storage, settings)));
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
