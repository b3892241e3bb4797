//! From the command line to an exit status
//!
//! Puts server or client on a thread of their own and a front end on this one, and joins them by channels. Which front
//! end it is is decided in one place, and the other side does not know it. The monitor has neither.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use proto_core::status::EncodeError;
use tokio::runtime;
use tokio::sync::mpsc;

use crate::cli::{self, Cli, ClientArgs, Command, CommonArgs, MonitorArgs, ServerArgs, UsageOutcome};
use crate::client::{self, Outcome};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::events::{self, Events};
use crate::monitor;
use crate::report::plain;
use crate::server::{self, Server};
use crate::side::{ClientSide, ServerSide};
use crate::signals::Signals;
use crate::tui::{self, Front};

/// All went well
const DONE: u8 = 0;
/// The peer could not be reached, broke the protocol or timed out; or the system failed us
const FAILED: u8 = 1;
/// The command line or the configuration is wrong
const USAGE: u8 = 2;

/// How long the other side may take to end once the front end has
const END_DEADLINE: Duration = Duration::from_secs(5);

/// How long the last line on standard error may take to be written
const COMPLAIN_DEADLINE: Duration = Duration::from_secs(1);

/// Commands that may wait for the other side
const COMMANDS: usize = 64;

/// Runs the program; the first argument is its name
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let status = match cli::parse(args) {
        Ok(cli) => run(&cli),
        Err(UsageOutcome::Print(text)) => print(&text),
        Err(UsageOutcome::Wrong(line)) => complain(&line, USAGE),
    };
    ExitCode::from(status)
}

fn run(cli: &Cli) -> u8 {
    match &cli.command {
        Command::Server(ServerArgs { quiet, common, .. }) => {
            configured(cli, common, |config| serve(config, *quiet, common))
        }
        Command::Client(ClientArgs { legacy: true, common, .. }) => {
            configured(cli, common, |config| ask_legacy(&config.client, common.json))
        }
        Command::Client(ClientArgs { common, .. }) => configured(cli, common, |config| ask(config, common)),
        Command::Monitor(args) => watch(args),
    }
}

/// Runs one side with the settings in force, or only prints them
fn configured(cli: &Cli, common: &CommonArgs, side: impl FnOnce(&Config) -> u8) -> u8 {
    let config = match Config::effective(cli).and_then(|config| match server::check_document(&config.server) {
        Err(EncodeError::TooLong { units, .. }) => Err(config.document_too_large(units)),
        Ok(()) | Err(EncodeError::BufferTooSmall { .. }) => Ok(config),
    }) {
        Ok(config) => config,
        Err(error) => return complain(&error, USAGE),
    };
    if common.print_config { print(&config.to_toml_commented()) } else { side(&config) }
}

fn serve(config: &Config, quiet: bool, common: &CommonArgs) -> u8 {
    let address = config.server.listen;
    let settings = config.server.clone();
    let start = move |clock: Clock, commands, events| async move {
        match Server::bind(settings) {
            Ok(server) => {
                server.run(clock, commands, events).await;
                Outcome::Done
            }
            Err(error) => Outcome::Failed(format!("cannot listen on {address}: {error}{}", advice(&error))),
        }
    };
    front_end::<ServerSide, _>(config, quiet, common, start)
}

fn ask(config: &Config, common: &CommonArgs) -> u8 {
    let settings = config.client.clone();
    let start = move |clock: Clock, commands, events: Events<client::Event>| async move {
        client::run(&settings, &clock, commands, &events).await
    };
    front_end::<ClientSide, _>(config, false, common, start)
}

fn ask_legacy(config: &config::Client, json: bool) -> u8 {
    let asked = match runtime() {
        Ok(runtime) => runtime.block_on(client::legacy::ask(config)),
        Err(error) => return complain(&error, FAILED),
    };
    match asked {
        Ok(answer) if json => print(&format!("{}\n", answer.json())),
        Ok(answer) => print(&format!("{answer}\n")),
        Err(error) => complain(&error, FAILED),
    }
}

fn watch(args: &MonitorArgs) -> u8 {
    let source = match monitor::Source::of(args) {
        Ok(source) => source,
        Err(reason) => return misused(&reason),
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, FAILED),
    };
    let ended = runtime.block_on(async {
        let signals = Signals::new()?;
        let mut output = io::BufWriter::new(io::stdout().lock());
        monitor::run(source, format(args.json), &Clock::new(), &mut output, signals)
            .await
            .map_err(|error| named("cannot write the output", &error))
    });
    match ended {
        Ok(monitor::Outcome::Done) => DONE,
        Ok(monitor::Outcome::Failed(reason)) => complain(&reason, FAILED),
        Ok(monitor::Outcome::Misused(reason)) => misused(&reason),
        Err(error) => not_shown(&error),
    }
}

