//! Does the command line do what it says: standard output, standard error and exit status of every option?

use std::net::TcpListener;

use serde_json::{Value, json};
use slp_tests::vectors::{self, Failures};
use slp_tests::{Client, ClosedPort, FakeServer, Home, Peer, Server, Slp, events, packets};

fn slp(args: &[&str]) -> Slp {
    Slp::new(args.iter().copied())
}

/// Asserts that a command line is refused with exit status 2 and one line that has all of `parts`
#[track_caller]
fn assert_refused(slp: &Slp, parts: &[&str]) {
    let output = slp.run();
    let line = output.assert_failed(2);
    for part in parts {
        assert!(line.contains(part), "`{slp}`: {part:?} expected in {line:?}");
    }
    assert!(output.stdout.is_empty(), "`{slp}`: {output:?}");
}

/// The settings in force for a command line, as they print
#[track_caller]
fn printed(slp: &Slp) -> Vec<String> {
    let output = slp.clone().args(["--print-config"]).run();
    output.assert_done();
    output.stdout
}

#[test]
fn help_and_version_are_printed() {
    let output = slp(&["--version"]).run();
    output.assert_done();
    assert_eq!(output.stdout, [concat!("slp ", env!("CARGO_PKG_VERSION"))]);
    for (args, parts) in [
        (&["--help"][..], &["server", "client", "monitor", "Examples:"][..]),
        (
            &["server", "--help"],
            &[
                "--listen <ADDR:PORT>",
                "--max-clients <N>",
                "--description <TEXT>",
                "--version-name <TEXT>",
                "--protocol <N>",
                "--quiet",
                "--config <FILE>",
                "--print-config",
                "--plain",
                "--json",
                "--ascii",
                "--no-history",
            ],
        ),
        (
            &["client", "--help"],
            &[
                "[HOST[:PORT]]",
                "--protocol <N>",
                "--timeout <SECONDS>",
                "--reconnect",
                "--strict",
                "--legacy",
                "--no-srv",
                "--config <FILE>",
                "--print-config",
                "--plain",
                "--json",
                "--ascii",
                "--no-history",
            ],
        ),
        (
            &["monitor", "--help"],
            &["<PORT|FILE|->", "--baud <N>", "[default: 115200]", "--follow", "--reconnect", "--json"],
        ),
    ] {
        let output = slp(args).run();
        output.assert_done();
        let help = output.stdout.join("\n");
        for part in parts {
            assert!(help.contains(part), "{args:?}: {part:?} expected in {help}");
        }
    }
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    for (args, parts) in [
        (&[][..], &["server, client or monitor", "slp --help"][..]),
        (&["serve"], &["\"serve\"", "did you mean \"server\"?"]),
        (&["frobnicate"], &["\"frobnicate\"", "expected server, client or monitor"]),
        (&["server", "--listn", "x"], &["\"--listn\"", "did you mean \"--listen\"?", "slp server --help"]),
        (&["server", "--listen"], &["--listen", "missing", "ADDR:PORT"]),
        (&["server", "--listen", "localhost"], &["--listen", "127.0.0.1:25565", "\"localhost\""]),
        (&["server", "--listen", "127.0.0.1:65536"], &["--listen", "\"127.0.0.1:65536\""]),
        (&["server", "--max-clients", "0"], &["--max-clients", "from 1 to 1000000", "\"0\""]),
        (&["server", "--max-clients", "-1"], &["--max-clients", "from 1 to 1000000", "\"-1\""]),
        (&["server", "--max-clients", "ten"], &["--max-clients", "a whole number", "\"ten\""]),
        (&["server", "--protocol", "2147483648"], &["--protocol", "from -2147483648 to 2147483647"]),
        (&["server", "--json=yes"], &["--json", "takes no value"]),
        (&["server", "--quiet", "--quiet"], &["--quiet", "more than once"]),
        (&["server", "extra"], &["unexpected argument \"extra\""]),
        (&["server", "--reconnect"], &["\"--reconnect\""]),
        (&["client", "--timeout", "0"], &["--timeout", "seconds from 0.001 to 86400"]),
        (&["client", "--timeout", "soon"], &["--timeout", "\"soon\""]),
        (&["client", "--reconnect", "--legacy"], &["--reconnect", "--legacy"]),
        (&["client", "a:b:c"], &["HOST[:PORT]"]),
        (&["client", "host:0"], &["host:0"]),
        (&["client", "[::1"], &["[::1"]),
        (&["client", "one", "two"], &["\"two\""]),
        (&["client", "--no-such"], &["\"--no-such\"", "slp client --help"]),
        (&["client", "--config"], &["--config", "FILE"]),
    ] {
        assert_refused(&slp(args), parts);
    }
    let hostile = slp(&["\u{1b}[2Jserver"]).run();
    assert!(events::is_clean(hostile.assert_failed(2)), "{hostile:?}");
    // A description of which no status document can be made.
    assert_refused(&slp(&["server", "--description", &"x".repeat(32_768)]), &["--description", "32767"]);
    assert_refused(&slp(&["server", "--description", &"\"".repeat(20_000)]), &["--description", "32767", "units"]);
}

