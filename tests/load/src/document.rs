//! The status document that all servers answer with
//!
//! One of them counts its clients in it, so `"online":` may be any number; every other byte has to be the same.

use crate::wire;

const COUNT: &[u8] = b"\"online\":";

/// What an answer is compared with
#[derive(Debug)]
pub struct Document {
    /// What stands before, between and after the counts
    parts: Vec<Vec<u8>>,
}

impl Document {
    /// Takes `text` as the pattern
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut parts = vec![Vec::new()];
        let mut rest = text;
        while let Some(at) = rest.windows(COUNT.len()).position(|window| window == COUNT) {
            let (before, after) = rest.split_at(at + COUNT.len());
            if let Some(part) = parts.last_mut() {
                part.extend(before);
            }
            parts.push(Vec::new());
            rest = without_digits(after);
        }
        if let Some(part) = parts.last_mut() {
            part.extend(rest);
        }
        Self { parts }
    }

    /// Whether the body of a Response is this document
    #[must_use]
    pub fn is_in(&self, body: &[u8]) -> bool {
        let Ok(Some((length, prefix))) = wire::varint(body) else { return false };
        let Some(mut rest) = body.get(prefix..).filter(|text| text.len() == length) else { return false };
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                let after = without_digits(rest);
                if after.len() == rest.len() {
                    return false;
                }
                rest = after;
            }
            match rest.strip_prefix(&part[..]) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty()
    }
}

fn without_digits(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &bytes[digits..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = br#"{"players":{"max":9,"online":1},"clients":{"online":12},"x":""}"#;

    fn answers(text: &str) -> bool {
        let response = wire::response(text.as_bytes());
        Document::new(TEXT).is_in(wire::frame(&response).unwrap().unwrap().body)
    }

    #[test]
    fn counts_may_differ_and_nothing_else() {
        assert!(answers(r#"{"players":{"max":9,"online":1},"clients":{"online":12},"x":""}"#));
        assert!(answers(r#"{"players":{"max":9,"online":1024},"clients":{"online":0},"x":""}"#));
        assert!(!answers(r#"{"players":{"max":8,"online":1},"clients":{"online":12},"x":""}"#));
        assert!(!answers(r#"{"players":{"max":9,"online":},"clients":{"online":12},"x":""}"#));
        assert!(!answers(r#"{"players":{"max":9,"online":1},"clients":{"online":12},"x":"" }"#));
        assert!(!answers(r#"{"players":{"max":9,"online":1},"clients":{"online":12},"x":"""#));
    }

    #[test]
    fn length_must_be_that_of_the_rest() {
        let mut body = vec![u8::try_from(TEXT.len()).unwrap()];
        body.extend(TEXT);
        assert!(Document::new(TEXT).is_in(&body));
        body[0] -= 1;
        assert!(!Document::new(TEXT).is_in(&body));
    }
}
