//! What must hold for any input, one module for each fuzz target
//!
//! Each module has a `check` that takes the bytes as libFuzzer hands them over and panics where something does not
//! hold. The first few bytes choose settings, the rest is the input proper; each module's head says how. Where it can,
//! a check compares with a second opinion: [`reference`](mod@reference) is PROTOCOL.md read once more, over whole
//! streams; JSON is compared with `serde_json`; the smaller formats with a few plain lines beside the check. What a
//! check compares with is made without the core's code: packets by [`bytes`], clean texts by [`shown`].
//!
//! That a check would notice is itself checked: [`mistake`].
//!
//! Nothing here knows of libFuzzer: `tests/corpus.rs` runs the same checks over the corpus on any toolchain.

pub mod bytes;
pub mod client_bytes;
pub mod command;
pub mod describe;
pub mod envelope;
pub mod input;
pub mod legacy;
pub mod machine;
pub mod mistake;
pub mod pair;
pub mod reference;
pub mod server_bytes;
pub mod shown;
pub mod status;
pub mod telemetry;
pub mod text;

/// A fuzz target: its name, and what it checks
pub type Target = (&'static str, fn(&[u8]));

/// Every target
pub const TARGETS: [Target; 8] = [
    ("server_bytes", server_bytes::check),
    ("client_bytes", client_bytes::check),
    ("pair", pair::check),
    ("status", status::check),
    ("text", text::check),
    ("legacy", legacy::check),
    ("telemetry", telemetry::check),
    ("command", command::check),
];
