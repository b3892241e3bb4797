//! Runs inputs through their check and tells in one line each what they lead to
//!
//! ```text
//! cargo run --example seed -- TARGET FILE…
//! ```
//! For an input that broke something: the panic, without libFuzzer. For one that is to become a seed: the row for
//! `corpus/README.md`.

use std::process::ExitCode;

use proto_core_fuzz::TARGETS;
use proto_core_fuzz::describe::row;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let target = args.next().unwrap_or_default();
    let Some((_, check)) = TARGETS.iter().find(|(name, _)| *name == target) else {
        eprintln!("say which target, then which files; targets: {:?}", TARGETS.map(|(name, _)| name));
        return ExitCode::from(2);
    };
    for file in args {
        let data = match std::fs::read(&file) {
            Ok(data) => data,
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        };
        check(&data);
        let name = std::path::Path::new(&file).file_name().unwrap_or_default().to_string_lossy();
        println!("{}", row(&target, &name, &data));
    }
    ExitCode::SUCCESS
}
