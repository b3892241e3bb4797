//! A queue of fixed capacity whose operations cannot panic
//!
//! `heapless` has queues too, but their removal asserts its index, and this crate promises to hold no panic at all;
//! they also cannot be hashed, which a model of the machines needs.

/// Up to `N` values in the order they came
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Queue<T, const N: usize> {
    /// The first `len` are `Some`, the others `None`
    slots: [Option<T>; N],
    len: usize,
}

impl<T, const N: usize> Queue<T, N> {
    pub(crate) const fn new() -> Self {
        Self { slots: [const { None }; N], len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.slots.first().and_then(Option::as_ref)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map_while(Option::as_ref)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().map_while(Option::as_mut)
    }

    /// Puts `value` last, or gives it back where there is no room
    pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
        match self.slots.get_mut(self.len) {
            Some(slot) => {
                *slot = Some(value);
                self.len = self.len.wrapping_add(1);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// Takes the first value out that `wanted` says yes to
    pub(crate) fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let index = self.slots.iter().map_while(Option::as_ref).position(wanted)?;
        self.remove(index)
    }

    /// Takes the value at `index` out; those behind it move up
    pub(crate) fn remove(&mut self, index: usize) -> Option<T> {
        let (used, _) = self.slots.split_at_mut_checked(self.len)?;
        let (_, tail) = used.split_at_mut_checked(index)?;
        let mut carried = None;
        for slot in tail.iter_mut().rev() {
            core::mem::swap(slot, &mut carried);
        }
        self.len = self.len.wrapping_sub(usize::from(carried.is_some()));
        carried
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn keeps_order_and_capacity() {
        let mut queue = Queue::<u8, 3>::new();
        assert_eq!(queue.remove(0), None);
        for value in 1..=3 {
            assert_eq!(queue.push(value), Ok(()));
        }
        assert_eq!(queue.push(4), Err(4));
        assert_eq!(queue.remove(3), None);
        assert_eq!(queue.remove(1), Some(2));
        assert_eq!(queue.push(5), Ok(()));
        assert_eq!(queue.iter().copied().collect::<Vec<_>>(), [1, 3, 5]);
        assert_eq!((queue.remove(0), queue.remove(0), queue.remove(0)), (Some(1), Some(3), Some(5)));
        assert!(queue.is_empty());
    }
}
