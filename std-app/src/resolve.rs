//! From the address of a server to where to connect and what the handshake carries (PROTOCOL.md §4)
//!
//! It connects to nothing and keeps nothing: every call asks anew, which is what a client that reconnects wants.

mod srv;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use tokio::time::{Instant, timeout_at};

use crate::cli::target::{DEFAULT_PORT, Host, ServerAddress, push_cleaned, quoted};

/// Time after which a question is put again; a datagram may be lost
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How often a question is put again; the deadline ends it sooner
const RETRIES: usize = 10;

/// How to resolve
#[derive(Clone, Copy, Debug)]
pub struct ResolveOptions {
    /// Whether to look for an SRV record
    pub srv: bool,
    /// Name server to ask; `None` asks as the system does
    pub nameserver: Option<SocketAddr>,
    /// When to give up, all look-ups together
    pub deadline: Instant,
}

/// Where a server is
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Host for the handshake: the name without a trailing dot, the IP address, or the target of the SRV record
    pub host: String,
    /// Port for the handshake and the connection
    pub port: u16,
    /// Where to connect, the best first; never empty, no address twice, all with `port`
    pub addresses: Vec<SocketAddr>,
}

/// Finds out where the server at `target` is
///
/// An SRV record is asked for when a name with a dot has no port; where there is none, or no answer in half of the
/// time, the name itself is looked up with port 25565. Of several records they are tried by priority and weight until
/// one has an address. Without a name server the system looks names up, its hosts file included; with one, that server
/// is asked for names that are not in the hosts file.
///
/// # Errors
/// The name, or every target of its SRV records, has no address; the record says that there is no service; or the
/// deadline passes.
pub async fn resolve(target: &ServerAddress, options: &ResolveOptions) -> Result<Resolved, ResolveError> {
    let port = target.port.unwrap_or(DEFAULT_PORT);
    let name = match &target.host {
        Host::Ip(ip) => {
            return Ok(Resolved { host: ip.to_string(), port, addresses: vec![SocketAddr::new(*ip, port)] });
        }
        Host::Name(name) => name,
    };
    let host = without_dot(name);
    timeout_at(options.deadline, async {
        if options.srv && target.port.is_none() && host.contains('.') {
            match srv::lookup(host, options).await {
                srv::Answer::Absent => {}
                srv::Answer::NoService => {
                    return Err(ResolveError::new(host, Reason::NoService));
                }
                srv::Answer::Targets(targets) => return follow(host, targets, options).await,
            }
        }
        let addresses = addresses(name, port, options).await.map_err(|reason| ResolveError::new(host, reason))?;
        Ok(Resolved { host: host.to_owned(), port, addresses })
    })
    .await
    .unwrap_or_else(|_| Err(ResolveError::new(host, Reason::Deadline)))
}

/// The first of `targets` that has an address; the failure of the first one when none has
async fn follow(host: &str, targets: Vec<srv::Target>, options: &ResolveOptions) -> Result<Resolved, ResolveError> {
    let mut failure = None;
    for srv::Target { host: target, port } in targets {
        let found = match &target {
            Host::Ip(ip) => Ok(vec![SocketAddr::new(*ip, port)]),
            Host::Name(name) => addresses(name, port, options).await,
        };
        match found {
            Ok(addresses) => {
                return Ok(Resolved { host: target.to_string(), port, addresses });
            }
            Err(reason) => {
                failure.get_or_insert(ResolveError {
                    name: target.to_string(),
                    redirected_from: Some(host.to_owned()),
                    reason,
                });
            }
        }
    }
    Err(failure.unwrap_or_else(|| ResolveError::new(host, Reason::NoAddress)))
}

