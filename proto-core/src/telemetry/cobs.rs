//! Consistent overhead byte stuffing, decoded a byte at a time
//!
//! The other direction is in [`super::encode`]. It does not look for the zeros, and checks neither CRC nor content.

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

#[cfg(test)]
mod tests {
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
}
