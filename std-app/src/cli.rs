//! The command line of `slp`
//!
//! It says what was asked for and nothing more: [`Config::effective`](crate::config::Config::effective) merges it with
//! the configuration, and the program prints and exits.

pub mod target;
mod usage;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use usage::UsageOutcome;

use crate::config;
use target::ServerAddress;

/// Server List Ping: a server that answers it and a client that asks
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(
    name = "slp",
    bin_name = "slp",
    version,
    about = "Server List Ping for Minecraft: Java Edition, in both directions",
    after_help = "Examples:\n  slp server --listen 0.0.0.0:25565\n  slp client mc.example.org\n  \
                  slp monitor /dev/ttyACM0"
)]
pub struct Cli {
    /// What to run
    #[command(subcommand)]
    pub command: Command,
}

/// What to run
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Command {
    /// Answer status requests, ping the connected clients
    Server(ServerArgs),
    /// Connect to a server, ask for its status, answer its pings
    Client(ClientArgs),
    /// Show what a device reports on its second serial port
    Monitor(MonitorArgs),
}

impl Command {
    /// Options that server and client have; the monitor has none of them
    #[must_use]
    pub fn common(&self) -> Option<&CommonArgs> {
        match self {
            Self::Server(args) => Some(&args.common),
            Self::Client(args) => Some(&args.common),
            Self::Monitor(_) => None,
        }
    }
}

/// Options of `slp server`
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ServerArgs {
    /// Address to listen at, port 0 for any free one [default: 127.0.0.1:25565]
    #[arg(long, value_name = "ADDR:PORT", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,

    /// Connections open at once [default: 10]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = |text: &str| config::parse_whole(text, &config::MAX_CLIENTS)
    )]
    pub max_clients: Option<u32>,

    /// Description in the status [default: "Hello World !"]
    #[arg(
        long,
        value_name = "TEXT",
        value_parser = |text: &str| config::text_within(text, config::MAX_TEXT_UNITS)
    )]
    pub description: Option<String>,

    /// Name of the version in the status [default: slp and its version]
    #[arg(
        long,
        value_name = "TEXT",
        value_parser = |text: &str| config::text_within(text, config::MAX_VERSION_UNITS)
    )]
    pub version_name: Option<String>,

    /// Protocol version in the status [default: -1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = protocol)]
    pub protocol: Option<i32>,

    /// Print only the address, errors, the end and answers to commands (without the full screen)
    #[arg(long)]
    pub quiet: bool,

    /// Options shared with the client
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Options of `slp client`
#[derive(Clone, Debug, PartialEq, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the command line")]
pub struct ClientArgs {
    /// Server: a name, an IPv4 or an IPv6 address, with a port or without [default: 127.0.0.1:25565]
    #[arg(value_name = "HOST[:PORT]")]
    pub server: Option<ServerAddress>,

    /// Protocol version in the handshake [default: -1]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = protocol)]
    pub protocol: Option<i32>,

    /// Time for connecting, for the Response and for the Pong, each [default: 5]
    #[arg(
        long,
        value_name = "SECONDS",
        allow_negative_numbers = true,
        value_parser = config::parse_seconds
    )]
    pub timeout: Option<Duration>,

    /// Connect again when the connection is lost
    #[arg(long, conflicts_with = "legacy")]
    pub reconnect: bool,

    /// Take a Response over 32767 units as an error
    #[arg(long)]
    pub strict: bool,

    /// Ask once with the ping from before Minecraft 1.7, print the status and exit
    #[arg(long)]
    pub legacy: bool,

    /// Do not look for an SRV record
    #[arg(long)]
    pub no_srv: bool,

    /// Options shared with the server
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Baud rates of a serial port; 0 would hang it up
const BAUD: RangeInclusive<u32> = 50..=12_000_000;

/// Options of `slp monitor`
#[derive(Clone, Debug, PartialEq, Args)]
pub struct MonitorArgs {
    /// A serial port, such as /dev/ttyACM0 or COM3; a file or named pipe; or - for standard input
    #[arg(value_name = "PORT|FILE|-")]
    pub source: PathBuf,

    /// Baud rate of a serial port
    #[arg(
        long,
        value_name = "N",
        default_value_t = 115_200,
        allow_negative_numbers = true,
        value_parser = |text: &str| config::parse_whole(text, &BAUD)
    )]
    pub baud: u32,

    /// Wait for more at the end of a file
    #[arg(long, conflicts_with = "reconnect")]
    pub follow: bool,

    /// Wait for a serial port that is not there, or goes away
    #[arg(long)]
    pub reconnect: bool,

    /// Print events as JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

impl MonitorArgs {
    /// Whether standard input is read
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        self.source.as_os_str() == "-"
    }
}

/// Options that server and client have
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the command line")]
pub struct CommonArgs {
    /// Read settings from a TOML file; options go over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print the settings in force as a commented configuration file and exit
    #[arg(long)]
    pub print_config: bool,

    /// Read commands and print events line by line, without the full screen
    #[arg(long)]
    pub plain: bool,

    /// Print events as JSON, one object a line (implies --plain)
    #[arg(long)]
    pub json: bool,

    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,

    /// Neither read nor write the file that keeps the commands
    #[arg(long)]
    pub no_history: bool,
}

impl CommonArgs {
    /// Whether events are wanted line by line: `--plain`, or `--json`, which implies it
    #[must_use]
    pub fn line_mode(&self) -> bool {
        self.plain || self.json
    }
}

/// Reads a command line, the name of the program first
///
/// # Errors
/// [`UsageOutcome::Print`] when help or the version was asked for, [`UsageOutcome::Wrong`] with one line when the
/// command line cannot be used.
pub fn parse<I, T>(args: I) -> Result<Cli, UsageOutcome>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let matches = Cli::command().try_get_matches_from(&args);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| usage::outcome(&error, &args))
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "expected an IP address and a port, such as 127.0.0.1:25565 or [::1]:25565, found {}",
            target::quoted(text)
        )
    })
}

fn protocol(text: &str) -> Result<i32, String> {
    config::parse_whole(text, &(i32::MIN..=i32::MAX))
}
