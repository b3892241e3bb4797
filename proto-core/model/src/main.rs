//! Explores the models and prints how many states each has
fn main() {
    use stateright::{Checker, Model};
    for b in model::bounds::SMALL {
        let t = std::time::Instant::now();
        let c = model::Pair::new(*b).checker().threads(2).spawn_bfs().join();
        println!(
            "{:<10} {:>9} states {:>10} gen depth {} {:?}",
            b.name,
            c.unique_state_count(),
            c.state_count(),
            c.max_depth(),
            t.elapsed()
        );
        for p in c.model().properties() {
            let d = c.discovery(p.name);
            if d.is_some() == p.expectation.discovery_is_failure() {
                println!("   {:?} {} {:?}", p.expectation, p.name, d.map(|d| d.into_actions()));
            }
        }
    }
}
