//! `cargo xtask screenshot`: pictures of the real program for the documents
//!
//! Server and clients run in pseudo-terminals, somebody's keys are played to them, and what stands on their screens in the
//! end becomes `docs/screenshots/*.svg`; the device runs in the emulator, whose picture of its screen becomes `device.png`.
//! Nothing is drawn by hand. It tests nothing: when the screens change, so do the
//! words that it waits for.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroU16;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;

use crate::cmd::Cmd;
use crate::test::executable;
use crate::{emulate, say, workspace};

mod pane;
mod svg;

use pane::Pane;

/// The picture of the device's screen
const DEVICE: &str = "device.png";
/// How many exchanges its graph shows
const EXCHANGES: u8 = 12;

/// Renews the pictures of the programs in docs/screenshots
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Size of the terminals in columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "100x28")]
    size: Size,
}

/// Size of a terminal in characters
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    columns: NonZeroU16,
    rows: NonZeroU16,
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |text: &str| text.parse().ok().filter(|count: &NonZeroU16| count.get() <= 1000);
        text.split_once('x')
            .and_then(|(columns, rows)| Some(Self { columns: part(columns)?, rows: part(rows)? }))
            .ok_or("a size is two numbers from 1 to 1000 like 100x28")
    }
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let build = Cmd::cargo().args(["build", "--release", "--package", "std-app", "--bin", "slp"]);
    let program = executable(&build)?;
    let folder = workspace::root().join("docs").join("screenshots");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, picture) in play(Path::new(&program), args.size, &folder)? {
        let path = folder.join(name);
        fs::write(&path, picture).with_context(|| format!("cannot write {}", path.display()))?;
        say(format_args!("wrote docs/screenshots/{name}"));
    }
    say(format_args!("wrote docs/screenshots/{DEVICE}"));
    Ok(ExitCode::SUCCESS)
}

/// The session that the pictures show; the device's own is written to `folder` by the emulator
fn play(program: &Path, size: Size, folder: &Path) -> anyhow::Result<[(&'static str, String); 2]> {
    // A home of its own: nobody's history or configuration gets into the pictures.
    let home = workspace::root().join("target").join("screenshot-home");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let start = |args: &[&str]| Pane::start(program, args, size, &home);

    let mut server = start(&["server", "--listen", "127.0.0.1:0"])?;
    server.wait_for("its address", |screen| listening(screen).is_some())?;
    let address = listening(&server.contents()).context("the server shows no address")?;

    let mut client = start(&["client", &address])?;
    client.wait_for_text("default")?;
    let mut others = [start(&["client", &address])?, start(&["client", &address])?];
    for other in &mut others {
        other.wait_for_text("default")?;
        other.enter("ping")?;
        other.wait_for_text("pong")?;
    }
    device(&address, folder, &home)?;
    for (number, command) in (1..).zip(["ping", "ping 42", "ping 1700000000000"]) {
        client.enter(command)?;
        client.wait_for(&format!("{number} times pong"), |screen| screen.matches("pong").count() >= number)?;
    }
    server.enter("ping 7")?;
    server.wait_for_text("pong 7")?;
    client.wait_for_text("server ping 7")?;
    client.enter("stop")?;
    client.wait_for("a refusal of stop", |screen| screen.contains("needs"))?;
    server.enter("lsit")?;
    server.wait_for("a word on lsit", |screen| screen.contains("lsit"))?;
    // Half a command in the input line shows where one types.
    server.keys("list")?;
    client.keys("pi")?;
    server.settle();
    client.settle();
    let client_title = format!("slp client {address}");
    Ok([
        ("server.svg", svg::render(server.screen(), "slp server")),
        ("client.svg", svg::render(client.screen(), &client_title)),
    ])
}

/// The device's screen after some exchanges with that server
fn device(server: &str, folder: &Path, home: &Path) -> anyhow::Result<()> {
    let (script, picture) = (home.join("device.script"), folder.join(DEVICE));
    let mut text = String::from("< connected to\n");
    for payload in 1..=EXCHANGES {
        writeln!(text, "> ping {payload}\n< pong {payload} after").ok();
    }
    writeln!(text, "= {}\n> exit", picture.display()).ok();
    fs::write(&script, text).with_context(|| format!("cannot write {}", script.display()))?;
    emulate::play(server, script)
}

/// The address on the server's screen, once its port is known
fn listening(screen: &str) -> Option<String> {
    const HOST: &str = "127.0.0.1:";
    let rest = screen.split(HOST).skip(1);
    let port = rest.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default());
    let port = port.filter_map(|port| port.parse::<u16>().ok()).find(|port| *port != 0)?;
    Some(format!("{HOST}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_columns_and_rows() {
        let size: Size = "100x28".parse().unwrap();
        assert_eq!((size.columns.get(), size.rows.get()), (100, 28));
        for wrong in ["", "100", "0x28", "100x", "100x28x1", "-1x5", "2000x28"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn address_is_read_once_the_port_is_known() {
        assert_eq!(listening("starting on 127.0.0.1:0"), None);
        assert_eq!(listening("127.0.0.1:0 is 127.0.0.1:50112 now").as_deref(), Some("127.0.0.1:50112"));
    }
}
