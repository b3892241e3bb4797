//! Do server and client hold the conversation that the protocol promises, and tell it event by event?

use std::net::SocketAddr;

use serde_json::{Value, json};
use slp_tests::proxy::Network;
use slp_tests::{Client, ClosedPort, DEADLINE, FakeServer, Home, Peer, Proxy, Server, Slp, packets};

/// The address of a client that has just connected
fn connected(server: &mut Server) -> SocketAddr {
    server.event("connected")["client"].as_str().expect("the schema says so").parse().expect("an address")
}

/// Everything but the round-trip time, of which it asserts that it is one
fn without_rtt(mut event: Value) -> Value {
    let rtt = event.as_object_mut().and_then(|event| event.remove("rtt_us")).expect("a round-trip time");
    assert!((1..60_000_000).contains(&rtt.as_i64().expect("a number")), "{rtt} µs is no round trip of a test");
    event
}

#[test]
fn conversation_is_told_event_by_event() {
    let mut server = Server::start(&[]);
    let mut client = Client::connect(server.address(), &[]);
    let address = connected(&mut server);
    let name = address.to_string();
    let port = server.address().port();

    server.command("list");
    let row = |state: u8| json!({ "client": name, "state": state, "rtt_us": null });
    assert_eq!(server.next_event(), json!({ "event": "list", "state": null, "count": 1, "clients": [row(0)] }));

    server.command("ping 7");
    assert_eq!(server.next_event(), json!({ "event": "ping_sent", "payload": 7, "sent": 1, "clients": 1 }));
    assert_eq!(client.next_event(), json!({ "event": "server_ping", "payload": 7 }));
    assert_eq!(without_rtt(server.next_event()), json!({ "event": "pong", "client": name, "payload": 7 }));

    server.command("list 0");
    let list = server.next_event();
    assert_eq!((&list["state"], &list["count"]), (&json!(0), &json!(1)));
    assert_eq!(list["clients"][0]["client"], name);
    assert!(list["clients"][0]["rtt_us"].as_i64().is_some_and(|rtt| rtt > 0), "{list}");
    server.command("list 1");
    assert_eq!(server.next_event(), json!({ "event": "list", "state": 1, "count": 0, "clients": [] }));

    client.command("ping -9223372036854775808");
    assert_eq!(client.next_event(), json!({ "event": "state", "from": 0, "to": 1 }));
    let mut status = client.next_event();
    let bytes = status.as_object_mut().and_then(|status| status.remove("raw_bytes")).expect("a length");
    assert_eq!(
        status,
        json!({
            "event": "status", "version_name": "slp 0.1.0", "protocol": -1, "online": 1, "max": 10,
            "description": "Hello World !", "sample": [], "favicon_bytes": null,
        })
    );
    assert!((100..200).contains(&bytes.as_i64().expect("a number")), "{bytes}");
    assert_eq!(without_rtt(client.next_event()), json!({ "event": "pong", "payload": i64::MIN }));
    assert_eq!(client.next_event(), json!({ "event": "state", "from": 1, "to": 0 }));
    assert_eq!(
        server.next_event(),
        json!({
            "event": "handshake", "client": name, "protocol_version": -1, "server_address": "127.0.0.1",
            "server_port": port, "next_state": 1,
        })
    );
    assert_eq!(server.next_event(), json!({ "event": "request", "client": name }));
    assert_eq!(server.next_event(), json!({ "event": "ping", "client": name, "payload": i64::MIN }));

    server.command("ping 99999999999999999999");
    assert_eq!(
        server.next_event(),
        json!({
            "event": "error",
            "message": "payload 99999999999999999999 is out of range; expected a whole number from \
                        -9223372036854775808 to 9223372036854775807",
        })
    );
    client.command("stop");
    let refused = client.next_event();
    assert_eq!(refused["event"], "error");
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("the state is default")), "{refused}");
    client.command("pong");
    let unknown = client.next_event();
    assert_eq!(unknown["event"], "error");
    assert!(unknown["message"].as_str().is_some_and(|text| text.contains("did you mean \"ping\"?")), "{unknown}");

    assert_eq!(client.exit(), [] as [Value; 0]);
    assert_eq!(
        server.next_event(),
        json!({ "event": "disconnected", "client": name, "reason": "the client closed the connection" })
    );
    assert_eq!(server.stop(), [] as [Value; 0]);
}

