//! Counts the bytes of a favicon as it goes by; keeps and decodes none of it

/// What a favicon begins with
const FAVICON_PREFIX: &str = "data:image/png;base64,";

/// How far a favicon has been counted
#[derive(Clone, Copy, Debug)]
pub(super) struct Favicon {
    /// Characters of the prefix, then of the Base64 with its padding
    characters: u32,
    padding: u32,
    broken: bool,
}

impl Favicon {
    pub(super) const EMPTY: Self = Self { characters: 0, padding: 0, broken: false };

    /// Counts a piece, escapes resolved
    pub(super) fn push(&mut self, piece: &str) {
        let counted = usize::try_from(self.characters).unwrap_or(usize::MAX);
        let prefix = FAVICON_PREFIX.get(counted..).unwrap_or_default();
        let expected = prefix.get(..prefix.len().min(piece.len())).unwrap_or_default();
        let Some(base64) = piece.strip_prefix(expected) else {
            self.broken = true;
            return;
        };
        // An escaped line break comes alone: old servers fold the Base64.
        if base64 == "\n" || base64 == "\r" {
            return;
        }
        let padding = base64.bytes().rev().take_while(|&byte| byte == b'=').count();
        if padding < base64.len() {
            self.padding = 0;
        }
        self.padding = self.padding.saturating_add(u32::try_from(padding).unwrap_or(u32::MAX));
        let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        self.characters = self.characters.saturating_add(len);
    }

    /// Bytes that the Base64 stands for
    pub(super) fn bytes(self) -> Option<u32> {
        let prefix = u32::try_from(FAVICON_PREFIX.len()).ok()?;
        let base64 = self.characters.checked_sub(prefix)?.saturating_sub(self.padding);
        // Four characters are three bytes; of two characters only one byte is whole.
        let bytes = u64::from(base64).saturating_mul(3) / 4;
        (!self.broken).then_some(u32::try_from(bytes).unwrap_or(u32::MAX))
    }
}
