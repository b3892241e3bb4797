//! Which server is meant: `HOST`, `HOST:PORT` or `[IPv6]:PORT`
//!
//! Only the text is judged here. Whether a name exists, and where, is the business of [`crate::resolve`].

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

pub use proto_core::packet::DEFAULT_PORT;

/// Longest host name, in bytes: what the DNS can carry
///
/// The address of a handshake holds 255 units, so every valid name fits.
pub const MAX_NAME_BYTES: usize = 253;

/// Longest label of a host name, in bytes
const MAX_LABEL_BYTES: usize = 63;

/// Longest part of a refused text that an error repeats, in characters
const MAX_QUOTED_CHARS: usize = 60;

/// Host of a server, as it was written
///
/// ```
/// use std_app::cli::target::Host;
///
/// assert_eq!("mc.example.org".parse(), Ok(Host::Name("mc.example.org".into())));
/// assert_eq!("::1".parse(), Ok(Host::Ip("::1".parse().unwrap())));
/// assert!("b\u{fc}cher.example".parse::<Host>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A host name: ASCII letters, digits, `-`, `_`; a final dot is kept
    Name(String),
    /// An IP address
    Ip(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

impl FromStr for Host {
    type Err = AddressError;

    /// Reads a host without a port; an IPv6 address stands without brackets
    ///
    /// A text whose last label is a number must be an IPv4 address, as in a URL: `127.1` and `256.0.0.1` are refused
    /// rather than looked up.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |reason| AddressError::new(text, reason);
        if text.is_empty() {
            return Err(wrong(Reason::NoHost));
        }
        if text.contains(':') {
            return match text.parse::<Ipv6Addr>() {
                Ok(ip) => Ok(Self::Ip(ip.into())),
                Err(_) => Err(wrong(Reason::BadIpv6)),
            };
        }
        if !text.is_ascii() {
            return Err(wrong(Reason::NotAscii));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
            return Err(wrong(Reason::BadCharacter(bad)));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(wrong(Reason::LongName(name.len())));
        }
        let mut last = "";
        for label in name.split('.') {
            if label.is_empty() {
                return Err(wrong(Reason::EmptyLabel));
            }
            if label.len() > MAX_LABEL_BYTES {
                return Err(wrong(Reason::LongLabel(label.len())));
            }
            last = label;
        }
        if last.bytes().all(|b| b.is_ascii_digit()) {
            return match name.parse::<Ipv4Addr>() {
                Ok(ip) => Ok(Self::Ip(ip.into())),
                Err(_) => Err(wrong(Reason::BadIpv4)),
            };
        }
        Ok(Self::Name(text.to_owned()))
    }
}

/// Address of a server: a host and, perhaps, a port
///
/// A missing port is kept apart from the default one, because only then an SRV record is asked for (PROTOCOL.md §4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// The host
    pub host: Host,
    /// The port, 1 to 65535, when one was given
    pub port: Option<u16>,
}

impl Default for ServerAddress {
    /// The server that `slp server` starts: `127.0.0.1:25565`
    fn default() -> Self {
        Self { host: Host::Ip(Ipv4Addr::LOCALHOST.into()), port: Some(DEFAULT_PORT) }
    }
}

impl fmt::Display for ServerAddress {
    /// Writes a form that parses to the same address
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (host, None) => host.fmt(f),
            (Host::Ip(IpAddr::V6(ip)), Some(port)) => write!(f, "[{ip}]:{port}"),
            (host, Some(port)) => write!(f, "{host}:{port}"),
        }
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    /// Reads `HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; a bare IPv6 address has no port
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |reason| AddressError::new(text, reason);
        let with_text = |error: AddressError| AddressError::new(text, error.reason);
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let Some((inside, after)) = rest.split_once(']') else {
                return Err(wrong(Reason::NoBracket));
            };
            let ip = inside.parse::<Ipv6Addr>().map_err(|_| wrong(Reason::BadIpv6))?;
            let port = match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => return Err(wrong(Reason::AfterBracket)),
            };
            (Host::Ip(ip.into()), port)
        } else if text.matches(':').count() == 1 {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (host.parse::<Host>().map_err(with_text)?, Some(port))
        } else {
            (text.parse::<Host>()?, None)
        };
        let port = match port {
            None => None,
            Some(digits) => Some(parse_port(digits).ok_or_else(|| wrong(Reason::BadPort))?),
        };
        Ok(Self { host, port })
    }
}

/// Reads a port from 1 to 65535; a sign is refused
fn parse_port(digits: &str) -> Option<u16> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0)
}

/// What is wrong with the address of a server
///
/// Its text is one line that names the fault and the forms allowed; the refused text in it is cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    text: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    NoHost,
    NotAscii,
    BadCharacter(char),
    EmptyLabel,
    LongLabel(usize),
    LongName(usize),
    BadIpv4,
    BadIpv6,
    NoBracket,
    AfterBracket,
    BadPort,
}

