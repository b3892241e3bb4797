//! Consistent overhead byte stuffing, both directions, a byte at a time
//!
//! The reader does not look for the zeros, and neither knows of CRC or content.

use super::Fault;

/// The bytes between two zeros, decoded into `N` bytes as they come
#[derive(Debug, Clone)]
pub(super) struct Frame<const N: usize> {
    decoded: [u8; N],
    length: usize,
    /// Bytes taken
    taken: u32,
    /// Bytes of the current run still to come
    run: u8,
    /// Whether a zero stands between the current run and the next
    zero: bool,
    /// Whether more came than fits
    over: bool,
}

impl<const N: usize> Frame<N> {
    pub(super) const fn new() -> Self {
        Self { decoded: [0; N], length: 0, taken: 0, run: 0, zero: false, over: false }
    }

    /// Takes a byte other than zero
    pub(super) fn push(&mut self, byte: u8) {
        self.taken = self.taken.saturating_add(1);
        if let Some(left) = self.run.checked_sub(1) {
            self.run = left;
            self.keep(byte);
        } else {
            if self.zero {
                self.keep(0);
            }
            self.run = byte.saturating_sub(1);
            self.zero = byte != u8::MAX;
        }
    }

    /// Bytes taken since the last zero
    pub(super) const fn taken(&self) -> u32 {
        self.taken
    }

    /// What the frame holds, now that a zero has ended it
    pub(super) fn payload(&self) -> Result<&[u8], Fault> {
        if self.over {
            return Err(Fault::TooLong);
        }
        if self.run > 0 {
            return Err(Fault::Torn);
        }
        self.decoded.get(..self.length).ok_or(Fault::TooLong)
    }

    fn keep(&mut self, byte: u8) {
        match self.decoded.get_mut(self.length) {
            Some(place) => {
                *place = byte;
                self.length = self.length.saturating_add(1);
            }
            None => self.over = true,
        }
    }
}

/// A frame between two zeros, written into the caller's bytes
#[derive(Debug)]
pub(super) struct Writer<'o> {
    out: &'o mut [u8],
    /// Where the code of the current run goes
    code: usize,
    /// Where the next byte goes
    next: usize,
}

impl<'o> Writer<'o> {
    /// One that begins at the start of `out`, with the zero before a frame
    pub(super) const fn new(out: &'o mut [u8]) -> Self {
        Self { out, code: 1, next: 2 }
    }

    /// Adds a byte; nothing when there is no room, and then there is none for the end either
    pub(super) fn push(&mut self, byte: u8) -> Option<()> {
        // A run is closed by a zero, or by its length; the latter only when more comes, or it would stand for a zero.
        if self.run()? == u8::MAX {
            self.close()?;
        }
        if byte == 0 {
            return self.close();
        }
        *self.out.get_mut(self.next)? = byte;
        self.next = self.next.saturating_add(1);
        Some(())
    }

    /// Writes both zeros, and returns the bytes written; nothing when there is no room
    pub(super) fn finish(mut self) -> Option<usize> {
        let end = self.next;
        self.close()?;
        *self.out.first_mut()? = 0;
        *self.out.get_mut(end)? = 0;
        end.checked_add(1)
    }

    /// The code of the current run: its bytes and the code itself
    fn run(&self) -> Option<u8> {
        u8::try_from(self.next.saturating_sub(self.code)).ok()
    }

    /// Writes the code of the current run and begins another
    fn close(&mut self) -> Option<()> {
        let run = self.run()?;
        *self.out.get_mut(self.code)? = run;
        self.code = self.next;
        self.next = self.next.saturating_add(1);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn decoded(pieces: &[&[u8]]) -> Frame<512> {
        let mut frame = Frame::new();
        for &byte in pieces.iter().copied().flatten() {
            frame.push(byte);
        }
        frame
    }

    #[test]
    fn a_code_stands_for_the_zero_after_its_run_but_not_at_the_end() {
        assert_eq!(decoded(&[&[1]]).payload(), Ok(&[][..]));
        assert_eq!(decoded(&[&[1, 1]]).payload(), Ok(&[0][..]));
        assert_eq!(decoded(&[&[3, 7, 8, 2, 9]]).payload(), Ok(&[7, 8, 0, 9][..]));
    }

    #[test]
    fn the_longest_run_stands_for_no_zero() {
        let run = [7; 254];
        let frame = decoded(&[&[0xFF], &run, &[2, 9]]);
        let payload = frame.payload().unwrap();
        assert_eq!(payload.split_at(254), (&run[..], &[9][..]));
        assert_eq!(decoded(&[&[0xFF], &run]).payload(), Ok(&run[..]));
    }

    #[test]
    fn what_does_not_fit_is_counted_not_kept() {
        let frame = decoded(&[&[0xFF], &[7; 254], &[0xFF], &[7; 254], &[6], &[7; 5]]);
        assert_eq!((frame.payload(), frame.taken()), (Err(Fault::TooLong), 516));
    }

    fn encoded(payload: &[u8]) -> Vec<u8> {
        // More than the codes of these short payloads, and both zeros.
        let mut out = vec![0xEE; payload.len().saturating_add(257)];
        let mut writer = Writer::new(&mut out);
        for &byte in payload {
            writer.push(byte).unwrap();
        }
        let length = writer.finish().unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn what_is_written_has_zeros_only_around_it_and_is_read_back() {
        let runs: &[usize] = if cfg!(miri) { &[0, 254] } else { &[0, 1, 2, 253, 254, 255, 508, 509] };
        for (&before, &after) in runs.iter().flat_map(|before| runs.iter().map(move |after| (before, after))) {
            for middle in [&[][..], &[0], &[0, 0]] {
                let payload = [&vec![7; before][..], middle, &vec![9; after]].concat();
                let frame = encoded(&payload);
                let (body, end) = frame[1..].split_at(frame.len() - 2);
                assert_eq!((frame[0], end), (0, &[0][..]), "{before} {middle:?} {after}");
                assert!(!body.contains(&0), "{before} {middle:?} {after}");
                let mut read = Frame::<2_048>::new();
                for &byte in body {
                    read.push(byte);
                }
                assert_eq!(read.payload(), Ok(&payload[..]), "{before} {middle:?} {after}");
            }
        }
        assert_eq!(encoded(&[7; 254]).len(), 257, "a full run at the end needs no code behind it");
    }

    #[test]
    fn what_has_no_room_is_told_at_every_length() {
        let payload = [7, 0, 9, 0];
        let whole = encoded(&payload);
        for room in 0..whole.len() {
            let mut out = vec![0; room];
            let mut writer = Writer::new(&mut out);
            let pushed = payload.iter().try_for_each(|&byte| writer.push(byte));
            assert_eq!(pushed.and_then(|()| writer.finish()), None, "{room} bytes");
        }
    }
}