#[test]
fn options_of_the_server_are_in_force() {
    let server = Server::start(&[
        "--max-clients",
        "3",
        "--description",
        "Another",
        "--version-name",
        "special",
        "--protocol",
        "-5",
        "--ascii",
        "--no-history",
        "--plain",
    ]);
    let mut peer = Peer::connect(server.address());
    peer.send([packets::handshake(1), packets::request()].concat());
    let document = peer.response();
    let mut expected = json!({
        "version": { "name": "special", "protocol": -5 },
        "players": { "max": 3, "online": 1 },
        "clients": { "max": 3, "online": 1 },
        "description": { "text": "Another" },
    });
    assert_eq!(document, expected);

    let server = Server::start(&[]);
    let mut peer = Peer::connect(server.address());
    peer.send([packets::handshake(1), packets::request()].concat());
    for (path, value) in [
        ("/version/name", json!(concat!("slp ", env!("CARGO_PKG_VERSION")))),
        ("/version/protocol", json!(-1)),
        ("/players/max", json!(10)),
        ("/clients/max", json!(10)),
        ("/description/text", json!("Hello World !")),
    ] {
        *expected.pointer_mut(path).expect("it is there") = value;
    }
    assert_eq!(peer.response(), expected, "what is there without a word of configuration");
}

#[test]
fn options_of_the_client_are_in_force() {
    let fake = FakeServer::start();
    let mut client = Client::connect(fake.address(), &["--protocol", "767", "--no-srv", "--ascii", "--no-history"]);
    let mut peer = fake.accept();
    client.command("ping 1");
    peer.expect(packets::handshake_of(767, "127.0.0.1", fake.address().port(), 1));
    peer.expect(packets::request());
    client.command("exit");
    assert_eq!(client.finish().1.code, Some(0));
}

#[test]
fn name_and_port_go_into_the_handshake_as_they_were_resolved() {
    let mut server = Server::start(&[]);
    let port = server.address().port();
    let mut client = Client::of(&slp(&["client", &format!("LocalHost:{port}"), "--json"]));
    let connected = client.event("connected");
    client.command("ping");
    let handshake = server.event("handshake");
    assert_eq!(handshake["server_port"], port);
    let name = handshake["server_address"].as_str().expect("the schema says so");
    assert!(name.eq_ignore_ascii_case("localhost"), "{name}");
    assert_eq!(connected["server"], format!("{name}:{port}"));
}

#[test]
fn ipv6_works_where_there_is_any() {
    // Not every machine has it; where it has not, both sides say so and exit with 1.
    if TcpListener::bind("[::1]:0").is_err() {
        let output = slp(&["server", "--listen", "[::1]:0", "--json"]).run();
        assert!(output.assert_failed(1).contains("cannot listen on [::1]:0"), "{output:?}");
        return;
    }
    let mut server = Server::of(&slp(&["server", "--listen", "[::1]:0", "--json"]));
    let mut client = Client::connect(server.address(), &[]);
    client.command("ping 1");
    assert_eq!(client.event("pong")["payload"], 1);
    assert_eq!(server.event("handshake")["server_address"], "::1");
    assert!(server.list("")[0]["client"].as_str().is_some_and(|client| client.starts_with("[::1]:")));
}