impl AddressError {
    fn new(text: &str, reason: Reason) -> Self {
        Self { text: quoted(text), reason }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.text)?;
        match self.reason {
            Reason::NoHost => f.write_str("the host is missing")?,
            Reason::NotAscii => {
                return f.write_str(
                    "a host name beyond ASCII is expected in its punycode form, such as \"xn--bcher-kva.example\"",
                );
            }
            Reason::BadCharacter(c) => write!(f, "{} cannot stand in a host name", quoted_char(c))?,
            Reason::EmptyLabel => {
                f.write_str("nothing stands between two dots of the host name")?;
            }
            Reason::LongLabel(bytes) => {
                write!(f, "a label of {bytes} bytes, at most {MAX_LABEL_BYTES} allowed")?;
            }
            Reason::LongName(bytes) => {
                write!(f, "a host name of {bytes} bytes, at most {MAX_NAME_BYTES} allowed")?;
            }
            Reason::BadIpv4 => f.write_str("not an IPv4 address")?,
            Reason::BadIpv6 => f.write_str("not an IPv6 address")?,
            Reason::NoBracket => f.write_str("\"]\" is missing")?,
            Reason::AfterBracket => f.write_str("only \":PORT\" can follow \"]\"")?,
            Reason::BadPort => f.write_str("the port is not a number from 1 to 65535")?,
        }
        f.write_str("; expected HOST, HOST:PORT or [IPv6]:PORT")
    }
}

impl Error for AddressError {}

/// `text` in double quotes on one line: control and bidi characters escaped, cut after 60 characters
///
/// Made for error messages: what the text holds reaches no terminal as it is.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (n, c) in text.chars().enumerate() {
        if n == MAX_QUOTED_CHARS {
            out.push('…');
            break;
        }
        push_cleaned(&mut out, c);
    }
    out.push('"');
    out
}

fn quoted_char(c: char) -> String {
    let mut out = String::from("\"");
    push_cleaned(&mut out, c);
    out.push('"');
    out
}

/// Appends `c`, escaped when it would change how the line around it is shown (PROTOCOL.md §5)
pub(crate) fn push_cleaned(out: &mut String, c: char) {
    let moves_text = matches!(
        c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    if c.is_control() || moves_text {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> (String, Option<u16>) {
        let address: ServerAddress = text.parse().unwrap();
        (address.host.to_string(), address.port)
    }

    fn refused(text: &str) -> String {
        let line = text.parse::<ServerAddress>().unwrap_err().to_string();
        assert!(!line.contains(char::is_control), "{line:?}");
        line
    }

    #[test]
    fn every_form_is_read() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("localhost:1", "localhost", Some(1)),
            ("mc.example.org:65535", "mc.example.org", Some(65535)),
            ("mc.example.org.", "mc.example.org.", None),
            ("_x-1.example", "_x-1.example", None),
            ("1a.example.4you", "1a.example.4you", None),
            ("127.0.0.1", "127.0.0.1", None),
            ("127.0.0.1:25566", "127.0.0.1", Some(25566)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[::1]:25565", "::1", Some(25565)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[::ffff:1.2.3.4]:7", "::ffff:1.2.3.4", Some(7)),
        ] {
            assert_eq!(parsed(text), (host.to_owned(), port), "{text}");
        }
    }

    #[test]
    fn a_wrong_address_gets_one_line_that_says_what_is_expected() {
        for (text, fault) in [
            ("", "the host is missing"),
            (":25565", "the host is missing"),
            ("localhost:99999", "the port is not a number from 1 to 65535"),
            ("localhost:0", "the port is not a number"),
            ("localhost:+5", "the port is not a number"),
            ("localhost:", "the port is not a number"),
            ("[::1]:x", "the port is not a number"),
            ("[::1", "\"]\" is missing"),
            ("[::1]25565", "only \":PORT\" can follow"),
            ("[::1]]:5", "only \":PORT\" can follow"),
            ("[localhost]:5", "not an IPv6 address"),
            ("a:b:c", "not an IPv6 address"),
            ("fe80::1%eth0", "not an IPv6 address"),
            ("256.0.0.1", "not an IPv4 address"),
            ("127.1:80", "not an IPv4 address"),
            ("a b", "\" \" cannot stand in a host name"),
            ("http://example.org", "the port is not a number"),
            ("mc/example.org", "\"/\" cannot stand"),
            ("a\u{1b}[31m", "\"\\u{1b}\" cannot stand"),
            ("a..b", "between two dots"),
            (".", "between two dots"),
            (".example.org", "between two dots"),
        ] {
            let line = refused(text);
            assert!(line.contains(fault), "{text:?}: {line}");
            assert!(line.ends_with("expected HOST, HOST:PORT or [IPv6]:PORT"), "{line}");
        }
    }

    #[test]
    fn a_refused_part_is_shown_within_the_whole_text() {
        assert!(refused("a b:25565").starts_with("\"a b:25565\": "));
    }

    #[test]
    fn names_beyond_ascii_are_asked_for_in_punycode() {
        assert!(refused("bücher.example:25565").contains("punycode"));
    }

    #[test]
    fn lengths_are_bounded() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), MAX_NAME_BYTES);
        assert_eq!(parsed(&longest).0, longest);
        assert_eq!(parsed(&format!("{longest}.")).0, format!("{longest}."));
        assert!(refused(&format!("{longest}a")).contains("254 bytes, at most 253"));
        assert!(refused(&"a".repeat(64)).contains("a label of 64 bytes, at most 63"));
        assert!(refused(&"a ".repeat(5000)).chars().count() < 200);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_on_one_clean_line(text in any::<String>()) {
            if let Err(error) = text.parse::<ServerAddress>() {
                let line = error.to_string();
                prop_assert!(!line.contains(char::is_control));
                prop_assert!(line.chars().count() < 1000);
            }
        }

        #[test]
        fn what_is_displayed_reads_back(text in "(\\[[0-9a-f:]{2,9}\\]|[a-z0-9.]{1,9}|[0-9a-f:]{2,9}|[0-9]{1,3}(\\.[0-9]{1,3}){3})(:[0-9]{1,5})?") {
            if let Ok(address) = text.parse::<ServerAddress>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
