//! What a device is told at its start: words such as `server=mc.example.org:25565`
//!
//! They come from the emulator's command line, or from the environment that the firmware was built in. Words without a `=`
//! are ignored, since the first one is the program's name. It reads them and carries nothing out.

use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;

use heapless::String;
use proto_core::packet::DEFAULT_PORT;
use proto_core::put;
use proto_core::text::{Clean, Show, Sink, display};
use smoltcp::wire::Ipv4Cidr;

/// Bytes of a server's host name
pub const HOST: usize = 100;

/// The server to watch
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name, or an address of four numbers
    pub host: String<HOST>,
    /// Its port
    pub port: u16,
}

impl Server {
    /// Reads `HOST` or `HOST:PORT`
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let (host, port) = match split_at_byte(text, b':') {
            None => (text, DEFAULT_PORT),
            Some((host, digits)) => match number(digits) {
                None | Some(0) => return Err(ServerError::Port),
                Some(port) => (host, port),
            },
        };
        if host.is_empty() {
            return Err(ServerError::NoHost);
        }
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err(ServerError::Host);
        }
        let host = String::try_from(host).map_err(|_| ServerError::TooLong)?;
        if cfg!(not(feature = "dns")) && address(&host).is_none() {
            return Err(ServerError::Name);
        }
        Ok(Self { host, port })
    }

    /// The host where it is an address
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        address(&self.host)
    }
}

impl Show for Server {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, self.host.as_str(), ":", self.port);
    }
}

/// Why a text is no server
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerError {
    /// Nothing before the port
    NoHost,
    /// A character that no host name has
    Host,
    /// More than [`HOST`] bytes
    TooLong,
    /// A port that is no number from 1 to 65 535
    Port,
    /// A name, in a firmware that was built without `dns`
    Name,
}

impl Show for ServerError {
    fn show(&self, out: &mut dyn Sink) {
        match self {
            Self::NoHost => out.put("no host before the port; expected HOST or HOST:PORT"),
            Self::Host => out.put("a host is letters, digits, \"-\", \"_\" and \".\"; expected HOST or HOST:PORT"),
            Self::TooLong => put!(out, "the host is longer than ", HOST, " bytes"),
            Self::Name => out.put("this firmware resolves no names; expected ADDRESS or ADDRESS:PORT"),
            Self::Port => out.put("a port is a number from 1 to 65535; expected HOST or HOST:PORT"),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl core::error::Error for ServerError {}

/// Where the device's address comes from
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// A DHCP server
    Dhcp,
    /// The settings
    Static {
        /// The address and its network
        address: Ipv4Cidr,
        /// The router
        gateway: Option<Ipv4Addr>,
        /// The name server
        dns: Option<Ipv4Addr>,
    },
}

/// All of them
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `server=HOST:PORT`: whom to connect to at the start
    pub server: Option<Server>,
    /// `ip=ADDRESS/PREFIX`, `gateway=ADDRESS`, `dns=ADDRESS`: without the first, DHCP
    pub addressing: Addressing,
    /// `seed=HEX`: 64 random bits from whoever starts the device
    pub seed: Option<u64>,
    /// `watch=SECONDS`: how often to ask for the status without being told to; not at all when `None`
    pub watch: Option<Duration>,
}

impl Settings {
    /// What holds where nothing is said
    pub const DEFAULT: Self = Self { server: None, addressing: Addressing::Dhcp, seed: None, watch: None };

    /// Reads the words of `line`
    ///
    /// # Errors
    /// The first word that is wrong.
    pub fn parse(line: &str) -> Result<Self, Error<'_>> {
        let mut settings = Self::DEFAULT;
        settings.read(line)?;
        Ok(settings)
    }

    /// Reads the words of `line` into place, which saves copies; where one is wrong, those before it have been read
    ///
    /// # Errors
    /// The first word that is wrong.
    pub fn read<'l>(&mut self, line: &'l str) -> Result<(), Error<'l>> {
        let (mut ip, mut gateway, mut dns) = (None, None, None);
        for word in line.split_ascii_whitespace() {
            let Some((name, value)) = split_at_byte(word, b'=') else { continue };
            let (taken, expected) = match name {
                "server" => {
                    self.server = Some(Server::parse(value).map_err(|why| Error { word, why: Wrong::Server(why) })?);
                    continue;
                }
                "ip" => (network(value).map(|network| ip = Some(network)), "an address such as 10.0.2.15/24"),
                "gateway" => (address(value).map(|address| gateway = Some(address)), "an address such as 10.0.2.2"),
                "dns" => (address(value).map(|address| dns = Some(address)), "an address such as 10.0.2.3"),
                "seed" => (bits(value).map(|bits| self.seed = Some(bits)), "up to 16 hex digits"),
                "watch" => {
                    let seconds = number::<u16>(value).filter(|&seconds| seconds > 0);
                    let watch = seconds.map(|seconds| Duration::from_secs(u64::from(seconds)));
                    (watch.map(|watch| self.watch = Some(watch)), "a number of seconds from 1 to 65535")
                }
                _ => (None, "one of server, ip, gateway, dns, seed, watch"),
            };
            taken.ok_or(Error { word, why: Wrong::Expected(expected) })?;
        }
        if let Some(address) = ip {
            self.addressing = Addressing::Static { address, gateway, dns };
        }
        Ok(())
    }
}

