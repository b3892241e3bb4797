//! The program `slp`: command line in, exit status out

use std::process::ExitCode;

fn main() -> ExitCode {
    std_app::program::main(std::env::args_os())
}
