//! The checks are checked: each mistake that a core could make is noticed over the corpus, by the target that is there for it
//!
//! A mistake that no check can see stands in [`UNSEEN`] with the reason, and fails the test once one sees it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::path::Path;

use proto_core::fault::Fault;
use proto_core_fuzz::mistake::{Mistake, make};
use proto_core_fuzz::{TARGETS, Target};

/// Targets that step a machine
const MACHINES: [&str; 3] = ["client_bytes", "server_bytes", "pair"];

/// Faults of the machines that no check of a fuzzer's notices, and why
const UNSEEN: [(Fault, &str); 0] = [];

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
fn every_fault_of_a_machine_is_noticed_or_stands_with_its_reason() {
    without_words();
    let mut wrong = Vec::new();
    for fault in Fault::ALL {
        let by = MACHINES.into_iter().find(|name| notices(target(name), Mistake::Machine(fault)));
        println!("{fault:?}: {}", by.unwrap_or("unseen"));
        if by.is_none() != UNSEEN.iter().any(|(unseen, reason)| *unseen == fault && reason.len() > 20) {
            wrong.push((fault, by));
        }
    }
    assert!(wrong.is_empty(), "noticed by nobody, or noticed although it is listed: {wrong:?}");
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
