//! Addresses that are given for a while, kept, changed and taken away, and the connection that stands on them

use std::net::Ipv4Addr;

use proto_core::telemetry::{Reason, Report, code};

use super::lease::{Dhcp, asks};
use super::world::{Peer, World};
use super::{SERVER, response};

const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 16);

const fn lease(address: Ipv4Addr) -> Dhcp {
    Dhcp::Gives { address, seconds: 60, name_server: None }
}

fn leased(peer: Peer, settings: &str) -> World {
    let mut world = World::with_settings(peer, settings);
    world.dhcp = lease(FIRST);
    world.run_until_shown("address 10.0.2.15/24, gateway 10.0.2.2 (DHCP)");
    world
}

fn connected() -> World {
    let mut world = leased(Peer::Server(response("x")), SERVER);
    world.run_until_shown("connected to 10.0.2.2:25565");
    world
}

/// Runs until the address is lost; the peer's end of the connection, which nobody tells, goes with it
fn lose(world: &mut World) {
    world.run_until_shown("the address was lost");
    world.reset();
}

/// What the device has told of its addresses and connections
fn story(world: &World) -> Vec<String> {
    let told = |report: Report| match report {
        Report::Address { address, .. } => Some(address.to_string()),
        Report::Connected { .. } => Some("connected".to_owned()),
        Report::Disconnected { reason } => Some(reason.to_string()),
        _ => None,
    };
    world.reports().into_iter().filter_map(told).collect()
}

/// Where the frames come from that the device has sent since it had sent so many, those that ask for an address left out
fn sources(world: &World, since: usize) -> Vec<Ipv4Addr> {
    let source = |frame: &Vec<u8>| frame[26..].first_chunk().map(|&octets: &[u8; 4]| octets.into());
    let is_ip = |frame: &&Vec<u8>| frame[12..14] == [8, 0] && !asks(frame);
    world.sent[since..].iter().filter(is_ip).filter_map(source).collect()
}

#[test]
fn lease_that_is_renewed_keeps_the_connection() {
    let mut world = connected();
    let before = world.asked();
    for renewals in 1..=5 {
        world.run_until("a renewal", |world| world.asked() == before + renewals);
    }
    assert!(world.seconds() > 120.0, "{}: it would have ended twice", world.seconds());
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    assert_eq!(story(&world), ["10.0.2.15", "connected"]);
}

#[test]
fn lease_that_ends_takes_the_connection_with_it_and_another_address_brings_it_back() {
    let mut world = connected();
    world.dhcp = Dhcp::Silent;
    lose(&mut world);
    assert!((60.0..61.0).contains(&world.seconds()), "{}", world.seconds());
    let sent = world.sent.len();
    world.type_line("ping 1");
    world.run_until_shown("\"ping\" needs a connection; there is none to 10.0.2.2:25565 yet");
    let until = world.seconds() + 100.0;
    world.run_until("a long time without", |world| world.seconds() > until);
    assert!(world.sent[sent..].iter().all(|frame| asks(frame)), "a device without an address only asks for one");
    assert!(!world.has_shown("next attempt in"), "there is none: {:#?}", world.console());
    world.dhcp = lease(SECOND);
    world.run_until_shown("address 10.0.2.16/24");
    world.run_until("another connection", |world| story(world).len() == 5);
    world.type_line("ping 2");
    world.run_until_shown("pong 2");
    assert_eq!(story(&world), ["10.0.2.15", "connected", "the network went away", "10.0.2.16", "connected"]);
    let sources = sources(&world, sent);
    assert!(!sources.is_empty() && sources.iter().all(|source| *source == SECOND), "{sources:?}");
}

#[test]
fn renewal_that_gives_another_address_ends_what_stood_on_the_first() {
    let mut world = connected();
    world.dhcp = lease(SECOND);
    let sent = world.sent.len();
    lose(&mut world);
    world.run_until_shown("address 10.0.2.16/24");
    world.run_until("another connection", |world| story(world).len() == 5);
    let moved = world.sent.len();
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    assert_eq!(story(&world), ["10.0.2.15", "connected", "the network went away", "10.0.2.16", "connected"]);
    assert!(sources(&world, moved).iter().all(|source| *source == SECOND));
    // At half of the lease, and not when the connection would have been given up.
    assert!(world.seconds() < 31.0, "{}", world.seconds());
    assert!(sources(&world, sent).contains(&SECOND));
}

/// Another router or name server is no other address
#[test]
fn renewal_that_changes_something_else_keeps_the_connection() {
    let mut world = connected();
    world.dhcp = Dhcp::Gives { address: FIRST, seconds: 60, name_server: Some(Ipv4Addr::new(10, 0, 2, 3)) };
    world.run_until("the renewal", |world| story(world).len() == 3);
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    assert_eq!(story(&world), ["10.0.2.15", "connected", "10.0.2.15"]);
}

