//! The settings of `slp`: defaults, then a TOML file, then the command line
//!
//! Every setting stands once, in the table of `config/setting.rs`: reading, printing and the reference in
//! `docs/config.md` are all made from it. Nothing here opens a socket or a terminal, and no file is looked for that
//! the user did not name.

mod error;
mod favicon;
mod read;
mod setting;
mod write;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{ConfigError, Position};
pub use favicon::{Favicon, FaviconError, MAX_FAVICON_BYTES};
pub use setting::{MAX_CLIENTS, MAX_TEXT_UNITS, MAX_VERSION_UNITS, SECONDS};
pub use write::reference;

pub(crate) use setting::{parse_seconds, parse_whole, text_within};

use crate::cli::target::{DEFAULT_PORT, ServerAddress};
use crate::cli::{Cli, Command};
use setting::Setting;

/// Longest status document, in UTF-16 units (PROTOCOL.md §2)
pub const MAX_DOCUMENT_UNITS: usize = 32_767;

/// Largest configuration file, in bytes
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// All settings, and where each of them was set
///
/// Two configurations are equal when their settings are; where they came from does not count.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Settings of `slp server`
    pub server: Server,
    /// Settings of `slp client`
    pub client: Client,
    /// Settings of the terminal, for both
    pub terminal: Terminal,
    sources: Sources,
}

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        self.server == other.server && self.client == other.client && self.terminal == other.terminal
    }
}

/// Settings of the server
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Address to listen at; port 0 lets the system choose one
    pub listen: SocketAddr,
    /// Connections open at once
    pub max_clients: u32,
    /// Connections that the system keeps waiting to be accepted
    pub backlog: u32,
    /// Description in the status, may hold `§` codes
    pub description: String,
    /// Name of the version in the status
    pub version_name: String,
    /// Protocol version in the status
    pub protocol: i32,
    /// Players shown when the count is pointed at; empty = left out of the document
    pub sample: Vec<SamplePlayer>,
    /// Icon in the status
    pub favicon: Option<Favicon>,
    /// Reason given to whoever tries to log in
    pub disconnect_message: String,
    /// Time for a started frame to complete
    pub frame_timeout: Duration,
    /// Silence allowed in state 1
    pub status_timeout: Duration,
    /// Silence in state 0 after which the server pings
    pub ping_after: Duration,
    /// Further silence after that ping until the connection closes
    pub silence_timeout: Duration,
    /// Whether pings from before 1.7 are answered
    pub legacy: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(),
            max_clients: 10,
            backlog: 1024,
            description: "Hello World !".to_owned(),
            version_name: concat!("slp ", env!("CARGO_PKG_VERSION")).to_owned(),
            protocol: -1,
            sample: Vec::new(),
            favicon: None,
            disconnect_message: "This server only answers status requests".to_owned(),
            frame_timeout: Duration::from_secs(10),
            status_timeout: Duration::from_secs(30),
            ping_after: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(30),
            legacy: true,
        }
    }
}

/// One entry of the sample of players
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamplePlayer {
    /// Name, at most 256 UTF-16 units
    pub name: String,
    /// UUID in its hyphenated form, in lower case
    pub id: String,
}

/// Settings of the client
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// Server to connect to
    pub server: ServerAddress,
    /// Protocol version in the handshake
    pub protocol: i32,
    /// Time for resolving the name and connecting
    pub connect_timeout: Duration,
    /// Time from the request to the whole Response
    pub response_timeout: Duration,
    /// Time from the Ping to its Pong
    pub pong_timeout: Duration,
    /// Time for a started frame to complete
    pub frame_timeout: Duration,
    /// Whether a Response over 32 767 units is an error
    pub strict: bool,
    /// Whether a lost connection is made again
    pub reconnect: bool,
    /// First delay before connecting again; each is shortened by up to a quarter at random
    pub reconnect_min: Duration,
    /// Longest delay before connecting again, not under `reconnect_min`
    pub reconnect_max: Duration,
    /// Whether SRV records are asked for
    pub srv: bool,
    /// Name server to ask instead of the system's
    pub nameserver: Option<SocketAddr>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            server: ServerAddress::default(),
            protocol: -1,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(5),
            pong_timeout: Duration::from_secs(5),
            frame_timeout: Duration::from_secs(10),
            strict: false,
            reconnect: false,
            reconnect_min: Duration::from_secs(1),
            reconnect_max: Duration::from_mins(1),
            srv: true,
            nameserver: None,
        }
    }
}

