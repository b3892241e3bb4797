//! Look-ups against a small name server on loopback
//!
//! Its names are below `.example`, which no hosts file holds. Only tests in which nobody answers run on a paused clock:
//! it would run ahead of a datagram.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, OpCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType as Type};
use tokio::net::UdpSocket;

use super::*;

#[derive(Clone)]
enum Reply {
    Records(Vec<RData>),
    Code(ResponseCode),
    Silence,
}

/// A name server; what it does not know does not exist
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, Type)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NameServer {
    async fn start<const N: usize>(zone: [(&str, Type, Reply); N]) -> Self {
        let zone: HashMap<_, _> =
            zone.into_iter().map(|(name, kind, reply)| ((name.to_owned(), kind), reply)).collect();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (len, peer) = socket.recv_from(&mut buffer).await.unwrap();
                let query = Message::from_vec(&buffer[..len]).unwrap();
                let question = query.queries[0].clone();
                let name = question.name().to_ascii().to_ascii_lowercase();
                let kind = question.query_type();
                log.lock().unwrap().push((name.clone(), kind));

                let mut response = Message::response(query.metadata.id, OpCode::Query);
                response.queries.push(question.clone());
                let known = zone.keys().any(|(other, _)| *other == name);
                match zone.get(&(name, kind)) {
                    Some(Reply::Silence) => continue,
                    Some(Reply::Code(code)) => response.metadata.response_code = *code,
                    Some(Reply::Records(data)) => {
                        response.answers = data
                            .iter()
                            .map(|data| Record::from_rdata(question.name().clone(), 60, data.clone()))
                            .collect();
                    }
                    None if known => {}
                    None => response.metadata.response_code = ResponseCode::NXDomain,
                }
                socket.send_to(&response.to_vec().unwrap(), peer).await.unwrap();
            }
        });
        Self { address, asked, task }
    }

    async fn resolve(&self, target: &str) -> Result<Resolved, ResolveError> {
        self.resolve_within(target, Duration::from_secs(20)).await
    }

    async fn resolve_within(&self, target: &str, time: Duration) -> Result<Resolved, ResolveError> {
        let options = ResolveOptions { srv: true, nameserver: Some(self.address), deadline: Instant::now() + time };
        resolve(&target.parse().unwrap(), &options).await
    }

    fn was_asked_for_srv(&self) -> bool {
        let asked = self.asked.lock().unwrap();
        asked.iter().any(|(_, kind)| *kind == Type::SRV)
    }
}

fn a(ip: &str) -> Reply {
    Reply::Records(vec![RData::A(A(ip.parse().unwrap()))])
}

fn aaaa(ip: &str) -> Reply {
    Reply::Records(vec![RData::AAAA(AAAA(ip.parse().unwrap()))])
}

fn srv<const N: usize>(records: [(u16, u16, &str); N]) -> Reply {
    let record = |(priority, port, target): (u16, u16, &str)| {
        RData::SRV(SRV::new(priority, 0, port, Name::from_ascii(target).unwrap()))
    };
    Reply::Records(records.map(record).to_vec())
}

#[expect(clippy::unnecessary_wraps, reason = "made to be compared with outcomes")]
fn resolved(host: &str, port: u16, ips: &[&str]) -> Result<Resolved, ResolveError> {
    let address = |ip: &&str| SocketAddr::new(ip.parse().unwrap(), port);
    Ok(Resolved { host: host.to_owned(), port, addresses: ips.iter().map(address).collect() })
}

