//! Whatever the network does to a stream's pieces, the machines see the same stream (PROTOCOL.md §1)
//!
//! Round trips of what is encoded, and the one property on which everything else here rests: any split of any byte
//! stream gives the same events, the same answers and the same error at the same byte as the whole.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test that fails panics; only what a peer reaches must not"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proto_core::client::Event as C;
use proto_core::packet::{MAX_CLIENTBOUND_FRAME, NextState, REQUEST, State, encode_handshake, encode_ping};
use proto_core::server::Event as S;
use proto_core::testing::{Endpoint, Happened, Pair, Setup, Subject, frame, handshake, ping, response, string};
use proto_core::wire::cursor::Cursor;
use proto_core::wire::{frame as head, varint};
use proto_core::{Client, Instant, Machine};

fn now() -> Instant {
    Setup::default().start
}

/// Offers `stream` in pieces of `sizes`, over and over
fn offer<M: Subject>(side: &mut Endpoint<M>, stream: &[u8], sizes: &[usize])
where
    M::Event<'static>: Clone,
{
    let mut sizes = sizes.iter().copied().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        side.offer(now(), piece);
        rest = behind;
    }
}

/// A stream of pieces that mean something, some of them bent
fn stream(valid: impl Strategy<Value = Vec<u8>> + Clone + 'static) -> impl Strategy<Value = Vec<u8>> {
    let bent = (valid.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, index, byte)| {
        if !bytes.is_empty() {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    let cut = (valid.clone(), any::<prop::sample::Index>()).prop_map(|(mut bytes, index)| {
        bytes.truncate(index.index(bytes.len() + 1));
        bytes
    });
    let pieces = prop_oneof![12 => valid, 2 => bent, 1 => cut, 1 => vec(any::<u8>(), 0..12)];
    vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zä€😀\u{0}]{0,12}", 1 => "[ä€😀]{250,262}", 1 => "[a-z]{250,262}"]
}

fn payload() -> impl Strategy<Value = i64> {
    prop_oneof![0..3_i64, any::<i64>()]
}

fn serverbound() -> impl Strategy<Value = Vec<u8>> + Clone {
    let overlong = [1, 0x80, 0x00];
    prop_oneof![
        4 => (any::<i32>(), address(), any::<u16>(), prop_oneof![6 => 0..2_u8, 1 => 2..6_u8]).prop_map(
            |(version, address, port, next)| {
                let (version, len) = varint::encode(version);
                frame(0, &[&version[..len], &string(&address), &port.to_be_bytes(), &[next]].concat())
            }
        ).boxed(),
        3 => Just(REQUEST.to_vec()).boxed(),
        1 => Just([&[2][..], &overlong[1..]].concat()).boxed(),
        4 => payload().prop_map(ping).boxed(),
        1 => (2..300_i32, vec(any::<u8>(), 0..20)).prop_map(|(id, body)| frame(id, &body)).boxed(),
        1 => Just(vec![0xFE, 0x01, 0xFA]).boxed(),
        1 => Just(vec![0xFE]).boxed(),
    ]
    .boxed()
}

fn clientbound() -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        4 => "[a-z{}\"ä€😀]{0,30}".prop_map(|text| response(&text)).boxed(),
        1 => ("[aä€😀]{0,9}", vec(any::<u8>(), 1..9))
            .prop_map(|(text, behind)| frame(0, &[string(&text), behind].concat())).boxed(),
        1 => Just(REQUEST.to_vec()).boxed(),
        5 => payload().prop_map(ping).boxed(),
        1 => (payload(), vec(any::<u8>(), 1..9))
            .prop_map(|(payload, behind)| frame(1, &[&payload.to_be_bytes()[..], &behind].concat())).boxed(),
        1 => (2..300_i32, vec(any::<u8>(), 0..20)).prop_map(|(id, body)| frame(id, &body)).boxed(),
    ]
    .boxed()
}

