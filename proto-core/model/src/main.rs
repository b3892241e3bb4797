//! Explores the models and prints how many states each has: `model [--large]`
//!
//! The tests explore the small ones too, with the seeded faults; this is for the numbers and for the large ones.

use std::process::ExitCode;

use model::Pair;
use model::bounds::{LARGE, SMALL};
use model::explore::{HEAD, Outcome, explore};
use model::foreign::{ClosingServer, SilentClient};

fn main() -> ExitCode {
    let large = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [word] if word == "--large" => true,
        _ => {
            eprintln!("error: nothing or --large expected");
            return ExitCode::from(2);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut broken = 0;
    let mut tell = |outcome: Outcome| {
        println!("{outcome}");
        broken += outcome.broken.len();
    };
    println!("{HEAD}");
    for bounds in if large { LARGE } else { SMALL } {
        tell(explore(bounds.name, Pair::new(*bounds), threads));
    }
    let (silent, leaving, closing) = if large { ((3, 6), (2, 3), (3, 2)) } else { ((2, 5), (1, 2), (2, 1)) };
    tell(explore("silent client", SilentClient::new(silent.0, silent.1), threads));
    tell(explore("it leaves", SilentClient::new(leaving.0, leaving.1).leaving(), threads));
    tell(explore("closing server", ClosingServer::new(closing.0, closing.1), threads));
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