/// Settings of the terminal
#[derive(Clone, Debug, PartialEq)]
pub struct Terminal {
    /// Commands remembered; 0 = none
    pub history_size: u32,
    /// Whether commands are kept in a file between runs
    pub save_history: bool,
    /// File that keeps them, instead of one per program in the state folder
    pub history_file: Option<PathBuf>,
    /// Lines of the log that can be scrolled back to
    pub scrollback: u32,
    /// Whether marks are drawn in ASCII
    pub ascii: Ascii,
    /// Whether the mouse scrolls
    pub mouse: bool,
    /// Redraws a second at most
    pub frame_rate: u32,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            history_size: 100,
            save_history: true,
            history_file: None,
            scrollback: 10_000,
            ascii: Ascii::Auto,
            mouse: true,
            frame_rate: 30,
        }
    }
}

impl Terminal {
    /// File that keeps the commands of `program`, `"server"` or `"client"`
    ///
    /// `None` when nothing is to be kept or the system names no folder for it. Without a configured file it is
    /// `PROGRAM-history` in the user's state folder for `slp`, or the data folder where there is none; the
    /// folder may not exist yet.
    #[must_use]
    pub fn history_path(&self, program: &str) -> Option<PathBuf> {
        if !self.save_history || self.history_size == 0 {
            return None;
        }
        self.history_file.clone().or_else(|| {
            let folder = crate::terminal::state_dir("slp")?;
            Some(folder.join(format!("{program}-history")))
        })
    }

    /// Shortest time between two redraws
    #[must_use]
    pub fn frame_interval(&self) -> Duration {
        Duration::from_secs(1) / self.frame_rate.max(1)
    }
}

