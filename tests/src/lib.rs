//! Harness of the tests across the crates: the real program, and peers of every kind around it
//!
//! A test starts what it needs, tells it what to do and waits for what must come of it. Nothing here waits for time to
//! pass: each wait is for a condition, has a deadline, and says what it waited for and what came instead. All sockets are
//! on ephemeral ports of the loopback, each process has a home folder of its own and ends with the value that stands for
//! it. Packets are put together here anew and not with proto-core, so that a mistake there is seen.
#![expect(
    clippy::missing_panics_doc,
    reason = "every wait and every expectation of a harness panics where it is not met; that is what it is for"
)]
#![expect(
    clippy::must_use_candidate,
    reason = "what a step of a test returns is for the tests that want to look at it"
)]

pub mod closed;
pub mod device;
pub mod events;
pub mod fake;
pub mod foreign;
pub mod home;
pub mod lines;
pub mod packets;
pub mod peer;
pub mod process;
pub mod proxy;
pub mod running;
pub mod screen;
pub mod vectors;
pub mod wire;

use std::time::Duration;

pub use closed::ClosedPort;
pub use device::Device;
pub use fake::FakeServer;
pub use home::Home;
pub use peer::Peer;
pub use process::{Output, Slp};
pub use proxy::Proxy;
pub use running::{Client, Running, Server};
pub use wire::Wire;

/// How long a test waits for what must come; far more than a loaded machine needs, since only a failure waits it out
pub const DEADLINE: Duration = Duration::from_mins(1);
