//! What is known of a word while code runs: whether it may be a function's address, and which
//!
//! Only what matters to find out what a call by a register calls; numbers are numbers.

use std::collections::BTreeSet;
use std::rc::Rc;

/// One thing that a word may be
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// Neither a function's address nor that of a constant: an address in memory among others
    Number,
    /// This word
    Known(u32),
    /// This lower half of a word
    Half(u32),
    /// An address in the function's own stack, from where the stack pointer was when it was entered
    Stack(i32),
    /// What stands so many bytes behind an unknown address: in a table of methods, or in memory
    Behind(i32),
    /// What stands in memory
    Stored,
}

/// Everything that a word may be
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Anything
    Any,
    /// One of these; of nothing, where the code is not known to be reached
    Of(Rc<BTreeSet<Atom>>),
}

impl Value {
    pub(super) fn none() -> Self {
        Self::Of(Rc::default())
    }

    pub(super) fn of(atom: Atom) -> Self {
        Self::Of(Rc::new(BTreeSet::from([atom])))
    }

    pub(super) fn atoms(&self) -> impl Iterator<Item = Atom> {
        let atoms = if let Self::Of(atoms) = self { Some(atoms) } else { None };
        atoms.into_iter().flat_map(|atoms| atoms.iter().copied())
    }

    /// The one thing that it is, if there is no other
    pub(super) fn single(&self) -> Option<Atom> {
        let mut atoms = self.atoms();
        let first = atoms.next()?;
        atoms.next().is_none().then_some(first)
    }

    /// What it or `other` is
    pub(super) fn join(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (Self::Any, _) => false,
            (_, Self::Any) => {
                *self = Self::Any;
                true
            }
            (Self::Of(mine), Self::Of(theirs)) => {
                let is_new = !Rc::ptr_eq(mine, theirs) && !theirs.is_subset(mine);
                if is_new {
                    Rc::make_mut(mine).extend(theirs.iter().copied());
                }
                is_new
            }
        }
    }

    /// Each thing that it may be, turned into something; of anything it makes `any`
    pub(super) fn map(&self, any: Self, each: impl Fn(Atom) -> Self) -> Self {
        let Self::Of(atoms) = self else { return any };
        let mut value = Self::none();
        for atom in atoms.iter() {
            value.join(&each(*atom));
        }
        value
    }
}
