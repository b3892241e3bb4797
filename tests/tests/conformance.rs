//! Do the real programs do with bytes what the shared vectors say?
//!
//! Each vector is played over a socket, whole and byte by byte, and everything is compared: what is sent back, whether
//! the connection stays, and every line of output.

use std::panic::AssertUnwindSafe;

use serde_json::{Value, json};
use slp_tests::vectors::{self, Failures, Frames, Step};
use slp_tests::{Client, FakeServer, Peer, Server, packets, peer};

/// A payload that no vector has
const PROBE: i64 = 0x0050_524F_4245;

#[test]
fn server_does_with_whole_frames_what_the_vectors_say() {
    play_all_to_server(Peer::send_hopefully);
}

#[test]
fn server_does_with_single_bytes_what_the_vectors_say() {
    play_all_to_server(Peer::send_singly);
}

#[test]
fn client_does_with_whole_frames_what_the_vectors_say() {
    play_all_to_client(Peer::send_hopefully);
}

#[test]
fn client_does_with_single_bytes_what_the_vectors_say() {
    play_all_to_client(Peer::send_singly);
}

fn play_all_to_server(send: fn(&mut Peer, &[u8])) {
    let mut server = Server::start(&[]);
    let mut failures = Failures::default();
    for vector in vectors::frames("server") {
        let server = AssertUnwindSafe(&mut server);
        failures.collect(&format!("{} ({})", vector.name, vector.rule), move || {
            // The whole of it, not the field alone.
            let server = server;
            play_to_server(server.0, &vector, send);
        });
    }
    failures.assert_none();
    // All of it was told at its place, and nothing beside it.
    assert_eq!(server.stop(), [] as [Value; 0]);
}

fn play_to_server(server: &mut Server, vector: &Frames, send: fn(&mut Peer, &[u8])) {
    let mut peer = Peer::connect(server.address());
    let client = peer.local();
    server.event_of("connected", client);
    let mut last = None;
    for step in &vector.before {
        match step {
            Step::Hex(bytes) => {
                send(&mut peer, &bytes.to_vec());
                // Nothing but Handshakes, which have no answer.
                last = Some(server.event_of("handshake", client));
            }
            Step::Command(command) => {
                server.command(command);
                assert_eq!(server.event("ping_sent")["sent"], 1);
                let payload = command.strip_prefix("ping ").and_then(|payload| payload.parse().ok());
                peer.expect(packets::ping(payload.expect("a ping with its payload")));
            }
        }
    }
    assert_eq!(last.is_some(), vector.before.iter().any(|step| matches!(step, Step::Hex(_))));
    let bytes = vector.hex.to_vec();
    // A pause behind a first FE means something (§7), and a loaded machine may make one: so these go together.
    let together = if vector.before.is_empty() && bytes.first() == Some(&0xFE) { bytes.len().min(3) } else { 0 };
    let (first, rest) = bytes.split_at(together);
    peer.send_hopefully(first);
    send(&mut peer, rest);
    if vector.then.as_deref() == Some("end") {
        peer.finish_sending();
    }
    for answer in &vector.answers {
        expect_answer(&mut peer, answer);
    }
    if vector.closes {
        peer.expect_close();
    } else {
        // Nothing more came, and the connection goes on: the next that comes is the answer to this.
        peer.send([packets::handshake(1), packets::ping(PROBE)].concat());
        peer.expect(packets::ping(PROBE));
    }
    drop(peer);

    for event in &vector.events {
        expect_event_of_server(server, vector, client, event);
    }
    if !vector.closes {
        server.event_of("handshake", client);
        assert_eq!(server.event_of("ping", client)["payload"], PROBE);
    }
    let told = server.next_event();
    assert_eq!((&told["event"], &told["client"]), (&json!("disconnected"), &json!(client.to_string())), "{told}");
    check_reason(vector, told["reason"].as_str().expect("the schema says so"));
}

