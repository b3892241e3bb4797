//! The one table of settings: name, meaning, kind, range, option
//!
//! It holds no values: each kind knows the place of its value in a [`Config`], and the defaults are those of
//! [`Config::default`]. How a kind looks in TOML is in `read.rs` and `write.rs`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::{Ascii, Config, Favicon, SamplePlayer};
use crate::cli::target::{ServerAddress, quoted};

/// Clients that a server can be told to allow
pub const MAX_CLIENTS: RangeInclusive<u32> = 1..=1_000_000;

/// Every time limit, in seconds: from a millisecond to a day
pub const SECONDS: RangeInclusive<f64> = 0.001..=86_400.0;

/// Longest description, in UTF-16 units: more cannot fit into the status document
pub const MAX_TEXT_UNITS: usize = super::MAX_DOCUMENT_UNITS;

/// Longest name of a version, in UTF-16 units
pub const MAX_VERSION_UNITS: usize = 256;

/// Longest disconnect message, in UTF-16 units: written with six-unit escapes throughout, it still fits its packet
const MAX_DISCONNECT_UNITS: usize = 4096;

/// Tables of the file, in the order in which they are written
pub(super) const TABLES: [(&str, &str); 3] = [
    ("server", "Settings of `slp server`."),
    ("client", "Settings of `slp client`."),
    ("terminal", "Settings of the screen and its input line, for both."),
];

/// One setting
pub(super) struct Setting {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    /// What it means: whole sentences
    pub(super) doc: &'static str,
    /// The option of the command line that goes over it
    pub(super) option: Option<&'static str>,
    pub(super) kind: Kind,
}

impl Setting {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    const fn option(mut self, option: &'static str) -> Self {
        self.option = Some(option);
        self
    }
}

/// Place of a value in a configuration
///
/// One function serves reading and writing: what only reads works on a copy.
type Place<T> = fn(&mut Config) -> &mut T;

/// What a setting holds, within which bounds, and where
pub(super) enum Kind {
    Socket(Place<SocketAddr>),
    NameServer(Place<Option<SocketAddr>>),
    Target(Place<ServerAddress>),
    Whole(RangeInclusive<u32>, Place<u32>),
    Signed(Place<i32>),
    /// With the most UTF-16 units
    Text(usize, Place<String>),
    Flag(Place<bool>),
    Ascii(Place<Ascii>),
    Seconds(Place<Duration>),
    Path(Place<Option<PathBuf>>),
    Favicon(Place<Option<Favicon>>),
    Sample(Place<Vec<SamplePlayer>>),
}

impl Kind {
    /// What is accepted, as it follows "expected"
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Socket(_) => socket_expected(),
            Self::NameServer(_) => "\"IP:PORT\", such as \"9.9.9.9:53\"".to_owned(),
            Self::Target(_) => "\"HOST\", \"HOST:PORT\" or \"[IPv6]:PORT\"".to_owned(),
            Self::Whole(range, _) => whole_expected(range),
            Self::Signed(_) => whole_expected(&(i32::MIN..=i32::MAX)),
            Self::Text(most, _) => format!("a text in quotes, at most {most} UTF-16 units"),
            Self::Flag(_) => "true or false".to_owned(),
            Self::Ascii(_) => "\"auto\", true or false".to_owned(),
            Self::Seconds(_) => seconds_expected(),
            Self::Path(_) => "a path in quotes".to_owned(),
            Self::Favicon(_) => "the path, in quotes, of a PNG image of 64×64 pixels".to_owned(),
            Self::Sample(_) => format!("a list such as {SAMPLE_EXAMPLE}"),
        }
    }

    /// Value to show where there is none
    pub(super) fn example(&self) -> &'static str {
        match self {
            Self::NameServer(_) => "\"9.9.9.9:53\"",
            Self::Favicon(_) => "\"server-icon.png\"",
            _ => "\"path/to/file\"",
        }
    }
}

const SAMPLE_EXAMPLE: &str = "[{ name = \"Alex\", id = \"ec561538-f3fd-461d-aff5-086b22154bce\" }]";

const fn setting(table: &'static str, key: &'static str, kind: Kind, doc: &'static str) -> Setting {
    Setting { table, key, doc, option: None, kind }
}

const fn server(key: &'static str, kind: Kind, doc: &'static str) -> Setting {
    setting("server", key, kind, doc)
}

