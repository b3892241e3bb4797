//! The check is checked: each fault is found, and by the property that is there for it
use model::Pair;
use model::bounds::*;
use proto_core::fault::Fault;
use stateright::{Checker, HasDiscoveries, Model};

#[test]
fn explore() {
    for fault in Fault::ALL {
        println!("{fault:?}");
        for b in SMALL {
            let t = std::time::Instant::now();
            let mut found = vec![];
            let c = Pair::with(*b, fault).checker().threads(2).target_state_count(400_000).spawn_bfs().join();
            for p in c.model().properties() {
                if p.expectation.discovery_is_failure()
                    && let Some(d) = c.discovery(p.name)
                {
                    found.push((p.name, d.into_actions().len()));
                }
            }
            println!("  {} {:?} {:?}", b.name, t.elapsed(), found);
        }
    }
    let _ = HasDiscoveries::All;
}

#[test]
fn cyc() {
    for b in SMALL {
        let t = std::time::Instant::now();
        println!("{} {:?} {:?}", b.name, model::cycles::search(&Pair::new(*b)).map_err(|_| ()), t.elapsed());
    }
    println!("{:?}", model::cycles::search(&Pair::with(SPLITS, Fault::EchoInDefault)).map_err(|_| ()));
}
