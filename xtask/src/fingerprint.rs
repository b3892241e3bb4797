//! Whether something is still as it was: FNV-1a, 64 bits, which notices a change and resists no ill will
//!
//! For what is asked again only when its inputs changed. Line ends do not count: git may write others elsewhere.

/// Sixteen hexadecimal digits for a text
pub(crate) fn of(text: &[u8]) -> String {
    let bytes = text.iter().filter(|&&byte| byte != b'\r');
    let hash =
        bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_with_the_text_and_not_with_line_ends() {
        assert_eq!(of(b"a\nb\n"), of(b"a\r\nb\r\n"));
        assert_ne!(of(b"a\nb\n"), of(b"a\nc\n"));
        // The value of the empty text, and of "a", from the definition of FNV-1a.
        assert_eq!(of(b""), "cbf29ce484222325");
        assert_eq!(of(b"a"), "af63dc4c8601ec8c");
    }
}
