//! The checks are checked: each mistake that a core could make is noticed over the corpus, by the target that is there for it
//!
//! A fault of a machine that its own target cannot see stands in [`BY_PAIR`] with the reason: the pair has to, then, and the
//! test fails once its own target does see it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::Path;

use proto_core::fault::Fault;
use proto_core_fuzz::mistake::{Mistake, make};
use proto_core_fuzz::{TARGETS, Target};

/// Targets that step a machine
const MACHINES: [&str; 3] = ["client_bytes", "server_bytes", "pair"];

/// Faults of a machine that only the pair notices, and why
const BY_PAIR: [(Fault, &str); 5] = [
    (Fault::FifthAbandoned, "eight commands begin and stop four exchanges, and there is none left for a fifth"),
    (Fault::TimeoutForgets, "time passes behind the stream only, so that nothing comes after a time-out"),
    (Fault::OtherLimit, "which limit has passed is what the second reading, which has no clock, cannot know"),
    (Fault::CommandsBehindEnd, "nothing is typed behind the end of the stream"),
    (Fault::AnswerOvertakesPings, "what the server sends is sent at once, so that no ping waits when an answer comes"),
];

/// Every seed of a target
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn target(name: &str) -> Target {
    TARGETS.into_iter().find(|(target, _)| *target == name).unwrap()
}

/// Whether the target's check fails for any of its seeds while the mistake is made
fn notices((name, check): Target, mistake: Mistake) -> bool {
    make(Some(mistake));
    let noticed = seeds(name).iter().any(|seed| catch_unwind(AssertUnwindSafe(|| check(seed))).is_err());
    make(None);
    noticed
}

/// The panics that are looked for are not to be told, only those of the tests here
fn without_words() {
    set_hook(Box::new(|panic| {
        if std::thread::current().name().is_some()
            && panic.location().is_some_and(|at| at.file().ends_with("broken.rs"))
        {
            eprintln!("{panic}");
        }
    }));
}

#[test]
fn every_fault_of_a_machine_is_noticed_by_its_own_target_or_for_a_reason_by_the_pair() {
    without_words();
    let mut wrong = Vec::new();
    // The client's come first.
    let servers = Fault::ALL.iter().position(|fault| *fault == Fault::EchoInDefault).unwrap();
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let own = if number < servers { "client_bytes" } else { "server_bytes" };
        let by = |name| notices(target(name), Mistake::Machine(fault));
        let (by_own, excused) = (by(own), BY_PAIR.iter().any(|(known, reason)| *known == fault && reason.len() > 20));
        println!("{fault:?}: {}", if by_own { own } else { "pair" });
        if by_own == excused || excused && !by("pair") {
            wrong.push((fault, own));
        }
    }
    assert!(wrong.is_empty(), "not noticed, or noticed although it is listed: {wrong:?}");
}

#[test]
fn every_mistake_is_noticed_by_its_target() {
    without_words();
    let unseen: Vec<_> = Mistake::ALL.into_iter().filter(|(name, mistake)| !notices(target(name), *mistake)).collect();
    assert!(unseen.is_empty(), "not noticed: {unseen:?}");
}

#[test]
fn every_target_has_a_mistake_to_notice() {
    for (name, _) in TARGETS {
        assert!(MACHINES.contains(&name) || Mistake::ALL.iter().any(|(target, _)| *target == name), "{name}");
    }
}

#[test]
fn without_a_mistake_nothing_is_noticed() {
    for (name, check) in TARGETS {
        for seed in seeds(name) {
            check(&seed);
        }
    }
}