#[test]
fn address_that_is_taken_back_is_lost_at_once() {
    let mut world = connected();
    world.dhcp = Dhcp::Refuses;
    lose(&mut world);
    assert!((30.0..31.0).contains(&world.seconds()), "{}: at the first renewal", world.seconds());
    world.dhcp = lease(FIRST);
    world.run_until("another connection", |world| story(world).len() == 5);
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
}

#[test]
fn cable_that_leads_to_another_network_brings_its_address() {
    let mut world = connected();
    world.plug(false);
    world.run_until_shown("the network cable is out");
    world.dhcp = lease(SECOND);
    world.plug(true);
    lose(&mut world);
    world.run_until("another connection", |world| story(world).len() == 5);
    // Within a second nobody is asked twice for its hardware address.
    assert!(world.seconds() < 1.1, "{}: nothing else is waited for", world.seconds());
    world.type_line("ping 1");
    world.run_until_shown("pong 1");
    assert_eq!(story(&world), ["10.0.2.15", "connected", "the network went away", "10.0.2.16", "connected"]);
}

/// There is no connection to lose: nothing of one is told, and the pause stays as it is
#[test]
fn address_that_is_lost_between_two_attempts_is_told_and_nothing_else() {
    let mut world = leased(Peer::Closed, SERVER);
    world.run_until_shown("refused the connection; next attempt in");
    world.dhcp = Dhcp::Refuses;
    world.run_until_shown("the address was lost");
    let refused = |world: &World| story(world).iter().filter(|told| told.contains("could not be reached")).count();
    let before = refused(&world);
    assert_eq!(story(&world).len(), 1 + before, "{:?}", story(&world));
    assert_eq!(world.console().iter().filter(|line| line.contains("next attempt in")).count(), before);
    world.dhcp = lease(SECOND);
    world.run_until("another attempt", |world| refused(world) > before);
    assert!(story(&world).contains(&"10.0.2.16".to_owned()), "{:?}", story(&world));
}

#[test]
fn address_that_is_lost_is_told_without_a_server_too() {
    let mut world = leased(Peer::Closed, "");
    world.dhcp = Dhcp::Silent;
    world.run_until_shown("the address was lost");
    assert!(!world.has_shown("next attempt in"), "{:#?}", world.console());
    world.dhcp = lease(SECOND);
    world.run_until_shown("address 10.0.2.16/24");
    assert_eq!(story(&world), ["10.0.2.15", "10.0.2.16"]);
}

#[cfg(feature = "dns")]
#[test]
fn name_that_nobody_can_be_asked_for_is_told_as_that() {
    let mut by_dhcp = World::with_settings(Peer::Closed, "server=mc.example.org");
    by_dhcp.dhcp = lease(FIRST);
    for mut world in [World::new(Peer::Closed, "server=mc.example.org"), by_dhcp] {
        world.run_until_shown("no name server is known; next attempt in");
        let failed = [
            Report::Error { code: code::NO_NAME_SERVER, numbers: [0; 2] },
            Report::Disconnected { reason: Reason::Unresolved },
        ];
        assert_eq!(world.reports()[2..4], failed);
    }
}

#[cfg(feature = "dns")]
#[test]
fn name_server_that_does_not_answer_is_no_fault_of_the_network_s() {
    let mut world = World::new(Peer::Closed, "server=mc.example.org dns=10.0.2.3");
    world.run_until_shown("the server's name could not be resolved; next attempt in");
    let failed = [
        Report::Error { code: code::UNRESOLVED, numbers: [0; 2] },
        Report::Disconnected { reason: Reason::Unresolved },
    ];
    assert_eq!(world.reports()[2..4], failed);
}

/// Our port, our first sequence number, and the transaction in which the address was asked for
fn chosen(entropy: u64, settings: &str) -> [u32; 3] {
    let mut world = World::with_entropy(Peer::Server(response("x")), &format!("{SERVER} {settings}"), entropy);
    world.dhcp = lease(FIRST);
    world.run_until_shown("connected to 10.0.2.2:25565");
    let number = |frame: &[u8], at: usize| u32::from_be_bytes(*frame[at..].first_chunk().unwrap());
    let opening = world.sent.iter().find(|frame| frame[23] == 6 && frame.get(47) == Some(&2)).expect("a SYN");
    let question = world.sent.iter().find(|frame| asks(frame)).expect("a question");
    [number(opening, 34) >> 16, number(opening, 38), number(question, 46)]
}

/// What a board has of randomness, or a seed among its settings, decides what others would have to guess
#[test]
fn boots_choose_by_their_entropy_and_their_seed() {
    let all = [chosen(7, ""), chosen(8, ""), chosen(7, "seed=1"), chosen(7, "seed=2"), chosen(u64::MAX, "seed=1")];
    assert_eq!(all[0], chosen(7, ""), "by nothing else");
    assert_eq!(all[0], chosen(7, "seed=0"), "none is zero");
    for (place, one) in all.iter().enumerate() {
        for other in &all[..place] {
            assert!((0..3).all(|what| one[what] != other[what]), "{all:x?}");
        }
    }
}
