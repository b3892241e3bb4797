//! `cargo xtask emulate`: the device in QEMU, its console on this terminal
//!
//! Builds the firmware, starts the emulator with a network of its own in which the host is 10.0.2.2, and connects the
//! terminal to the device's first serial line; or a script, which types and waits. It fails where the device does.
//! It judges nothing that the device says beyond what a script asks for.

pub(crate) mod qemu;
pub(crate) mod qmp;
pub(crate) mod script;
mod terminal;

use std::env;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::build_firmware::{self, EMULATED, Emulated};
use crate::setup::Need;
use crate::{complain, say, settings};
use qemu::Qemu;
use qmp::Listener;
use script::Script;

/// The host, as the device sees it
const HOST: &str = "10.0.2.2";
/// Who resolves names there
const NAME_SERVER: &str = "10.0.2.3";
/// What QEMU says about the board's timers before anything has run
const NOISE: &str = "Timer with period zero, disabling";
/// Limit of a conversation with a person
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// Runs the device in QEMU with its console on this terminal
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server to watch; 127.0.0.1 is this machine
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:25565")]
    server: String,
    /// The board
    #[arg(long, value_name = "NAME", default_value = EMULATED[0].name)]
    board: String,
    /// An address for the device, instead of asking for one
    #[arg(long, value_name = "ADDRESS/PREFIX")]
    ip: Option<String>,
    /// Seconds between two pings of the device's own
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    watch: Option<u16>,
    /// Write what the device reports to this file (see `slp monitor`)
    #[arg(long, value_name = "FILE")]
    telemetry: Option<PathBuf>,
    /// Type and wait as this file says: "> TEXT" types a line, "< TEXT" waits for a text
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Ping once, write a picture of the board's screen, and end
    #[arg(long, value_name = "FILE.png", conflicts_with = "script")]
    screenshot: Option<PathBuf>,
    /// Show the board's screen in a window; its keys are the arrows and Ctrl
    #[arg(long)]
    window: bool,
    /// Seconds that a script may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    deadline: u32,
    /// The device's random numbers begin here; drawn anew each time if not given
    #[arg(long, value_name = "HEX")]
    seed: Option<String>,
    /// Count instructions instead of time: the device's clock no longer depends on how busy this machine is
    #[arg(long)]
    icount: bool,
    /// Run this firmware instead of building it
    #[arg(long, value_name = "FILE")]
    firmware: Option<PathBuf>,
}

/// Plays a script to the first board while it watches a server
pub(crate) fn play(server: &str, script: PathBuf) -> anyhow::Result<()> {
    let args = Args {
        server: server.to_owned(),
        board: EMULATED[0].name.to_owned(),
        ip: None,
        watch: None,
        telemetry: None,
        script: Some(script),
        screenshot: None,
        window: false,
        deadline: 60,
        seed: None,
        icount: false,
        firmware: None,
    };
    run(&args)?;
    Ok(())
}

