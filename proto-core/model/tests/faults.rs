//! The check is checked: each fault is found, and by the property that is there for it

use model::bounds::{LARGE, SMALL, SPLITS};
use model::findings::{FINDINGS, Place};
use model::foreign::{ClosingServer, SilentClient, closing_server, silent_client};
use model::{Pair, cycles, properties};
use proto_core::fault::Fault;
use stateright::{Expectation, Model};

#[test]
fn every_fault_is_found_by_the_property_that_is_there_for_it() {
    for finding in FINDINGS {
        let (fault, place, property) = (finding.fault, finding.place.name(), finding.property);
        let (way, states) = finding.way();
        let Some(way) = way else { panic!("{fault:?} breaks not {property:?} in {place:?}") };
        println!("{fault:?} breaks {property:?} in {place:?}, state {states}: {way}");
    }
}

/// Without `fast` the machines tell every character by itself, so that there the fault loses whole ones, too
#[cfg(feature = "fast")]
#[test]
fn character_that_is_lost_where_two_reads_split_it_is_lost_nowhere_else() {
    for finding in FINDINGS.iter().filter(|finding| finding.fault == Fault::SplitAddressUntold) {
        let (way, _) = finding.way();
        let reads = way.as_ref().map_or(0, |way| way.matches("ServerReceives").count());
        assert!(reads >= 2, "{way:?}");
    }
}

#[test]
fn every_fault_there_is_has_a_finding() {
    for fault in Fault::ALL {
        assert!(FINDINGS.iter().any(|finding| finding.fault == fault), "{fault:?}");
    }
}

#[test]
fn every_property_of_each_model_finds_a_fault() {
    let finds = |is_it: fn(Place) -> bool, all: &[&str]| {
        for property in all {
            let found = FINDINGS.iter().any(|finding| is_it(finding.place) && finding.property == *property);
            assert!(found, "{property}");
        }
    };
    finds(|place| matches!(place, Place::Pair(_)), &properties::ALL);
    finds(|place| matches!(place, Place::SilentClient(..)), &silent_client::ALL);
    finds(|place| matches!(place, Place::ClosingServer), &closing_server::ALL);
}

#[test]
fn every_property_that_always_holds_is_one_of_those() {
    fn always<M: Model>(model: &M) -> Vec<&'static str> {
        let kept = model.properties().into_iter().filter(|property| property.expectation == Expectation::Always);
        kept.map(|property| property.name).collect()
    }
    for bounds in SMALL.iter().chain(LARGE) {
        assert_eq!(always(&Pair::new(*bounds)), properties::ALL, "{}", bounds.name);
    }
    assert_eq!(always(&SilentClient::new(1, 1).leaving()), silent_client::ALL);
    assert_eq!(always(&ClosingServer::new(1, 1)), closing_server::ALL);
}

#[test]
fn echoes_without_end_are_a_cycle_of_deliveries() {
    assert!(cycles::search(&Pair::with(SPLITS, Fault::EchoInDefault)).is_err());
}