#[test]
fn ping_without_a_payload_is_the_time_in_milliseconds() {
    let mut server = Server::start(&[]);
    let mut client = Client::connect(server.address(), &[]);
    connected(&mut server);
    let milliseconds = || {
        let since = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
        i64::try_from(since.as_millis()).expect("a clock before the year 292 000 000")
    };
    let before = milliseconds();
    client.command("ping");
    let by_client = client.event("pong")["payload"].as_i64().expect("the schema says so");
    server.command("ping");
    let by_server = client.event("server_ping")["payload"].as_i64().expect("the schema says so");
    // The programs' clocks go on from the system's at their start, which may be set meanwhile by a little.
    let range = before - 2_000..=milliseconds() + 2_000;
    assert!(range.contains(&by_client) && range.contains(&by_server), "{by_client} {by_server} {range:?}");
}

#[test]
fn plain_lines_tell_the_same_conversation() {
    let mut server = Slp::new(["server", "--listen", "127.0.0.1:0", "--plain"]).start();
    let listening = server.next_line("the address");
    let address = listening.split("listening on ").nth(1).expect("an address in the line").to_owned();
    let mut client = Slp::new(["client", &address, "--plain"]).start();
    for (command, part) in [("ping 5", "pong 5 after "), ("stop", "the state is default"), ("pong", "did you mean")] {
        client.write(format!("{command}\n").as_bytes());
        client.line(part, |line| line.contains(part));
    }
    server.write(b"list\nping 7\n");
    server.line("the list", |line| line.contains("1 client: 127.0.0.1:"));
    server.line("the pong", |line| line.contains("pong 7 after ") && line.ends_with(" ms"));
    client.line("the ping", |line| line.ends_with("server ping 7 answered"));
    client.write(b"exit\n");
    let client = client.finish();
    client.assert_done();
    server.line("the end of the connection", |line| line.contains("closed: the client closed the connection"));
    server.write(b"stop\n");
    let server = server.finish();
    server.assert_done();
    assert!(server.stdout.last().is_some_and(|line| line.ends_with("stopped")), "{server:?}");
    for line in client.stdout.iter().chain(&server.stdout) {
        let time = line.get(..8).unwrap_or_default().split(':').map(|part| part.parse::<u8>().is_ok());
        assert!(time.eq([true; 3]), "every line begins with the time of day: {line:?}");
        assert!(slp_tests::events::is_clean(line), "no colour without a terminal: {line:?}");
    }
}

#[test]
fn line_mode_is_chosen_without_a_terminal_and_tells_what_it_tells_with_plain() {
    let mut server = Slp::new(["server", "--listen", "127.0.0.1:0"]).start();
    server.line("the address", |line| line.contains("listening on 127.0.0.1:"));
    server.write(b"list\n");
    server.line("the list", |line| line.ends_with("0 clients"));
    server.write(b"stop\n");
    server.finish().assert_done();
}

#[test]
fn all_clients_are_listed_pinged_and_counted() {
    let mut server = Server::start(&[]);
    let mut clients: Vec<_> = (0..3)
        .map(|_| {
            let client = Client::connect(server.address(), &[]);
            let address = connected(&mut server);
            (client, address)
        })
        .collect();
    let listed: Vec<_> = server.list("").iter().map(|row| row["client"].clone()).collect();
    let known: Vec<_> = clients.iter().map(|(_, address)| json!(address.to_string())).collect();
    assert_eq!(listed, known, "in the order of connecting");

    server.command("ping 1");
    assert_eq!(server.event("ping_sent"), json!({ "event": "ping_sent", "payload": 1, "sent": 3, "clients": 3 }));
    for (client, address) in &mut clients {
        assert_eq!(client.event("server_ping")["payload"], 1);
        server.event_of("pong", *address);
    }
    for (online, (client, _)) in [3, 2, 1].into_iter().zip(clients) {
        let mut client = client;
        client.command("ping");
        assert_eq!(client.event("status")["online"], online);
        client.event("pong");
        client.event("state");
        client.event("state");
        assert_eq!(client.exit(), [] as [Value; 0]);
        server.event("disconnected");
    }
    assert_eq!(server.list(""), [] as [Value; 0]);
}

