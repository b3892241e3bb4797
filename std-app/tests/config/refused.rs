//! What is refused, with which words and which place

use super::*;

#[test]
fn a_wrong_value_is_refused_with_its_place_and_what_was_expected() {
    for (text, expected) in [
        (
            "[server]\n\n# ä\nmax_clients = \"ten\"",
            r#"slp.toml:4:15: server.max_clients: expected a whole number from 1 to 1000000, found "ten""#,
        ),
        (
            "[server]\nmax_clients = 0",
            "slp.toml:2:15: server.max_clients: expected a whole number from 1 to 1000000, found 0",
        ),
        (
            "[server]\nmax_clients = 1000001",
            "slp.toml:2:15: server.max_clients: expected a whole number from 1 to 1000000, found 1000001",
        ),
        (
            "[server]\nmax_clients = 3.0",
            "slp.toml:2:15: server.max_clients: expected a whole number from 1 to 1000000, found 3.0",
        ),
        (
            "[server]\nmax_clients = 99999999999999999999",
            "slp.toml:2:15: server.max_clients: expected a whole number from 1 to 1000000, found 99999999999999999999",
        ),
        (
            "[server]\nprotocol = 2147483648",
            "slp.toml:2:12: server.protocol: expected a whole number from -2147483648 to 2147483647, found 2147483648",
        ),
        (
            "[server]\nlisten = \"localhost:25565\"",
            r#"slp.toml:2:10: server.listen: expected "IP:PORT", such as "127.0.0.1:25565" or "[::1]:25565", found "localhost:25565""#,
        ),
        (
            "[server]\nlisten = 25565",
            r#"slp.toml:2:10: server.listen: expected "IP:PORT", such as "127.0.0.1:25565" or "[::1]:25565", found 25565"#,
        ),
        (
            "[client]\nserver = \"localhost:99999\"",
            r#"slp.toml:2:10: client.server: "localhost:99999": the port is not a number from 1 to 65535; expected HOST, HOST:PORT or [IPv6]:PORT"#,
        ),
        (
            "[client]\nserver = true",
            r#"slp.toml:2:10: client.server: expected "HOST", "HOST:PORT" or "[IPv6]:PORT", found true"#,
        ),
        (
            "client.nameserver = \"9.9.9.9\"",
            r#"slp.toml:1:21: client.nameserver: expected "IP:PORT", such as "9.9.9.9:53", found "9.9.9.9""#,
        ),
        (
            "client.nameserver = \"9.9.9.9:0\"",
            r#"slp.toml:1:21: client.nameserver: expected "IP:PORT", such as "9.9.9.9:53", found "9.9.9.9:0""#,
        ),
        ("server.legacy = \"yes\"", r#"slp.toml:1:17: server.legacy: expected true or false, found "yes""#),
        ("terminal.ascii = \"Auto\"", r#"slp.toml:1:18: terminal.ascii: expected "auto", true or false, found "Auto""#),
        (
            "terminal.frame_rate = 31",
            "slp.toml:1:23: terminal.frame_rate: expected a whole number from 1 to 30, found 31",
        ),
        (
            "terminal.history_file = \"\"",
            r#"slp.toml:1:25: terminal.history_file: expected a path in quotes, found """#,
        ),
        (
            "server.description = 7",
            "slp.toml:1:22: server.description: expected a text in quotes, at most 32767 UTF-16 units, found 7",
        ),
        (
            "server.description = [\n  1,\n]",
            "slp.toml:1:22: server.description: expected a text in quotes, at most 32767 UTF-16 units, found […",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn a_wrong_entry_of_the_sample_is_told_by_its_number() {
    for (text, expected) in [
        (
            "server.sample = 3",
            r#"slp.toml:1:17: server.sample: expected a list such as [{ name = "Alex", id = "ec561538-f3fd-461d-aff5-086b22154bce" }], found 3"#,
        ),
        (
            "server.sample = [{ name = 'a' }, 'b']",
            r#"slp.toml:1:34: server.sample[2]: expected a table such as { name = "Alex" }, found 'b'"#,
        ),
        ("server.sample = [{ name = 1 }]", "slp.toml:1:27: server.sample[1].name: expected a text in quotes, found 1"),
        ("server.sample = [{}]", "slp.toml:1:18: server.sample[1]: the name is missing"),
        (
            "server.sample = [{ nane = 'a' }]",
            r#"slp.toml:1:20: server.sample[1]: unknown key "nane", did you mean "name"?"#,
        ),
        (
            "server.sample = [{ name = 'a', id = 'g0000000-0000-0000-0000-000000000000' }]",
            "slp.toml:1:37: server.sample[1].id: expected a UUID such as \"00000000-0000-0000-0000-000000000000\", \
             found 'g0000000-0000-0000-0000-000000000000'",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    for (text, expected) in [
        ("[server]\nmax_client = 3", r#"slp.toml:2:1: server: unknown key "max_client", did you mean "max_clients"?"#),
        (
            "[server]\nMax-Clients = 3",
            r#"slp.toml:2:1: server: unknown key "Max-Clients", did you mean "max_clients"?"#,
        ),
        ("[server]\nstrict = true", r#"slp.toml:2:1: server: unknown key "strict", it belongs in [client]"#),
        (
            "[terminal]\nxyzzy = 1",
            r#"slp.toml:2:1: terminal: unknown key "xyzzy", expected one of history_size, save_history, history_file, scrollback, ascii, mouse, frame_rate"#,
        ),
        ("[serve]\n", "slp.toml:1:2: unknown table [serve], did you mean [server]?"),
        ("[network]\n", "slp.toml:1:2: unknown table [network], expected the tables [server], [client], [terminal]"),
        ("max_clients = 3", r#"slp.toml:1:1: "max_clients" stands outside of its table, expected it below [server]"#),
        (
            "protocol = 3",
            r#"slp.toml:1:1: "protocol" stands outside of its table, expected it below [server] or [client]"#,
        ),
        ("colour = 3", r#"slp.toml:1:1: unknown key "colour", expected the tables [server], [client], [terminal]"#),
        ("server = 3", "slp.toml:1:10: server: expected a table [server], found 3"),
        (
            "[server]\n\"\\u001b[31m\\n\" = 3",
            "slp.toml:2:1: server: unknown key \"\\u{1b}[31m\\n\", expected one of listen, max_clients, backlog, \
             description, version_name, protocol, sample, favicon, disconnect_message, frame_timeout, status_timeout, \
             ping_after, silence_timeout, legacy",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn the_fault_that_stands_first_is_told() {
    let line = refused("[terminal]\nmouse = 1\n[client]\nstrict = 2\n[server]\nbacklog = 'x'");
    assert!(line.starts_with("slp.toml:2:9: terminal.mouse: "), "{line}");
}

#[test]
fn what_is_not_toml_is_refused_in_one_line() {
    for (text, place) in [
        ("[server]\nmax_clients = ", "slp.toml:2:15: "),
        ("[server\n", "slp.toml:1:8: "),
        ("[server]\nlegacy = true\nlegacy = true", "slp.toml:3:1: "),
        ("[server]\n[server]\n", "slp.toml:2:"),
        ("[server]\ndescription = \"a\u{1}b\"", "slp.toml:2:"),
        ("max clients = 3", "slp.toml:1:"),
    ] {
        let line = refused(text);
        assert!(line.starts_with(place), "{text:?}: {line}");
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let text = format!("server = {}", "[".repeat(MAX_FILE_BYTES - 9));
    assert!(refused(&text).starts_with("slp.toml:1:"));
    assert!(refused(&"a.".repeat(MAX_FILE_BYTES / 2 - 1)).starts_with("slp.toml:1:"));
}

#[test]
fn a_lower_bound_above_the_upper_one_is_refused_where_it_was_set() {
    assert_eq!(
        refused("[client]\nreconnect_min = 61"),
        "slp.toml:2:17: client.reconnect_min: expected at most client.reconnect_max, which is 60 seconds, found 61"
    );
    assert_eq!(
        refused("[client]\nreconnect_min = 3\nreconnect_max = 2.5"),
        "slp.toml:3:17: client.reconnect_max: expected at least client.reconnect_min, which is 3 seconds, found 2.5"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_one_line() {
    let folder = folder();
    let load = |name: &str| {
        let path = folder.path().join(name);
        let line = Config::load(&path).unwrap_err().to_string();
        line.strip_prefix(path.to_str().unwrap()).unwrap_or(&line).to_owned()
    };
    assert_eq!(load("none.toml"), ": no such file");
    assert_eq!(load("."), ": is a directory, expected a TOML file");
    fs::write(folder.path().join("latin1.toml"), b"[server]\ndescription = \"caf\xe9\"").unwrap();
    assert_eq!(load("latin1.toml"), ":2:19: is not UTF-8 (byte 27)");
    fs::write(folder.path().join("large.toml"), vec![b'#'; MAX_FILE_BYTES + 1]).unwrap();
    assert_eq!(load("large.toml"), ": is over 1048576 bytes, the most for a configuration");
    fs::write(folder.path().join("full.toml"), vec![b'#'; MAX_FILE_BYTES]).unwrap();
    assert_eq!(Config::load(&folder.path().join("full.toml")).unwrap(), Config::default());
}

#[test]
fn a_control_character_in_the_name_of_a_file_is_shown_escaped() {
    let line = Config::load(Path::new("no/\u{1b}[31m\n.toml")).unwrap_err().to_string();
    // Where such a name cannot exist, the system's reason is another.
    assert!(line.starts_with("no/\\u{1b}[31m\\n.toml: "), "{line}");
}

#[test]
fn an_icon_that_cannot_be_used_is_told_in_one_line() {
    let folder = folder();
    let file = folder.path().join(FILE);
    fs::write(folder.path().join("wide.png"), png(128, 64)).unwrap();
    fs::write(folder.path().join("text.png"), "no image").unwrap();
    fs::write(folder.path().join("large.png"), [png(64, 64), vec![0; 30_000]].concat()).unwrap();
    for (name, fault) in [
        ("none.png", "no such file"),
        ("wide.png", "has 128×64 pixels, expected 64×64"),
        ("text.png", "is not a PNG image"),
        ("large.png", "more than fits into the status document"),
        (".", "is a directory, expected a PNG image"),
    ] {
        fs::write(&file, format!("server.favicon = \"{name}\"")).unwrap();
        let line = Config::load(&file).unwrap_err().to_string();
        assert!(line.contains("slp.toml:1:18: server.favicon: \""), "{line}");
        assert!(line.ends_with(fault), "{line}");
    }
    let line = refused("server.favicon = 3");
    assert!(line.ends_with("expected the path, in quotes, of a PNG image of 64×64 pixels, found 3"), "{line}");
}
