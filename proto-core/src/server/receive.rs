//! Bytes of a client into events: the server's half of PROTOCOL.md §2, resumable at any byte
//!
//! It sends nothing and measures no silence: what a complete packet is answered with is decided in [`super`].

use core::time::Duration;

use super::{Awaiting, Event, Server};
use crate::error::{Closed, Error, Violation, violation};
use crate::legacy::{self, Verdict};
use crate::machine::Progress;
use crate::packet::{
    ID_PING, ID_STATUS, MAX_ADDRESS_BYTES, MAX_ADDRESS_UNITS, MAX_SERVERBOUND_FRAME, MAX_UNKNOWN_PACKETS, NextState,
    PING_LEN, State,
};
use crate::seeded::seeded;
use crate::time::Instant;
use crate::wire::cursor::Cursor;
use crate::wire::frame;
use crate::wire::string;
use crate::wire::varint;

/// Bytes that a `VarInt` has at most
const VARINT_BYTES: u32 = 5;

/// What has been read of a frame
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Receive {
    part: Part,
    /// Bytes that the frame's body still has
    left: u32,
    /// Whether this may still be a ping from before 1.7; `None` once it is known not to be
    legacy: Option<legacy::Detector>,
    /// When the frame's first byte came
    started: Option<Instant>,
    /// Bytes consumed since the connection began
    offset: u64,
    /// `offset` at the frame's first byte
    frame_offset: u64,
    unknown: u8,
}

/// What comes next
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Head(frame::Decoder),
    ProtocolVersion(varint::Decoder),
    AddressLength {
        version: i32,
        length: varint::Decoder,
    },
    Address {
        version: i32,
        address: string::Decoder,
    },
    Port {
        version: i32,
        high: Option<u8>,
    },
    NextState {
        version: i32,
        port: u16,
        next: varint::Decoder,
    },
    Payload {
        value: u64,
        bytes: u8,
    },
    Unknown,
    /// The Login's Handshake has been told, the Login itself not yet
    Login,
}

/// How a frame's head went
enum Step<'i> {
    /// No more input
    Starved,
    /// On to the next part
    On,
    /// Something happened
    Event(Event<'i>),
}

impl Receive {
    pub(super) const fn new(legacy: bool) -> Self {
        Self {
            part: Part::Head(frame::Decoder::new()),
            left: 0,
            legacy: if legacy { Some(legacy::Detector::new()) } else { None },
            started: None,
            offset: 0,
            frame_offset: 0,
            unknown: 0,
        }
    }

    #[cfg(feature = "testing")]
    pub(super) const fn forget_offset(&mut self) {
        self.offset = 0;
        self.frame_offset = 0;
    }

    /// When the frame that has been started must be complete
    pub(super) fn frame_deadline(&self, limit: Duration) -> Option<Instant> {
        self.started.map(|started| started.saturating_add(limit))
    }

    /// When silence will have made a legacy ping of what came first
    pub(super) fn legacy_deadline(&self, heard: Instant) -> Option<Instant> {
        self.legacy.is_some_and(|detector| detector.awaits_silence()).then(|| heard.saturating_add(legacy::SILENCE))
    }

    /// The client sends no more
    pub(super) const fn end(&self) -> Result<(), Closed> {
        if self.started.is_some() { Err(Closed::InFrame) } else { Ok(()) }
    }

    const fn end_of_frame(&mut self) {
        self.part = Part::Head(frame::Decoder::new());
        self.left = 0;
        self.started = None;
    }

    /// The payload of a Ping or Pong that is the next frame and lies whole in `input`
    #[inline]
    fn whole_ping(&self, input: &[u8]) -> Option<i64> {
        const LENGTH: u8 = 9;
        const ID: u8 = ID_PING.to_le_bytes()[0];
        let &[LENGTH, ID, ref payload @ ..] = input.first_chunk::<PING_LEN>()? else { return None };
        // Also before the first frame: whoever looks out for a ping from before 1.7 has seen nothing yet, and its first byte
        // is another.
        let between_frames = matches!(self.part, Part::Head(_)) && self.started.is_none();
        if !between_frames {
            return None;
        }
        payload.first_chunk().copied().map(i64::from_be_bytes)
    }

