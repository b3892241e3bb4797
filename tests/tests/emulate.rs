//! `cargo xtask emulate` as a person types it: from the source to an answer at the device's prompt

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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

#[test]
fn picture_of_the_screen_is_a_png_of_its_size() {
    let (server, home) = (Server::start(&[]), Home::new());
    let address = server.address().to_string();
    let file = home.path().join("screen.png");
    let output = emulate(&["--server", &address, "--screenshot", text(&file), "--seed", "7", "--icount"]);
    assert!(output.status.success(), "{output:?}");
    let picture = fs::read(&file).expect("the picture");
    let size = picture.get(16..24).and_then(|size| size.first_chunk::<8>());
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n"), "{} bytes", picture.len());
    assert_eq!(size, Some(&[0, 0, 2, 0, 0, 0, 1, 0]), "512 by 256");
}
