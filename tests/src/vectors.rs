//! The shared vectors, `tests/vectors`, as they are read; their format is told there

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A byte stream and what it must lead to
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// What the bytes are
    pub name: String,
    /// The rule of PROTOCOL.md
    pub rule: String,
    /// Who is under test
    pub side: String,
    /// Whether the client is strict
    #[serde(default)]
    pub strict: bool,
    /// What comes first
    #[serde(default)]
    pub before: Vec<Step>,
    /// What is received
    pub hex: Bytes,
    /// What follows
    pub then: Option<String>,
    /// What happens
    pub events: Vec<Value>,
    /// What is sent
    pub answers: Vec<String>,
    /// Whether the side under test closes
    pub closes: bool,
    /// What its error says
    pub error: Option<String>,
    /// Where, in bytes from the start of the connection
    pub offset: Option<u64>,
}

/// One step before the bytes that count
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Step {
    /// Bytes received
    Hex(Bytes),
    /// A command at the side under test
    Command(String),
}

/// Bytes, written in one piece or in several
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Bytes {
    /// Hex digits
    Hex(String),
    /// Pieces one after the other
    Pieces(Vec<Piece>),
}

/// A piece of bytes
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Hex digits
    Hex(String),
    /// Hex digits several times
    Repeated {
        /// The digits
        repeat: String,
        /// How often
        times: usize,
    },
}

impl Bytes {
    /// The bytes themselves
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Hex(hex) => from_hex(hex),
            Self::Pieces(pieces) => pieces
                .iter()
                .flat_map(|piece| match piece {
                    Piece::Hex(hex) => from_hex(hex),
                    Piece::Repeated { repeat, times } => from_hex(repeat).repeat(*times),
                })
                .collect(),
        }
    }
}

/// A line of the console and what it must lead to
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// What the line is
    pub name: String,
    /// The rule of PROTOCOL.md
    pub rule: String,
    /// Whose console
    pub side: String,
    /// The line
    pub input: String,
    /// What it means
    pub expect: Option<Value>,
    /// What is wrong with it; the message begins so
    pub error: Option<String>,
}

/// `frames.json`, the vectors of one side
#[must_use]
pub fn frames(side: &str) -> Vec<Frames> {
    let mut vectors: Vec<Frames> = read("frames.json");
    vectors.retain(|vector| vector.side == side);
    assert!(!vectors.is_empty(), "no vector of side {side}");
    vectors
}

/// `commands.json`, the vectors of one side
#[must_use]
pub fn commands(side: &str) -> Vec<Command> {
    let mut vectors: Vec<Command> = read("commands.json");
    vectors.retain(|vector| vector.side == side);
    assert!(!vectors.is_empty(), "no vector of side {side}");
    vectors
}

/// Text that is a string, or one repeated
#[must_use]
pub fn text(value: &Value) -> String {
    match (value.as_str(), value["repeat"].as_str(), value["times"].as_u64()) {
        (Some(text), ..) => text.to_owned(),
        (None, Some(repeat), Some(times)) => repeat.repeat(usize::try_from(times).expect("it fits")),
        _ => panic!("no text: {value}"),
    }
}

/// Bytes of hex digits
#[must_use]
pub fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte: {hex}");
    hex.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hex digits");
            u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("no hex digits: {pair}"))
        })
        .collect()
}

/// All failures of a test over many vectors, told together
#[derive(Debug, Default)]
pub struct Failures(String);

impl Failures {
    /// Runs `check`, and notes how it fails if it does
    pub fn collect(&mut self, name: &str, check: impl FnOnce() + std::panic::UnwindSafe) {
        if let Err(panic) = std::panic::catch_unwind(check) {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("it panicked");
            let _never_fails = writeln!(self.0, "- {name}: {message}");
        }
    }

    /// Asserts that there were none
    pub fn assert_none(&self) {
        assert!(self.0.is_empty(), "these failed:\n{}", self.0);
    }
}

fn read<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