/// What stands before and behind the first such byte, if there is one
///
/// The standard library's ways to split take whole characters and come with a searcher for each of them.
pub(crate) fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|other| other == byte)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// A decimal number of digits and nothing else
///
/// The standard library has a parser for each type and takes signs; this one is in the firmware once.
fn number<T: TryFrom<u32>>(text: &str) -> Option<T> {
    fn wide(text: &str) -> Option<u32> {
        let push = |number: u32, byte: u8| number.checked_mul(10)?.checked_add(char::from(byte).to_digit(10)?);
        if text.is_empty() { None } else { text.bytes().try_fold(0, push) }
    }
    wide(text)?.try_into().ok()
}

/// Up to sixteen hexadecimal digits
fn bits(text: &str) -> Option<u64> {
    let push = |bits: u64, byte: u8| Some((bits << 4) | u64::from(char::from(byte).to_digit(16)?));
    if (1..=16).contains(&text.len()) { text.bytes().try_fold(0, push) } else { None }
}

/// Four numbers with points between them; a zero before one might mean octal, and is refused
fn address(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = Some(text);
    for octet in &mut octets {
        let part;
        (part, rest) = split_at_byte(rest?, b'.').map_or((rest?, None), |(part, rest)| (part, Some(rest)));
        *octet = number(part).filter(|_| part.len() == 1 || !part.starts_with('0'))?;
    }
    if rest.is_none() { Some(octets.into()) } else { None }
}

/// An address and the length of its network's prefix
fn network(text: &str) -> Option<Ipv4Cidr> {
    let (host, prefix) = split_at_byte(text, b'/')?;
    let prefix = number(prefix).filter(|&prefix| prefix <= 32)?;
    Some(Ipv4Cidr::new(address(host)?, prefix))
}

/// A word that is no setting
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error<'l> {
    /// As it was given
    pub word: &'l str,
    /// What is wrong with it
    pub why: Wrong,
}

/// What is wrong with a setting
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It names no server
    Server(ServerError),
    /// It is not this, which would have been right
    Expected(&'static str),
}

impl Show for Error<'_> {
    fn show(&self, out: &mut dyn Sink) {
        put!(out, "setting \"", Clean(self.word), "\" is wrong: ");
        match self.why {
            Wrong::Server(error) => error.show(out),
            Wrong::Expected(expected) => put!(out, "expected ", expected),
        }
    }
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl core::error::Error for Error<'_> {}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn words_become_settings() {
        let settings = Settings::parse("kernel server=10.0.2.2 ip=10.0.2.15/24 gateway=10.0.2.2 seed=ff watch=5");
        let expected = Settings {
            server: Some(Server { host: String::try_from("10.0.2.2").unwrap(), port: 25_565 }),
            addressing: Addressing::Static {
                address: Ipv4Cidr::new(Ipv4Addr::new(10, 0, 2, 15), 24),
                gateway: Some(Ipv4Addr::new(10, 0, 2, 2)),
                dns: None,
            },
            seed: Some(255),
            watch: Some(Duration::from_secs(5)),
        };
        assert_eq!(settings, Ok(expected));
        assert_eq!(Settings::parse(""), Ok(Settings::DEFAULT));
    }

    #[test]
    fn wrong_words_are_named() {
        for word in ["server=", "server=a:0", "ip=10.0.2.15", "ip=10.0.2.15/33", "dns=x", "seed=g", "watch=0", "a=b"] {
            let error = Settings::parse(word).unwrap_err();
            assert_eq!(error.word, word);
            assert!(error.to_string().contains(word));
        }
        let server = Settings::parse("server=a:0").unwrap_err();
        assert_eq!(server.why, Wrong::Server(ServerError::Port));
        assert!(server.to_string().ends_with(&ServerError::Port.to_string()), "{server}");
    }

    #[test]
    fn servers_are_names_or_addresses_with_a_port_or_none() {
        let server = |text| {
            Server::parse(text).map(|server| {
                let mut shown = String::<32>::new();
                server.show(&mut shown);
                shown
            })
        };
        assert_eq!(server("10.0.2.2:7").unwrap(), "10.0.2.2:7");
        assert_eq!(server("10.0.2.2").unwrap(), "10.0.2.2:25565");
        assert_eq!(server(":7"), Err(ServerError::NoHost));
        assert_eq!(server("a:"), Err(ServerError::Port));
        assert_eq!(server("a:65536"), Err(ServerError::Port));
        assert_eq!(server("a b"), Err(ServerError::Host));
        assert_eq!(server("a:+7"), Err(ServerError::Port));
        assert_eq!(server(&"a".repeat(101)), Err(ServerError::TooLong));
        assert_eq!(Server::parse("10.0.2.2").unwrap().address(), Some(Ipv4Addr::new(10, 0, 2, 2)));
    }

    #[test]
    fn names_are_servers_where_there_is_somebody_to_ask() {
        for name in ["localhost", "10.0.2", "10.0.2.256", "10.0.2.02", "10.0.2.2."] {
            let expected = if cfg!(feature = "dns") { Ok(None) } else { Err(ServerError::Name) };
            assert_eq!(Server::parse(name).map(|server| server.address()), expected, "{name}");
        }
    }
}
