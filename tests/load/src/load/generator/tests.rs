//! Tests of the generator against servers that are right, and wrong in one thing each

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use slp_load::wire;

use super::*;

const TEXT: &[u8] = br#"{"online":1}"#;

/// Serves sessions and pings, with this text and with this done to the payload of each Pong
fn server(text: &'static [u8], spoil: fn(&mut [u8])) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let (mut heard, mut buffer) = (Vec::new(), [0; 256]);
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    heard.extend(&buffer[..count]);
                    let mut answer = Vec::new();
                    while let Some(frame) = wire::frame(&heard).unwrap() {
                        let (len, mut copy) = (frame.len, heard[..frame.len].to_vec());
                        match (frame.id, frame.body.len()) {
                            (wire::STATUS, 0) => answer.extend(wire::response(text)),
                            (wire::PING, _) => {
                                spoil(&mut copy);
                                answer.extend(copy);
                            }
                            _ => {}
                        }
                        heard.drain(..len);
                    }
                    if stream.write_all(&answer).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

fn generator(server: SocketAddr) -> Generator {
    Generator::new(server, Document::new(TEXT)).unwrap()
}

fn phase(script: Script, after: After, most: u64) -> Phase {
    Phase { script, after, connections: 4, most, time: Duration::from_mins(1) }
}

#[test]
fn sessions_are_as_many_as_asked_for() {
    let mut generator = generator(server(TEXT, |_| {}));
    let outcome = generator.run(&phase(Script::Session, After::Close, 50)).unwrap();
    assert_eq!((outcome.operations(), outcome.errors, &outcome.first_error), (50, 0, &None));
    assert!(Duration::ZERO < outcome.percentile(50) && outcome.percentile(50) <= outcome.percentile(99));
}

#[test]
fn kept_connections_are_pinged_again_and_again() {
    let mut generator = generator(server(TEXT, |_| {}));
    let kept = generator.run(&phase(Script::Session, After::Keep, 9)).unwrap();
    assert_eq!((kept.operations(), kept.errors, generator.lost()), (9, 0, 0));
    let pinged = generator.run(&phase(Script::Ping, After::Again, 100)).unwrap();
    assert_eq!((pinged.operations(), pinged.errors, generator.lost()), (100, 0, 0));
}

#[test]
fn wrong_answers_are_counted_and_end_the_run() {
    for (server, said) in [
        (server(TEXT, |frame| frame[9] ^= 1), "the Pong is not what was asked for"),
        (server(TEXT, |frame| frame[1] = 0), "the Pong is not what was asked for"),
        (server(br#"{"online":1 }"#, |_| {}), "the Response is not what was asked for"),
    ] {
        let outcome = generator(server).run(&phase(Script::Session, After::Close, u64::MAX)).unwrap();
        assert!(outcome.errors >= ENOUGH && outcome.operations() == 0, "{outcome:?}");
        assert!(outcome.first_error.as_deref().unwrap().starts_with(said), "{outcome:?}");
    }
}

#[test]
fn server_that_is_not_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = generator(address).run(&phase(Script::Session, After::Close, u64::MAX)).unwrap();
    assert!(outcome.errors >= ENOUGH && outcome.operations() == 0, "{outcome:?}");
}

#[test]
fn percentiles_are_times_that_were_measured() {
    let outcome = |times: &[u64]| Outcome { times: times.to_vec(), ..Outcome::default() };
    let hundred: Vec<u64> = (1..=100).collect();
    assert_eq!(outcome(&hundred).percentile(50), Duration::from_nanos(50));
    assert_eq!(outcome(&hundred).percentile(99), Duration::from_nanos(99));
    assert_eq!(outcome(&[7]).percentile(99), Duration::from_nanos(7));
    assert_eq!(outcome(&[]).percentile(50), Duration::ZERO);
}
