//! Who may call whom in a firmware
//!
//! From where the processor begins, functions are run over ([`flow`]) until no call passes anything new. What a call by a
//! register reaches is what that register may hold: the functions that are known to get there; for a method of an unknown
//! table every function in that place of any table; and, where the word came from memory, also every function whose address
//! is stored anywhere. It makes no difference between tables of different traits.

use std::collections::{BTreeMap, BTreeSet};

use super::flow::{self, ARGUMENTS, Call, Outcome};
use super::program::Program;
use super::value::{Atom, Value};

#[cfg(test)]
mod tests;

/// A function of the graph
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// The most bytes of stack that it takes itself
    pub(super) frame: u32,
    pub(super) edges: BTreeSet<Edge>,
}

/// A call
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// Bytes of the caller's frame at that point
    pub(super) depth: u32,
    pub(super) callee: u32,
    /// Whether it is known whom the call may reach; otherwise the callee is one of all that could be there
    pub(super) is_certain: bool,
}

/// Who may call whom
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: BTreeMap<u32, Node>,
    /// Functions of which not all that they take or call is known
    pub(super) unknown: BTreeSet<u32>,
    /// Calls of which it is not known whom they reach, so that they have an edge to all that could be there
    pub(super) open: usize,
}

/// What is known while it grows
struct Search<'p> {
    program: &'p Program,
    arguments: BTreeMap<u32, [Value; ARGUMENTS]>,
    outcomes: BTreeMap<u32, Outcome>,
    stored: BTreeSet<u32>,
    returning: BTreeSet<u32>,
}

/// Finds every function that is reached from where the processor begins, and from the handlers of exceptions
pub(super) fn graph(program: &Program) -> Graph {
    let roots = program.start().into_iter().chain(program.handlers().map(|(_, handler)| handler));
    let arguments = roots.map(|root| (root, [const { Value::Any }; ARGUMENTS])).collect();
    let mut search =
        Search { program, arguments, outcomes: BTreeMap::new(), stored: BTreeSet::new(), returning: BTreeSet::new() };
    let mut queue: BTreeSet<u32> = search.arguments.keys().copied().collect();
    while !queue.is_empty() {
        let mut come_back = BTreeSet::new();
        for function in std::mem::take(&mut queue) {
            let outcome = flow::outcome(program, &search.returning, function, &search.arguments[&function]);
            search.stored.extend(&outcome.stored);
            if outcome.returns && search.returning.insert(function) {
                come_back.insert(function);
            }
            search.outcomes.insert(function, outcome);
        }
        queue.extend(search.callers(&come_back));
        // All calls again: what is stored by one function is what another one may call.
        let calls: Vec<Call> = search.outcomes.values().flat_map(|outcome| outcome.calls.values().cloned()).collect();
        for call in calls {
            queue.extend(search.pass(&call));
        }
    }
    search.finish()
}

impl Search<'_> {
    /// Whom a call may reach
    fn callees(&self, target: &Value) -> BTreeSet<u32> {
        let in_memory = || self.stored.iter().copied().chain(self.program.loose());
        if *target == Value::Any {
            return in_memory().chain(self.program.all_methods()).collect();
        }
        let mut callees = BTreeSet::new();
        for atom in target.atoms() {
            match atom {
                Atom::Known(word) => callees.extend(self.program.function(word)),
                Atom::Behind(offset) => callees.extend(in_memory().chain(self.program.methods(offset))),
                Atom::Stored => callees.extend(in_memory()),
                // A function that is not there, which is looked at before it is called.
                Atom::Number | Atom::Half(_) | Atom::Stack(_) => {}
            }
        }
        callees
    }

    /// Who calls one of these by name
    fn callers(&self, callees: &BTreeSet<u32>) -> Vec<u32> {
        let calls_one = |call: &Call| match call.target.single() {
            Some(Atom::Known(word)) => self.program.function(word).is_some_and(|callee| callees.contains(&callee)),
            _ => false,
        };
        let found = self.outcomes.iter().filter(|(_, outcome)| outcome.calls.values().any(calls_one));
        found.map(|(caller, _)| *caller).collect()
    }

    /// Hands the arguments of a call on, and returns who is called with something new
    fn pass(&mut self, call: &Call) -> Vec<u32> {
        let callees = self.callees(&call.target);
        if callees.is_empty() {
            self.stored.extend(call.arguments.iter().flat_map(Value::atoms).filter_map(|atom| match atom {
                Atom::Known(word) => self.program.function(word),
                _ => None,
            }));
        }
        let mut changed = Vec::new();
        for callee in callees {
            let mut is_new = false;
            let known = self.arguments.entry(callee).or_insert_with(|| {
                is_new = true;
                std::array::from_fn(|_| Value::none())
            });
            for (mine, theirs) in known.iter_mut().zip(&call.arguments) {
                is_new |= mine.join(theirs);
            }
            if is_new {
                changed.push(callee);
            }
        }
        changed
    }

    fn finish(self) -> Graph {
        let mut graph = Graph::default();
        let bytes = |bytes: i32| u32::try_from(bytes).unwrap_or_default();
        for (function, outcome) in &self.outcomes {
            let mut edges = BTreeSet::new();
            if outcome.is_unknown {
                graph.unknown.insert(*function);
            }
            for call in outcome.calls.values() {
                let callees = self.callees(&call.target);
                let is_certain =
                    call.target != Value::Any && call.target.atoms().all(|atom| matches!(atom, Atom::Known(_)));
                if callees.is_empty() {
                    graph.unknown.insert(*function);
                }
                graph.open += usize::from(!is_certain);
                let depth = bytes(call.depth);
                edges.extend(callees.into_iter().map(|callee| Edge { depth, callee, is_certain }));
            }
            graph.nodes.insert(*function, Node { frame: bytes(outcome.frame), edges });
        }
        graph
    }
}
