//! Builds, runs, measures and tests the workspace: `cargo xtask help`
//!
//! One file per command. A command installs what it needs, or says in one line what to install; it removes nothing that
//! it did not make. Exit status: 0 when all went well, 1 when something failed, 2 on wrong usage.
//!
//! Nothing here is part of the programs: no crate depends on this one.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

mod bench;
mod build_firmware;
mod ci;
mod cmd;
mod coverage;
mod emulate;
mod exhaustive;
mod fingerprint;
mod flash;
mod fuzz;
mod miri;
mod model;
mod mutants;
mod report;
mod screenshot;
mod settings;
mod setup;
mod size;
mod slow;
mod test;
mod tidy;
mod workspace;

/// Builds, runs, measures and tests the workspace
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Setup(setup::Args),
    Test(test::Args),
    Ci(ci::Args),
    Screenshot(screenshot::Args),
    BuildFirmware(build_firmware::Args),
    Emulate(emulate::Args),
    Flash(flash::Args),
    Size(size::Args),
    Mutants(mutants::Args),
    Bench(bench::Args),
    Model(model::Args),
    Fuzz(fuzz::Args),
    Coverage(coverage::Args),
    Exhaustive(exhaustive::Args),
    Miri(miri::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match cli.command {
        Command::Setup(args) => setup::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Ci(args) => ci::run(&args),
        Command::Screenshot(args) => screenshot::run(&args),
        Command::BuildFirmware(args) => build_firmware::run(&args),
        Command::Emulate(args) => emulate::run(&args),
        Command::Flash(args) => flash::run(&args),
        Command::Size(args) => size::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Exhaustive(args) => exhaustive::run(&args),
        Command::Miri(args) => miri::run(&args),
    };
    outcome.unwrap_or_else(|error| {
        complain(format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Prints help that was asked for, or one line for wrong usage
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        say(error.render().to_string().trim_end());
        return ExitCode::SUCCESS;
    }
    complain(match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "say what to do; see `cargo xtask help`".to_owned()
        }
        _ => format!("{}; see `cargo xtask help`", one_line(&error.render().to_string())),
    });
    ExitCode::from(2)
}

/// clap's message without its usage and help, on one line
fn one_line(message: &str) -> String {
    let lines = message.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let said = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    said.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

/// Prints one line; a reader that went away is no reason to stop
fn say(text: impl Display) {
    if cfg!(test) {
        // The test harness captures what goes through the macro only.
        println!("{text}");
        return;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).ok();
}

/// Prints one line on standard error
fn complain(text: impl Display) {
    writeln!(std::io::stderr(), "error: {text}").ok();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_is_one_line() {
        for words in
            [vec!["xtask", "tset"], vec!["xtask", "test", "--nope"], vec!["xtask", "screenshot", "--size", "1"]]
        {
            let error = Cli::try_parse_from(&words).unwrap_err();
            let line = one_line(&error.render().to_string());
            assert!(!line.contains('\n') && !line.contains("Usage"), "{line:?}");
            assert!(words.iter().any(|word| line.contains(word)), "{line:?} does not say what was wrong");
        }
    }
}
