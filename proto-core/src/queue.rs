//! A queue of fixed capacity whose operations cannot panic
//!
//! `heapless` has queues too, but their removal asserts its index, and this crate promises to hold no panic at all;
//! they also cannot be hashed, which a model of the machines needs.
//!
//! It neither grows nor waits: what does not fit is given back.

/// Up to `N` values in the order they came
///
/// A value must be small: removal moves those behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Queue<T, const N: usize> {
    /// The first `len` count, the others are defaults, so that equal queues are equal
    slots: [T; N],
    len: u8,
}

impl<T: Copy + Default, const N: usize> Queue<T, N> {
    pub(crate) fn new() -> Self {
        const { assert!(N <= u8::MAX as usize, "the length is a u8") };
        Self { slots: [T::default(); N], len: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        self.slots.split_at_checked(self.len()).map_or(&[], |(used, _)| used)
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        let len = self.len();
        self.slots.split_at_mut_checked(len).map_or(&mut [], |(used, _)| used)
    }

    pub(crate) const fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.as_slice().first()
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.as_mut_slice().get_mut(index)
    }

    /// Puts `value` last, or gives it back where there is no room
    pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
        let len = self.len();
        match self.slots.get_mut(len) {
            Some(slot) => {
                *slot = value;
                self.len = self.len.wrapping_add(1);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// Takes the value at `index` out; those behind it move up
    pub(crate) fn remove(&mut self, index: usize) -> Option<T> {
        let (_, tail) = self.as_mut_slice().split_at_mut_checked(index)?;
        if tail.is_empty() {
            return None;
        }
        let mut carried = T::default();
        for slot in tail.iter_mut().rev() {
            core::mem::swap(slot, &mut carried);
        }
        self.len = self.len.wrapping_sub(1);
        Some(carried)
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(queue.as_slice(), [1, 3, 5]);
        assert_eq!((queue.remove(0), queue.remove(0), queue.remove(0)), (Some(1), Some(3), Some(5)));
        assert!(queue.is_empty());
        assert_eq!(queue, Queue::new(), "what was removed leaves no trace");
    }
}
