//! Whatever a server sends: the client does what [`reference`](crate::reference) does, however the bytes are split
//!
//! Input: flags (1: strict), four commands before the stream, where in it four more are typed and which, sizes of the
//! pieces, then the server's stream. A command has two bits: 0 nothing, 1 `ping 7`, 2 `ping 8`, 3 `stop`.

use proto_core::{Client, State, client};

use crate::bytes::handshake;
use crate::input::{Input, Sizes};
use crate::machine::{Driven, NOW};
use crate::reference::client::{Client as Reference, Command, Typed};

/// An input taken apart
pub struct Case<'d> {
    /// Whether an oversize Response is an error
    pub strict: bool,
    /// What the server sends
    pub stream: &'d [u8],
    /// What is typed meanwhile
    pub typed: Vec<Typed>,
    sizes: Sizes,
}

impl<'d> Case<'d> {
    /// Takes an input apart
    #[must_use]
    pub fn new(data: &'d [u8]) -> Self {
        let mut input = Input::new(data);
        let strict = input.byte() & 1 != 0;
        let before = input.byte();
        let middle = u16::from_le_bytes(input.array());
        let in_middle = input.byte();
        let sizes = input.sizes();
        let stream = input.rest();
        let middle = usize::from(middle) % (stream.len() + 1);
        let typed = commands(0, before).chain(commands(middle, in_middle)).collect();
        Self { strict, stream, typed, sizes }
    }
}

/// Panics where something does not hold
pub fn check(data: &[u8]) {
    let Case { strict, stream, typed, sizes } = Case::new(data);
    let whole = run(stream, strict, &typed, Sizes::WHOLE);
    whole.assert_same(&run(stream, strict, &typed, sizes));
    whole.assert_same(&run(stream, strict, &typed, Sizes::SINGLE));

    let hello = handshake(1);
    let mut reference = Reference::read(stream, strict, &typed, &hello);
    assert_eq!(whole.failure, reference.outcome.failure);
    assert_eq!(whole.log, reference.outcome.log);
    assert_eq!(whole.sent, reference.outcome.sent);

    let mut waited = whole.clone();
    waited.wait();
    assert!(
        waited.failure.is_some() || waited.machine.state() == State::Default,
        "an exchange outlives every time-out"
    );
    let mut ended = whole;
    ended.end(sizes);
    reference.end();
    assert_eq!(ended.failure, reference.outcome.failure);
    assert_eq!(ended.log, reference.outcome.log);
    assert_eq!(ended.sent, reference.outcome.sent);
}

fn commands(at: usize, bits: u8) -> impl Iterator<Item = Typed> {
    [bits & 3, bits >> 2 & 3, bits >> 4 & 3, bits >> 6].into_iter().filter_map(move |command| {
        let command = match command {
            0 => return None,
            3 => Command::Stop,
            // Those of the shared vectors.
            payload => Command::Ping(6 + i64::from(payload)),
        };
        Some(Typed { at, command })
    })
}

fn run(stream: &[u8], strict: bool, typed: &[Typed], sizes: Sizes) -> Driven<Client> {
    let config = client::Config { strict, ..client::Config::new("localhost", 25_565) };
    let mut client = Driven::new(Client::new(&config).expect("a short host"));
    let mut at = 0;
    for typed in typed {
        client.offer(&stream[at..typed.at], sizes);
        at = typed.at;
        // What is refused changes nothing: the reference sees to that.
        let _refused = match typed.command {
            Command::Ping(payload) => client.machine.ping(NOW, payload),
            Command::Stop => client.machine.stop(),
        };
        client.transmit(sizes);
        assert!(client.machine.abandoned() <= 4);
    }
    client.offer(&stream[at..], sizes);
    client
}