    /// Bytes of the connection before the cursor
    #[inline]
    fn offset_at(&self, input: &Cursor<'_>) -> u64 {
        self.offset.wrapping_add(u64::try_from(input.consumed()).unwrap_or(u64::MAX))
    }

    /// A byte of the body, `None` where none was offered
    fn byte(&mut self, input: &mut Cursor<'_>, id: i32) -> Result<Option<u8>, Violation> {
        if self.left == 0 {
            return Err(Violation::BodyTooShort { id: Some(id) });
        }
        let byte = input.byte();
        if byte.is_some() {
            self.left = self.left.wrapping_sub(1);
        }
        Ok(byte)
    }

    /// A `VarInt` of the body, `None` where it is not complete yet
    fn varint(&mut self, decoder: &mut varint::Decoder, input: &mut Cursor<'_>) -> Result<Option<i32>, Violation> {
        if self.left >= VARINT_BYTES {
            let before = input.consumed();
            let value = decoder.decode(input).map_err(|_| Violation::VarIntOverflow)?;
            let taken = u32::try_from(input.consumed().wrapping_sub(before)).unwrap_or(VARINT_BYTES);
            self.left = self.left.wrapping_sub(taken);
            return Ok(value);
        }
        while let Some(byte) = self.byte(input, ID_STATUS)? {
            if let Some(value) = decoder.push(byte).map_err(|_| Violation::VarIntOverflow)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The address's length is known: judged before a byte of it is read
    fn begin_address(&self, length: i32) -> Result<string::Decoder, Violation> {
        let bytes = u32::try_from(length)
            .ok()
            .filter(|&bytes| bytes <= MAX_ADDRESS_BYTES)
            .ok_or(Violation::StringLength { length, maximum: MAX_ADDRESS_BYTES })?;
        if bytes > self.left {
            return Err(Violation::BodyTooShort { id: Some(ID_STATUS) });
        }
        Ok(string::Decoder::new(bytes))
    }

    /// Where a violation is, in bytes from the start of the connection
    const fn position(&self, violation: Violation, consumed: u64) -> u64 {
        match violation {
            Violation::FrameLength { .. }
            | Violation::RequestInDefault
            | Violation::NextState(_)
            | Violation::TooManyUnknown { .. } => self.frame_offset,
            Violation::TrailingBytes { .. } | Violation::BodyTooShort { .. } => self.offset.wrapping_add(consumed),
            _ => self.offset.wrapping_add(consumed).saturating_sub(1),
        }
    }
}

impl<A: AsRef<[u8]>> Server<A> {
    #[inline]
    pub(super) fn receive<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Event<'i>>, Error> {
        // Nearly all of them come whole, and nothing has to be kept then. Where one leads to nothing, nothing has
        // changed, and it goes the way of all others.
        if let Some(payload) = self.receive.whole_ping(input)
            && let Some(event) = self.handle_ping(now, payload)
        {
            self.heard = now;
            self.probed = None;
            self.receive.legacy = None;
            self.receive.frame_offset = self.receive.offset;
            self.receive.offset = self.receive.offset.wrapping_add(PING_LEN as u64);
            return Ok(Progress::new(PING_LEN, Some(event)));
        }
        self.receive_any(now, input)
    }

    /// [`Server::receive`] of anything
    #[inline(never)]
    fn receive_any<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Event<'i>>, Error> {
        let mut cursor = Cursor::new(input);
        let outcome = self.advance(now, &mut cursor);
        let consumed = cursor.consumed();
        let count = u64::try_from(consumed).unwrap_or(u64::MAX);
        if consumed > 0 {
            self.heard = now;
            self.probed = None;
        }
        match outcome {
            Ok(event) => {
                self.receive.offset = self.receive.offset.wrapping_add(count);
                Ok(Progress::new(consumed, event))
            }
            Err(violation) => {
                let offset = self.receive.position(violation, count);
                Err(self.fail(Error::Protocol { violation, offset }))
            }
        }
    }

