//! stub
#![allow(missing_docs)]
pub struct Sample<'a> {
    pub name: &'a str,
    pub id: &'a str,
}
pub struct StatusDocument<'a> {
    pub version_name: &'a str,
    pub protocol: i32,
    pub max: u32,
    pub online: u32,
    pub sample: &'a [Sample<'a>],
    pub description: &'a str,
    pub favicon: Option<&'a str>,
}
#[derive(Debug)]
pub struct EncodeError;
impl core::fmt::Display for EncodeError {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        Ok(())
    }
}
impl core::error::Error for EncodeError {}
impl EncodeError {
    pub fn units(&self) -> usize {
        0
    }
}
impl StatusDocument<'_> {
    pub fn encode_response(&self, _o: &mut [u8]) -> Result<usize, EncodeError> {
        let j = b"\x10\x00\x0e{\"version\":{}}";
        if let Some(o) = _o.first_chunk_mut::<17>() {
            *o = *j;
        }
        Ok(17)
    }
}
pub fn encode_disconnect(_: &str, _: &mut [u8]) -> Result<usize, EncodeError> {
    Ok(0)
}
#[derive(Default)]
pub struct Picker<const A: usize, const B: usize, const C: usize>;
impl<const A: usize, const B: usize, const C: usize> Picker<A, B, C> {
    pub fn push(&mut self, _: &str) -> Result<(), EncodeError> {
        Ok(())
    }
    pub fn finish(&mut self) -> Result<(), EncodeError> {
        Ok(())
    }
    pub fn status(&self) -> S {
        S
    }
}
pub struct S;
impl S {
    pub fn version_name(&self) -> Option<&str> {
        None
    }
    pub fn protocol(&self) -> Option<i64> {
        None
    }
    pub fn online(&self) -> Option<i64> {
        None
    }
    pub fn max(&self) -> Option<i64> {
        None
    }
    pub fn description(&self) -> Option<&str> {
        None
    }
    pub fn sample(&self) -> core::iter::Empty<&str> {
        core::iter::empty()
    }
    pub fn favicon_bytes(&self) -> Option<u32> {
        None
    }
    pub fn is_truncated(&self) -> bool {
        false
    }
}