fn line(outcome: Result<Resolved, ResolveError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn an_srv_record_is_followed_and_its_target_goes_into_the_handshake() {
    let dns = NameServer::start([
        ("_minecraft._tcp.mc.example.", Type::SRV, srv([(0, 7777, "node.host.example.")])),
        ("node.host.example.", Type::A, a("192.0.2.1")),
        ("mc.example.", Type::A, a("192.0.2.99")),
    ])
    .await;
    let expected = resolved("node.host.example", 7777, &["192.0.2.1"]);
    assert_eq!(dns.resolve("mc.example").await, expected);
    assert_eq!(dns.resolve("mc.example.").await, expected);
}

#[tokio::test]
async fn without_an_srv_record_the_name_itself_is_meant() {
    let dns =
        NameServer::start([("mc.example.", Type::A, a("192.0.2.1")), ("mc.example.", Type::AAAA, aaaa("2001:db8::1"))])
            .await;
    let expected = resolved("mc.example", 25565, &["2001:db8::1", "192.0.2.1"]);
    assert_eq!(dns.resolve("mc.example").await, expected);
    assert_eq!(dns.resolve("mc.example.").await, expected);
    assert!(dns.was_asked_for_srv());
}

#[tokio::test]
async fn a_server_that_fails_at_srv_costs_nothing_but_the_record() {
    for code in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::NotImp] {
        let dns = NameServer::start([
            ("_minecraft._tcp.mc.example.", Type::SRV, Reply::Code(code)),
            ("mc.example.", Type::A, a("192.0.2.1")),
        ])
        .await;
        let expected = resolved("mc.example", 25565, &["192.0.2.1"]);
        assert_eq!(dns.resolve("mc.example").await, expected, "{code}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_for_srv_leaves_half_of_the_time() {
    let dns = NameServer::start([
        ("_minecraft._tcp.mc.example.", Type::SRV, Reply::Silence),
        ("mc.example.", Type::A, a("192.0.2.1")),
    ])
    .await;
    assert_eq!(
        dns.resolve_within("mc.example", Duration::from_secs(4)).await,
        resolved("mc.example", 25565, &["192.0.2.1"])
    );
}

#[tokio::test]
async fn no_record_is_asked_for_where_none_can_be_meant() {
    let dns = NameServer::start([("mc.example.", Type::A, a("192.0.2.1")), ("host.", Type::A, a("192.0.2.2"))]).await;
    assert_eq!(dns.resolve("mc.example:25565").await, resolved("mc.example", 25565, &["192.0.2.1"]));
    assert_eq!(dns.resolve("host").await, resolved("host", 25565, &["192.0.2.2"]));
    assert_eq!(dns.resolve("192.0.2.3").await, resolved("192.0.2.3", 25565, &["192.0.2.3"]));
    assert_eq!(dns.resolve("[2001:db8::3]:7").await, resolved("2001:db8::3", 7, &["2001:db8::3"]));
    assert!(!dns.was_asked_for_srv());

    let options = ResolveOptions {
        srv: false,
        nameserver: Some(dns.address),
        deadline: Instant::now() + Duration::from_secs(20),
    };
    let target = "mc.example".parse().unwrap();
    assert_eq!(resolve(&target, &options).await, resolved("mc.example", 25565, &["192.0.2.1"]));
    assert!(!dns.was_asked_for_srv());
}

#[tokio::test]
async fn targets_are_tried_by_priority_until_one_has_an_address() {
    let dns = NameServer::start([
        (
            "_minecraft._tcp.mc.example.",
            Type::SRV,
            srv([(30, 3, "third.example."), (10, 1, "gone.example."), (20, 2, "second.example.")]),
        ),
        ("second.example.", Type::A, a("192.0.2.2")),
        ("third.example.", Type::A, a("192.0.2.3")),
    ])
    .await;
    assert_eq!(dns.resolve("mc.example").await, resolved("second.example", 2, &["192.0.2.2"]));
}

#[tokio::test]
async fn a_record_that_leads_nowhere_is_told_with_both_names() {
    let dns = NameServer::start([
        ("_minecraft._tcp.mc.example.", Type::SRV, srv([(0, 1, "gone.example.")])),
        ("mc.example.", Type::A, a("192.0.2.1")),
    ])
    .await;
    assert_eq!(
        line(dns.resolve("mc.example").await),
        r#"cannot resolve "gone.example" (where the SRV record of "mc.example" points): no such host"#
    );
}

#[tokio::test]
async fn a_record_for_no_service_is_believed() {
    let dns = NameServer::start([
        ("_minecraft._tcp.mc.example.", Type::SRV, srv([(0, 0, ".")])),
        ("mc.example.", Type::A, a("192.0.2.1")),
    ])
    .await;
    assert_eq!(
        line(dns.resolve("mc.example").await),
        "cannot resolve \"mc.example\": its SRV record says that there is no server; give a port, such as :25565, to \
         try all the same"
    );
    assert_eq!(dns.resolve("mc.example:25565").await, resolved("mc.example", 25565, &["192.0.2.1"]));
}

#[tokio::test]
async fn a_name_without_an_address_is_told_apart_from_no_name() {
    let dns = NameServer::start([
        ("empty.example.", Type::TXT, Reply::Silence),
        ("broken.example.", Type::A, Reply::Code(ResponseCode::ServFail)),
        ("broken.example.", Type::AAAA, Reply::Code(ResponseCode::ServFail)),
    ])
    .await;
    assert_eq!(line(dns.resolve("gone.example").await), r#"cannot resolve "gone.example": no such host"#);
    assert_eq!(
        line(dns.resolve("empty.example:1").await),
        r#"cannot resolve "empty.example": the name has no address"#
    );
    assert_eq!(
        line(dns.resolve("broken.example:1").await),
        r#"cannot resolve "broken.example": the name server answers "Server Failure""#
    );
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    for target in ["mc.example", "mc.example:25565", "host"] {
        let start = Instant::now();
        let options = ResolveOptions {
            srv: true,
            nameserver: Some(silent.local_addr().unwrap()),
            deadline: start + Duration::from_secs(5),
        };
        let error = resolve(&target.parse().unwrap(), &options).await.unwrap_err();
        let name = target.split(':').next().unwrap();
        assert_eq!(error.to_string(), format!("cannot resolve \"{name}\": no answer in time"));
        assert!(error.is_timeout());
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(5), "{waited:?}");
        assert!(waited < Duration::from_millis(5100), "{waited:?}");
    }
}

#[tokio::test]
async fn the_system_knows_itself() {
    let options = ResolveOptions { srv: true, nameserver: None, deadline: Instant::now() + Duration::from_secs(20) };
    let found = resolve(&"localhost:7".parse().unwrap(), &options).await.unwrap();
    assert_eq!((found.host.as_str(), found.port), ("localhost", 7));
    assert!(found.addresses.iter().all(|address| address.ip().is_loopback()));
    assert!(found.addresses.iter().all(|address| address.port() == 7));
    assert!(!found.addresses.is_empty());
}

#[test]
fn the_words_of_a_system_become_ours() {
    for (text, expected) in [
        ("failed to lookup address information: Name or service not known", Reason::NoSuchHost),
        ("failed to lookup address information: nodename nor servname provided, or not known", Reason::NoSuchHost),
        ("failed to lookup address information: No address associated with hostname", Reason::NoAddress),
        (
            "failed to lookup address information: Temporary failure in name resolution",
            Reason::Other("Temporary failure in name resolution".to_owned()),
        ),
        ("a\u{1b}b", Reason::Other("a\\u{1b}b".to_owned())),
    ] {
        assert_eq!(Reason::of_system(&io::Error::other(text)), expected, "{text}");
    }
}
