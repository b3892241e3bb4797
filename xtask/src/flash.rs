//! `cargo xtask flash`: the device's program onto a real board, through probe-rs
//!
//! Builds the firmware with the settings that are given here in it, and hands it over. It installs no probe-rs, which needs
//! the system's USB libraries, and talks to no serial port: the console is for a terminal program.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;

use crate::build_firmware::{self, Real};
use crate::cmd::Cmd;
use crate::{emulate, say, settings, setup};

/// Builds the device's firmware and puts it on a board
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The board: nucleo-f429zi or nucleo-h743zi
    #[arg(long, value_name = "NAME")]
    board: String,
    /// The server to watch; without it, name one at the console
    #[arg(long, value_name = "HOST:PORT")]
    server: Option<String>,
    /// An address for the device, instead of asking for one
    #[arg(long, value_name = "ADDRESS/PREFIX")]
    ip: Option<String>,
    /// The router, where the address is given
    #[arg(long, value_name = "ADDRESS", requires = "ip")]
    gateway: Option<String>,
    /// The name server, where the address is given
    #[arg(long, value_name = "ADDRESS", requires = "ip")]
    dns: Option<String>,
    /// Seconds between two pings of the device's own
    #[arg(long, value_name = "SECONDS")]
    watch: Option<u16>,
    /// Put this firmware on the board instead of building it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "ip", "watch"])]
    firmware: Option<PathBuf>,
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let board = Real::named(&args.board)?;
    let words = words(args)?;
    // Before anything is built: without it that would be in vain.
    let probe_rs = setup::probe_rs().map_err(|missing| anyhow::anyhow!("{missing}"))?;
    let firmware = if let Some(file) = &args.firmware {
        board.existing(file)?
    } else {
        build_firmware::ensure(&[board.need()])?;
        board.build_with_settings(&words)?
    };
    let probe_rs = |command| Cmd::new(&probe_rs).args([command, "--chip", board.chip]);
    probe_rs("download").arg("--verify").arg(&firmware).run()?;
    probe_rs("reset").run()?;
    say("flashed and started; its console is the serial port of the board's ST-LINK, 115200 8N1");
    Ok(ExitCode::SUCCESS)
}

/// The words that the firmware is built with
fn words(args: &Args) -> anyhow::Result<String> {
    let watch = args.watch.map(|seconds| seconds.to_string());
    let given = [
        ("server", args.server.as_deref()),
        ("ip", args.ip.as_deref()),
        ("gateway", args.gateway.as_deref()),
        ("dns", args.dns.as_deref()),
        ("watch", watch.as_deref()),
    ];
    let words = settings::words(&given)?;
    if args.server.as_deref().is_some_and(emulate::is_local) {
        bail!("a board is not this machine: name the server by the address that it has on the board's network");
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(words: &str) -> Result<Args, clap::Error> {
        Line::try_parse_from(
            ["flash", "--board", "nucleo-f429zi"].into_iter().chain(words.split(' ').filter(|w| !w.is_empty())),
        )
        .map(|line| line.args)
    }

    #[test]
    fn what_is_given_becomes_the_devices_settings() {
        let given = |line| words(&parse(line).unwrap()).unwrap();
        assert_eq!(given(""), "");
        assert_eq!(given("--server mc.example.org:7 --watch 5"), "server=mc.example.org:7 watch=5");
        assert_eq!(
            given("--ip 192.0.2.7/24 --gateway 192.0.2.1 --dns 192.0.2.2"),
            "ip=192.0.2.7/24 gateway=192.0.2.1 dns=192.0.2.2"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(parse("--gateway 192.0.2.1").is_err(), "a router without an address");
        assert!(parse("--firmware x.elf --server a").is_err(), "settings for a firmware that is built already");
        let local = words(&parse("--server localhost:25565").unwrap()).unwrap_err().to_string();
        assert!(local.starts_with("a board is not this machine"), "{local}");
        let two = Args { server: Some("a watch=1".to_owned()), ..parse("").unwrap() };
        assert_eq!(words(&two).unwrap_err().to_string(), "--server \"a watch=1\" is no single word");
    }
}
