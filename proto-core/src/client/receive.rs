//! Bytes of a server into events: the client's half of PROTOCOL.md §2, resumable at any byte
//!
//! It sends nothing and holds no exchange: what a complete packet leads to is decided in [`super`].

use core::time::Duration;

use super::{Client, Event, Exchange, ResponseEnd};
use crate::error::{Error, Violation, violation};
use crate::machine::Progress;
use crate::packet::{
    ID_PING, ID_STATUS, MAX_CLIENTBOUND_FRAME, MAX_RESPONSE_BYTES, MAX_RESPONSE_UNITS, MAX_UNKNOWN_PACKETS,
};
use crate::seeded::seeded;
use crate::time::Instant;
use crate::wire::cursor::Cursor;
use crate::wire::frame;
use crate::wire::string;
use crate::wire::varint;

/// What has been read of a frame
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Receive {
    part: Part,
    /// Bytes that the frame's body still has
    left: u32,
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
    TextLength(varint::Decoder),
    Text { bytes: u32, text: string::Decoder },
    Payload { value: u64, bytes: u8 },
    Skip(Packet),
    Complete(Packet),
}

/// A packet whose fields have been read, or need not be
///
/// It counts when its frame has ended: a Response with bytes behind it has not arrived before they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Packet {
    Response(ResponseEnd),
    Payload(i64),
    /// A Response that an abandoned exchange asked for
    Abandoned,
    Unknown,
}

impl Receive {
    pub(super) const fn new() -> Self {
        Self { part: Part::Head(frame::Decoder::new()), left: 0, started: None, offset: 0, frame_offset: 0, unknown: 0 }
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

    pub(super) const fn is_in_frame(&self) -> bool {
        self.started.is_some()
    }

    /// A frame whose last byte has been read is in time, even if the calls that tell of it come late
    const fn note_last_byte(&mut self) {
        if self.left == 0 && !matches!(self.part, Part::Head(_)) {
            self.started = None;
        }
    }

    /// The exchange is abandoned: a Response that is coming in belongs to nobody now
    pub(super) const fn abandon(&mut self) {
        if matches!(
            self.part,
            Part::TextLength(_)
                | Part::Text { .. }
                | Part::Skip(Packet::Response(_))
                | Part::Complete(Packet::Response(_))
        ) {
            self.part = Part::Skip(Packet::Abandoned);
        }
    }

    /// The fields have been read; what the frame has behind them is skipped and told (§1)
    const fn end_of_fields(&mut self, id: i32, packet: Packet) -> Option<Event<'static>> {
        if self.left == 0 {
            self.part = Part::Complete(packet);
            return None;
        }
        self.part = Part::Skip(packet);
        Some(Event::TrailingBytes { id, count: self.left })
    }

    /// Where a violation is, in bytes from the start of the connection
    const fn position(&self, violation: Violation, consumed: u64) -> u64 {
        match violation {
            Violation::FrameLength { .. } | Violation::UnexpectedResponse | Violation::TooManyUnknown { .. } => {
                self.frame_offset
            }
            Violation::BodyTooShort { .. } => self.offset.wrapping_add(consumed),
            _ => self.offset.wrapping_add(consumed).saturating_sub(1),
        }
    }
}

