//! Whose deadline is next
//!
//! A binary heap that knows where each entry stands, so that a deadline can be moved and taken out: 16 bytes for each
//! connection and 4 for its place, where a timer of the runtime's takes 112. It reads no clock and waits for nothing.

use proto_core::Instant;

/// The deadlines of many, each known by its place
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// An entry is due no earlier than its parent, the one at half its index, rounded up, less one
    heap: Vec<Entry>,
    /// By place: the index in the heap, [`NONE`] where there is no deadline
    index: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    place: u32,
}

/// No index
const NONE: u32 = u32::MAX;

impl Deadlines {
    /// The earliest
    pub(super) fn first(&self) -> Option<(Instant, u32)> {
        self.heap.first().map(|entry| (entry.at, entry.place))
    }

    fn position(&self, place: u32) -> Option<usize> {
        self.index.get(place as usize).filter(|&&index| index != NONE).map(|&index| index as usize)
    }

    /// Sets the deadline of `place`, whatever it was
    pub(super) fn set(&mut self, place: u32, at: Instant) {
        let position = self.position(place).unwrap_or(self.heap.len());
        let entry = Entry { at, place };
        if position == self.heap.len() {
            self.heap.push(entry);
            if self.index.len() <= place as usize {
                self.index.resize(place as usize + 1, NONE);
            }
        } else {
            self.heap[position] = entry;
        }
        self.settle(position);
    }

    /// Takes out the deadline of `place`, if it has one
    pub(super) fn remove(&mut self, place: u32) {
        let Some(position) = self.position(place) else { return };
        self.index[place as usize] = NONE;
        self.heap.swap_remove(position);
        if position < self.heap.len() {
            self.settle(position);
        }
    }

    /// Moves the entry at `position` to where it belongs
    fn settle(&mut self, mut position: usize) {
        let entry = self.heap[position];
        while position > 0 && entry.at < self.heap[(position - 1) / 2].at {
            self.put(position, self.heap[(position - 1) / 2]);
            position = (position - 1) / 2;
        }
        loop {
            let children = 2 * position + 1..(2 * position + 3).min(self.heap.len());
            let Some(child) = children.min_by_key(|&child| self.heap[child].at) else { break };
            if entry.at <= self.heap[child].at {
                break;
            }
            self.put(position, self.heap[child]);
            position = child;
        }
        self.put(position, entry);
    }

    fn put(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.index[entry.place as usize] = u32::try_from(position).unwrap_or(NONE);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// The deadline of `place`
    fn of(deadlines: &Deadlines, place: u32) -> Option<Instant> {
        deadlines.position(place).map(|position| deadlines.heap[position].at)
    }

    proptest! {
        #[test]
        fn the_first_is_the_earliest_whatever_was_set_moved_and_taken_out(
            steps in prop::collection::vec((0..24_u32, prop::option::weighted(0.7, 0..50_u64)), 0..300),
        ) {
            let mut deadlines = Deadlines::default();
            let mut model = BTreeMap::new();
            for (place, at) in steps {
                if let Some(at) = at.map(Instant::from_micros) {
                    deadlines.set(place, at);
                    model.insert(place, at);
                } else {
                    deadlines.remove(place);
                    model.remove(&place);
                }
                prop_assert_eq!(deadlines.first().map(|(at, _)| at), model.values().min().copied());
                prop_assert_eq!(of(&deadlines, place), model.get(&place).copied());
            }
            let mut before = Instant::ZERO;
            while let Some((at, place)) = deadlines.first() {
                prop_assert!(before <= at);
                before = at;
                prop_assert_eq!(model.remove(&place), Some(at));
                deadlines.remove(place);
            }
            prop_assert!(model.is_empty());
        }
    }
}