    /// Silence, or the end of the stream, behind a first `FE` or `FE 01` (§7)
    pub(super) fn end_of_legacy_ping(&mut self) -> Option<Event<'static>> {
        match self.receive.legacy.as_mut()?.handle_silence() {
            Verdict::Legacy(kind) => Some(self.legacy_ping(kind)),
            Verdict::Undecided | Verdict::Modern { .. } => None,
        }
    }

    const fn legacy_ping(&mut self, kind: legacy::Kind) -> Event<'static> {
        self.receive.legacy = None;
        self.receive.end_of_frame();
        self.awaiting = Some(Awaiting::Last);
        Event::LegacyPing(kind)
    }

    /// Goes on until something happened or the input is used up
    fn advance<'i>(&mut self, now: Instant, input: &mut Cursor<'i>) -> Result<Option<Event<'i>>, Violation> {
        loop {
            match self.receive.part {
                Part::Head(decoder) => match self.head(now, decoder, input)? {
                    Step::Starved => return Ok(None),
                    Step::On => {}
                    Step::Event(event) => return Ok(Some(event)),
                },
                Part::Payload { value, bytes } => {
                    let Some(payload) = self.payload(value, bytes, input)? else { return Ok(None) };
                    if let Some(event) = self.handle_ping(now, payload) {
                        return Ok(Some(event));
                    }
                }
                Part::Unknown => {
                    let skipped = input.skip(self.receive.left);
                    self.receive.left = self.receive.left.wrapping_sub(skipped);
                    if self.receive.left > 0 {
                        return Ok(None);
                    }
                    self.receive.end_of_frame();
                }
                Part::Login => {
                    self.receive.end_of_frame();
                    self.awaiting = Some(Awaiting::Last);
                    return Ok(Some(Event::Login));
                }
                part => return self.handshake(part, input),
            }
        }
    }

    /// A frame's head, looking out for a legacy ping in the connection's first three bytes
    fn head<'i>(
        &mut self,
        now: Instant,
        mut decoder: frame::Decoder,
        input: &mut Cursor<'i>,
    ) -> Result<Step<'i>, Violation> {
        if input.is_empty() {
            return Ok(Step::Starved);
        }
        if self.receive.started.is_none() {
            self.receive.started = Some(now);
            self.receive.frame_offset = self.receive.offset_at(input);
        }
        if let Some(detector) = &mut self.receive.legacy
            && let Some(byte) = input.peek()
        {
            match detector.handle_byte(byte) {
                Verdict::Undecided => {
                    let _byte = input.byte();
                    return Ok(Step::On);
                }
                Verdict::Legacy(kind) => {
                    let _byte = input.byte();
                    return Ok(Step::Event(self.legacy_ping(kind)));
                }
                Verdict::Modern { replay } => {
                    self.receive.legacy = None;
                    // `FE 01` at most: the whole or half of a length, never of more.
                    let _head = decoder.decode(&mut Cursor::new(replay), MAX_SERVERBOUND_FRAME)?;
                }
            }
        }
        let head = decoder.decode(input, MAX_SERVERBOUND_FRAME);
        let Some(head) = head? else {
            self.receive.part = Part::Head(decoder);
            return Ok(Step::On);
        };
        self.receive.left = head.body;
        self.begin_body(head)
    }

    fn begin_body<'i>(&mut self, head: frame::Head) -> Result<Step<'i>, Violation> {
        match (head.id, head.body) {
            (ID_STATUS, 0) => {
                if self.state == State::Default {
                    return Err(Violation::RequestInDefault);
                }
                self.receive.end_of_frame();
                self.awaiting = Some(Awaiting::Response);
                Ok(Step::Event(Event::Request))
            }
            (ID_STATUS, _) => {
                self.receive.part = Part::ProtocolVersion(varint::Decoder::new());
                Ok(Step::On)
            }
            (ID_PING, _) => {
                self.receive.part = Part::Payload { value: 0, bytes: 0 };
                Ok(Step::On)
            }
            (id, body) => {
                self.receive.unknown = self.receive.unknown.saturating_add(1);
                if self.receive.unknown >= MAX_UNKNOWN_PACKETS {
                    return Err(Violation::TooManyUnknown { limit: MAX_UNKNOWN_PACKETS });
                }
                if body == 0 {
                    // Complete: without an end at once, its deadline could strike before the next call.
                    self.receive.end_of_frame();
                } else {
                    self.receive.part = Part::Unknown;
                }
                Ok(Step::Event(Event::UnknownPacket { id, body }))
            }
        }
    }

    /// A Long body, complete or not
    fn payload(&mut self, mut value: u64, mut bytes: u8, input: &mut Cursor<'_>) -> Result<Option<i64>, Violation> {
        if bytes == 0
            && self.receive.left == 8
            && let Some(array) = input.array::<8>()
        {
            self.receive.end_of_frame();
            return Ok(Some(i64::from_be_bytes(array)));
        }
        while bytes < 8 {
            let Some(byte) = self.receive.byte(input, ID_PING)? else {
                if seeded!(self, ServerLosesLong) {
                    value = 0;
                }
                self.receive.part = Part::Payload { value, bytes };
                return Ok(None);
            };
            value = (value << 8) | u64::from(byte);
            bytes = bytes.wrapping_add(1);
        }
        if self.receive.left > 0 {
            return Err(Violation::TrailingBytes { id: ID_PING, count: self.receive.left });
        }
        self.receive.end_of_frame();
        Ok(Some(value.cast_signed()))
    }

    /// A Handshake from the part `at` on: goes to the next event or to the end of the input
    fn handshake<'i>(&mut self, mut at: Part, input: &mut Cursor<'i>) -> Result<Option<Event<'i>>, Violation> {
        let loses = seeded!(self, ServerLosesVarInt);
        let untold = seeded!(self, SplitAddressUntold);
        let receive = &mut self.receive;
        loop {
            // The part to go on with, or where the input ends
            let next = match &mut at {
                Part::ProtocolVersion(decoder) => receive
                    .varint(decoder, input)?
                    .map(|version| Part::AddressLength { version, length: varint::Decoder::new() }),
                Part::AddressLength { version, length } => match receive.varint(length, input)? {
                    Some(bytes) => Some(Part::Address { version: *version, address: receive.begin_address(bytes)? }),
                    None => None,
                },
                Part::Address { version, address } => {
                    let before = address.left();
                    let chunk = address
                        .decode(input, MAX_ADDRESS_UNITS)
                        .map_err(|invalid| violation(invalid, MAX_ADDRESS_UNITS))?;
                    receive.left = receive.left.wrapping_sub(before.wrapping_sub(address.left()));
                    let port = address.is_complete().then_some(Part::Port { version: *version, high: None });
                    if let Some(chunk) = chunk
                        && !(untold && matches!(chunk, string::Chunk::Char(_)))
                    {
                        receive.part = port.unwrap_or(at);
                        return Ok(Some(Event::Address(chunk)));
                    }
                    port
                }
                Part::Port { version, high } => receive.byte(input, ID_STATUS)?.map(|byte| match *high {
                    None => Part::Port { version: *version, high: Some(byte) },
                    Some(high) => Part::NextState {
                        version: *version,
                        port: u16::from_be_bytes([high, byte]),
                        next: varint::Decoder::new(),
                    },
                }),
                Part::NextState { version, port, next } => match receive.varint(next, input)? {
                    Some(next) => {
                        let (version, port) = (*version, *port);
                        return self.end_of_handshake(version, port, next).map(Some);
                    }
                    None => None,
                },
                Part::Head(_) | Part::Payload { .. } | Part::Unknown | Part::Login => None,
            };
            let Some(next) = next else {
                receive.part = match at {
                    Part::ProtocolVersion(_) if loses => Part::ProtocolVersion(varint::Decoder::new()),
                    at => at,
                };
                return Ok(None);
            };
            at = next;
        }
    }

    fn end_of_handshake<'i>(
        &mut self,
        protocol_version: i32,
        server_port: u16,
        next: i32,
    ) -> Result<Event<'i>, Violation> {
        if self.receive.left > 0 {
            return Err(Violation::TrailingBytes { id: ID_STATUS, count: self.receive.left });
        }
        let next_state = NextState::try_from(next).map_err(Violation::NextState)?;
        self.receive.end_of_frame();
        let toggles = seeded!(self, TogglesState) && self.state == State::Status;
        match next_state {
            _ if seeded!(self, DeafInStatus) && self.state == State::Status => {}
            NextState::Default => self.state = State::Default,
            NextState::Status if toggles => self.state = State::Default,
            NextState::Status => self.state = State::Status,
            NextState::Login | NextState::Transfer => self.receive.part = Part::Login,
        }
        Ok(Event::Handshake { protocol_version, server_port, next_state })
    }
}
