//! Links only if nothing that proto-core offers can panic
//!
//! Each public entry that takes what a peer or a person sends is called with input that the compiler cannot see through, so all that they may reach is in the
//! program. The panic handler calls a function that does not exist: where a panic can be reached, the linker says
//! `undefined symbol: proto_core_can_panic`; where none can, the handler is dropped and the program links.
//!
//! ```text
//! cargo build --release --target thumbv7m-none-eabi                           # links
//! cargo build --release --target thumbv7m-none-eabi --features seeded-panic   # must not
//! ```
//! So it does for 64-bit Linux. `cargo xtask test nopanic` asks all of these.
//!
//! It is not to be run and says nothing about results. It leaves out `io` (a transport's code comes with it), `testing`
//! (`std`), and writing a status document or a Disconnect: that rests on serde-json-core, in which the compiler cannot rule
//! panics out, and what is written there is the server's own configuration. That every other public function is in the
//! program is checked in its debug information; those that leave nothing there stand in `left-out.txt`.

#![no_std]
#![no_main]

use core::fmt::{self, Display, Write as _};
use core::hint::black_box;
use core::panic::PanicInfo;

use proto_core::client::{self, Client};
use proto_core::command::{self, ClientCommand, ServerCommand};
use proto_core::json::Scanner;
use proto_core::legacy::{self, AnswerDecoder, Detector, Kind, LegacyStatus, RequestDecoder};
use proto_core::packet::{self, NextState, State};
use proto_core::status::Picker;
use proto_core::telemetry::{self, Envelope, Losses, Report};
use proto_core::text::{self, Clean, Codes, Plain, Text};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::string::Chunk;
use proto_core::wire::{frame, string, varint};
use proto_core::{Error, Instant, Machine, Server, Timeouts, server};

unsafe extern "C" {
    /// Nowhere defined
    fn proto_core_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never runs, for a program with this call in it does not link.
    unsafe { proto_core_can_panic() }
}

/// Takes text, so that every `Display` is in the program
struct Sink;

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let _text = black_box(text);
        if black_box(false) { Err(fmt::Error) } else { Ok(()) }
    }
}

/// What shows itself piece by piece, with `core::fmt`
struct Shown<'s>(&'s dyn text::Show);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::display(self.0, f)
    }
}

fn show(value: impl Display) {
    let _outcome = black_box(write!(Sink, "{value}"));
}

fn show_error<T>(result: Result<T, impl Display>) -> Option<T> {
    match result {
        Ok(value) => Some(black_box(value)),
        Err(error) => {
            show(error);
            None
        }
    }
}

fn bytes() -> &'static [u8] {
    black_box::<&[u8]>(&[])
}

fn text() -> &'static str {
    black_box::<&str>("")
}

fn now() -> Instant {
    Instant::from_micros(black_box(0))
}

/// All that a driver does with a machine
fn drive<M: Machine>(machine: &mut M, mut on_event: impl FnMut(&mut M, M::Event<'_>)) {
    while black_box(true) {
        let mut note = |machine: &mut M, event: Option<M::Event<'_>>| {
            if let Some(event) = event {
                on_event(machine, event);
            }
        };
        if let Some(progress) = show_error(machine.handle_input(now(), bytes())) {
            let _consumed = black_box(progress.consumed);
            note(machine, progress.event);
        }
        let event = show_error(machine.handle_timeout(now()));
        note(machine, event.flatten());
        let event = show_error(machine.handle_eof(now()));
        note(machine, event.flatten());
        let _bytes = black_box(machine.poll_transmit(now()));
        machine.handle_transmitted(black_box(0));
        let _state = black_box((machine.poll_timeout(), machine.is_finished()));
    }
}

fn chunk(chunk: Chunk<'_>) {
    let _text = black_box((chunk.as_str(&mut [0; 4]).len(), chunk.utf16_len()));
}

fn client() {
    let config = black_box(client::Config { timeouts: black_box(Timeouts::DEFAULT), ..client::Config::new(text(), 0) });
    let Some(mut client) = show_error(Client::new(&config)) else { return };
    drive(&mut client, |client, event| {
        if let client::Event::ResponseChunk(piece) = event {
            chunk(piece);
        }
        let _event = black_box(event);
        show_error(client.ping(now(), black_box(0)));
        show_error(client.stop());
        let _state = black_box((client.state(), client.abandoned()));
    });
}

fn server() {
    let mut server = Server::<&[u8]>::new(now(), black_box(Timeouts::DEFAULT), black_box(true));
    drive(&mut server, |server, event| {
        match event {
            server::Event::Address(piece) => chunk(piece),
            server::Event::LegacyPing(kind) => show(kind),
            _ => {}
        }
        let _event = black_box(event);
        let _answered = black_box(server.respond(bytes()));
        let _pinged = black_box(server.ping(black_box(0)));
        let _state = black_box((server.state(), server.outstanding()));
    });
}

fn packets_and_wire() {
    let _ping = black_box(packet::encode_ping(black_box(0)));
    if let Ok(next) = NextState::try_from(black_box(0)) {
        show(next);
        show_error(packet::encode_handshake(black_box(0), text(), black_box(0), next));
    }
    show(black_box(State::Default));
    let _name = black_box(black_box(State::Default).name());
    let mut cursor = Cursor::new(bytes());
    let mut number = varint::Decoder::new();
    let mut head = frame::Decoder::new();
    let mut words = string::Decoder::new(black_box(0));
    while black_box(true) {
        let _number = black_box((number.decode(&mut cursor), number.push(black_box(0)), number.is_started()));
        let _encoded = black_box((varint::encode(black_box(0)), varint::encoded_len(black_box(0))));
        let (mut room, mut at) = ([0; 8], black_box(0));
        let _written = black_box(varint::encode_to(black_box(0), black_box::<&mut [u8]>(&mut room), &mut at));
        let decoded = head.decode(&mut cursor, black_box(0));
        let _started = black_box(head.is_started());
        show_error(decoded.map_err(|violation| Error::Protocol { violation, offset: black_box(0) }));
        if let Ok(Some(piece)) = words.decode(&mut cursor, black_box(0)) {
            chunk(piece);
        }
        let _words = black_box((words.left(), words.units(), words.is_complete(), string::utf16_len(text())));
        let _window = black_box((cursor.window(black_box(0)), cursor.skip(black_box(0)), cursor.array::<8>()));
        let _ahead = black_box((cursor.ahead::<1>(), cursor.ahead::<8>()));
        let _byte = black_box((cursor.peek(), cursor.byte(), cursor.consumed(), cursor.is_empty()));
    }
}