/// Whether marks are drawn in ASCII
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ascii {
    /// Where the locale is not UTF-8
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where the settings that are not defaults were set
#[derive(Clone, Debug, Default)]
struct Sources {
    file: Option<PathBuf>,
    /// By full name, such as `server.listen`
    set: BTreeMap<String, Source>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    File(Position),
    Option(&'static str),
}

impl Config {
    /// Reads the configuration file at `path`, over the defaults
    ///
    /// A relative path in the file is taken from the file's own folder.
    ///
    /// # Errors
    /// The file cannot be read, is a directory, is over [`MAX_FILE_BYTES`], is not UTF-8 or not TOML, or holds a key
    /// or value that is not in the reference; the fault that stands first in the file is told.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        read::load(path)
    }

    /// Reads `text` as [`load`](Self::load) reads the content of `file`, which need not exist
    ///
    /// # Errors
    /// As [`load`](Self::load), except for those of reading the file.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        read::parse(text, file)
    }

    /// Settings in force for a command line: defaults, the file of `--config`, the other options
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn effective(cli: &Cli) -> Result<Self, ConfigError> {
        let mut config = match cli.command.common().and_then(|common| common.config.as_ref()) {
            Some(path) => Self::load(path)?,
            None => Self::default(),
        };
        config.apply(cli);
        Ok(config)
    }

    /// Puts the options of a command line over the settings
    pub fn apply(&mut self, cli: &Cli) {
        match &cli.command {
            Command::Server(args) => {
                let server = &mut self.server;
                let mut set = Applier(&mut self.sources);
                set.value("server.listen", args.listen, &mut server.listen);
                set.value("server.max_clients", args.max_clients, &mut server.max_clients);
                set.value("server.description", args.description.clone(), &mut server.description);
                set.value("server.version_name", args.version_name.clone(), &mut server.version_name);
                set.value("server.protocol", args.protocol, &mut server.protocol);
            }
            Command::Client(args) => {
                let client = &mut self.client;
                let mut set = Applier(&mut self.sources);
                set.value("client.server", args.server.clone(), &mut client.server);
                set.value("client.protocol", args.protocol, &mut client.protocol);
                set.value("client.connect_timeout", args.timeout, &mut client.connect_timeout);
                set.value("client.response_timeout", args.timeout, &mut client.response_timeout);
                set.value("client.pong_timeout", args.timeout, &mut client.pong_timeout);
                set.switch("client.strict", args.strict, true, &mut client.strict);
                set.switch("client.reconnect", args.reconnect, true, &mut client.reconnect);
                set.switch("client.srv", args.no_srv, false, &mut client.srv);
            }
            Command::Monitor(_) => {}
        }
        let Some(common) = cli.command.common() else { return };
        let terminal = &mut self.terminal;
        let mut set = Applier(&mut self.sources);
        set.switch("terminal.ascii", common.ascii, Ascii::Always, &mut terminal.ascii);
        set.switch("terminal.save_history", common.no_history, false, &mut terminal.save_history);
    }

    /// All settings as TOML, each with its meaning, its range and its default
    ///
    /// Loads again to an equal configuration, from any folder: paths are made absolute.
    #[must_use]
    pub fn to_toml_commented(&self) -> String {
        write::to_toml(self)
    }

    /// An error that points to where `setting` was set
    ///
    /// `setting` is its full name, such as `server.description`. The message says what is wrong and what was expected.
    #[must_use]
    pub fn blame(&self, setting: &str, message: impl Into<String>) -> ConfigError {
        let mut error = ConfigError::about(setting, message);
        match self.sources.set.get(setting) {
            Some(Source::File(position)) => {
                error.file.clone_from(&self.sources.file);
                error.position = Some(*position);
            }
            Some(Source::Option(option)) => error.subject = Some((*option).to_owned()),
            None => {}
        }
        error
    }

    /// The error for a status document of `units` UTF-16 units, over [`MAX_DOCUMENT_UNITS`]
    ///
    /// It points to the setting that takes most room in the document (PROTOCOL.md §4).
    #[must_use]
    pub fn document_too_large(&self, units: usize) -> ConfigError {
        let server = &self.server;
        let parts = [
            ("server.description", setting::units(&server.description)),
            ("server.version_name", setting::units(&server.version_name)),
            ("server.favicon", server.favicon.as_ref().map_or(0, |f| f.data_uri().len())),
            ("server.sample", server.sample.iter().map(SamplePlayer::document_units).sum()),
        ];
        let (name, size) = parts.into_iter().max_by_key(|(_, size)| *size).unwrap_or(("server.description", 0));
        self.blame(
            name,
            format!(
                "the status document has {units} UTF-16 units, at most {MAX_DOCUMENT_UNITS} allowed; \
                 its largest part is this one with {size}"
            ),
        )
    }

    /// Checks between settings, after all of them are read
    fn check(&self) -> Result<(), ConfigError> {
        let Client { reconnect_min, reconnect_max, .. } = self.client;
        if reconnect_min <= reconnect_max {
            return Ok(());
        }
        // The one that was set is at fault, not the default it collides with.
        let (name, bound, other, limit, found) = if self.sources.set.contains_key("client.reconnect_max") {
            ("client.reconnect_max", "at least", "client.reconnect_min", reconnect_min, reconnect_max)
        } else {
            ("client.reconnect_min", "at most", "client.reconnect_max", reconnect_max, reconnect_min)
        };
        Err(self.blame(
            name,
            format!(
                "expected {bound} {other}, which is {} seconds, found {}",
                setting::seconds_text(limit),
                setting::seconds_text(found)
            ),
        ))
    }
}

impl SamplePlayer {
    /// Room that the entry takes in the document, escapes left aside
    fn document_units(&self) -> usize {
        setting::units(&self.name) + self.id.len() + r#"{"name":"","id":""},"#.len()
    }
}

/// Puts options over settings and notes which ones
struct Applier<'s>(&'s mut Sources);

impl Applier<'_> {
    fn value<T>(&mut self, name: &str, given: Option<T>, place: &mut T) {
        if let Some(value) = given {
            *place = value;
            let option = setting::named(name).and_then(|s: &Setting| s.option);
            self.0.set.insert(name.to_owned(), Source::Option(option.unwrap_or("command line")));
        }
    }

    fn switch<T>(&mut self, name: &str, given: bool, value: T, place: &mut T) {
        self.value(name, given.then_some(value), place);
    }
}