#[test]
fn client_in_the_status_state_is_listed_there_and_not_pinged() {
    let mut server = Server::start(&[]);
    let mut client = Client::connect(server.address(), &[]);
    let default = connected(&mut server);
    let mut peer = Peer::connect(server.address());
    server.event_of("connected", peer.local());
    peer.send(packets::handshake(1));
    server.event_of("handshake", peer.local());

    server.command("ping 9");
    assert_eq!(server.event("ping_sent"), json!({ "event": "ping_sent", "payload": 9, "sent": 1, "clients": 2 }));
    assert_eq!(client.event("server_ping")["payload"], 9);
    server.event_of("pong", default);
    let rows = |rows: Vec<Value>| rows.iter().map(|row| row["client"].clone()).collect::<Vec<_>>();
    assert_eq!(rows(server.list("0")), [json!(default.to_string())]);
    assert_eq!(rows(server.list("1")), [json!(peer.local().to_string())]);

    // Nothing was sent to it: what comes first is the answer to its own Ping, which moves it back.
    peer.send(packets::ping(3));
    peer.expect(packets::ping(3));
    server.event_of("ping", peer.local());
    server.command("ping 10");
    assert_eq!(server.event("ping_sent")["sent"], 2);
    peer.expect(packets::ping(10));
}

#[test]
fn client_that_owes_four_answers_is_left_out() {
    let mut server = Server::start(&[]);
    let mut peer = Peer::connect(server.address());
    server.event_of("connected", peer.local());
    for payload in 1..=4 {
        server.command(&format!("ping {payload}"));
        assert_eq!(server.event("ping_sent")["sent"], 1);
    }
    server.command("ping 5");
    assert_eq!(server.event("ping_sent"), json!({ "event": "ping_sent", "payload": 5, "sent": 0, "clients": 1 }));
    // In any order, each with its own time; then there is room again.
    for payload in 1..=4 {
        peer.expect(packets::ping(payload));
    }
    for payload in [3, 1, 4, 2] {
        peer.send(packets::ping(payload));
        assert_eq!(server.event_of("pong", peer.local())["payload"], payload);
    }
    server.command("ping 6");
    assert_eq!(server.event("ping_sent")["sent"], 1);
    peer.expect(packets::ping(6));
}

#[test]
fn one_client_too_many_is_closed_and_the_others_are_not_disturbed() {
    let mut server = Server::start(&["--max-clients", "2"]);
    let mut peers = [Peer::connect(server.address()), Peer::connect(server.address())];
    for peer in &peers {
        server.event_of("connected", peer.local());
    }
    let mut third = Peer::connect(server.address());
    third.expect_close();
    let told = server.event("error");
    let message = told["message"].as_str().expect("the schema says so");
    assert!(message.contains(&third.local().to_string()) && message.contains("2 of 2"), "{message}");

    let [first, second] = &mut peers;
    for peer in [&mut *first, second] {
        peer.send([packets::handshake(1), packets::request(), packets::ping(1)].concat());
        assert_eq!(peer.response()["players"], json!({ "max": 2, "online": 2 }));
        peer.expect(packets::ping(1));
    }
    // A place that becomes free is taken again.
    let gone = first.local();
    drop(peers);
    server.event_of("disconnected", gone);
    let again = Peer::connect(server.address());
    server.event_of("connected", again.local());
}