/// A client before the stream: which pings and stops came first, all transmitted
fn client(strict: bool, commands: &[Option<i64>]) -> Endpoint<Client> {
    let mut client = Pair::new(&Setup { strict, ..Setup::default() }).client;
    for command in commands {
        let _may_be_refused = match command {
            Some(payload) => client.machine.ping(now(), *payload),
            None => client.machine.stop(),
        };
    }
    client.settle(now());
    client
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 1_500 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_a_client_s_stream_gives_the_server_the_same(
        stream in stream(serverbound()),
        in_status: bool,
        legacy: bool,
        pings in vec(0..3_i64, 0..5),
        sizes in vec(1..20_usize, 1..8),
    ) {
        let mut whole = Pair::new(&Setup { legacy, ..Setup::default() }).server;
        if in_status {
            whole.offer(now(), &handshake(NextState::Status));
        }
        for payload in pings {
            let _may_be_skipped = whole.machine.ping(payload);
        }
        whole.settle(now());
        let mut split = whole.clone();
        let mut bytes = whole.clone();
        whole.offer(now(), &stream);
        offer(&mut split, &stream, &sizes);
        offer(&mut bytes, &stream, &[1]);
        prop_assert_eq!(whole.happened(), split.happened());
        prop_assert_eq!(whole.happened(), bytes.happened());
        prop_assert_eq!(&whole.sent, &split.sent);
        prop_assert_eq!(&whole.sent, &bytes.sent);
        if whole.failure().is_none() {
            prop_assert_eq!(&whole.machine, &bytes.machine, "even the state within a half-read frame is the same");
        }
    }

    #[test]
    fn any_split_of_a_server_s_stream_gives_the_client_the_same(
        stream in stream(clientbound()),
        strict: bool,
        commands in vec(prop_oneof![(0..3_i64).prop_map(Some), Just(None)], 0..8),
        sizes in vec(1..20_usize, 1..8),
    ) {
        let mut whole = client(strict, &commands);
        let mut split = whole.clone();
        let mut bytes = whole.clone();
        whole.offer(now(), &stream);
        offer(&mut split, &stream, &sizes);
        offer(&mut bytes, &stream, &[1]);
        prop_assert_eq!(whole.happened(), split.happened());
        prop_assert_eq!(whole.happened(), bytes.happened());
        prop_assert_eq!(&whole.sent, &split.sent);
        prop_assert_eq!(&whole.sent, &bytes.sent);
        if whole.failure().is_none() {
            prop_assert_eq!(&whole.machine, &bytes.machine, "even the state within a half-read frame is the same");
        }
    }

    #[test]
    fn random_bytes_never_panic(
        stream in vec(any::<u8>(), 0..4_000),
        commands in vec(prop_oneof![(0..3_i64).prop_map(Some), Just(None)], 0..8),
        size in 1..600_usize,
    ) {
        let mut client = client(false, &commands);
        offer(&mut client, &stream, &[size]);
        client.incoming.close();
        client.settle(now());
        let mut server = Pair::default().server;
        offer(&mut server, &stream, &[size]);
        server.incoming.close();
        server.settle(now());
        prop_assert!(client.machine.is_finished() && server.machine.is_finished());
        prop_assert!(client.failure().is_none_or(|error| !error.to_string().is_empty()));
    }

    #[test]
    fn a_varint_comes_back(value: i32, behind: u8) {
        let (bytes, len) = varint::encode(value);
        let bytes = [&bytes[..len], &[behind]].concat();
        let mut input = Cursor::new(&bytes);
        prop_assert_eq!(varint::Decoder::new().decode(&mut input), Ok(Some(value)));
        prop_assert_eq!((input.consumed(), varint::encoded_len(value)), (len, len));
    }

    #[test]
    fn an_overlong_varint_is_the_same_number(value in 0..0x0FFF_FFFF_i32, longer in 1..5_usize) {
        let (bytes, len) = varint::encode(value);
        let mut bytes = bytes[..len].to_vec();
        for _ in 0..longer.min(varint::MAX_LEN - len) {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
        }
        prop_assert_eq!(varint::Decoder::new().decode(&mut Cursor::new(&bytes)), Ok(Some(value)));
    }

    #[test]
    fn a_handshake_comes_back(version: i32, address in "[a-zä€😀]{0,60}", port: u16, next in 0..4_i32) {
        let next_state = NextState::try_from(next).unwrap();
        let mut server = Pair::default().server;
        server.offer(now(), &encode_handshake(version, &address, port, next_state).unwrap());
        let expected = S::Handshake { protocol_version: version, server_port: port, next_state };
        prop_assert!(server.events().contains(&expected));
        let text = Happened::Text(address.clone());
        prop_assert!(address.is_empty() || server.happened().contains(&text));
    }

    #[test]
    fn a_ping_comes_back(payload: i64) {
        let mut client = Pair::default().client;
        client.offer(now(), &encode_ping(payload));
        prop_assert_eq!(client.events(), [C::ServerPing { payload }]);
        prop_assert_eq!(client.sent, encode_ping(payload));
    }

    #[test]
    fn a_head_of_any_bytes_is_the_same_by_bytes(bytes in vec(any::<u8>(), 0..12)) {
        let mut input = Cursor::new(&bytes);
        let whole = head::Decoder::new().decode(&mut input, MAX_CLIENTBOUND_FRAME);
        let consumed = input.consumed();
        let mut decoder = head::Decoder::new();
        let mut single = Ok(None);
        let mut taken = 0;
        while single == Ok(None) && taken < bytes.len() {
            single = decoder.decode(&mut Cursor::new(&bytes[taken..=taken]), MAX_CLIENTBOUND_FRAME);
            taken += 1;
        }
        prop_assert_eq!((whole, consumed), (single, taken));
    }
}

#[test]
fn a_response_of_each_length_around_the_varint_s_bounds() {
    // The text's length and the frame's length, each on both sides of where another byte is needed.
    for around in [127, 128, 16_383, 16_384] {
        for length in around - 6..=around + 1 {
            let mut client = client(false, &[Some(7)]);
            client.sent.clear();
            let bytes = response(&"x".repeat(length));
            // Byte by byte, but for long ones where Miri takes long for them.
            offer(&mut client, &bytes, &[if cfg!(miri) && around > 1_000 { 1_000 } else { 1 }]);
            assert!(client.happened().contains(&Happened::Text("x".repeat(length))), "{length}");
            assert_eq!(client.sent, ping(7), "{length}");
        }
    }
    let longest = usize::try_from(MAX_CLIENTBOUND_FRAME).unwrap();
    for (body, good) in [(longest - 1, true), (longest, false)] {
        let mut client = client(false, &[Some(7)]);
        offer(&mut client, &frame(2, &vec![0; body]), &[65_536]);
        assert_eq!(client.failure().is_none(), good, "{body}");
    }
}

#[test]
fn an_unknown_packet_of_each_length_is_skipped_to_its_last_byte() {
    for body in [0, 1, 126, 127, 128, 797] {
        let mut server = Pair::default().server;
        let stream = [frame(2, &vec![0xFE; body]), handshake(NextState::Status)].concat();
        offer(&mut server, &stream, &[1]);
        assert_eq!(server.machine.state(), State::Status, "{body}");
    }
}