#[test]
fn printed_configuration_loads_again_to_itself() {
    let config = "[server]\nlisten = \"127.0.0.1:4711\"\nmax_clients = 77\ndescription = \"a \\\"b\\\" \\n § \\\\\"\n\
                  sample = [{ name = \"Alex\", id = \"EC561538-F3FD-461D-AFF5-086B22154BCE\" }]\nping_after = 0.25\n\
                  legacy = false\n[client]\nserver = \"[::1]:1\"\nreconnect = true\nreconnect_max = 7.5\n\
                  [terminal]\nhistory_size = 7\nhistory_file = \"some/file\"\nascii = true\n";
    for command in ["server", "client"] {
        for slp in [slp(&[command]), slp(&[command]).config(config)] {
            // The comments tell where a setting comes from, which is another place the second time.
            let settings =
                |lines: &[String]| lines.iter().filter(|line| !line.starts_with('#')).cloned().collect::<Vec<_>>();
            let first = printed(&slp);
            let home = Home::new();
            let file = home.file("printed.toml", first.join("\n"));
            let again = printed(&Slp::new([command]).args([std::ffi::OsString::from("--config"), file.into()]));
            assert_eq!(settings(&first), settings(&again), "`{slp}`");
        }
    }
    let lines = printed(&slp(&["server", "--max-clients", "5"]).config(config));
    for line in ["max_clients = 5", "ping_after = 0.25", "legacy = false", "history_size = 7"] {
        assert!(lines.iter().any(|printed| printed == line), "{line}: {lines:#?}");
    }
    assert!(lines.iter().filter(|line| line.starts_with('#')).count() > 30, "every setting has its comment");
}

#[test]
fn wrong_configuration_is_refused_with_its_place_and_what_was_expected() {
    for (config, parts) in [
        ("[server]\nmax_clients = \"ten\"\n", &["slp.toml:2:15", "server.max_clients", "from 1 to 1000000", "ten"][..]),
        ("[server]\nmax_client = 1\n", &["slp.toml:2:1", "max_client", "did you mean \"max_clients\"?"]),
        ("[sever]\n", &["slp.toml:1:", "did you mean [server]?"]),
        ("\n\nlisten = 1\n", &["slp.toml:3:1", "outside of its table", "[server]"]),
        ("[server]\nlisten = \"localhost\"\n", &["slp.toml:2:10", "server.listen", "\"127.0.0.1:25565\""]),
        ("[server]\nping_after = -1\n", &["slp.toml:2:14", "server.ping_after", "seconds from 0.001 to 86400"]),
        ("[server]\nfavicon = \"none.png\"\n", &["slp.toml:2:11", "server.favicon", "none.png"]),
        ("[client]\nreconnect = 1\n", &["slp.toml:2:13", "client.reconnect", "true or false"]),
        ("[client]\nreconnect_max = 0.5\n", &["slp.toml:2:", "client.reconnect_max", "at least client.reconnect_min"]),
        ("[server\n", &["slp.toml:1:"]),
        ("[server]\na = \u{1b}[2J\n", &["slp.toml:2:"]),
        ("[terminal]\nframe_rate = 31\n", &["slp.toml:2:14", "terminal.frame_rate", "from 1 to 30"]),
    ] {
        for command in ["server", "client"] {
            let slp = Slp::new([command]).config(config);
            assert_refused(&slp, parts);
            assert!(slp.run().stderr.iter().all(|line| events::is_clean(line)));
        }
    }
    assert_refused(&slp(&["server", "--config", "no-such-file.toml"]), &["no-such-file.toml"]);
    assert_refused(&slp(&["server", "--config", "."]), &["."]);
    // Valid, and yet no status document can be made of it.
    let quotes = format!("[server]\ndescription = '{}'\n", "\"".repeat(20_000));
    assert_refused(&Slp::new(["server"]).config(&quotes), &["slp.toml:2:15", "server.description", "32767"]);
}

