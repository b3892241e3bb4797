//! UTF-16BE, a byte at a time
//!
//! It does not judge characters and does not know lengths: a surrogate alone becomes U+FFFD, the rest passes.

/// Turns bytes into characters; split anywhere, surrogate pairs included
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf16 {
    /// The first byte of a unit
    half: Option<u8>,
    /// The first unit of a surrogate pair
    high: Option<u16>,
    /// Whether a surrogate came without its partner
    unpaired: bool,
}

impl Utf16 {
    pub(super) const fn new() -> Self {
        Self { half: None, high: None, unpaired: false }
    }

    /// Takes a byte; gives none, one or, after a lone high surrogate, two characters
    pub(super) fn handle_byte(&mut self, byte: u8) -> impl Iterator<Item = char> + use<> {
        let unit = match self.half.take() {
            None => {
                self.half = Some(byte);
                None
            }
            Some(first) => Some(u16::from_be_bytes([first, byte])),
        };
        let [first, second] = unit.map_or([None, None], |unit| self.handle_unit(unit));
        first.into_iter().chain(second)
    }

    fn handle_unit(&mut self, unit: u16) -> [Option<char>; 2] {
        let high = self.high.take();
        if let Some(high) = high
            && let Some(Ok(pair)) = char::decode_utf16([high, unit]).next()
        {
            return [Some(pair), None];
        }
        let lone = high.map(|_| self.replacement());
        let character = match unit {
            0xD800..=0xDBFF => {
                self.high = Some(unit);
                None
            }
            0xDC00..=0xDFFF => Some(self.replacement()),
            _ => char::from_u32(u32::from(unit)),
        };
        [lone, character]
    }

    /// The text is over; gives what stands for a high surrogate still waiting
    pub(super) fn finish(&mut self) -> Option<char> {
        self.high.take().map(|_| self.replacement())
    }

    /// Whether a surrogate came without its partner, and U+FFFD stands for it
    pub(super) const fn unpaired(self) -> bool {
        self.unpaired
    }

    fn replacement(&mut self) -> char {
        self.unpaired = true;
        char::REPLACEMENT_CHARACTER
    }
}
