//! Do programs that others wrote understand ours, and ours theirs?
//!
//! Both peers are used as they come from their registries. Where they are missing these tests fail and say so.

use serde_json::{Value, json};
use slp_tests::{Client, Server, Slp, foreign};

const CONFIG: &str = "[server]\ndescription = \"A §aserver §rfor tests\"\nversion_name = \"slp test\"\nprotocol = 767\n\
                      max_clients = 12\nsample = [{ name = \"Alex\", id = \"ec561538-f3fd-461d-aff5-086b22154bce\" }]\n";

fn server() -> Server {
    Server::with_config(CONFIG)
}

fn json_lines(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn mcstatus_reads_our_server_in_every_way_that_it_has() {
    let server = server();
    let port = server.address().port().to_string();
    let output = foreign::python_script("mcstatus_read.py").args(["127.0.0.1", &port]).run();
    output.assert_done();
    let calls = json_lines(&output.stdout);
    let names: Vec<_> = calls.iter().map(|call| call["call"].as_str().expect("a name")).collect();
    let expected = ["status", "ping", "async_status", "async_ping", "legacy_status", "async_legacy_status"];
    assert_eq!(names, expected);
    for call in &calls {
        let name = call["call"].as_str().expect("a name");
        assert_eq!(call["ok"], true, "{call}");
        assert!(call["latency_ms"].as_f64().is_some_and(|latency| latency > 0.0), "{call}");
        if name.ends_with("ping") {
            continue;
        }
        assert_eq!((&call["version"], &call["max"]), (&json!("slp test"), &json!(12)), "{call}");
        // It may still hold the connection of the call before.
        assert!(call["online"].as_i64().is_some_and(|online| (1..=6).contains(&online)), "{call}");
        assert_eq!(call["motd"], "A server for tests", "{call}");
        if name.contains("legacy") {
            // 1.4 to 1.6 say 127 whoever asks, so that each client shows the name of the version.
            assert_eq!(call["protocol"], 127, "{call}");
            continue;
        }
        assert_eq!(call["protocol"], 767, "{call}");
        let raw = &call["raw"];
        assert_eq!(raw["players"]["sample"], json!([{ "name": "Alex", "id": "ec561538-f3fd-461d-aff5-086b22154bce" }]));
        assert_eq!(raw["clients"], json!({ "max": 12, "online": raw["players"]["online"] }), "{raw}");
    }
}

#[test]
fn our_server_tells_what_mcstatus_did() {
    let server = server();
    let port = server.address().port().to_string();
    foreign::python_script("mcstatus_read.py").args(["127.0.0.1", &port]).run().assert_done();
    let told: Vec<_> = server.stop();
    let count = |name: &str| told.iter().filter(|event| event["event"] == name).count();
    assert_eq!(["connected", "disconnected", "request", "ping"].map(count), [6, 6, 4, 2], "{told:#?}");
    assert_eq!(count("error"), 0, "{told:#?}");
    // The token that the script gives to `ping` and `async_ping`.
    let token = told.iter().filter(|event| event["payload"] == 0x0123_4567_89AB_CDEF_i64).count();
    assert_eq!(token, 2, "{told:#?}");
}

#[test]
fn command_line_of_mcstatus_reads_our_server() {
    let server = server();
    let address = server.address().to_string();
    let mcstatus = |args: &[&str]| {
        let output = Slp::of(foreign::mcstatus(), args.iter().copied()).run();
        output.assert_done();
        output.stdout
    };

    let latency = mcstatus(&[&address, "ping"]);
    assert!(latency.iter().any(|line| line.trim().parse().is_ok_and(|ms: f64| ms > 0.0)), "{latency:?}");

    let status = mcstatus(&[&address, "status"]);
    for part in ["slp test", "767", "/12"] {
        assert!(status.iter().any(|line| line.contains(part)), "{part}: {status:?}");
    }
    let status = mcstatus(&["--legacy", &address, "status"]);
    for part in ["slp test", "/12"] {
        assert!(status.iter().any(|line| line.contains(part)), "{part}: {status:?}");
    }

    let document = mcstatus(&[&address, "json"]);
    let document: Value = serde_json::from_str(&document.concat()).expect("JSON");
    assert_eq!(document["online"], true, "{document}");
    assert_eq!(document["status"]["raw"]["version"], json!({ "name": "slp test", "protocol": 767 }), "{document}");
}

#[test]
fn minecraft_protocol_pings_our_server() {
    let mut server = server();
    let port = server.address().port().to_string();
    let output = foreign::node_script("npm_ping.mjs").args(["127.0.0.1", &port]).run();
    output.assert_done();
    let [document] = &json_lines(&output.stdout)[..] else { panic!("one line expected: {output:?}") };
    assert_eq!(document["version"], json!({ "name": "slp test", "protocol": 767 }), "{document}");
    assert_eq!(document["players"]["online"], 1, "{document}");
    assert_eq!(document["players"]["max"], 12, "{document}");
    assert!(document["description"].to_string().contains("server "), "{document}");
    // It is there only when the Pong came.
    assert!(document["latency"].is_number(), "{document}");
    server.event("ping");
    let end = server.event("disconnected");
    assert_eq!(end["reason"], "the client closed the connection", "{end}");
}

#[test]
fn our_client_reads_a_server_of_minecraft_protocol() {
    let options = ["--motd", "§eOf another §lkind", "--max-players", "33", "--version", "1.20.4"];
    let mut peer = foreign::node_script("npm_server.mjs").args(options).start();
    let line = peer.next_line("the port of the server");
    let port = serde_json::from_str::<Value>(&line).expect("JSON")["port"].as_u64().expect("a port");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port")));

    let mut client = Client::connect(address, &[]);
    client.command("ping 424242");
    let status = client.event("status");
    for (field, value) in [
        ("version_name", json!("1.20.4")),
        ("protocol", json!(765)),
        ("online", json!(0)),
        ("max", json!(33)),
        ("description", json!("Of another kind")),
        ("sample", json!([])),
    ] {
        assert_eq!(status[field], value, "{field}: {status}");
    }
    assert_eq!(client.event("pong")["payload"], 424_242);
    client.command("exit");
    let (_, output) = client.finish();
    output.assert_done();

    // Its answer to the ping from before 1.7.
    let legacy = Slp::new(["client", &address.to_string(), "--legacy", "--json"]).run();
    legacy.assert_done();
    let status = slp_tests::events::parse(slp_tests::events::Side::Client, &legacy.stdout.concat());
    assert_eq!((&status["online"], &status["max"]), (&json!(0), &json!(33)), "{status}");

    peer.close_input();
    assert_eq!(peer.finish().code, Some(0));
}