fn expect_answer(peer: &mut Peer, answer: &str) {
    match answer {
        "response" => {
            let document = peer.response();
            assert_eq!(document["players"], json!({ "max": 10, "online": 1 }));
            assert_eq!(document["players"], document["clients"]);
        }
        "disconnect" => {
            let body = peer.frame_of(0);
            assert_eq!(usize::from(body[0]), body.len() - 1, "the text fills its frame");
            let component: Value = serde_json::from_slice(&body[1..]).expect("a text component");
            assert_eq!(component, json!({ "text": "This server only answers status requests" }));
        }
        "legacy" => {
            let bytes = peer.read_to_close();
            assert_eq!(bytes[0], 0xFF, "a kick packet");
            assert_eq!(usize::from(u16::from_be_bytes([bytes[1], bytes[2]])) * 2, bytes.len() - 3);
            let units: Vec<_> = bytes[3..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            let text = String::from_utf16(&units).expect("UTF-16");
            assert!(text.contains("Hello World !") && text.ends_with("10"), "{text:?}");
        }
        hex => peer.expect(vectors::from_hex(hex)),
    }
}

fn expect_event_of_server(server: &mut Server, vector: &Frames, client: std::net::SocketAddr, event: &Value) {
    // Part of the Handshake that follows it, or told when the connection ends.
    if event == "login" || event.get("address").is_some() {
        return;
    }
    let told = server.next_event();
    let about = |name: &str, fields: &[(&str, &Value)]| {
        assert_eq!(told["event"], name, "{told}");
        assert_eq!(told["client"], client.to_string(), "{told}");
        for (field, value) in fields {
            assert_eq!(told[field], **value, "{told}");
        }
    };
    if let Some(handshake) = event.get("handshake") {
        let next = ("next_state", &handshake["next"]);
        about("handshake", &[("protocol_version", &handshake["version"]), ("server_port", &handshake["port"]), next]);
        let before = vector.events.iter().take_while(|other| *other != event);
        let address = before.filter_map(|other| other.get("address")).last().map(vectors::text);
        // What mods append is kept off the display.
        let shown = address.as_deref().unwrap_or_default().split('\0').next();
        assert_eq!(told["server_address"].as_str(), shown);
    } else if event == "request" || event.get("legacy").is_some() {
        about("request", &[]);
    } else if let Some(payload) = event.get("ping") {
        about("ping", &[("payload", payload)]);
    } else if let Some(payload) = event.get("pong") {
        about("pong", &[("payload", payload)]);
    } else if let Some(payload) = event.get("unexpected_pong") {
        expect_error(&told, &[&client.to_string(), &payload.to_string()]);
    } else if let Some(unknown) = event.get("unknown") {
        let id = format!("unknown id {}", unknown["id"]);
        expect_error(&told, &[&client.to_string(), &id, &unknown["body"].to_string()]);
    } else {
        panic!("an event that this test does not know: {event}");
    }
}

fn expect_error(told: &Value, parts: &[&str]) {
    assert_eq!(told["event"], "error", "{told}");
    let message = told["message"].as_str().expect("the schema says so");
    for part in parts {
        assert!(message.contains(part), "{part:?} expected in {message:?}");
    }
}

/// The error of the vector, with its place, or a good end
fn check_reason(vector: &Frames, reason: &str) {
    if let Some(error) = &vector.error {
        assert!(reason.contains(error), "{error:?} expected in {reason:?}");
    } else {
        let good = ["the client closed the connection", "wanted to log in", "legacy ping answered"];
        assert!(good.iter().any(|good| reason.contains(good)), "a good end expected: {reason:?}");
    }
    if let Some(offset) = vector.offset {
        let place = reason.split("byte ").skip(1).filter_map(|after| {
            after.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u64>().ok())
        });
        assert!(place.into_iter().any(|place| place == offset), "byte {offset} expected in {reason:?}");
    }
}

fn play_all_to_client(send: fn(&mut Peer, &[u8])) {
    let mut failures = Failures::default();
    for vector in vectors::frames("client") {
        failures.collect(&format!("{} ({})", vector.name, vector.rule), || play_to_client(&vector, send));
    }
    failures.assert_none();
}

/// What the client owes and is owed, as far as playing a vector needs it
#[derive(Default)]
struct Exchange {
    /// The payload of the Ping that will follow the Response
    asked: Option<i64>,
    /// The payload whose Pong is awaited
    pinged: Option<i64>,
}