#[test]
fn stop_closes_every_connection_and_ends_well() {
    let mut server = Server::start(&[]);
    let address = server.address();
    let client = Client::connect(address, &[]);
    let mut peer = Peer::connect(address);
    peer.send(packets::handshake(1));
    server.event_of("handshake", peer.local());
    let mut told = server.stop();
    peer.expect_close();
    let closed = |event: &Value| event["event"] == "disconnected" && event["reason"] == "the server stopped";
    told.retain(|event| closed(event));
    assert_eq!(told.len(), 2, "both are told: {told:?}");
    // In the default state nothing is owed, so this is a good end of the client too.
    let (events, output) = client.finish();
    output.assert_done();
    assert_eq!(events, [json!({ "event": "disconnected", "reason": "the server closed the connection" })]);
    assert!(std::net::TcpStream::connect(address).is_err(), "nothing listens any more");
}

#[test]
fn silent_client_is_pinged_and_closed_when_it_stays_silent() {
    let mut server = Server::with_config("[server]\nping_after = 0.2\nsilence_timeout = 2\n");
    let mut peer = Peer::connect(server.address());
    let (id, payload) = peer.frame();
    assert_eq!((id, payload.len()), (1, 8), "a Ping");
    // An answer is heard, and measured; then the silence begins anew.
    peer.send(packets::ping(i64::from_be_bytes(payload.try_into().expect("eight bytes"))));
    server.event_of("pong", peer.local());
    peer.frame_of(1);
    peer.expect_close();
    let told = server.event_of("disconnected", peer.local());
    let reason = told["reason"].as_str().expect("the schema says so");
    assert!(reason.starts_with("timed out: silent for ") && reason.ends_with(", although pinged"), "{reason}");

    // A real client answers for as long as it lives.
    let mut client = Client::connect(server.address(), &[]);
    for _ in 0..4 {
        client.event("server_ping");
    }
    assert_eq!(server.list("").len(), 1);
    client.command("exit");
    server.event("disconnected");
}

#[test]
fn status_state_without_a_byte_ends() {
    let mut server = Server::with_config("[server]\nstatus_timeout = 0.2\n");
    let mut peer = Peer::connect(server.address());
    peer.send([packets::handshake(1), packets::request()].concat());
    peer.response();
    peer.expect_close();
    let reason = server.event_of("disconnected", peer.local())["reason"].clone();
    assert_eq!(reason, "timed out: no byte for 200ms in the status state");
}

#[test]
fn end_of_input_ends_the_client_once_its_exchange_has_ended() {
    let mut server = Server::start(&[]);
    let proxy = Proxy::start(server.address(), Network::PERFECT);
    proxy.hold();
    let mut client = Client::connect(proxy.address(), &[]);
    client.command("ping 77");
    client.close_input();
    server.event("request");
    // It does not end before the answer, which is on its way now and is not let through yet.
    assert_eq!(client.next_event(), json!({ "event": "state", "from": 0, "to": 1 }));
    proxy.release();
    let events = client.done();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(names, ["status", "pong", "state"]);
    // The server goes on, whatever becomes of its clients and of its own input.
    server.event("disconnected");
    server.close_input();
    let mut client = Client::connect(server.address(), &[]);
    client.command("ping");
    client.event("pong");
    client.event("state");
    client.event("state");
    client.event("status");
    assert_eq!(client.exit(), [] as [Value; 0]);
}

