//! From bytes to events: which reports are missing, and whether the device began anew
//!
//! Finding frames and counting losses is [`proto_core::telemetry`]'s; what is added is what a monitor sees that was not
//! there when the device started.

use std::io;

use proto_core::telemetry::{self, Decoder, Envelope, Losses, Report};

use super::Event;

/// Bytes without the end of a frame that are remarkable: many times the longest frame
const NOISE: u32 = 1_024;

/// What a line has given so far
#[derive(Debug, Default)]
pub(super) struct Stream {
    decoder: Decoder,
    losses: Losses,
    /// Number and time of the last report
    last: Option<(u32, u64)>,
    /// Whether noise was told since the last frame
    noise_told: bool,
}

impl Stream {
    /// Takes bytes, and gives every event to `print`
    ///
    /// `live` says whether they have just arrived, so that someone may be waiting in vain.
    ///
    /// # Errors
    /// Those of `print`; the rest of the bytes is lost then.
    pub(super) fn handle_input(
        &mut self,
        mut bytes: &[u8],
        live: bool,
        print: &mut impl FnMut(Event) -> io::Result<()>,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let (consumed, event) = self.decoder.handle_input(bytes);
            bytes = bytes.get(consumed..).unwrap_or_default();
            if let Some(event) = event {
                self.noise_told = false;
                self.handle_event(event, print)?;
            }
        }
        let pending = self.decoder.pending();
        if live && pending >= NOISE && !self.noise_told {
            self.noise_told = true;
            print(Event::Noise { bytes: pending })?;
        }
        Ok(())
    }

    /// Takes note that no more will come of what is on the line
    ///
    /// # Errors
    /// Those of `print`.
    pub(super) fn handle_eof(&mut self, print: &mut impl FnMut(Event) -> io::Result<()>) -> io::Result<()> {
        self.noise_told = false;
        match self.decoder.handle_eof() {
            Some(event) => self.handle_event(event, print),
            None => Ok(()),
        }
    }

    fn handle_event(
        &mut self,
        event: telemetry::Event,
        print: &mut impl FnMut(Event) -> io::Result<()>,
    ) -> io::Result<()> {
        match event {
            telemetry::Event::Skipped { bytes, fault } => print(Event::Skipped { bytes, fault }),
            telemetry::Event::Report(envelope) => {
                let counted = self.losses.handle_report(&envelope);
                let lost = if self.began_anew(&envelope) {
                    print(Event::Restarted)?;
                    // It counts from 0 at boot.
                    envelope.sequence
                } else {
                    counted
                };
                self.last = Some((envelope.sequence, envelope.time_us));
                print(Event::Report { envelope, lost })
            }
        }
    }

    /// Whether the device has started since the last report without saying so: its time or its numbers went back
    fn began_anew(&self, envelope: &Envelope) -> bool {
        let Some((sequence, time_us)) = self.last else { return false };
        let went_back = envelope.sequence.wrapping_sub(sequence) > u32::MAX / 2;
        !matches!(envelope.report, Report::Boot { .. }) && (went_back || envelope.time_us < time_us)
    }
}