const fn client(key: &'static str, kind: Kind, doc: &'static str) -> Setting {
    setting("client", key, kind, doc)
}

const fn terminal(key: &'static str, kind: Kind, doc: &'static str) -> Setting {
    setting("terminal", key, kind, doc)
}

/// Every setting, in the order in which they are written
pub(super) static SETTINGS: &[Setting] = &[
    server(
        "listen",
        Kind::Socket(|c| &mut c.server.listen),
        "Address to listen at. Port 0 lets the system choose one; 0.0.0.0 or [::] is every address of the machine.",
    )
    .option("--listen"),
    server(
        "max_clients",
        Kind::Whole(MAX_CLIENTS, |c| &mut c.server.max_clients),
        "Connections open at once, published as `max`. One more is accepted and closed at once.",
    )
    .option("--max-clients"),
    server(
        "backlog",
        Kind::Whole(1..=65_535, |c| &mut c.server.backlog),
        "Connections that the system keeps waiting to be accepted. The system may have a lower limit of its own.",
    ),
    server(
        "description",
        Kind::Text(MAX_TEXT_UNITS, |c| &mut c.server.description),
        "Description in the status. Lines are parted by \\n; § codes give colours and styles.",
    )
    .option("--description"),
    server(
        "version_name",
        Kind::Text(MAX_VERSION_UNITS, |c| &mut c.server.version_name),
        "Name of the version in the status.",
    )
    .option("--version-name"),
    server(
        "protocol",
        Kind::Signed(|c| &mut c.server.protocol),
        "Protocol version in the status. A Minecraft client whose own differs shows the server as incompatible.",
    )
    .option("--protocol"),
    server(
        "sample",
        Kind::Sample(|c| &mut c.server.sample),
        "Players shown when the count is pointed at. `id` is a UUID and may be left out, which makes it all zeros. An \
         empty list leaves the key out of the status.",
    ),
    server(
        "favicon",
        Kind::Favicon(|c| &mut c.server.favicon),
        "Icon in the status. A relative path is taken from the folder of this file.",
    ),
    server(
        "disconnect_message",
        Kind::Text(MAX_DISCONNECT_UNITS, |c| &mut c.server.disconnect_message),
        "Reason given to whoever tries to log in or to be transferred here.",
    ),
    server(
        "frame_timeout",
        Kind::Seconds(|c| &mut c.server.frame_timeout),
        "Time for a started frame to complete; then the connection closes.",
    ),
    server(
        "status_timeout",
        Kind::Seconds(|c| &mut c.server.status_timeout),
        "Silence allowed to a client in state 1; then the connection closes.",
    ),
    server(
        "ping_after",
        Kind::Seconds(|c| &mut c.server.ping_after),
        "Silence of a client in state 0 after which the server pings it.",
    ),
    server(
        "silence_timeout",
        Kind::Seconds(|c| &mut c.server.silence_timeout),
        "Further silence after that ping; then the connection closes.",
    ),
    server("legacy", Kind::Flag(|c| &mut c.server.legacy), "Whether pings from before Minecraft 1.7 are answered."),
    client(
        "server",
        Kind::Target(|c| &mut c.client.server),
        "Server to connect to. Without a port, a name is looked up as an SRV record first; else the port is 25565.",
    )
    .option("HOST[:PORT]"),
    client("protocol", Kind::Signed(|c| &mut c.client.protocol), "Protocol version in the handshake.")
        .option("--protocol"),
    client(
        "connect_timeout",
        Kind::Seconds(|c| &mut c.client.connect_timeout),
        "Time for looking up the name and connecting.",
    )
    .option("--timeout"),
    client(
        "response_timeout",
        Kind::Seconds(|c| &mut c.client.response_timeout),
        "Time from the request to the end of the Response.",
    )
    .option("--timeout"),
    client("pong_timeout", Kind::Seconds(|c| &mut c.client.pong_timeout), "Time from the Ping to its Pong.")
        .option("--timeout"),
    client(
        "frame_timeout",
        Kind::Seconds(|c| &mut c.client.frame_timeout),
        "Time for a started frame to complete; then the connection closes.",
    ),
    client(
        "strict",
        Kind::Flag(|c| &mut c.client.strict),
        "Whether a Response over 32767 UTF-16 units is an error. Otherwise it is read and marked.",
    )
    .option("--strict"),
    client(
        "reconnect",
        Kind::Flag(|c| &mut c.client.reconnect),
        "Whether a connection that is lost or refused is tried again, after a delay that doubles each time.",
    )
    .option("--reconnect"),
    client(
        "reconnect_min",
        Kind::Seconds(|c| &mut c.client.reconnect_min),
        "First delay before connecting again; each is shortened by up to a quarter at random.",
    ),
    client(
        "reconnect_max",
        Kind::Seconds(|c| &mut c.client.reconnect_max),
        "Longest delay before connecting again; not under reconnect_min.",
    ),
    client(
        "srv",
        Kind::Flag(|c| &mut c.client.srv),
        "Whether a name without a port is looked up as an SRV record (_minecraft._tcp) first.",
    )
    .option("--no-srv"),
    client(
        "nameserver",
        Kind::NameServer(|c| &mut c.client.nameserver),
        "Name server to ask, in place of those of the system.",
    ),
    terminal(
        "history_size",
        Kind::Whole(0..=100_000, |c| &mut c.terminal.history_size),
        "Commands remembered; 0 remembers none.",
    ),
    terminal(
        "save_history",
        Kind::Flag(|c| &mut c.terminal.save_history),
        "Whether the commands are kept in a file from one run to the next.",
    )
    .option("--no-history"),
    terminal(
        "history_file",
        Kind::Path(|c| &mut c.terminal.history_file),
        "File that keeps the commands. By default server and client have one each in the user's state folder. A \
         relative path is taken from the folder of this file.",
    ),
    terminal(
        "scrollback",
        Kind::Whole(100..=10_000_000, |c| &mut c.terminal.scrollback),
        "Lines of the log that can be scrolled back to.",
    ),
    terminal(
        "ascii",
        Kind::Ascii(|c| &mut c.terminal.ascii),
        "Whether marks and lines are drawn in ASCII; \"auto\" does so where the locale is not UTF-8.",
    )
    .option("--ascii"),
    terminal(
        "mouse",
        Kind::Flag(|c| &mut c.terminal.mouse),
        "Whether the mouse wheel scrolls. Without it, the mouse selects text as usual.",
    ),
    terminal(
        "frame_rate",
        Kind::Whole(1..=30, |c| &mut c.terminal.frame_rate),
        "Redraws a second at most; nothing is redrawn that has not changed.",
    ),
];

