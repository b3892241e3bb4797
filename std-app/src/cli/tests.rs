//! Every option of the command line, and every way to get it wrong

use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;

fn run(line: &str) -> Result<Cli, UsageOutcome> {
    parse(line.split(' '))
}

fn server(options: &str) -> ServerArgs {
    match run(format!("slp server {options}").trim()) {
        Ok(Cli { command: Command::Server(args) }) => args,
        other => panic!("{options}: {other:?}"),
    }
}

fn client(options: &str) -> ClientArgs {
    match run(format!("slp client {options}").trim()) {
        Ok(Cli { command: Command::Client(args) }) => args,
        other => panic!("{options}: {other:?}"),
    }
}

fn monitor(options: &str) -> MonitorArgs {
    match run(&format!("slp monitor {options}")) {
        Ok(Cli { command: Command::Monitor(args) }) => args,
        other => panic!("{options}: {other:?}"),
    }
}

fn printed(line: &str) -> String {
    match run(line) {
        Err(outcome @ UsageOutcome::Print(_)) => {
            assert_eq!(outcome.exit_code(), 0);
            outcome.to_string()
        }
        other => panic!("{line}: {other:?}"),
    }
}

fn wrong(args: &[&str]) -> String {
    match parse(args.iter().copied()) {
        Err(outcome @ UsageOutcome::Wrong(_)) => {
            assert_eq!(outcome.exit_code(), 2);
            let line = outcome.to_string();
            assert!(!line.contains(char::is_control), "{line:?}");
            line
        }
        other => panic!("{args:?}: {other:?}"),
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_bare_server_sets_nothing() {
    assert_eq!(
        server(""),
        ServerArgs {
            listen: None,
            max_clients: None,
            description: None,
            version_name: None,
            protocol: None,
            quiet: false,
            common: CommonArgs::default(),
        }
    );
}

#[test]
fn every_option_of_the_server() {
    assert_eq!(server("--listen 0.0.0.0:0").listen, Some(([0, 0, 0, 0], 0).into()));
    assert_eq!(server("--listen [::1]:25565").listen, Some((Ipv6Addr::LOCALHOST, 25565).into()));
    assert_eq!(server("--max-clients 1").max_clients, Some(1));
    assert_eq!(server("--max-clients=1000000").max_clients, Some(1_000_000));
    assert_eq!(server("--description hi").description.as_deref(), Some("hi"));
    assert_eq!(server("--description=-hi").description.as_deref(), Some("-hi"));
    assert_eq!(server("--version-name x").version_name.as_deref(), Some("x"));
    assert_eq!(server("--protocol -1").protocol, Some(-1));
    assert_eq!(server("--protocol 767").protocol, Some(767));
    assert!(server("--quiet").quiet);
}

#[test]
fn an_empty_description_is_one() {
    let parsed = parse(["slp", "server", "--description", ""]).unwrap();
    let Command::Server(args) = parsed.command else {
        panic!("not the server");
    };
    assert_eq!(args.description.as_deref(), Some(""));
}

#[test]
fn a_bare_client_sets_nothing() {
    assert_eq!(
        client(""),
        ClientArgs {
            server: None,
            protocol: None,
            timeout: None,
            reconnect: false,
            strict: false,
            legacy: false,
            no_srv: false,
            common: CommonArgs::default(),
        }
    );
}

#[test]
fn every_option_of_the_client() {
    for text in ["mc.example.org", "127.0.0.1:1", "[::1]:25565", "::1", "localhost:2"] {
        assert_eq!(client(text).server, Some(text.parse().unwrap()), "{text}");
    }
    assert_eq!(client("--protocol -2147483648").protocol, Some(i32::MIN));
    assert_eq!(client("--protocol=-1 host").protocol, Some(-1));
    assert_eq!(client("--timeout 2.5").timeout, Some(Duration::from_millis(2500)));
    assert_eq!(client("--timeout 86400").timeout, Some(Duration::from_hours(24)));
    assert!(client("--reconnect").reconnect);
    assert!(client("--strict").strict);
    assert!(client("--legacy").legacy);
    assert!(client("--no-srv").no_srv);
}

#[test]
fn every_option_of_the_monitor() {
    let port = monitor("COM3");
    assert_eq!((port.source.to_str(), port.baud), (Some("COM3"), 115_200));
    assert!(!port.follow && !port.reconnect && !port.json && !port.reads_stdin());
    assert!(monitor("-").reads_stdin() && !monitor("./-").reads_stdin());
    assert_eq!(monitor("x --baud 9600").baud, 9_600);
    assert!(monitor("x --follow").follow && monitor("x --reconnect").reconnect && monitor("x --json").json);
    assert!(run("slp monitor x").unwrap().command.common().is_none());
}

#[test]
fn options_that_both_have() {
    for command in ["server", "client"] {
        let common = |option: &str| {
            let cli = run(&format!("slp {command} {option}")).unwrap();
            cli.command.common().cloned().expect("it has them")
        };
        assert_eq!(common("--config a.toml").config, Some(PathBuf::from("a.toml")));
        assert!(common("--print-config").print_config);
        assert!(common("--ascii").ascii);
        assert!(common("--no-history").no_history);
        assert!(common("--plain").line_mode());
        assert!(common("--json").line_mode(), "--json implies line mode");
        assert!(common("--json --plain").json);
        assert!(!common("--ascii").line_mode());
    }
}

#[test]
fn version_and_help_are_printed() {
    assert_eq!(printed("slp --version"), concat!("slp ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(printed("slp -V"), printed("slp --version"));
    let help = printed("slp --help");
    assert!(help.contains("server") && help.contains("client"), "{help}");
    assert_eq!(printed("slp server --help"), printed("slp help server"));
    // However the file is named, as slp.exe on Windows.
    assert!(printed("./other.exe server -h").contains("Usage: slp server [OPTIONS]"));
    for option in ["--listen", "--max-clients", "--description", "--config", "--json"] {
        assert!(printed("slp server --help").contains(option), "{option}");
    }
    for option in ["HOST[:PORT]", "--timeout", "--strict", "--legacy", "--no-srv"] {
        assert!(printed("slp client -h").contains(option), "{option}");
    }
}

#[test]
fn wrong_usage_gets_one_line_that_says_what_to_do() {
    for (line, expected) in [
        ("slp", r#"a command is missing, expected server, client or monitor (try "slp --help")"#),
        ("slp sevrer", r#"unknown command "sevrer", did you mean "server"? (try "slp --help")"#),
        ("slp xyz", r#"unknown command "xyz", expected server, client or monitor (try "slp --help")"#),
        ("slp --jsn", r#"unknown option "--jsn" (try "slp --help")"#),
        (
            "slp server --max-client 3",
            r#"unknown option "--max-client", did you mean "--max-clients"? (try "slp server --help")"#,
        ),
        ("slp server --zzz", r#"unknown option "--zzz" (try "slp server --help")"#),
        ("slp server -x", r#"unknown option "-x" (try "slp server --help")"#),
        ("slp server here", r#"unexpected argument "here" (try "slp server --help")"#),
        ("slp client a b", r#"unexpected argument "b" (try "slp client --help")"#),
        (
            "slp client localhost:99999",
            r#"HOST[:PORT]: "localhost:99999": the port is not a number from 1 to 65535; expected HOST, HOST:PORT or [IPv6]:PORT (try "slp client --help")"#,
        ),
        (
            "slp client :25565",
            r#"HOST[:PORT]: ":25565": the host is missing; expected HOST, HOST:PORT or [IPv6]:PORT (try "slp client --help")"#,
        ),
        (
            "slp client [::1",
            r#"HOST[:PORT]: "[::1": "]" is missing; expected HOST, HOST:PORT or [IPv6]:PORT (try "slp client --help")"#,
        ),
        (
            "slp server --listen localhost:1",
            r#"--listen: expected an IP address and a port, such as 127.0.0.1:25565 or [::1]:25565, found "localhost:1" (try "slp server --help")"#,
        ),
        (
            "slp server --max-clients 0",
            r#"--max-clients: expected a whole number from 1 to 1000000, found "0" (try "slp server --help")"#,
        ),
        (
            "slp server --max-clients -3",
            r#"--max-clients: expected a whole number from 1 to 1000000, found "-3" (try "slp server --help")"#,
        ),
        (
            "slp client --protocol 2147483648",
            r#"--protocol: expected a whole number from -2147483648 to 2147483647, found "2147483648" (try "slp client --help")"#,
        ),
        (
            "slp client --timeout -1",
            r#"--timeout: expected seconds from 0.001 to 86400, such as 5 or 0.5, found "-1" (try "slp client --help")"#,
        ),
        (
            "slp client --timeout nan",
            r#"--timeout: expected seconds from 0.001 to 86400, such as 5 or 0.5, found "nan" (try "slp client --help")"#,
        ),
        ("slp server --listen", r#"--listen: the value is missing, expected ADDR:PORT (try "slp server --help")"#),
        ("slp server --json=yes", r#"--json: takes no value, found "yes" (try "slp server --help")"#),
        ("slp server --protocol 1 --protocol 2", r#"--protocol is given more than once (try "slp server --help")"#),
        ("slp client --plain --plain", r#"--plain is given more than once (try "slp client --help")"#),
        ("slp monitor", r#"PORT|FILE|- is missing (try "slp monitor --help")"#),
        (
            "slp monitor x --baud 0",
            r#"--baud: expected a whole number from 50 to 12000000, found "0" (try "slp monitor --help")"#,
        ),
        ("slp monitor x y", r#"unexpected argument "y" (try "slp monitor --help")"#),
        (
            "slp monitor --follow x --reconnect",
            r#"--follow cannot be used with --reconnect (try "slp monitor --help")"#,
        ),
        ("slp client --legacy --reconnect", r#"--legacy cannot be used with --reconnect (try "slp client --help")"#),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        assert_eq!(wrong(&args), expected, "{line}");
    }
}

#[test]
fn a_host_with_a_blank_is_refused() {
    assert!(wrong(&["slp", "client", "a b"]).contains("\" \" cannot stand in a host name"));
}

#[test]
fn nothing_of_an_argument_reaches_the_terminal_uncleaned() {
    for args in [
        &["slp", "\u{1b}[31m\n"][..],
        &["slp", "server", "--\u{1b}[2J\n"],
        &["slp", "client", "\u{1b}[31m\n"],
        &["slp", "server", "--listen", "\u{202e}\u{7}"],
        &["slp", "server", "\r\n"],
        &["slp", "client", "a", "\u{9b}31m"],
    ] {
        assert!(!wrong(args).contains(['\u{202e}', '\u{1b}', '\u{9b}']), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let bad = OsString::from_vec(b"a\xffb".to_vec());
    for before in [&["slp"][..], &["slp", "client"], &["slp", "server", "--description"]] {
        let mut args: Vec<OsString> = before.iter().map(OsString::from).collect();
        args.push(bad.clone());
        match parse(args) {
            Err(UsageOutcome::Wrong(line)) => assert!(!line.contains(char::is_control), "{line:?}"),
            other => panic!("{before:?}: {other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn any_command_line_is_read_or_refused_on_one_line(
        args in prop::collection::vec(
            prop_oneof![
                Just("server".to_owned()),
                Just("client".to_owned()),
                Just("monitor".to_owned()),
                "--(listen|json|plain|protocol|timeout|legacy|max-clients)(=.{0,3})?",
                ".{0,6}",
            ],
            0..5,
        )
    ) {
        let line = std::iter::once("slp".to_owned()).chain(args);
        if let Err(UsageOutcome::Wrong(line)) = parse(line) {
            prop_assert!(!line.contains(char::is_control), "{line:?}");
            prop_assert!(line.contains("(try \"slp "), "{line:?}");
        }
    }
}
