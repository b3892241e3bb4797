//! Explores one model to its end and says what came out
//!
//! Two searches, since each sees what the other cannot: stateright's, for what holds in every state and what is met in
//! some; and that of [`crate::cycles`], for what deliveries alone lead to. It knows no property.

use std::collections::HashSet;
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::time::{Duration, Instant};

use ahash::RandomState;
use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::cycles::{self, Delivers, Searched};

/// What came out
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The model's name
    pub name: String,
    /// States that can be reached
    pub states: usize,
    /// Steps taken between them, those to known states too
    pub steps: usize,
    /// Longest sequence of deliveries
    pub longest: usize,
    /// How long both searches took
    pub time: Duration,
    /// What does not hold, with the way that leads there
    pub broken: Vec<String>,
}

/// The columns of [`Outcome`]'s line
pub const HEAD: &str = "model             states       steps  deliveries in a row      time";

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, steps, longest, time, broken } = self;
        write!(f, "{name:<14} {states:>9} {steps:>11} {longest:>20} {:>8.1}s", time.as_secs_f32())?;
        broken.iter().try_for_each(|broken| write!(f, "\n  {broken}"))
    }
}

/// Explores all of `model` on so many threads
///
/// Depth first, so that the states that wait are few; a way that leads to a violation is not the shortest then
/// ([`shortest`] finds that).
pub fn explore<M>(name: &str, model: M, threads: usize) -> Outcome
where
    M: Delivers + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + PartialEq,
{
    let started = Instant::now();
    let failure = HasDiscoveries::AnyFailures;
    let checker = model.checker().threads(threads).finish_when(failure).spawn_dfs().join();
    let mut broken = Vec::new();
    for property in checker.model().properties() {
        let discovery = checker.discovery(property.name);
        match property.expectation {
            Expectation::Sometimes if discovery.is_none() => broken.push(format!("never met: {}", property.name)),
            Expectation::Always | Expectation::Eventually => {
                let way = discovery.map(Path::into_actions);
                broken.extend(way.map(|way| format!("does not hold: {}, after {way:?}", property.name)));
            }
            Expectation::Sometimes => {}
        }
    }
    let mut longest = 0;
    // Behind a violation there is no need to search on.
    if broken.is_empty() {
        match cycles::search(checker.model()) {
            Ok(Searched { states, longest: found, .. }) => {
                longest = found;
                if states != checker.unique_state_count() {
                    broken.push(format!("the two searches differ: {states} states in the second"));
                }
            }
            Err(state) => broken.push(format!("deliveries lead back to where they began: {state:?}")),
        }
    }
    let (states, steps) = (checker.unique_state_count(), checker.state_count());
    Outcome { name: name.to_owned(), states, steps, longest, time: started.elapsed(), broken }
}

/// A shortest way to a violation of `property`, which its last step brings about, and how many states were seen until then
///
/// A search of its own, breadth first: what stateright keeps as a discovery may go on behind the violation.
///
/// # Panics
/// When the model has no such property.
pub fn shortest<M>(model: &M, property: &str) -> (Option<Vec<M::Action>>, usize)
where
    M: Model,
    M::State: Clone + Hash,
    M::Action: Clone,
{
    let properties = model.properties();
    let property = properties.iter().find(|known| known.name == property).expect("a property of the model");
    let hasher = RandomState::with_seeds(1, 2, 3, 4);
    let mut seen = HashSet::new();
    let mut states: Vec<Reached<M::State, M::Action>> = Vec::new();
    let mut known = |state: &M::State| !seen.insert(hasher.hash_one(state));
    for state in model.init_states() {
        if !known(&state) {
            states.push(Reached { state, by: None });
        }
    }
    let mut actions = Vec::new();
    let mut at = 0;
    while let Some(reached) = states.get(at) {
        let state = reached.state.clone();
        if !(property.condition)(model, &state) {
            return (Some(way(&states, at)), states.len());
        }
        model.actions(&state, &mut actions);
        for action in actions.drain(..) {
            if let Some(next) = model.next_state(&state, action.clone())
                && !known(&next)
            {
                states.push(Reached { state: next, by: Some((at, action)) });
            }
        }
        at += 1;
    }
    (None, states.len())
}

/// A state, and by which step from which one it was reached first
struct Reached<S, A> {
    state: S,
    by: Option<(usize, A)>,
}

/// The steps that lead to the state of this number
fn way<S, A: Clone>(states: &[Reached<S, A>], mut at: usize) -> Vec<A> {
    let mut way = Vec::new();
    while let Some((before, action)) = &states[at].by {
        way.push(action.clone());
        at = *before;
    }
    way.reverse();
    way
}
