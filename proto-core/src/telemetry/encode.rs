//! Reports into frames: the bytes that postcard makes of an [`Envelope`], a CRC behind them, in COBS form
//!
//! Written out, because postcard's own serializer, a function for each type and field, takes twice the flash on a device. That
//! both make the same bytes is tested for every report, and the other direction is postcard's.

use core::net::Ipv4Addr;

use super::{Crc, Envelope, Report, cobs};

/// Writes a frame; the bytes written, or nothing where there is no room
pub(super) fn encode(envelope: &Envelope, out: &mut [u8]) -> Option<usize> {
    let mut out = Writer { frame: cobs::Writer::new(out), crc: Crc::new() };
    out.unsigned(envelope.sequence.into());
    out.unsigned(envelope.time_us);
    out.report(&envelope.report);
    let crc = out.crc.0.to_be_bytes();
    out.bytes(&crc);
    out.frame.finish()
}

struct Writer<'o> {
    frame: cobs::Writer<'o>,
    crc: Crc,
}

impl Writer<'_> {
    /// A variant's number and its fields, in the order of their declaration
    fn report(&mut self, report: &Report) {
        match report {
            Report::Boot { version, board } => {
                self.byte(0);
                self.text(version);
                self.text(board);
            }
            Report::Address { address, prefix, gateway, by_dhcp } => {
                self.byte(1);
                self.address(*address);
                self.byte(*prefix);
                self.byte(gateway.is_some().into());
                if let Some(gateway) = gateway {
                    self.address(*gateway);
                }
                self.byte((*by_dhcp).into());
            }
            Report::Connected { server } => {
                self.byte(2);
                self.address(*server.ip());
                self.unsigned(server.port().into());
            }
            Report::Status { online, max, response_bytes, description, description_cut } => {
                self.byte(3);
                self.count(*online);
                self.count(*max);
                self.unsigned((*response_bytes).into());
                self.text(description);
                self.byte((*description_cut).into());
            }
            Report::Pong { payload, rtt_us } => {
                self.byte(4);
                self.signed(*payload);
                self.unsigned((*rtt_us).into());
            }
            Report::ServerPing { payload } => {
                self.byte(5);
                self.signed(*payload);
            }
            Report::Error { code, numbers: [first, second] } => {
                self.byte(6);
                self.unsigned((*code).into());
                self.signed(*first);
                self.signed(*second);
            }
            Report::Disconnected { reason } => {
                self.byte(7);
                self.byte(*reason as u8);
            }
        }
    }

    // Called for every field, and the smaller for being one function.
    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        self.crc.push(byte);
        // What finds no room here has the frame's end find none either.
        let _ = self.frame.push(byte);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
        }
    }

    /// Seven bits a byte, the lowest first
    #[inline(never)]
    fn unsigned(&mut self, number: u64) {
        let mut rest = number;
        loop {
            let [low, ..] = rest.to_le_bytes();
            rest >>= 7;
            if rest == 0 {
                return self.byte(low);
            }
            self.byte(low | 0x80);
        }
    }

    /// Zigzag: the sign is the lowest bit
    #[inline(never)]
    fn signed(&mut self, number: i64) {
        self.unsigned(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn text(&mut self, text: &str) {
        self.unsigned(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    #[inline(never)]
    fn count(&mut self, count: Option<i32>) {
        self.byte(count.is_some().into());
        if let Some(count) = count {
            self.signed(count.into());
        }
    }

    fn address(&mut self, address: Ipv4Addr) {
        self.bytes(&address.octets());
    }
}
