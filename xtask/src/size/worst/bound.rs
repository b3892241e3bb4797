//! How deep a graph of calls gets
//!
//! Functions that may call each other in a circle count together: each of them once. So the bound holds as long as none of
//! them is active twice, which a graph cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Graph;

/// How deep each function of a graph gets
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) of: BTreeMap<u32, Bound>,
    /// How many functions may be active more than once, for all that the graph tells
    pub(super) circular: usize,
}

/// How deep a function gets with all that it calls
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) bytes: u32,
    /// The functions on the way there, each with the bytes of its frame at the call of the next one
    pub(super) chain: Vec<Step>,
}

/// A function of the deepest chain, or several that call each other
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) functions: Vec<u32>,
    pub(super) bytes: u32,
}

/// Adds up the frames; `is_open` takes calls with it of which it is not certain whom they reach
pub(super) fn bounds(graph: &Graph, is_open: bool) -> Bounds {
    let edges = |node: u32| {
        let edges = graph.nodes.get(&node).into_iter().flat_map(|node| &node.edges);
        edges.copied().filter(move |edge| is_open || edge.is_certain)
    };
    let mut bounds = Bounds::default();
    for circle in circles(graph, |node| edges(node).map(|edge| edge.callee).collect()) {
        let members: BTreeSet<u32> = circle.iter().copied().collect();
        let frame = |node: &u32| graph.nodes.get(node).map_or(0, |node| node.frame);
        let is_circle = members.len() > 1 || edges(circle[0]).any(|edge| edge.callee == circle[0] && edge.depth > 0);
        bounds.circular += if is_circle { members.len() } else { 0 };
        let together: u32 = members.iter().map(frame).sum();
        let mut deepest = Bound { bytes: together, chain: vec![Step { functions: circle.clone(), bytes: together }] };
        for edge in circle.iter().flat_map(|node| edges(*node)).filter(|edge| !members.contains(&edge.callee)) {
            let own = if is_circle { together } else { edge.depth };
            let Some(below) = bounds.of.get(&edge.callee) else { continue };
            if own + below.bytes > deepest.bytes {
                let first = Step { functions: circle.clone(), bytes: own };
                deepest.bytes = own + below.bytes;
                deepest.chain = [first].into_iter().chain(below.chain.iter().cloned()).collect();
            }
        }
        bounds.of.extend(members.into_iter().map(|member| (member, deepest.clone())));
    }
    bounds
}

/// The functions, those that call each other in a circle together, callees before their callers
///
/// Tarjan's search for strongly connected components, with a stack of its own.
fn circles(graph: &Graph, callees: impl Fn(u32) -> Vec<u32>) -> Vec<Vec<u32>> {
    /// A function that is being looked at
    struct Visit {
        node: u32,
        left: Vec<u32>,
    }
    let mut found = Vec::new();
    // Order of discovery, and the earliest that is reached from there; `open` are those of no circle yet.
    let (mut orders, mut lowest): (BTreeMap<u32, usize>, BTreeMap<u32, usize>) = Default::default();
    let mut open: Vec<u32> = Vec::new();
    for &root in graph.nodes.keys() {
        let mut visits = Vec::new();
        let mut next = (!orders.contains_key(&root)).then_some(root);
        loop {
            if let Some(node) = next.take() {
                let order = orders.len();
                orders.insert(node, order);
                lowest.insert(node, order);
                open.push(node);
                visits.push(Visit { node, left: callees(node) });
            }
            let Some(visit) = visits.last_mut() else { break };
            let node = visit.node;
            if let Some(callee) = visit.left.pop() {
                if !orders.contains_key(&callee) {
                    next = Some(callee);
                } else if open.contains(&callee) {
                    let reached = orders[&callee].min(lowest[&node]);
                    lowest.insert(node, reached);
                }
                continue;
            }
            visits.pop();
            if let Some(caller) = visits.last() {
                let reached = lowest[&node].min(lowest[&caller.node]);
                lowest.insert(caller.node, reached);
            }
            if lowest[&node] == orders[&node] {
                let from = open.iter().position(|one| *one == node).unwrap_or_default();
                found.push(open.split_off(from));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::calls::{Edge, Node};
    use super::*;

    /// Depth, callee, whether that is certain
    type Call = (u32, u32, bool);

    /// Nodes as number, frame, calls
    fn graph(nodes: &[(u32, u32, &[Call])]) -> Graph {
        let node = |&(number, frame, calls): &(u32, u32, &[Call])| {
            let edge = |&(depth, callee, is_certain): &Call| Edge { depth, callee, is_certain };
            (number, Node { frame, edges: calls.iter().map(edge).collect() })
        };
        Graph { nodes: nodes.iter().map(node).collect(), ..Graph::default() }
    }

    fn steps(bound: &Bound) -> Vec<(Vec<u32>, u32)> {
        let sorted = |step: &Step| {
            let mut functions = step.functions.clone();
            functions.sort_unstable();
            (functions, step.bytes)
        };
        bound.chain.iter().map(sorted).collect()
    }

    #[test]
    fn deepest_chain_counts_each_frame_as_it_is_at_the_call() {
        let graph = graph(&[(1, 40, &[(8, 2, true), (40, 3, true)]), (2, 100, &[(0, 3, true)]), (3, 60, &[])]);
        let bounds = bounds(&graph, false);
        assert_eq!(bounds.of[&1].bytes, 108);
        assert_eq!(steps(&bounds.of[&1]), [(vec![1], 8), (vec![2], 100)]);
        // What a function calls last takes the place of its frame.
        assert_eq!(bounds.of[&2].bytes, 100);
    }

    #[test]
    fn circles_count_each_of_their_frames_once() {
        let graph = graph(&[
            (1, 16, &[(16, 2, true)]),
            (2, 32, &[(32, 3, true)]),
            (3, 64, &[(64, 4, true), (8, 5, true)]),
            (4, 128, &[(4, 2, true)]),
            (5, 256, &[]),
        ]);
        let bounds = bounds(&graph, false);
        assert_eq!(bounds.of[&1].bytes, 16 + (32 + 64 + 128) + 256);
        assert_eq!(steps(&bounds.of[&1]), [(vec![1], 16), (vec![2, 3, 4], 224), (vec![5], 256)]);
        assert_eq!(bounds.of[&4].bytes, bounds.of[&2].bytes);
        assert_eq!(bounds.circular, 3);
    }

    #[test]
    fn uncertain_calls_count_only_where_they_are_asked_for() {
        let graph = graph(&[(1, 16, &[(16, 2, false), (8, 3, true)]), (2, 500, &[(500, 1, false)]), (3, 4, &[])]);
        assert_eq!(bounds(&graph, false).of[&1].bytes, 16);
        assert_eq!(bounds(&graph, true).of[&1].bytes, 16 + 500 + 4);
    }

    #[test]
    fn function_that_calls_itself_is_a_circle_unless_its_frame_is_gone_by_then() {
        let graph = graph(&[(1, 24, &[(24, 1, true), (4, 2, true)]), (2, 8, &[])]);
        let bounds = bounds(&graph, false);
        assert_eq!((bounds.of[&1].bytes, bounds.circular), (32, 1));
        let loops = self::graph(&[(1, 24, &[(0, 1, true)])]);
        assert_eq!(super::bounds(&loops, false).circular, 0);
    }
}
