//! Taking a fuzzer's bytes apart
//!
//! Settings first, byte by byte, zero where there are none left, so that every input means something. It interprets
//! nothing.

use crate::shown::steers;

/// What a fuzzer came up with
#[derive(Clone, Debug)]
pub struct Input<'d> {
    rest: &'d [u8],
}

impl<'d> Input<'d> {
    /// Starts at the first byte
    #[must_use]
    pub const fn new(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether nothing is left
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, or zero
    pub fn byte(&mut self) -> u8 {
        let (byte, rest) = self.rest.split_first().map_or((0, self.rest), |(byte, rest)| (*byte, rest));
        self.rest = rest;
        byte
    }

    /// The next bytes, zeros where there are none left
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Sizes of pieces: three bytes
    pub fn sizes(&mut self) -> Sizes {
        Sizes(self.array())
    }

    /// Everything that is left
    #[must_use]
    pub const fn rest(&self) -> &'d [u8] {
        self.rest
    }

    /// Everything that is left, up to the first byte that is no UTF-8
    #[must_use]
    pub fn text(&self) -> &'d str {
        self.rest.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }

    /// A text of so many bytes as the next byte says, cut where it is no UTF-8
    pub fn short_text(&mut self) -> &'d str {
        let length = usize::from(self.byte()).min(self.rest.len());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        Self::new(text).text()
    }
}

/// Sizes of pieces, chosen by the fuzzer: three, over and over, where zero stands for everything
#[derive(Clone, Copy, Debug)]
pub struct Sizes([u8; 3]);

impl Sizes {
    /// Everything in one piece
    pub const WHOLE: Self = Self([0; 3]);
    /// A byte at a time
    pub const SINGLE: Self = Self([1; 3]);

    /// The sizes, without end
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..).map(move |turn: usize| match self.0[turn % self.0.len()] {
            0 => usize::MAX,
            size => size.into(),
        })
    }

    /// `bytes` cut into pieces
    pub fn cut(self, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = bytes;
        self.iter().map_while(move |size| {
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            rest = behind;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// `text` cut into pieces, each to the next character's beginning
    pub fn cut_text(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        self.iter().map_while(move |size| {
            let (piece, behind) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
            rest = behind;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// Panics unless `text` is one line without anything that steers a terminal
#[track_caller]
pub fn assert_clean(text: &str) {
    if let Some(c) = text.chars().find(|c| steers(*c)) {
        panic!("{c:?} in {text:?}");
    }
}
