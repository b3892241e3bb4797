//! Configuration files: what is read, what is refused and where, what is printed

#[path = "config/refused.rs"]
mod refused;

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use std_app::cli;
use std_app::config::{Ascii, Config, MAX_FILE_BYTES, SamplePlayer, reference};

const FILE: &str = "slp.toml";

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new(FILE)).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn refused(text: &str) -> String {
    let error = Config::parse(text, Path::new(FILE)).expect_err(text);
    let line = error.to_string();
    assert!(!line.contains(char::is_control), "{line:?}");
    line
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Only the head of a PNG; that is all that is checked
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 1, 2, 3, 4]);
    bytes
}

/// A file that changes every setting
const EVERYTHING: &str = r#"
[server]
listen = "[::1]:0"
max_clients = 1_000
backlog = 0x10
description = "two\nlines, \"quotes\", \\ and §a😀"
version_name = "other"
protocol = +767
sample = [
    { name = "Alex", id = "EC561538-F3FD-461D-AFF5-086B22154BCE" },
    { name = "Steve" },
]
disconnect_message = 'go away'
frame_timeout = 1
status_timeout = 0.25
ping_after = 2.5
silence_timeout = 86400
legacy = false

[client]
server = "mc.example.org"
protocol = -2
connect_timeout = 1.5
response_timeout = 2
pong_timeout = 3
frame_timeout = 4
strict = true
reconnect = true
reconnect_min = 0.5
reconnect_max = 0.5
srv = false
nameserver = "[2001:db8::1]:53"

[terminal]
history_size = 0
save_history = false
history_file = "history"
scrollback = 100
ascii = true
mouse = false
frame_rate = 1
"#;

#[test]
fn every_setting_is_read() {
    let Config { server, client, terminal, .. } = Config::parse(EVERYTHING, Path::new("some/where/slp.toml")).unwrap();
    assert_eq!(server.listen, (Ipv6Addr::LOCALHOST, 0).into());
    assert_eq!(server.max_clients, 1000);
    assert_eq!(server.backlog, 16);
    assert_eq!(server.description, "two\nlines, \"quotes\", \\ and §a😀");
    assert_eq!(server.version_name, "other");
    assert_eq!(server.protocol, 767);
    assert_eq!(
        server.sample,
        [
            SamplePlayer { name: "Alex".to_owned(), id: "ec561538-f3fd-461d-aff5-086b22154bce".to_owned() },
            SamplePlayer { name: "Steve".to_owned(), id: "00000000-0000-0000-0000-000000000000".to_owned() },
        ]
    );
    assert_eq!(server.disconnect_message, "go away");
    assert_eq!(server.frame_timeout, Duration::from_secs(1));
    assert_eq!(server.status_timeout, Duration::from_millis(250));
    assert_eq!(server.ping_after, Duration::from_millis(2500));
    assert_eq!(server.silence_timeout, Duration::from_hours(24));
    assert!(!server.legacy);

    assert_eq!(client.server, "mc.example.org".parse().unwrap());
    assert_eq!(client.protocol, -2);
    assert_eq!(client.connect_timeout, Duration::from_millis(1500));
    assert_eq!(client.response_timeout, Duration::from_secs(2));
    assert_eq!(client.pong_timeout, Duration::from_secs(3));
    assert_eq!(client.frame_timeout, Duration::from_secs(4));
    assert!(client.strict);
    assert!(client.reconnect);
    assert_eq!(client.reconnect_min, Duration::from_millis(500));
    assert_eq!(client.reconnect_max, Duration::from_millis(500));
    assert!(!client.srv);
    assert_eq!(client.nameserver, Some("[2001:db8::1]:53".parse().unwrap()));

    assert_eq!(terminal.history_size, 0);
    assert!(!terminal.save_history);
    assert_eq!(terminal.history_file, Some(PathBuf::from("some/where/history")));
    assert_eq!(terminal.scrollback, 100);
    assert_eq!(terminal.ascii, Ascii::Always);
    assert!(!terminal.mouse);
    assert_eq!(terminal.frame_rate, 1);
}