#[test]
fn end_of_input_carries_out_what_was_asked_before() {
    let server = Server::start(&[]);
    let output = Slp::new(["client", &server.address().to_string(), "--json"]).run_with("ping 1\n");
    output.assert_done();
    assert!(output.stdout.iter().any(|line| line.contains(r#""event":"pong""#)), "{output:?}");
    // The last line needs no end.
    let output = Slp::new(["client", &server.address().to_string(), "--json"]).run_with("ping 2");
    output.assert_done();
    assert!(output.stdout.iter().any(|line| line.contains(r#""payload":2"#)), "{output:?}");
}

#[test]
fn exit_works_in_the_middle_of_an_exchange() {
    let fake = FakeServer::start();
    let mut client = Client::connect(fake.address(), &[]);
    let mut peer = fake.accept();
    client.command("ping 1");
    peer.expect(fake.hello());
    assert_eq!(client.next_event(), json!({ "event": "state", "from": 0, "to": 1 }));
    assert_eq!(client.exit(), [] as [Value; 0]);
    peer.expect_close();
}

#[test]
fn exit_works_before_the_connection_stands() {
    // A name server that hears the question and never answers it.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    silent.set_read_timeout(Some(DEADLINE)).expect("a socket has this");
    let config = format!("[client]\nnameserver = \"{}\"\nconnect_timeout = 3600\n", silent.local_addr().expect("it"));
    let mut client = Slp::new(["client", "nobody.example", "--json"]).config(&config).start();
    silent.recv(&mut [0; 512]).expect("the client asks");
    client.write(b"exit\n");
    client.finish().assert_done();
}

#[test]
fn stop_abandons_the_exchange_and_the_next_one_completes() {
    let mut server = Server::start(&[]);
    let proxy = Proxy::start(server.address(), Network::PERFECT);
    proxy.hold();
    let mut client = Client::connect(proxy.address(), &[]);
    for (command, from, to) in [("ping 1", 0, 1), ("stop", 1, 0), ("ping 2", 0, 1)] {
        client.command(command);
        assert_eq!(client.next_event(), json!({ "event": "state", "from": from, "to": to }));
    }
    // Two commands that the state does not allow, each with its name in the message.
    client.command("ping 3");
    let refused = client.next_event();
    assert_eq!(refused["event"], "error");
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("the state is status")), "{refused}");
    let next: Vec<_> = (0..3).map(|_| server.event("handshake")["next_state"].clone()).collect();
    assert_eq!(next, [1, 0, 1]);
    proxy.release();
    assert_eq!(client.next_event()["event"], "status");
    let pong = client.next_event();
    assert_eq!(
        (&pong["event"], &pong["payload"]),
        (&json!("pong"), &json!(2)),
        "only the exchange not stopped is told"
    );
    assert_eq!(client.next_event(), json!({ "event": "state", "from": 1, "to": 0 }));
    assert_eq!(client.exit(), [] as [Value; 0]);
}

#[test]
fn fifth_abandoned_exchange_is_refused_until_one_is_answered() {
    let fake = FakeServer::start();
    let mut client = Client::connect(fake.address(), &[]);
    let mut peer = fake.accept();
    for payload in 1..=4 {
        client.command(&format!("ping {payload}"));
        peer.expect(fake.hello());
        client.command("stop");
        peer.expect(fake.goodbye());
        client.event("state");
        client.event("state");
    }
    client.command("ping 5");
    let refused = client.next_event();
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("4 stopped requests")), "{refused}");
    // One answer, which is skipped; a ping of the server's tells that it has arrived.
    peer.send([packets::response("{}"), packets::ping(1)].concat());
    client.event("server_ping");
    peer.expect(packets::ping(1));
    client.command("ping 5");
    peer.expect(fake.hello());
    peer.send([packets::response("{}"), packets::response("{}"), packets::response("{}")].concat());
    peer.send(packets::response("{}"));
    peer.expect(packets::ping(5));
    peer.send(packets::ping(5));
    assert_eq!(client.event("pong")["payload"], 5);
}

#[test]
fn reconnecting_client_finds_the_server_again() {
    let closed = ClosedPort::take();
    let address = closed.address();
    let mut server = Server::of(&Slp::new(["server", "--listen", &address.to_string(), "--json"]));
    let config = "[client]\nreconnect = true\nreconnect_min = 0.01\nreconnect_max = 0.05\n";
    let mut client = Client::with_config(address, config);
    assert_eq!(client.next_event()["event"], "connected");
    connected(&mut server);
    server.stop();
    assert_eq!(client.event("disconnected")["reason"], "the server closed the connection");
    let told = client.event("error");
    let message = told["message"].as_str().expect("the schema says so");
    assert!(message.contains("attempt 1 to reconnect in "), "{message}");
    client.event_where("a second attempt, which nobody answered", |event| {
        event["message"].as_str().is_some_and(|text| text.contains("connection refused") && text.contains("attempt"))
    });

    let mut server = Server::of(&Slp::new(["server", "--listen", &address.to_string(), "--json"]));
    client.event("connected");
    connected(&mut server);
    client.command("ping 8");
    assert_eq!(client.event("pong")["payload"], 8);
    client.command("exit");
    let (_, output) = client.finish();
    output.assert_done();
}

#[test]
fn reconnecting_client_says_why_in_plain_lines_too() {
    let closed = ClosedPort::take();
    let address = closed.address();
    let config = "[client]\nreconnect = true\nreconnect_min = 0.01\nreconnect_max = 0.05\n";
    let mut client = Slp::new(["client", &address.to_string(), "--plain"]).config(config).start();
    for attempt in 1..4 {
        let line = client.line("an attempt", |line| line.contains(&format!("attempt {attempt} ")));
        assert!(line.contains("connection refused"), "{line}");
    }
    client.write(b"exit\n");
    assert!(client.finish().assert_failed(1).contains("connection refused"));
}

#[test]
fn client_ends_when_the_server_stops_and_it_is_not_to_reconnect() {
    let mut server = Server::start(&[]);
    let client = Client::connect(server.address(), &[]);
    connected(&mut server);
    server.stop();
    assert_eq!(client.done(), [json!({ "event": "disconnected", "reason": "the server closed the connection" })]);
}

#[cfg(unix)]
#[test]
fn signals_end_both_sides_well() {
    for signal in ["TERM", "INT", "HUP", "QUIT"] {
        let mut server = Server::start(&[]);
        let mut client = Client::connect(server.address(), &[]);
        connected(&mut server);
        client.command("ping 1");
        client.event("pong");
        client.signal(signal);
        let (_, output) = client.finish();
        output.assert_done();
        server.event("disconnected");
        let mut peer = Peer::connect(server.address());
        server.event_of("connected", peer.local());
        server.signal(signal);
        peer.expect_close();
        let (events, output) = server.finish();
        output.assert_done();
        assert_eq!(events.last(), Some(&json!({ "event": "stopped" })), "{signal}: {events:?}");
    }
}

#[test]
fn quiet_server_prints_only_what_was_asked_for() {
    let mut server = Server::start(&["--quiet"]);
    let mut client = Client::connect(server.address(), &[]);
    client.command("ping 1");
    client.event("pong");
    assert_eq!(server.list("").len(), 1);
    server.command("ping 2");
    server.event("ping_sent");
    client.event("server_ping");
    client.command("exit");
    let (_, output) = client.finish();
    output.assert_done();
    assert_eq!(server.stop(), [] as [Value; 0], "no handshake, no pong, no end of a connection");
}

#[test]
fn history_is_no_business_of_line_mode() {
    let home = Home::new();
    let server = Server::of(&Slp::new(["server", "--listen", "127.0.0.1:0", "--json"]).home(&home));
    server.stop();
    let files: Vec<_> = std::fs::read_dir(home.path()).expect("the folder").collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn online_count_and_configured_fields_are_what_the_client_sees() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nmax_clients = 5\ndescription = \"§aGreen\\nand §lbold\"\n\
                  version_name = \"Paper 1.21\"\nprotocol = 767\n\
                  sample = [{ name = \"Alex\" }, { name = \"Steve\" }]\n";
    let server = Server::of(&Slp::new(["server", "--json"]).config(config));
    let _others = [Peer::connect(server.address()), Peer::connect(server.address())];
    let mut client = Client::connect(server.address(), &[]);
    client.command("ping");
    let status = client.event("status");
    for (field, value) in [
        ("version_name", json!("Paper 1.21")),
        ("protocol", json!(767)),
        ("online", json!(3)),
        ("max", json!(5)),
        ("sample", json!(["Alex", "Steve"])),
    ] {
        assert_eq!(status[field], value, "{status}");
    }
    let description = status["description"].as_str().expect("a description");
    assert!(description.starts_with("Green") && description.ends_with("and bold"), "{description:?}");
}