fn play_to_client(vector: &Frames, send: fn(&mut Peer, &[u8])) {
    let fake = FakeServer::start();
    let strict: &[&str] = if vector.strict { &["--strict"] } else { &[] };
    let mut client = Client::connect(fake.address(), strict);
    let mut peer = fake.accept();
    let mut exchange = Exchange::default();
    for step in &vector.before {
        match step {
            Step::Hex(bytes) => {
                let bytes = bytes.to_vec();
                send(&mut peer, &bytes);
                // The vectors have a whole Response there, or its beginning.
                if usize::from(bytes[0]) == bytes.len() - 1 {
                    let payload = exchange.asked.take().expect("a Response is asked for");
                    peer.expect(packets::ping(payload));
                    exchange.pinged = Some(payload);
                    client.event("status");
                }
            }
            Step::Command(command) => {
                client.command(command);
                if command == "stop" {
                    peer.expect(fake.goodbye());
                    exchange = Exchange::default();
                } else {
                    peer.expect(fake.hello());
                    exchange.asked = command.strip_prefix("ping ").and_then(|payload| payload.parse().ok());
                }
            }
        }
    }
    send(&mut peer, &vector.hex.to_vec());
    if vector.then.as_deref() == Some("end") {
        peer.finish_sending();
    }
    let answers: Vec<_> = vector.answers.iter().flat_map(|answer| vectors::from_hex(answer)).collect();
    let ended_well = if vector.closes {
        // An error closes at once: what was to be sent before it need not have gone out, or have arrived.
        let came = peer.read_to_close();
        assert!(answers.starts_with(&came), "{} came, {} expected at most", peer::hex(&came), peer::hex(&answers));
        vector.error.is_none()
    } else {
        peer.expect(&answers);
        settle(vector, &mut exchange, &mut client, &mut peer)
    };

    let (told, output) = client.finish();
    // The states are a test of their own.
    let mut told = told.into_iter().filter(|event| event["event"] != "state");
    let mut failed = false;
    for event in &vector.events {
        failed |= expect_event_of_client(&mut told, vector, event);
    }
    let rest: Vec<_> = told.collect();
    if vector.closes {
        let [last] = &rest[..] else { panic!("only the end of the connection expected: {rest:?}") };
        assert_eq!(last["event"], "disconnected", "{last}");
        match &vector.error {
            Some(error) => {
                check_reason(vector, last["reason"].as_str().expect("the schema says so"));
                assert!(output.assert_failed(1).contains(error.as_str()), "{output:?}");
            }
            None => output.assert_done(),
        }
    } else {
        assert_eq!(rest, [] as [Value; 0], "nothing more expected");
        if ended_well && !failed { output.assert_done() } else { drop(output.assert_failed(1).to_owned()) }
    }
}

/// Completes what the vector leaves open, finds nothing more on the wire, and ends the client; whether all went well
fn settle(vector: &Frames, exchange: &mut Exchange, client: &mut Client, peer: &mut Peer) -> bool {
    let happened = |name: &str| vector.events.iter().any(|event| event.get(name).is_some());
    let mut well = !happened("mismatch");
    if exchange.asked.is_some() && !happened("response_end") {
        // Within a frame: there is nothing to come but the end.
        peer.finish_sending();
        peer.expect_close();
        client.event("disconnected");
        return false;
    }
    let awaited = exchange.asked.or(exchange.pinged).filter(|_| !happened("pong") && !happened("mismatch"));
    if let Some(payload) = awaited {
        peer.send(packets::ping(payload));
        assert_eq!(client.event("pong")["payload"], payload);
    }
    // In the default state the client answers a ping of the server, and whatever else it sent would come before.
    peer.send(packets::ping(PROBE));
    peer.expect(packets::ping(PROBE));
    client.event_where("the answer to the last ping", |event| {
        event["event"] == "server_ping" && event["payload"] == PROBE
    });
    client.command("exit");
    peer.expect_close();
    if happened("response_end") {
        well &= document(vector).is_some();
    }
    well
}

/// The status document of a vector, where it is one
fn document(vector: &Frames) -> Option<Value> {
    let texts = vector.events.iter().filter_map(|event| event.get("text"));
    serde_json::from_str(&texts.map(vectors::text).collect::<String>()).ok()
}

/// Checks the next event against that of the vector; whether the exchange failed by it
fn expect_event_of_client(told: &mut impl Iterator<Item = Value>, vector: &Frames, event: &Value) -> bool {
    let silent = ["response_begin", "text", "abandoned_pong"];
    if event == "server_request" || event == "abandoned_response" || silent.iter().any(|name| event.get(name).is_some())
    {
        return false;
    }
    let told = told.next().unwrap_or_else(|| panic!("{event} was not told"));
    if let Some(end) = event.get("response_end") {
        if document(vector).is_none() {
            expect_error(&told, &[]);
            return true;
        }
        assert_eq!((&told["event"], &told["raw_bytes"]), (&json!("status"), &end["bytes"]), "{told}");
    } else if let Some(payload) = event.get("pong") {
        assert_eq!((&told["event"], &told["payload"]), (&json!("pong"), payload), "{told}");
    } else if let Some(payload) = event.get("server_ping") {
        assert_eq!((&told["event"], &told["payload"]), (&json!("server_ping"), payload), "{told}");
    } else if let Some(mismatch) = event.get("mismatch") {
        expect_error(&told, &[&mismatch["sent"].to_string(), &mismatch["got"].to_string()]);
        return true;
    } else if let Some(trailing) = event.get("trailing") {
        expect_error(&told, &[&format!("{} byte", trailing["count"])]);
    } else if let Some(unknown) = event.get("unknown") {
        expect_error(&told, &[&format!("unknown id {}", unknown["id"]), &unknown["body"].to_string()]);
    } else {
        panic!("an event that this test does not know: {event}");
    }
    false
}