#[test]
fn the_test_file_changes_every_setting_but_the_icon() {
    let printed = parse(EVERYTHING).to_toml_commented();
    let defaults = Config::default().to_toml_commented();
    let kept: Vec<&str> = defaults
        .lines()
        .filter(|line| line.contains(" = ") && !line.starts_with('#'))
        .filter(|line| printed.lines().any(|other| other == *line))
        .collect();
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn the_defaults_are_those_of_the_protocol() {
    let Config { server, client, .. } = Config::default();
    assert_eq!(server.listen.to_string(), "127.0.0.1:25565");
    assert_eq!((server.max_clients, server.protocol), (10, -1));
    assert_eq!(server.description, "Hello World !");
    assert_eq!(server.version_name, concat!("slp ", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        [
            server.frame_timeout,
            server.status_timeout,
            server.ping_after,
            server.silence_timeout,
            client.connect_timeout,
            client.response_timeout,
            client.pong_timeout,
            client.frame_timeout,
            client.reconnect_min,
            client.reconnect_max,
        ]
        .map(|time| time.as_millis()),
        [10_000, 30_000, 15_000, 30_000, 5_000, 5_000, 5_000, 10_000, 1_000, 60_000]
    );
    assert_eq!(client.server.to_string(), "127.0.0.1:25565");
    assert_eq!(client.protocol, -1);
}

#[test]
fn an_empty_file_is_the_defaults() {
    for text in ["", "\n# only a comment\n", "[server]\n[client]\n[terminal]\n", "\u{feff}"] {
        assert_eq!(parse(text), Config::default(), "{text:?}");
    }
}

#[test]
fn every_way_to_write_a_table_is_read() {
    for text in [
        "[server]\nmax_clients = 3",
        "server.max_clients = 3",
        "server = { max_clients = 3 }",
        "[server]\r\nmax_clients = 3\r\n",
    ] {
        assert_eq!(parse(text).server.max_clients, 3, "{text}");
    }
    let sample = parse("[[server.sample]]\nname = 'a'\n[[server.sample]]\nname = 'b'").server.sample;
    assert_eq!(sample.len(), 2);
}

#[test]
fn times_are_numbers_of_seconds() {
    for (value, time) in [
        ("5", Duration::from_secs(5)),
        ("0.001", Duration::from_millis(1)),
        ("1e1", Duration::from_secs(10)),
        ("1.000000001", Duration::new(1, 1)),
    ] {
        assert_eq!(parse(&format!("client.pong_timeout = {value}")).client.pong_timeout, time);
    }
    for value in ["0", "-1", "0.0009", "86400.5", "86401", "inf", "nan", "\"5s\"", "9223372036854775807"] {
        assert_eq!(
            refused(&format!("client.pong_timeout = {value}")),
            format!(
                "slp.toml:1:23: client.pong_timeout: expected seconds from 0.001 to 86400, such as 5 or 0.5, found {value}"
            )
        );
    }
}

#[test]
fn texts_are_bounded_in_utf16_units() {
    let text = |c: &str, n| format!("server.version_name = \"{}\"", c.repeat(n));
    assert_eq!(parse(&text("😀", 128)).server.version_name.chars().count(), 128);
    assert_eq!(
        refused(&text("😀", 129)),
        "slp.toml:1:23: server.version_name: expected at most 256 UTF-16 units, found 258"
    );
    assert!(refused(&format!("server.description = '{}'", "x".repeat(32_768))).ends_with("found 32768"));
}

#[test]
fn the_icon_is_read_from_the_folder_of_the_file() {
    let folder = folder();
    let file = folder.path().join(FILE);
    fs::write(folder.path().join("icon.png"), png(64, 64)).unwrap();
    fs::write(&file, "[server]\nfavicon = \"icon.png\"").unwrap();
    let config = Config::load(&file).unwrap();
    let favicon = config.server.favicon.as_ref().unwrap();
    assert_eq!(favicon.path(), folder.path().join("icon.png"));
    assert!(favicon.data_uri().starts_with("data:image/png;base64,iVBORw0KGgo"));

    // Printed, it is found from any folder.
    let again = Config::parse(&config.to_toml_commented(), Path::new("else/where.toml")).unwrap();
    assert_eq!(again, config);
}

#[test]
fn the_command_line_goes_over_the_file_and_the_file_over_the_defaults() {
    let folder = folder();
    let file = folder.path().join(FILE);
    fs::write(&file, EVERYTHING).unwrap();
    let effective = |line: &str| {
        let mut args: Vec<&str> = line.split(' ').collect();
        args.extend(["--config", file.to_str().unwrap()]);
        Config::effective(&cli::parse(args).unwrap()).unwrap()
    };
    let from_file = Config::load(&file).unwrap();

    assert_eq!(effective("slp server"), from_file);
    assert_eq!(effective("slp client"), from_file);

    let mut expected = from_file.clone();
    expected.server.listen = "127.0.0.1:5".parse().unwrap();
    expected.server.max_clients = 7;
    expected.server.description = "d".to_owned();
    expected.server.version_name = "v".to_owned();
    expected.server.protocol = 9;
    assert_eq!(
        effective("slp server --listen 127.0.0.1:5 --max-clients 7 --description d --version-name v --protocol 9"),
        expected
    );

    let mut expected = from_file;
    expected.client.server = "h:1".parse().unwrap();
    expected.client.protocol = -1;
    for timeout in
        [&mut expected.client.connect_timeout, &mut expected.client.response_timeout, &mut expected.client.pong_timeout]
    {
        *timeout = Duration::from_millis(100);
    }
    assert_eq!(effective("slp client h:1 --protocol -1 --timeout 0.1"), expected);
}

#[test]
fn switches_are_settings() {
    let effective = |line: &str| Config::effective(&cli::parse(line.split(' ')).unwrap()).unwrap();
    let mut expected = Config::default();
    expected.client.strict = true;
    expected.client.reconnect = true;
    expected.client.srv = false;
    expected.terminal.ascii = Ascii::Always;
    expected.terminal.save_history = false;
    assert_eq!(effective("slp client --strict --reconnect --no-srv --ascii --no-history"), expected);
    assert_eq!(effective("slp server"), Config::default());
}

#[test]
fn an_error_found_later_points_to_where_the_setting_was_set() {
    let config = parse("[server]\ndescription = \"long\"");
    assert_eq!(
        config.blame("server.description", "too long").to_string(),
        "slp.toml:2:15: server.description: too long"
    );
    assert_eq!(config.blame("server.listen", "address in use").to_string(), "server.listen: address in use");
    let cli = cli::parse(["slp", "server", "--description", "longer"]).unwrap();
    let mut config = config;
    config.apply(&cli);
    assert_eq!(config.blame("server.description", "too long").to_string(), "--description: too long");
}

#[test]
fn a_document_too_large_is_laid_to_its_largest_part() {
    let config = parse(&format!("[server]\ndescription = \"{}\"\nversion_name = \"x\"", "§".repeat(32_767)));
    assert_eq!(
        config.document_too_large(32_950).to_string(),
        "slp.toml:2:15: server.description: the status document has 32950 UTF-16 units, at most 32767 allowed; its \
         largest part is this one with 32767"
    );
    let mut text = String::from("[server]\nsample = [\n");
    for n in 0..600 {
        let _ = writeln!(text, "  {{ name = \"player{n}\" }},");
    }
    text.push(']');
    let line = parse(&text).document_too_large(40_000).to_string();
    assert!(line.starts_with("slp.toml:2:10: server.sample: the status document has 40000"), "{line}");
}

#[test]
fn the_history_file_is_one_per_program_unless_named() {
    let mut terminal = Config::default().terminal;
    let names: Vec<_> = ["server", "client"]
        .into_iter()
        .filter_map(|program| terminal.history_path(program))
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["server-history", "client-history"]);
    terminal.history_file = Some("h".into());
    assert_eq!(terminal.history_path("client"), Some(PathBuf::from("h")));
    terminal.history_size = 0;
    assert_eq!(terminal.history_path("client"), None);
    terminal.history_size = 5;
    terminal.save_history = false;
    assert_eq!(terminal.history_path("client"), None);
}

#[test]
fn what_is_printed_loads_again_to_the_same() {
    let everything = parse(EVERYTHING);
    let mut expected = everything.clone();
    expected.terminal.history_file = Some(std::path::absolute("history").unwrap());
    let printed = everything.to_toml_commented();
    assert_eq!(parse(&printed), expected, "{printed}");
    assert_eq!(parse(&Config::default().to_toml_commented()), Config::default());
}

#[test]
fn what_is_printed_explains_itself() {
    let cli = cli::parse(["slp", "server", "--max-clients", "3"]).unwrap();
    let mut config = parse("[server]\n\nprotocol = 5");
    config.apply(&cli);
    let printed = config.to_toml_commented();
    for piece in [
        "# Connections open at once, published as `max`. One more is accepted and closed at once.\n\
         # A whole number from 1 to 1000000. Default: 10. Option: --max-clients. Set here by\n\
         # --max-clients.\n\
         max_clients = 3\n",
        "Set here by\n# slp.toml:3.\nprotocol = 5\n",
        "\n# favicon = \"server-icon.png\"\n",
        "\n# nameserver = \"9.9.9.9:53\"\n",
    ] {
        assert!(printed.contains(piece), "{piece}\n---\n{printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 100), "{printed}");
}

#[test]
fn the_reference_in_the_docs_is_the_one_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.md");
    if std::env::var_os("SLP_WRITE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, reference()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert_eq!(
        written,
        reference(),
        "docs/config.md is stale; run SLP_WRITE_DOCS=1 cargo test -p std-app --test config"
    );
}

#[test]
fn the_example_of_the_reference_is_true() {
    let line = refused("[server]\nmax_clients = \"ten\"");
    assert!(reference().contains(&format!("\n{line}\n")), "{line}");
}

proptest! {
    #[test]
    fn any_text_and_time_survives_printing(
        description in any::<String>(),
        name in any::<String>(),
        nanos in 1_000_000_u64..=86_400_000_000_000,
        clients in 1_u32..=1_000_000,
    ) {
        let mut config = Config::default();
        config.server.description = description;
        config.server.sample = vec![SamplePlayer {
            name,
            id: "ec561538-f3fd-461d-aff5-086b22154bce".to_owned(),
        }];
        config.server.ping_after = Duration::from_nanos(nanos);
        config.server.max_clients = clients;
        let printed = config.to_toml_commented();
        prop_assert!(!printed.contains(|c: char| c.is_control() && c != '\n'));
        prop_assert_eq!(parse(&printed), config);
    }

    #[test]
    fn any_file_is_read_or_refused_in_one_line(
        text in r#"(\[(server|client|x)\]\n)?([a-z_."]{0,12} ?= ?(["'\[{][^\n]{0,9}|[-0-9a-z.]{0,6})\n){0,4}|.*"#
    ) {
        if let Err(error) = Config::parse(&text, Path::new(FILE)) {
            prop_assert!(!error.to_string().contains(char::is_control));
            prop_assert!(error.position().is_some(), "{}", error);
        }
    }
}