#[test]
fn address_in_use_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("its address").to_string();
    for mode in ["--plain", "--json"] {
        let output = slp(&["server", "--listen", &address, mode]).run();
        let line = output.assert_failed(1);
        assert!(line.contains(&format!("cannot listen on {address}")) && line.contains("--listen"), "{line}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn server_that_is_not_there_is_told_with_what_to_do() {
    let closed = ClosedPort::take();
    let address = closed.address();
    for args in [&["--plain"][..], &["--json"], &["--legacy"]] {
        let output = slp(&["client", &address.to_string()]).args(args.iter().copied()).run();
        let line = output.assert_failed(1);
        assert!(line.contains(&format!("cannot connect to {address}")), "{line}");
        assert!(line.contains("refused") && line.contains("is a server running there?"), "{line}");
    }
}

#[test]
fn name_that_does_not_resolve_is_told() {
    // The top-level domain is reserved for names that do not exist.
    for args in [&["--json"][..], &["--json", "--no-srv"], &["--legacy"]] {
        let output = slp(&["client", "no-such-host.invalid:25565", "--timeout", "5"]).args(args.iter().copied()).run();
        let line = output.assert_failed(1);
        assert!(line.contains("no-such-host.invalid"), "{line}");
    }
}

#[test]
fn legacy_client_reads_and_times_out() {
    let server = Server::start(&["--version-name", "old", "--max-clients", "8"]);
    let address = server.address().to_string();
    let output = slp(&["client", &address, "--legacy"]).run();
    output.assert_done();
    let [line] = &output.stdout[..] else { panic!("one line expected: {output:?}") };
    for part in ["Hello World !", "old", "127", "1 of 8"] {
        assert!(line.contains(part), "{part:?} expected in {line:?}");
    }
    let output = slp(&["client", &address, "--legacy", "--json"]).run();
    output.assert_done();
    let status = events::parse(events::Side::Client, &output.stdout.concat());
    assert_eq!((&status["version_name"], &status["protocol"]), (&json!("old"), &json!(127)), "{status}");

    let server = Server::with_config("[server]\nlegacy = false\n");
    let output = slp(&["client", &server.address().to_string(), "--legacy", "--timeout", "1"]).run();
    output.assert_failed(1);
    let fake = FakeServer::start();
    let output = slp(&["client", &fake.address().to_string(), "--legacy", "--timeout", "0.2"]).run();
    assert!(output.assert_failed(1).contains("no answer to the legacy ping within 200ms"), "{output:?}");
}

#[test]
fn output_that_nobody_reads_ends_the_program() {
    // The reading end of the pipe is gone: nobody is left to be told, and the server must not stay.
    let server = Server::start(&[]);
    let (program, args, environment) = slp(&["client", &server.address().to_string(), "--json"]).parts();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = std::process::Command::new(program)
        .args(args)
        .envs(environment)
        .stdin(std::process::Stdio::piped())
        .stdout(writer)
        .stderr(std::process::Stdio::null())
        .status()
        .expect("it starts");
    assert_eq!(status.code(), Some(1));
}

/// A line of the console has its own line: what a script would send
fn is_one_line(input: &str) -> bool {
    !input.trim_end_matches(['\r', '\n']).contains(['\r', '\n'])
}

#[test]
fn server_carries_out_each_command_of_the_vectors() {
    let mut server = Server::start(&[]);
    let mut failures = Failures::default();
    for vector in vectors::commands("server").iter().filter(|vector| is_one_line(&vector.input)) {
        // Ends it, and so is a test of its own.
        if vector.expect.as_ref().is_some_and(|expect| expect["command"] == "stop") {
            let mut server = Server::start(&[]);
            server.command(&vector.input);
            assert_eq!(server.finish().1.code, Some(0), "{}", vector.name);
            continue;
        }
        let server = std::panic::AssertUnwindSafe(&mut server);
        failures.collect(&format!("{} ({})", vector.name, vector.rule), move || {
            let server = server;
            server.0.command(vector.input.trim_end_matches(['\r', '\n']));
            // Whatever the line led to comes before the answer to this.
            server.0.command("list 1");
            check_command(vector, || server.0.next_event());
        });
    }
    failures.assert_none();
}

fn check_command(vector: &vectors::Command, mut next: impl FnMut() -> Value) {
    let told = next();
    let marker = json!({ "event": "list", "state": 1, "count": 0, "clients": [] });
    if let Some(error) = &vector.error {
        assert_eq!(told["event"], "error", "{told}");
        let message = told["message"].as_str().expect("the schema says so");
        assert!(message.starts_with(error.as_str()), "{error:?} expected, got {message:?}");
        assert_eq!(next(), marker);
        return;
    }
    let expect = vector.expect.as_ref().expect("a vector has the one or the other");
    match expect["command"].as_str() {
        Some("ping") => {
            assert_eq!((&told["event"], &told["sent"]), (&json!("ping_sent"), &json!(0)), "{told}");
            if !expect["payload"].is_null() {
                assert_eq!(told["payload"], expect["payload"]);
            }
            assert_eq!(next(), marker);
        }
        Some("list") => {
            assert_eq!((&told["event"], &told["state"]), (&json!("list"), &expect["state"]), "{told}");
            assert_eq!(next(), marker);
        }
        // Help goes to standard error, and nothing to where the events go.
        Some("help") | None => assert_eq!(told, marker),
        Some(other) => panic!("a command that this test does not know: {other}"),
    }
}

#[test]
fn client_carries_out_each_command_of_the_vectors() {
    let server = Server::start(&[]);
    let mut failures = Failures::default();
    for vector in vectors::commands("client").iter().filter(|vector| is_one_line(&vector.input)) {
        failures.collect(&format!("{} ({})", vector.name, vector.rule), || {
            let mut client = Client::connect(server.address(), &[]);
            client.command(vector.input.trim_end_matches(['\r', '\n']));
            client.close_input();
            let (told, output) = client.finish();
            output.assert_done_but_for_help();
            let names: Vec<_> = told.iter().map(|event| event["event"].as_str().expect("a name")).collect();
            match (&vector.error, vector.expect.as_ref().map(|expect| expect["command"].clone())) {
                (Some(error), _) => {
                    assert_eq!(names, ["error"]);
                    let message = told[0]["message"].as_str().expect("the schema says so");
                    assert!(message.starts_with(error.as_str()), "{error:?} expected, got {message:?}");
                }
                (None, Some(Value::String(command))) if command == "ping" => {
                    assert_eq!(names, ["state", "status", "pong", "state"]);
                    let payload = &vector.expect.as_ref().expect("it is there")["payload"];
                    assert!(payload.is_null() || told[2]["payload"] == *payload, "{told:?}");
                }
                // Refused in the state that it begins with.
                (None, Some(Value::String(command))) if command == "stop" => assert_eq!(names, ["error"]),
                _ => assert_eq!(names, [] as [&str; 0]),
            }
        });
    }
    failures.assert_none();
}

#[test]
fn help_lists_every_command_on_standard_error() {
    for (side, commands) in
        [("server", &["ping", "list", "stop", "help"][..]), ("client", &["ping", "stop", "exit", "help"])]
    {
        let server = Server::start(&[]);
        let address = server.address().to_string();
        let args: &[&str] = if side == "server" { &["--listen", "127.0.0.1:0"] } else { &[&address] };
        let mut process = slp(&[side, "--json"]).args(args.iter().copied()).start();
        process.write(b"help\n");
        for command in commands {
            process.error_line(command, |line| line.trim_start().starts_with(command));
        }
        process.write(if side == "server" { b"stop\n" } else { b"exit\n" });
        let output = process.finish();
        assert_eq!(output.code, Some(0), "{output:?}");
    }
}

#[test]
fn lines_that_are_no_commands_are_refused_and_the_next_is_carried_out() {
    let mut process = slp(&["server", "--listen", "127.0.0.1:0", "--json"]).start();
    process.write(&[b'x'; 10_000]);
    process.write(b"\nli\xFFst\nlist 0\nstop");
    process.close_input();
    let output = process.finish();
    output.assert_done();
    let told: Vec<_> = output.stdout.iter().map(|line| events::parse(events::Side::Server, line)).collect();
    let names: Vec<_> = told.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(names, ["listening", "error", "error", "list", "stopped"]);
    for (event, part) in told[1..3].iter().zip(["4096 bytes", "byte 3"]) {
        assert!(event["message"].as_str().is_some_and(|message| message.contains(part)), "{event}");
    }
}