/// Runs the command
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let board = Emulated::named(&args.board)?;
    if (args.window || args.screenshot.is_some()) && !qemu::has_screen(board) {
        bail!("the emulator has no screen for {}", board.name);
    }
    let script = match (&args.script, &args.screenshot) {
        (Some(file), _) => Some(Script::read(file)?),
        (None, Some(file)) => {
            let file = absolute(file)?;
            // Else it would be told when the picture is taken.
            if !file.parent().is_some_and(Path::is_dir) {
                bail!("cannot write {}: there is no such folder", file.display());
            }
            Some(Script::picture(file))
        }
        (None, None) => None,
    };
    let words = words(args)?;
    let needs: &[Need] = if args.firmware.is_some() { &[Need::Qemu] } else { &[Need::Thumb, Need::Qemu] };
    build_firmware::ensure(needs)?;
    let firmware = match &args.firmware {
        Some(file) => board.existing(file)?,
        None => board.build()?,
    };
    let mut qemu = Qemu::new(board, &firmware, args.window);
    for word in words.split(' ') {
        qemu.setting(word);
    }
    // Kept open: whoever reads a pipe would take its being closed for the end.
    let _reports = args.telemetry.as_deref().map(reports).transpose()?;
    if let Some(file) = &args.telemetry {
        // The emulator has another current folder.
        qemu.telemetry(&absolute(file)?);
    }
    if args.icount {
        qemu.count_instructions();
    }
    let control = Listener::new()?;
    qemu.control(&control.option()?);
    let deadline = if script.is_some() { Duration::from_secs(args.deadline.into()) } else { FOREVER };
    let cmd = qemu.cmd().deadline(deadline);
    let mut device = cmd.converse()?;
    let (stdin, stdout, stderr) = device.streams().context("the emulator has no pipes")?;
    let mut qmp = control.accept(stderr)?;
    let ended = match script {
        Some(script) => script.play(stdin, stdout, deadline, &mut qmp)?,
        None => terminal::connect(stdin, stdout)?,
    };
    if ended {
        device.wait()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The words that the device is started with
fn words(args: &Args) -> anyhow::Result<String> {
    let server = seen_from_device(&args.server)?;
    let watch = args.watch.map(|seconds| seconds.to_string());
    let seed = args.seed.clone().unwrap_or_else(|| format!("{:x}", RandomState::new().hash_one(0)));
    let ip = args.ip.as_deref();
    let given = [
        ("server", Some(server.as_str())),
        ("ip", ip),
        ("gateway", ip.map(|_| HOST)),
        ("dns", ip.map(|_| NAME_SERVER)),
        ("watch", watch.as_deref()),
        ("seed", Some(seed.as_str())),
    ];
    let words = settings::words(&given)?;
    if let Some(ip) = ip.filter(|ip| !is_free(ip)) {
        bail!(
            "--ip {ip:?}: the emulator's network is 10.0.2.0/24, where .2 and .3 are its own; \
             expected an address such as 10.0.2.15/24"
        );
    }
    Ok(words)
}

/// Whether an address is one that a host may have in the network that the emulator makes
fn is_free(ip: &str) -> bool {
    let Some((address, "24")) = ip.split_once('/') else { return false };
    // The network, the host's machine, the name server, and all of them.
    let free = |host: u8| !matches!(host, 0 | 2 | 3 | 255);
    address.parse().is_ok_and(|address: Ipv4Addr| matches!(address.octets(), [10, 0, 2, host] if free(host)))
}

/// A server of this machine's own is the emulator's host to the device
///
/// # Errors
/// An address that no way leads to from there: the emulator goes to 127.0.0.1 and to no other address of this machine's own.
fn seen_from_device(server: &str) -> anyhow::Result<String> {
    let (host, port) = parts(server);
    let host = match bare(host).parse() {
        Ok(IpAddr::V6(address)) => bail!("--server {server:?}: the device speaks IPv4 only, and {address} is IPv6"),
        Ok(IpAddr::V4(address)) if address.is_loopback() && address != Ipv4Addr::LOCALHOST => {
            bail!("--server {server:?}: of this machine's own addresses the device reaches 127.0.0.1 only")
        }
        _ if is_local(server) => HOST,
        _ => host,
    };
    Ok(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether a server is this machine's own
pub(crate) fn is_local(server: &str) -> bool {
    let host = bare(parts(server).0);
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A host without the brackets that an IPv6 address may have
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Host and port
fn parts(server: &str) -> (&str, Option<&str>) {
    match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    }
}

/// The file for what the device reports, empty; told here, since the emulator says nothing of what it cannot write
fn reports(path: &Path) -> anyhow::Result<fs::File> {
    let cannot = || format!("cannot write {}", path.display());
    #[cfg(unix)]
    if fs::metadata(path).is_ok_and(|is| std::os::unix::fs::FileTypeExt::is_fifo(&is.file_type())) {
        use rustix::fs::{Mode, OFlags, open};
        // A pipe can be opened so only while somebody reads it; else the emulator would wait for that without a word.
        return match open(path, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()) {
            Ok(pipe) => Ok(fs::File::from(pipe)),
            Err(rustix::io::Errno::NXIO) => {
                bail!("{} is a pipe that nobody reads; first start: slp monitor {}", path.display(), path.display())
            }
            Err(error) => Err(error).with_context(cannot),
        };
    }
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).with_context(cannot)?;
    // Keeps out nobody but whoever asks, as the next of these commands does. Windows would keep out the emulator.
    #[cfg(unix)]
    if fs::metadata(path).is_ok_and(|is| is.is_file()) && matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
        bail!("another emulator writes to {}", path.display());
    }
    // A disk that is full takes an empty file.
    fs::write(path, [0]).with_context(cannot)?;
    fs::write(path, []).with_context(cannot)?;
    Ok(file)
}

fn absolute(file: &Path) -> anyhow::Result<PathBuf> {
    Ok(env::current_dir().context("there is no current folder")?.join(file))
}

/// Shows what the emulator complains about
fn hand_on(stderr: ChildStderr) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if !line.contains(NOISE) {
            complain(line);
        }
    }
}

/// Says where to press what
fn greet() {
    say(format_args!(
        "(the device's console; Ctrl-] ends the emulator, \"exit\" the device; this machine is {HOST} there)"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_machine_is_the_host_to_the_device() {
        for (server, seen) in [
            ("127.0.0.1:25565", "10.0.2.2:25565"),
            ("localhost", "10.0.2.2"),
            ("mc.example.org:25566", "mc.example.org:25566"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(seen_from_device(server).unwrap(), seen);
        }
        for (server, said) in [
            ("127.0.0.2:25565", "reaches 127.0.0.1 only"),
            ("[::1]:7", "IPv4 only, and ::1 is IPv6"),
            ("2001:db8::1", "IPv4 only"),
        ] {
            let error = seen_from_device(server).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains(server), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn reports_of_two_emulators_go_to_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reports");
        fs::write(&path, "of yesterday").unwrap();
        let first = reports(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        fs::write(&path, "of today").unwrap();
        let error = reports(&path).unwrap_err().to_string();
        assert!(error.starts_with("another emulator writes to ") && error.contains("reports"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"of today");
        drop(first);
        reports(&path).unwrap();
    }

    #[test]
    fn addresses_are_free_ones_of_the_emulator_s_network() {
        for ip in ["10.0.2.1/24", "10.0.2.15/24", "10.0.2.254/24"] {
            assert!(is_free(ip), "{ip}");
        }
        let own = ["10.0.2.0/24", "10.0.2.2/24", "10.0.2.3/24", "10.0.2.255/24"];
        for ip in own.into_iter().chain(["192.0.2.7/24", "10.0.3.15/24", "10.0.2.15/0", "10.0.2.15/16", "10.0.2.15"]) {
            assert!(!is_free(ip), "{ip}");
        }
    }
}