fn commands() {
    show_error(ServerCommand::parse(text()));
    show_error(ClientCommand::parse(text()));
    show(command::Help(command::SERVER));
    show(command::Help(command::CLIENT));
    for spec in command::SERVER {
        show(spec);
    }
    for spec in command::CLIENT {
        show(spec);
    }
    for name in command::complete(command::SERVER, text()).chain(command::complete(command::CLIENT, text())) {
        let _name = black_box(name);
    }
}

fn documents() {
    let mut scanner = if black_box(true) { Scanner::new() } else { Scanner::of_object() };
    let mut input = text();
    while let Some(Some(token)) = show_error(scanner.next(&mut input)) {
        let _token = black_box((token, scanner.depth(), scanner.offset()));
        if black_box(true) {
            scanner.skip();
        }
    }
    show_error(scanner.finish());

    let mut picker = Picker::<64, 256, 256>::new();
    while black_box(true) {
        show_error(picker.feed(text()));
    }
    let _partial = black_box(picker.partial().online());
    if let Some(status) = show_error(picker.finish()) {
        let _named = black_box((status.version_name(), status.protocol(), status.description()));
        let _counts = black_box((status.max(), status.online(), status.sample_listed(), status.favicon_bytes()));
        status.sample().for_each(|name| show(Clean(name)));
        let _none = black_box((status.truncated().is_empty(), status.malformed().is_empty()));
        for field in status.truncated().iter().chain(status.malformed().iter()) {
            show(field);
            let _has = black_box(status.truncated().contains(field));
        }
    }
    picker.reset();
}

fn reports_written() {
    let mut room = [0; 64];
    let out = black_box::<&mut [u8]>(&mut room);
    let report = Report::Boot { version: telemetry::cut(text()).0, board: telemetry::cut(text()).0 };
    show_error(telemetry::encode(black_box(&Envelope { sequence: 0, time_us: 0, report }), out));
}

fn texts() {
    show(Clean(text()));
    show(Plain(text()));
    show(Shown(&text::Padded(black_box(0), black_box(0))));
    show(Shown(&text::Hex(black_box(0), black_box(0))));
    show(Shown(&text::UpperHex(black_box(0), black_box(0))));
    let mut kept = Text::<64>::new();
    let mut codes = Codes::new();
    while black_box(true) {
        kept.push(text::clean_char(black_box(' ')));
        kept.push_str(text::strip_marker(text()));
        kept.push_plain(text(), &mut codes);
        let _kept = black_box((kept.as_str(), kept.len(), kept.is_empty(), kept.is_truncated()));
        let _code = black_box((codes.keep(black_box(' ')), text::is_unsafe(black_box(' '))));
    }
    show(&kept);
    kept.clear();
    let duration = now().saturating_since(now());
    let later = Instant::from_millis(black_box(0)).saturating_add(black_box(duration));
    let _time = black_box((later.as_millis(), later.as_micros()));
}

fn reports() {
    let mut decoder = telemetry::Decoder::new();
    let mut losses = Losses::new();
    while black_box(true) {
        let (_consumed, event) = black_box(decoder.handle_input(bytes()));
        for event in event.into_iter().chain(decoder.handle_eof()) {
            match black_box(event) {
                telemetry::Event::Report(envelope) => {
                    show(&envelope);
                    let _lost = black_box(losses.handle_report(&envelope));
                }
                telemetry::Event::Skipped { fault, .. } => show(fault),
            }
        }
        let _pending = black_box(decoder.pending());
    }
    let _cut = black_box(telemetry::cut::<64>(text()));
}

fn old_pings() {
    let mut detector = Detector::new();
    while black_box(true) {
        let _verdict = black_box((detector.handle_byte(black_box(0)), detector.awaits_silence()));
        let _verdict = black_box(detector.handle_silence());
    }
    let mut room = [0; 64];
    let out = black_box::<&mut [u8]>(&mut room);
    show_error(legacy::encode_request(text(), black_box(0), black_box(0), out));
    let status = LegacyStatus { version: text(), description: text(), online: black_box(0), max: black_box(0) };
    show_error(legacy::encode_answer(black_box(Kind::Beta), &status, out));
    let mut request = RequestDecoder::new();
    let mut answer = AnswerDecoder::new();
    while black_box(true) {
        let _consumed = black_box((request.handle_input(bytes()), request.is_done()));
        let _request = black_box(request.request());
        show_error(answer.handle_input(bytes()));
        show_error(answer.handle_eof());
        let _answer = black_box(answer.answer());
    }
}

/// Where the linker begins to look for what is used
///
/// # Safety
/// Nothing else is called so.
#[unsafe(no_mangle)]
pub extern "C" fn _start() {
    client();
    server();
    packets_and_wire();
    commands();
    documents();
    reports_written();
    texts();
    reports();
    old_pings();
    #[cfg(feature = "seeded-panic")]
    show(bytes()[black_box(0)]);
}