/// The setting with a full name, such as `server.listen`
pub(super) fn named(name: &str) -> Option<&'static Setting> {
    let (table, key) = name.split_once('.')?;
    in_table(table).find(|setting| setting.key == key)
}

/// The settings of a table
pub(super) fn in_table(table: &str) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.table == table)
}

/// Length in UTF-16 units
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What [`parse_whole`] expects
pub(super) fn whole_expected<T: std::fmt::Display>(range: &RangeInclusive<T>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

/// What a number of seconds must be
pub(super) fn seconds_expected() -> String {
    format!("seconds from {} to {}, such as 5 or 0.5", SECONDS.start(), SECONDS.end())
}

/// What an address to listen at must be
pub(super) fn socket_expected() -> String {
    "\"IP:PORT\", such as \"127.0.0.1:25565\" or \"[::1]:25565\"".to_owned()
}

/// A number of seconds within [`SECONDS`] as a time
pub(super) fn seconds(number: f64) -> Option<Duration> {
    SECONDS.contains(&number).then(|| Duration::try_from_secs_f64(number).ok())?
}

/// A time as a number of seconds that reads back to the same
pub(super) fn seconds_text(time: Duration) -> String {
    if time.subsec_nanos() == 0 { time.as_secs().to_string() } else { time.as_secs_f64().to_string() }
}

/// Reads a number of seconds from the command line
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(seconds)
        .ok_or_else(|| format!("expected {}, found {}", seconds_expected(), quoted(text)))
}

/// Reads a whole number from the command line
pub(crate) fn parse_whole<T>(text: &str, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("expected {}, found {}", whole_expected(range), quoted(text)))
}

/// Checks the length of a text from the command line
pub(crate) fn text_within(text: &str, most: usize) -> Result<String, String> {
    match units(text) {
        n if n > most => Err(format!("expected at most {most} UTF-16 units, found {n}")),
        _ => Ok(text.to_owned()),
    }
}
