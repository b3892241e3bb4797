//! The check is checked: each fault is found, and by the property that is there for it

use model::bounds::SPLITS;
use model::explore::shortest;
use model::findings::FINDINGS;
use model::{Pair, cycles, properties};
use proto_core::fault::Fault;

#[test]
fn every_fault_is_found_by_the_property_that_is_there_for_it() {
    for finding in FINDINGS {
        let (way, states) = shortest(Pair::with(finding.bounds, finding.fault), finding.property);
        let Some(way) = way else {
            panic!("{:?} breaks not {:?} in {:?}", finding.fault, finding.property, finding.bounds.name);
        };
        println!(
            "{:?} breaks {:?} in {:?}, state {states}: {way:?}",
            finding.fault, finding.property, finding.bounds.name
        );
    }
}

#[test]
fn every_fault_there_is_has_a_finding() {
    for fault in Fault::ALL {
        assert!(FINDINGS.iter().any(|finding| finding.fault == fault), "{fault:?}");
    }
}

#[test]
fn every_property_finds_a_fault() {
    for property in properties::ALL {
        assert!(FINDINGS.iter().any(|finding| finding.property == property), "{property}");
    }
}

#[test]
fn echoes_without_end_are_a_cycle_of_deliveries() {
    assert!(cycles::search(&Pair::with(SPLITS, Fault::EchoInDefault)).is_err());
}
