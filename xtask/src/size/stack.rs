//! How much of its stack a firmware has used after a run in QEMU
//!
//! The start-up paints unused memory; what has lost its paint was used. It is the most that this conversation took, not the
//! most that any could: interrupts at the worst moment and paths that no line of it reaches are not in it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::elf::RAM_START;
use crate::build_firmware::Emulated;
use crate::emulate::qemu::Qemu;
use crate::emulate::qmp::Listener;
use crate::emulate::script::Script;

/// How much memory the linker was told of
const RAM_SIZE: u32 = 64 * 1_024;
/// What the start-up paints unused memory with
const PAINT: [u8; 4] = [0xCC; 4];
/// Limit of the run
const RUN: Duration = Duration::from_mins(1);

/// What is done meanwhile: an address by DHCP, every command, errors, every view, a name that does not exist, another server,
/// long Responses, and a server that breaks the protocol
const CONVERSATION: &str = "
< connected to
> ping 1
< pong 1 after
> help
> pong
> stop
> ping 99999999999999999999
> connect x:y
^ right
^ down
^ left
^ ctrl
> connect no-such-name.invalid
< resolve
> connect SERVER
< connected to
> ping 2
< pong 2 after
> ping 3
< VarInt of more than 32 bits
";

/// The boards with keys; the emulator refuses to press one of another board
const KEYS: &[&str] = &["lm3s6965evb"];

/// Runs the firmware through a few exchanges and returns how much of its stack it has used
///
/// `used` are the bytes of its variables.
pub(crate) fn measure(board: &Emulated, firmware: &Path, used: u32) -> anyhow::Result<u32> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen for the device")?;
    let server = format!("10.0.2.2:{}", listener.local_addr().context("the port is gone")?.port());
    thread::spawn(move || {
        // Whatever goes wrong here shows as a device that waits in vain.
        listener.incoming().flatten().for_each(|stream| serve(stream).unwrap_or_default());
    });
    let mut qemu = Qemu::new(board, firmware, false);
    qemu.setting(&format!("server={server}"));
    let control = Listener::new()?;
    qemu.control(&control.option()?);
    let cmd = qemu.cmd().deadline(RUN);
    let mut device = cmd.converse()?;
    let (stdin, stdout, stderr) = device.streams().context("the emulator has no pipes")?;
    let mut qmp = control.accept(stderr)?;
    let dump = PathBuf::from(format!("{}.ram", firmware.display()));
    let is_done = |line: &&str| !line.starts_with('^') || KEYS.contains(&board.name);
    let conversation = CONVERSATION.lines().filter(is_done).collect::<Vec<_>>().join("\n");
    let script = Script::parse(&conversation.replace("SERVER", &server))?;
    script.then_memory(RAM_START, RAM_SIZE, dump.clone()).play(stdin, stdout, RUN, &mut qmp)?;
    device.wait()?;
    let memory = fs::read(&dump).with_context(|| format!("no memory in {}", dump.display()))?;
    fs::remove_file(&dump).ok();
    let free = memory.get(usize::try_from(used)?.next_multiple_of(4)..).context("the memory is too short")?;
    let painted = free.chunks(4).take_while(|word| *word == PAINT).count() * 4;
    if painted == 0 {
        bail!("the stack has reached the variables");
    }
    Ok(u32::try_from(free.len() - painted)?)
}

/// The ping that is answered with what is no frame
const LAST: i64 = 3;

/// Answers each request with a long status, and each ping but the last
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let json =
        format!(r#"{{"description":{{"text":"{}","extra":["{}"]}}}}"#, "\u{1f600}x".repeat(100), "y".repeat(9_000));
    let varint = |value: usize| [value.to_le_bytes()[0] | 0x80, (value >> 7).to_le_bytes()[0] & 0x7F];
    let string = [&varint(json.len())[..], json.as_bytes()].concat();
    let response = [&varint(string.len() + 1)[..], &[0], &string].concat();
    let (mut heard, mut byte) = (Vec::new(), [0]);
    loop {
        stream.read_exact(&mut byte)?;
        heard.push(byte[0]);
        // The end of a Handshake, and a Request.
        if heard.ends_with(&[1, 1, 0]) {
            stream.write_all(&response)?;
            let mut ping = [0; 10];
            stream.read_exact(&mut ping)?;
            stream.write_all(if ping.ends_with(&LAST.to_be_bytes()) { &[0xFF; 10] } else { &ping })?;
            heard.clear();
        }
    }
}