/// The addresses of a name; never none
async fn addresses(name: &str, port: u16, options: &ResolveOptions) -> Result<Vec<SocketAddr>, Reason> {
    let found: Vec<SocketAddr> = match options.nameserver {
        None => tokio::net::lookup_host((name, port)).await.map_err(|error| Reason::of_system(&error))?.collect(),
        Some(nameserver) => resolver(Some(nameserver))
            .map_err(|error| Reason::of_dns(&error))?
            .lookup_ip(format!("{}.", without_dot(name)))
            .await
            .map_err(|error| Reason::of_dns(&error))?
            .iter()
            .map(|ip| SocketAddr::new(ip, port))
            .collect(),
    };
    let mut addresses = Vec::with_capacity(found.len());
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(Reason::NoAddress);
    }
    Ok(addresses)
}

/// A resolver that asks `nameserver`, or those of the system
fn resolver(nameserver: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match nameserver {
        None => TokioResolver::builder_tokio()?,
        Some(address) => {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            for connection in &mut server.connections {
                connection.port = address.port();
            }
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Always;
    options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
    options.timeout = RETRY_AFTER;
    options.attempts = RETRIES;
    builder.build()
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Why a server cannot be found
///
/// Its text is one line, such as `cannot resolve "mc.example.org": no such host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    name: String,
    /// The name whose SRV record led to `name`
    redirected_from: Option<String>,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    NoSuchHost,
    NoAddress,
    NoService,
    Deadline,
    NoAnswer,
    /// What the system or the name server said, cleaned
    Other(String),
}

impl ResolveError {
    fn new(name: &str, reason: Reason) -> Self {
        Self { name: name.to_owned(), redirected_from: None, reason }
    }

    /// Whether the deadline passed, rather than an answer coming that did not help
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.reason, Reason::Deadline | Reason::NoAnswer)
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot resolve {}", quoted(&self.name))?;
        if let Some(from) = &self.redirected_from {
            write!(f, " (where the SRV record of {} points)", quoted(from))?;
        }
        f.write_str(": ")?;
        match &self.reason {
            Reason::NoSuchHost => f.write_str("no such host"),
            Reason::NoAddress => f.write_str("the name has no address"),
            Reason::NoService => f.write_str(
                "its SRV record says that there is no server; give a port, such as :25565, to try all the same",
            ),
            Reason::Deadline => f.write_str("no answer in time"),
            Reason::NoAnswer => f.write_str("no answer from the name server"),
            Reason::Other(text) => f.write_str(text),
        }
    }
}

impl Error for ResolveError {}

impl Reason {
    /// What the system's own look-up says, which differs in words and numbers from one system to another
    fn of_system(error: &io::Error) -> Self {
        /// `WSAHOST_NOT_FOUND` and `WSANO_DATA`
        const WINDOWS_NOT_FOUND: i32 = 11_001;
        const WINDOWS_NO_DATA: i32 = 11_004;
        let text = error.to_string();
        let text = text.rsplit_once("lookup address information: ").map_or(text.as_str(), |(_, reason)| reason);
        match error.raw_os_error() {
            Some(WINDOWS_NOT_FOUND) if cfg!(windows) => return Self::NoSuchHost,
            Some(WINDOWS_NO_DATA) if cfg!(windows) => return Self::NoAddress,
            _ => {}
        }
        match text {
            "Name or service not known" | "Name does not resolve" | "nodename nor servname provided, or not known" => {
                Self::NoSuchHost
            }
            "No address associated with hostname" | "Name has no usable address" => Self::NoAddress,
            _ => Self::other(text),
        }
    }

    fn of_dns(error: &NetError) -> Self {
        match error {
            NetError::Timeout => Self::NoAnswer,
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NoSuchHost,
                ResponseCode::NoError => Self::NoAddress,
                code => Self::of_code(code),
            },
            NetError::Dns(DnsError::ResponseCode(code)) => Self::of_code(*code),
            NetError::Io(error) => Self::other(&format!("the name server cannot be asked: {error}")),
            error => Self::other(&error.to_string()),
        }
    }

    fn of_code(code: ResponseCode) -> Self {
        Self::other(&format!("the name server answers \"{code}\""))
    }

    fn other(text: &str) -> Self {
        let mut cleaned = String::new();
        for c in text.chars() {
            push_cleaned(&mut cleaned, c);
        }
        Self::Other(cleaned)
    }
}
