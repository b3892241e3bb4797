//! The firmware: a board, the client, and a loop
//!
//! Wiring only. Built by `cargo xtask build-firmware`, run by `cargo xtask emulate`.

#![no_std]
#![no_main]

#[cfg(feature = "fault-injection")]
mod faults;

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use embedded_app::app::{App, Memory, Session, Turn};
use embedded_app::board::{self, Board as _, Selected};
use embedded_app::console::Console;
use embedded_app::display::Screen;
use embedded_app::net::Storage;
use embedded_app::telemetry::Telemetry;
use static_cell::{ConstStaticCell, StaticCell};

/// The client's large parts that begin as zeros
struct Zeros {
    net: Storage<'static>,
    console: Console,
    telemetry: Telemetry,
    screen: Screen,
}

// Those are there from the start, and the one that does not begin as zeros is made at the start: so none is stored.
static ZEROS: ConstStaticCell<Zeros> = ConstStaticCell::new(Zeros {
    net: Storage::new(),
    console: Console::new(),
    telemetry: Telemetry::new(),
    screen: Screen::new(),
});
static SESSION: StaticCell<Session> = StaticCell::new();

#[entry]
fn main() -> ! {
    let Some(mut board) = Selected::take() else { board::exit(1) };
    let Zeros { net, console, telemetry, screen } = ZEROS.take();
    let memory = Memory { net, console, telemetry, session: session(), screen };
    #[cfg(feature = "fault-injection")]
    board::with_settings(faults::inject);
    let mut app = board::with_settings(|settings| App::new(&mut board, memory, settings));
    loop {
        match app.turn(&mut board) {
            Turn::Sleep(until) => board.wait(until),
            Turn::Exit => {
                #[cfg(feature = "fault-injection")]
                board::with_settings(faults::inject_at_the_end);
                board::exit(0)
            }
        }
    }
}

// Made in a function of its own, which gives back the stack that making takes.
#[inline(never)]
fn session() -> &'static mut Session {
    SESSION.init_with(Session::new)
}

/// Tells both lines where it happened, and ends with the status that Rust programs have then
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    board::panicked(info)
}