/// The source cannot be read in the way asked for
fn misused(reason: &str) -> u8 {
    complain(&format!("{reason} (try \"slp monitor --help\")"), USAGE)
}

/// How events are printed
fn format(json: bool) -> plain::Format {
    let colour = || io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if json { plain::Format::Json } else { plain::Format::Text { colour: colour() } }
}

/// The events cannot be shown; where their reader is gone there is nobody to tell
fn not_shown(error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::BrokenPipe { FAILED } else { complain(error, FAILED) }
}

/// What to do about it, where that is known
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; choose another address with --listen",
        io::ErrorKind::PermissionDenied => "; a port from 1024 on needs no permission",
        io::ErrorKind::AddrNotAvailable => "; it is none of this machine's addresses",
        _ => "",
    }
}

/// Runs one side on its thread and a front end here, until both have ended
fn front_end<S: Front, F>(
    config: &Config,
    quiet: bool,
    common: &CommonArgs,
    start: impl FnOnce(Clock, mpsc::Receiver<S::Command>, Events<S::Event>) -> F + Send + 'static,
) -> u8
where
    F: Future<Output = Outcome>,
{
    let clock = Clock::new();
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, FAILED),
    };
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let line_mode = common.line_mode() || !io::stdin().is_terminal() || !io::stdout().is_terminal();
    let (events, event_receiver) = events::channel((quiet && line_mode).then_some(S::is_important));
    let side = {
        let clock = clock.clone();
        let (ended, outcome) = std::sync::mpsc::channel();
        let side = move || {
            let outcome = match self::runtime() {
                Ok(runtime) => runtime.block_on(start(clock, commands, events)),
                Err(error) => Outcome::Failed(error),
            };
            // Where the front end waits no longer, nobody wants to know.
            let _told = ended.send(outcome);
        };
        if let Err(error) = thread::Builder::new().name(S::NAME.to_owned()).spawn(side) {
            return complain(&format!("cannot start a thread: {error}"), FAILED);
        }
        outcome
    };
    let shown = runtime.block_on(async {
        let signals = Signals::new()?;
        if line_mode {
            let format = format(common.json);
            let streams = plain::Streams {
                input: plain::lines(io::stdin()),
                output: plain::sink("stdout", io::stdout())?,
                help: plain::sink("stderr", io::stderr())?,
            };
            plain::run::<S>(format, &clock, streams, command_sender, event_receiver, signals)
                .await
                .map_err(|error| named("cannot write the output", &error))
        } else {
            tui::run::<S>(config, &clock, command_sender, event_receiver, signals)
                .await
                .map_err(|error| named("cannot use the terminal", &error))
        }
    });
    if let Err(error) = shown {
        return not_shown(&error);
    }
    match side.recv_timeout(END_DEADLINE) {
        Ok(Outcome::Done) => DONE,
        Ok(Outcome::Failed(reason)) => complain(&reason, FAILED),
        Err(RecvTimeoutError::Disconnected) => complain(&"internal error, told above; please report it", FAILED),
        Err(RecvTimeoutError::Timeout) => complain(&"not everything ended in time; left all the same", FAILED),
    }
}

fn runtime() -> Result<runtime::Runtime, String> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(server::SOCKETS_AT_ONCE)
        .build()
        .map_err(|error| format!("cannot start: {error}"))
}

/// The error, saying what could not be done
fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Prints what was asked for
fn print(text: &str) -> u8 {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => DONE,
        Err(error) => complain(&format!("cannot write the output: {error}"), FAILED),
    }
}

/// One line on standard error: what was wrong and what to do
fn complain(what: &impl std::fmt::Display, status: u8) -> u8 {
    let line = format!("slp: {what}\n");
    let (told, written) = std::sync::mpsc::channel::<()>();
    let tell = move || {
        // Where that fails too there is nobody left to tell.
        let _told = io::stderr().write_all(line.as_bytes());
        drop(told);
    };
    // On a thread, since one may wait for ever for whoever reads it.
    if thread::Builder::new().spawn(tell).is_ok() {
        let _written_or_not = written.recv_timeout(COMPLAIN_DEADLINE);
    }
    status
}
