//! Whether deliveries alone can go on for ever
//!
//! The checker's `eventually` takes a cycle for a path that ends well, so it cannot tell. This is a search of its own: of
//! every state that can be reached it follows the deliveries, depth first, and looks for one that leads back to a state on
//! the way. Where there is none, every sequence of deliveries ends, since there are finitely many states; and where it
//! ends, the property [`AT_REST`](crate::properties::AT_REST) says that every ping that is not stopped is complete.
//!
//! States are told apart by 128 bits of hash. It knows nothing of what the states are.

use std::collections::HashMap;
use std::hash::Hash;

use ahash::RandomState;
use stateright::Model;

/// What has been searched
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// States that can be reached
    pub states: usize,
    /// Steps between them that deliver something
    pub deliveries: usize,
    /// Longest sequence of deliveries
    pub longest: usize,
}

/// A model whose steps are told apart
pub trait Delivers: Model {
    /// Whether a step only moves what is under way: no command and no time-out
    fn is_delivery(action: &Self::Action) -> bool;
}

/// How far the search is with a state
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Led to by a command, and to be searched
    Waiting,
    /// On the way from where the search began to where it is
    Open,
    /// Searched; the longest sequence of deliveries from here
    Done(usize),
}

/// A state on the way, with what is left to follow
struct Visit<S> {
    key: u128,
    next: Vec<S>,
    longest: usize,
}

/// Searches all that `model` can reach
///
/// # Errors
/// A state that deliveries lead back to.
pub fn search<M>(model: &M) -> Result<Searched, M::State>
where
    M: Delivers,
    M::State: Clone + Hash,
{
    let hashers = [RandomState::with_seeds(1, 2, 3, 4), RandomState::with_seeds(5, 6, 7, 8)];
    let mut searched = Searched::default();
    let mut marks: HashMap<u128, Mark> = HashMap::new();
    let mut unsearched = model.init_states();
    while let Some(start) = unsearched.pop() {
        let mut way: Vec<Visit<M::State>> = Vec::new();
        let mut entered = Some(start);
        loop {
            if let Some(state) = entered.take() {
                let key = hash(&hashers, &state);
                match marks.get(&key) {
                    Some(Mark::Open) => return Err(state),
                    Some(Mark::Done(longest)) => {
                        if let Some(last) = way.last_mut() {
                            last.longest = last.longest.max(longest + 1);
                        }
                    }
                    None | Some(Mark::Waiting) => {
                        marks.insert(key, Mark::Open);
                        let (next, others) = successors(model, &state);
                        searched.states += 1;
                        searched.deliveries += next.len();
                        for other in others {
                            marks.entry(hash(&hashers, &other)).or_insert_with(|| {
                                unsearched.push(other);
                                Mark::Waiting
                            });
                        }
                        way.push(Visit { key, next, longest: 0 });
                    }
                }
            }
            let Some(last) = way.last_mut() else { break };
            if let Some(state) = last.next.pop() {
                entered = Some(state);
            } else {
                let (key, longest) = (last.key, last.longest);
                marks.insert(key, Mark::Done(longest));
                searched.longest = searched.longest.max(longest);
                way.pop();
                if let Some(before) = way.last_mut() {
                    before.longest = before.longest.max(longest + 1);
                }
            }
        }
    }
    Ok(searched)
}

fn hash(hashers: &[RandomState; 2], state: &impl Hash) -> u128 {
    hashers.iter().fold(0, |key, hasher| key << 64 | u128::from(hasher.hash_one(state)))
}

/// States that a delivery leads to, and those that anything else leads to
fn successors<M: Delivers>(model: &M, state: &M::State) -> (Vec<M::State>, Vec<M::State>) {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let (mut deliveries, mut others) = (Vec::new(), Vec::new());
    for action in actions {
        let into = if M::is_delivery(&action) { &mut deliveries } else { &mut others };
        into.extend(model.next_state(state, action));
    }
    (deliveries, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers below 8; a command adds 2, a delivery takes 1, or from 5 on leads back to 6
    struct Numbers {
        looping: bool,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Step {
        Command,
        Delivery,
    }

    impl Model for Numbers {
        type State = u8;
        type Action = Step;

        fn init_states(&self) -> Vec<u8> {
            vec![0]
        }

        fn actions(&self, _: &u8, actions: &mut Vec<Step>) {
            actions.extend([Step::Command, Step::Delivery]);
        }

        fn next_state(&self, state: &u8, step: Step) -> Option<u8> {
            match step {
                Step::Command => (*state < 6).then_some(state + 2),
                Step::Delivery if self.looping && *state == 5 => Some(6),
                Step::Delivery => state.checked_sub(1),
            }
        }
    }

    impl Delivers for Numbers {
        fn is_delivery(action: &Step) -> bool {
            *action == Step::Delivery
        }
    }

    #[test]
    fn commands_may_lead_back_and_deliveries_may_not() {
        let searched = Searched { states: 8, deliveries: 7, longest: 7 };
        assert_eq!(search(&Numbers { looping: false }), Ok(searched));
        assert!(search(&Numbers { looping: true }).is_err());
    }
}