impl Client {
    #[cfg_attr(not(feature = "fast"), inline(never))]
    pub(super) fn receive<'i>(&mut self, now: Instant, input: &'i [u8]) -> Result<Progress<Event<'i>>, Error> {
        let mut cursor = Cursor::new(input);
        let outcome = self.advance(now, &mut cursor);
        let consumed = cursor.consumed();
        let count = u64::try_from(consumed).unwrap_or(u64::MAX);
        match outcome {
            Ok(event) => {
                self.receive.offset = self.receive.offset.wrapping_add(count);
                self.receive.note_last_byte();
                Ok(Progress::new(consumed, event))
            }
            Err(violation) => {
                let offset = self.receive.position(violation, count);
                Err(self.fail(Error::Protocol { violation, offset }))
            }
        }
    }

    /// Goes on until something happened, the input is used up, or an echo has to be sent first
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn advance<'i>(&mut self, now: Instant, input: &mut Cursor<'i>) -> Result<Option<Event<'i>>, Violation> {
        loop {
            match self.receive.part {
                Part::Head(mut decoder) => {
                    if input.is_empty() || (self.receive.started.is_none() && !self.may_echo()) {
                        return Ok(None);
                    }
                    if self.receive.started.is_none() {
                        self.receive.started = Some(now);
                        let consumed = u64::try_from(input.consumed()).unwrap_or(u64::MAX);
                        self.receive.frame_offset = self.receive.offset.wrapping_add(consumed);
                    }
                    let Some(head) = decoder.decode(input, MAX_CLIENTBOUND_FRAME)? else {
                        self.receive.part = Part::Head(decoder);
                        return Ok(None);
                    };
                    if let Some(event) = self.begin_body(head)? {
                        return Ok(Some(event));
                    }
                }
                Part::TextLength(decoder) => {
                    let begun = self.text_length(decoder, input);
                    if seeded!(self, EarlyPing) && matches!(begun, Ok(Some(_))) {
                        self.response_complete(now);
                    }
                    return begun;
                }
                Part::Text { bytes, text } => match self.text(bytes, text, input)? {
                    // An empty text, or one that ends its frame, goes on without an event.
                    None if matches!(self.receive.part, Part::Text { .. }) => return Ok(None),
                    None => {}
                    event => return Ok(event),
                },
                Part::Payload { value, bytes } => {
                    if let Some(event) = self.payload(value, bytes, input) {
                        return event;
                    }
                }
                Part::Skip(packet) => {
                    let skipped = input.skip(self.receive.left);
                    self.receive.left = self.receive.left.wrapping_sub(skipped);
                    if self.receive.left > 0 {
                        return Ok(None);
                    }
                    self.receive.part = Part::Complete(packet);
                }
                Part::Complete(packet) => {
                    self.receive.part = Part::Head(frame::Decoder::new());
                    self.receive.started = None;
                    if let Some(event) = self.complete(now, packet) {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn begin_body(&mut self, head: frame::Head) -> Result<Option<Event<'static>>, Violation> {
        let receive = &mut self.receive;
        receive.left = head.body;
        match (head.id, head.body) {
            (ID_STATUS, 0) => {
                // A Request, whatever the state: it may have crossed our Handshake.
                receive.part = Part::Head(frame::Decoder::new());
                receive.started = None;
                return Ok(Some(Event::ServerRequest));
            }
            (ID_STATUS, _) if seeded!(self, YoungestFirst) && matches!(self.exchange, Exchange::Response { .. }) => {
                receive.part = Part::TextLength(varint::Decoder::new());
            }
            (ID_STATUS, _) if self.abandoned_responses > 0 => receive.part = Part::Skip(Packet::Abandoned),
            (ID_STATUS, _) if matches!(self.exchange, Exchange::Response { .. }) => {
                receive.part = Part::TextLength(varint::Decoder::new());
            }
            (ID_STATUS, _) => return Err(Violation::UnexpectedResponse),
            (ID_PING, _) => receive.part = Part::Payload { value: 0, bytes: 0 },
            (id, body) => {
                receive.unknown = receive.unknown.saturating_add(1);
                if receive.unknown >= MAX_UNKNOWN_PACKETS {
                    return Err(Violation::TooManyUnknown { limit: MAX_UNKNOWN_PACKETS });
                }
                receive.part = Part::Skip(Packet::Unknown);
                return Ok(Some(Event::UnknownPacket { id, body }));
            }
        }
        Ok(None)
    }

    /// The length of the Response's text
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn text_length<'i>(
        &mut self,
        mut decoder: varint::Decoder,
        input: &mut Cursor<'i>,
    ) -> Result<Option<Event<'i>>, Violation> {
        let receive = &mut self.receive;
        loop {
            if receive.left == 0 {
                return Err(Violation::BodyTooShort { id: Some(ID_STATUS) });
            }
            let Some(byte) = input.byte() else {
                if seeded!(self, ClientLosesVarInt) {
                    decoder = varint::Decoder::new();
                }
                receive.part = Part::TextLength(decoder);
                return Ok(None);
            };
            receive.left = receive.left.wrapping_sub(1);
            let Some(length) = decoder.push(byte).map_err(|_| Violation::VarIntOverflow)? else { continue };
            let maximum = if self.strict { MAX_RESPONSE_BYTES } else { MAX_CLIENTBOUND_FRAME };
            let bytes = u32::try_from(length)
                .ok()
                .filter(|&bytes| bytes <= maximum)
                .ok_or(Violation::StringLength { length, maximum })?;
            if bytes > receive.left {
                return Err(Violation::BodyTooShort { id: Some(ID_STATUS) });
            }
            receive.part = Part::Text { bytes, text: string::Decoder::new(bytes) };
            return Ok(Some(Event::ResponseBegin { bytes }));
        }
    }

    /// A piece of the Response's text
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn text<'i>(
        &mut self,
        bytes: u32,
        mut text: string::Decoder,
        input: &mut Cursor<'i>,
    ) -> Result<Option<Event<'i>>, Violation> {
        let before = text.left();
        let maximum = if self.strict { MAX_RESPONSE_UNITS } else { u32::MAX };
        let chunk = text.decode(input, maximum).map_err(|invalid| violation(invalid, maximum))?;
        self.receive.left = self.receive.left.wrapping_sub(before.wrapping_sub(text.left()));
        self.receive.part = Part::Text { bytes, text };
        if let Some(chunk) = chunk {
            return Ok(Some(Event::ResponseChunk(chunk)));
        }
        if !text.is_complete() {
            return Ok(None);
        }
        let oversize = text.units() > MAX_RESPONSE_UNITS;
        let units = if seeded!(self, BytesForUnits) { bytes } else { text.units() };
        let end = ResponseEnd { bytes, units, oversize };
        Ok(self.receive.end_of_fields(ID_STATUS, Packet::Response(end)))
    }

    /// A Long body; `None` where it is complete and nothing is left over
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn payload<'i>(
        &mut self,
        mut value: u64,
        mut bytes: u8,
        input: &mut Cursor<'i>,
    ) -> Option<Result<Option<Event<'i>>, Violation>> {
        let receive = &mut self.receive;
        while bytes < 8 {
            if receive.left == 0 {
                return Some(Err(Violation::BodyTooShort { id: Some(ID_PING) }));
            }
            let Some(byte) = input.byte() else {
                if seeded!(self, ClientLosesLong) {
                    value = 0;
                }
                receive.part = Part::Payload { value, bytes };
                return Some(Ok(None));
            };
            receive.left = receive.left.wrapping_sub(1);
            value = (value << 8) | u64::from(byte);
            bytes = bytes.wrapping_add(1);
        }
        receive.end_of_fields(ID_PING, Packet::Payload(value.cast_signed())).map(|event| Ok(Some(event)))
    }

    /// The frame has ended: now the packet counts
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn complete(&mut self, now: Instant, packet: Packet) -> Option<Event<'static>> {
        match packet {
            Packet::Response(end) => {
                self.response_complete(now);
                Some(Event::ResponseEnd(end))
            }
            Packet::Payload(payload) => Some(self.handle_ping(now, payload)),
            Packet::Abandoned => {
                self.abandoned_responses = self.abandoned_responses.saturating_sub(1);
                Some(Event::AbandonedResponse)
            }
            Packet::Unknown => None,
        }
    }
}
