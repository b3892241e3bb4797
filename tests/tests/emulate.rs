//! `cargo xtask emulate` as a person types it: from the source to an answer at the device's prompt

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use slp_tests::device::control::{assert_stored, text_of_png};
use slp_tests::{Home, Server};

/// Runs it; what it builds is built by the tests' step already
fn emulate(args: &[&str]) -> Output {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--package", "xtask", "--", "emulate"]).args(args).current_dir(workspace);
    command.output().expect("cargo starts")
}

/// A person at the console: lines, the arrows through the history and back to what was begun, and within a line
const SCRIPT: &str = "
< connected to
> ping 42
< pong 42 after
> ping 43
< pong 43 after
> \u{1b}[A\u{1b}[A
< pong 42 after
> \u{1b}[A\u{1b}[A\u{1b}[A\u{1b}[B
< pong 43 after
> ping 4\u{1b}[A\u{1b}[B31
< pong 431 after
> pnig 4\u{1b}[D\u{1b}[D\u{1b}[D\u{1b}[D\u{1b}[3~\u{1b}[Di\u{1b}[F4
< pong 44 after
> exit
< bye
";

/// Text that goes behind `name=` or `--name` and that is a path
fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn ping_at_the_prompt_shows_status_and_round_trip() {
    let (mut server, home) = (Server::start(&[]), Home::new());
    let (script, reports) = (home.path().join("script"), home.path().join("reports"));
    fs::write(&script, SCRIPT).expect("a file");
    let address = server.address().to_string();
    for more in [&[][..], &["--ip", "10.0.2.77/24", "--icount", "--board", "mps2-an385"]] {
        let args = ["--server", &address, "--script", text(&script), "--telemetry", text(&reports)];
        let output = emulate(&[&args[..], more].concat());
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(shown.contains("status: Hello World !; slp "), "{shown}");
        let pongs: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("pong ")?.split(' ').next()).collect();
        assert_eq!(pongs, ["42", "43", "42", "43", "431", "44"], "{shown}");
        assert_eq!(shown.contains("10.0.2.77/24, gateway 10.0.2.2 (configured)"), !more.is_empty(), "{shown}");
        assert!(fs::metadata(&reports).expect("the reports").len() > 100);
        server.event("disconnected");
    }
}

/// But for the round trip and its graph, which are this machine's
#[test]
fn picture_of_the_screen_is_the_stored_one() {
    let (server, home) = (Server::start(&[]), Home::new());
    let address = server.address().to_string();
    let file = home.path().join("screen.png");
    let output = emulate(&["--server", &address, "--screenshot", text(&file), "--seed", "7", "--icount"]);
    assert!(output.status.success(), "{output:?}");
    let shown = text_of_png(&file);
    let rows: Vec<&str> = shown.lines().collect();
    // The last round trip stands right in the second row of text; below are the graph and the longest one.
    let (times, graph) = (10..21, 21..53);
    assert!(rows[times.clone()].iter().any(|row| row.len() > 80), "no round trip:\n{shown}");
    assert!(rows[graph.clone()].iter().any(|row| row.starts_with("###")), "no graph:\n{shown}");
    let kept = rows.iter().enumerate().map(|(number, row)| match number {
        number if graph.contains(&number) => "",
        number if times.contains(&number) => row.get(..64).unwrap_or(row).trim_end(),
        _ => row,
    });
    assert_stored("picture", &kept.flat_map(|row| [row, "\n"]).collect::<String>());
}
