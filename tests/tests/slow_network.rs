//! Does everything come out right when the network cuts bytes apart and takes its time?

use std::time::Duration;

use serde_json::{Value, json};
use slp_tests::proxy::Network;
use slp_tests::{Client, FakeServer, Proxy, Server, Slp, packets};

/// Names of the events of one exchange, in their order
const EXCHANGE: [&str; 4] = ["state", "status", "pong", "state"];

fn exchange(client: &mut Client, payload: i64) -> Value {
    client.command(&format!("ping {payload}"));
    let events = EXCHANGE.map(|_| client.next_event());
    assert_eq!(events.each_ref().map(|event| event["event"].as_str().expect("a name")), EXCHANGE);
    assert_eq!(events[2]["payload"], payload);
    events[1].clone()
}

#[test]
fn single_bytes_both_ways_change_nothing() {
    let mut server = Server::start(&["--description", "A § sign, a € sign and 😀"]);
    let proxy = Proxy::start(server.address(), Network::SINGLE_BYTES);
    let mut client = Client::connect(proxy.address(), &[]);
    for payload in [i64::MIN, -1, 0, 1, i64::MAX] {
        let status = exchange(&mut client, payload);
        assert!(status["description"].as_str().is_some_and(|text| text.ends_with("a € sign and 😀")), "{status}");
    }
    server.command("ping 128");
    assert_eq!(client.next_event(), json!({ "event": "server_ping", "payload": 128 }));
    assert_eq!(server.event("pong")["payload"], 128);
    assert_eq!(client.exit(), [] as [Value; 0]);
}

#[test]
fn delay_is_what_the_round_trip_measures() {
    let mut server = Server::start(&[]);
    let network = Network { piece: 64, delay: Duration::from_millis(20) };
    let proxy = Proxy::start(server.address(), network);
    let mut client = Client::connect(proxy.address(), &[]);
    client.command("ping 1");
    // 20 ms there and 20 ms back, and not the time that the document took.
    let rtt = client.event("pong")["rtt_us"].as_i64().expect("the schema says so");
    assert!(rtt >= 40_000, "{rtt} µs");
    server.command("ping 2");
    let rtt = server.event("pong")["rtt_us"].as_i64().expect("the schema says so");
    assert!(rtt >= 40_000, "{rtt} µs");
}

#[test]
fn time_that_the_document_takes_is_not_in_the_round_trip() {
    let fake = FakeServer::start();
    let mut client = Client::connect(fake.address(), &[]);
    let mut peer = fake.accept();
    client.command("ping 1");
    peer.expect(fake.hello());
    let response = packets::response("{}");
    peer.send(&response[..4]);
    // No Ping before the last byte, however long that is away.
    assert!(!peer.closes_within(Duration::from_secs(1)), "the client waits");
    peer.send(&response[4..]);
    peer.expect(packets::ping(1));
    peer.send(packets::ping(1));
    let rtt = client.event("pong")["rtt_us"].as_i64().expect("the schema says so");
    assert!(rtt < 1_000_000, "{rtt} µs: the time of the document is in it");
}

#[test]
fn large_document_in_single_bytes_is_read() {
    let description = "ä€😀".repeat(1_000);
    let server = Server::start(&["--description", &description]);
    let proxy = Proxy::start(server.address(), Network::SINGLE_BYTES);
    let mut client = Client::connect(proxy.address(), &["--timeout", "60"]);
    client.command("ping 5");
    let status = client.event("status");
    let shortened = client.event("error");
    assert_eq!(shortened["message"], "longer than what is kept, and shortened: description");
    assert_eq!(client.event("pong")["payload"], 5);
    let read = status["description"].as_str().expect("a description");
    // What is longer than the field is cut at a character.
    assert!(description.starts_with(read) && read.len() > 2_000, "{} bytes: {read:.40}", read.len());
    assert!(status["raw_bytes"].as_u64().is_some_and(|bytes| bytes > 9_000), "{status}");
}

#[test]
fn pings_that_cross_on_a_slow_network_are_all_answered() {
    let mut server = Server::start(&[]);
    let network = Network { piece: 7, delay: Duration::from_millis(3) };
    let proxy = Proxy::start(server.address(), network);
    let mut client = Client::connect(proxy.address(), &[]);
    server.event("connected");
    let mut sent = Vec::new();
    for round in 0..10 {
        // Both at once: whichever comes first is overtaken by nothing.
        server.command(&format!("ping {round}"));
        client.command(&format!("ping {round}"));
        if server.event("ping_sent")["sent"] == 1 {
            sent.push(json!(round));
            assert_eq!(server.event("pong")["payload"], round);
        }
        assert_eq!(client.event("pong")["payload"], round);
        client.event_where("the end of the exchange", |event| event["event"] == "state" && event["to"] == 0);
        assert_eq!(server.event("ping")["payload"], round);
    }
    let told: Vec<_> = client.exit();
    let answered = told.iter().filter(|event| event["event"] == "server_ping").map(|event| event["payload"].clone());
    assert_eq!(answered.collect::<Vec<_>>(), sent, "each of them once");
    assert!(!told.iter().any(|event| event["event"] == "error"), "{told:?}");
    assert!(!server.stop().iter().any(|event| event["event"] == "error"));
}

#[test]
fn legacy_ping_in_single_bytes_is_answered() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.address(), Network::SINGLE_BYTES);
    let output = Slp::new(["client", &proxy.address().to_string(), "--legacy", "--json"]).run();
    output.assert_done();
    let status = slp_tests::events::parse(slp_tests::events::Side::Client, &output.stdout.concat());
    assert_eq!(status["description"], "Hello World !", "{status}");
    assert_eq!((&status["online"], &status["max"]), (&json!(1), &json!(10)), "{status}");
}

#[test]
fn late_answers_of_stopped_requests_are_skipped() {
    let server = Server::start(&[]);
    let network = Network { piece: 11, delay: Duration::from_millis(2) };
    let proxy = Proxy::start(server.address(), network);
    let mut client = Client::connect(proxy.address(), &[]);
    for payload in 1..=3 {
        client.command(&format!("ping {payload}"));
        client.command("stop");
    }
    client.command("ping 4");
    assert_eq!(client.event("pong")["payload"], 4);
    client.event_where("the last state", |event| event["event"] == "state" && event["to"] == 0);
    let told = client.exit();
    let count = |name: &str| told.iter().filter(|event| event["event"] == name).count();
    assert_eq!([count("status"), count("pong"), count("error")], [1, 0, 0], "{told:?}");
}
