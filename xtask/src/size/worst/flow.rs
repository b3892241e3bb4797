//! What a function does to the stack, and whom it calls with what
//!
//! It runs the machine code once over for all inputs: every branch is taken, and for each register and each word of the
//! function's frame it keeps what that may be ([`Value`]), as far as it may be the address of a function. So a function's
//! frame is what the code takes, wherever that code came from, and a method called through a table is the table's where the
//! caller passed one that is known.
//!
//! Taken for granted: the procedure call standard, that a pointer into the frame stays within the object that it was made
//! for, and that methods' addresses are not stored where their tables are not; Rust has no way to say that. It neither knows
//! nor needs how often a loop runs: nothing here takes stack in a loop, and what did would be unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::program::Program;
use super::thumb::{Effect, LR, PC, SP};
use super::value::{Atom, Value};

/// Arguments that are looked at: four registers, then words of the stack
pub(super) const ARGUMENTS: usize = 12;
const IN_REGISTERS: u8 = 4;
/// The register that points at the frame, as the compiler has it
const FRAME: u8 = 7;
/// More stack than there is memory
const DEEPEST: i32 = 64 * 1_024;

/// Who is called, and with what
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Bytes of the caller's frame at that point; 0 where the call is the last thing that it does
    pub(super) depth: i32,
    /// Addresses of functions, as calls by registers have them
    pub(super) target: Value,
    pub(super) arguments: [Value; ARGUMENTS],
}

impl Call {
    fn join(&mut self, other: &Self) {
        self.depth = self.depth.max(other.depth);
        self.target.join(&other.target);
        for (mine, theirs) in self.arguments.iter_mut().zip(&other.arguments) {
            mine.join(theirs);
        }
    }
}

/// What a function does
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The most bytes of stack that it takes itself
    pub(super) frame: i32,
    pub(super) calls: BTreeMap<Place, Call>,
    /// Functions whose addresses it stores or returns
    pub(super) stored: BTreeSet<u32>,
    /// Whether it comes back to who called it
    pub(super) returns: bool,
    /// Whether it does something to the stack, or is something, that cannot be told
    pub(super) is_unknown: bool,
}

/// Where in the code, where shared code goes back to, and which of the next instructions are done
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) at: u32,
    returns: Vec<u32>,
    conditions: Vec<bool>,
}

impl Place {
    /// Another place of the same code
    fn to(&self, at: u32) -> Self {
        Self { at, returns: self.returns.clone(), conditions: Vec::new() }
    }
}

/// What is known at a place
#[derive(Clone, Debug, PartialEq)]
struct State {
    depth: i32,
    registers: [Value; 16],
    /// Words of the frame by their distance from where the stack pointer was at the start
    words: BTreeMap<i32, Value>,
}

impl State {
    /// Joins what is known on another way to the same place
    fn join(&mut self, other: &Self) -> bool {
        let mut is_new = other.depth > self.depth;
        self.depth = self.depth.max(other.depth);
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            is_new |= mine.join(theirs);
        }
        let before = self.words.len();
        self.words.retain(|key, _| other.words.contains_key(key));
        is_new |= self.words.len() != before;
        for (key, value) in &mut self.words {
            is_new |= value.join(&other.words[key]);
        }
        is_new
    }

    fn register(&self, register: u8) -> &Value {
        &self.registers[usize::from(register)]
    }

    fn set(&mut self, register: u8, value: Value) {
        self.registers[usize::from(register)] = value;
    }
}

/// A run over one function
struct Run<'p> {
    program: &'p Program,
    /// The functions that come back, as far as that is known
    returning: &'p BTreeSet<u32>,
    function: u32,
    outcome: Outcome,
    states: BTreeMap<Place, State>,
    queue: BTreeSet<Place>,
    /// Where in the frame, and where in the caller's, pointers may point to: from there up, words change unseen
    shared: [i32; 2],
    /// What the function itself stores in those words
    stored: BTreeMap<i32, Value>,
    /// Whether `shared` or `stored` has changed, so that what was found before does not hold
    is_stale: bool,
}

/// Runs over a function that is called with these arguments, where of the functions that it calls by name only `returning`
/// come back
pub(super) fn outcome(
    program: &Program,
    returning: &BTreeSet<u32>,
    function: u32,
    arguments: &[Value; ARGUMENTS],
) -> Outcome {
    let mut run = Run {
        program,
        returning,
        function,
        outcome: Outcome::default(),
        states: BTreeMap::new(),
        queue: BTreeSet::new(),
        shared: [0, i32::MAX],
        stored: BTreeMap::new(),
        is_stale: true,
    };
    while std::mem::take(&mut run.is_stale) {
        run.outcome = Outcome::default();
        run.states.clear();
        let (registers, words) = arguments.split_at(IN_REGISTERS.into());
        let mut state = State { depth: 0, registers: [const { Value::Any }; 16], words: BTreeMap::new() };
        state.registers[..registers.len()].clone_from_slice(registers);
        state.words = (0..).step_by(4).zip(words.iter().cloned()).collect();
        run.reach(Place { at: function, ..Place::default() }, state);
        while let Some(place) = run.queue.pop_first() {
            let mut here = run.states.get(&place).cloned().map(|state| (place, state));
            // Straight on, until a place that is also reached otherwise.
            while let Some((place, state)) = here.take() {
                here = run.step(&place, state);
                if let Some((place, state)) = here.take_if(|(place, _)| run.states.contains_key(place)) {
                    run.reach(place, state);
                }
            }
        }
    }
    run.outcome
}

impl Run<'_> {
    fn reach(&mut self, place: Place, state: State) {
        self.outcome.frame = self.outcome.frame.max(state.depth);
        let is_new = self.states.get_mut(&place).is_none_or(|known| known.join(&state));
        if is_new {
            self.states.entry(place.clone()).or_insert(state);
            self.queue.insert(place);
        }
    }

    /// Does the instruction at `place`, and returns what comes behind it
    fn step(&mut self, place: &Place, mut state: State) -> Option<(Place, State)> {
        let Some(instruction) = self.program.instruction(place.at) else { return self.lose() };
        let mut next = place.to(place.at + instruction.length);
        if let Some((is_done, others)) = place.conditions.split_first() {
            next.conditions = others.to_vec();
            if !is_done {
                return Some((next, state));
            }
        }
        for effect in instruction.effects {
            match effect {
                Effect::Jump { to, conditional } => {
                    if conditional {
                        self.reach(next.clone(), state.clone());
                    }
                    self.jump(place, to, state);
                    return None;
                }
                Effect::JumpRegister(register) => {
                    let target = state.register(register).clone();
                    self.leave_for(place, target, state);
                    return None;
                }
                Effect::Table { base, wide } => {
                    let Some(table) = table(&state, base, next.at) else { return self.lose() };
                    for at in self.program.jumps(next.at, table, wide) {
                        self.reach(place.to(at), state.clone());
                    }
                    return None;
                }
                Effect::Row => return self.row(&next, &state),
                Effect::Call(to) if self.program.is_shared(to) => {
                    let returns = place.returns.iter().copied().chain([next.at]).collect();
                    self.reach(Place { at: to, returns, ..Place::default() }, state);
                    return None;
                }
                Effect::Call(to) => {
                    if !self.call(place, Value::of(Atom::Known(to | 1)), &mut state) {
                        return None;
                    }
                }
                Effect::CallRegister(register) => {
                    if !self.call(place, state.register(register).clone(), &mut state) {
                        return None;
                    }
                }
                Effect::Return => {
                    self.leave(place, state, true);
                    return None;
                }
                Effect::Stop => return None,
                Effect::Unknown => return self.lose(),
                Effect::If { count, then } => {
                    // Twice over the next instructions, which all depend on one condition.
                    let done: Vec<bool> = (0..count).map(|index| then >> index & 1 == 1).collect();
                    let others = done.iter().map(|is_done| !is_done).collect();
                    self.reach(Place { conditions: others, ..next.clone() }, state.clone());
                    next.conditions = done;
                }
                Effect::Stack(by) => {
                    state.depth -= by;
                    let (top, depth) = (-state.depth, state.depth);
                    state.words.retain(|key, _| *key >= top);
                    self.outcome.frame = self.outcome.frame.max(depth);
                    if !(0..=DEEPEST).contains(&depth) {
                        return self.lose();
                    }
                }
                Effect::Write(registers) => {
                    for register in (0..16).filter(|register| registers >> register & 1 == 1) {
                        state.set(register, Value::Any);
                    }
                    if registers >> SP & 1 == 1 {
                        return self.lose();
                    }
                }
                Effect::StoreAnywhere(registers) => {
                    for register in (0..15).filter(|register| registers >> register & 1 == 1) {
                        self.store_away(state.register(register));
                    }
                }
                Effect::Store { from, base, offset } => self.store(&mut state, from, base, offset),
                Effect::StorePart { base, offset } => {
                    if let Some(key) = key(&state, base, offset) {
                        state.words.remove(&(key & !3));
                    }
                }
                Effect::Number { .. }
                | Effect::Address { .. }
                | Effect::Low { .. }
                | Effect::High { .. }
                | Effect::Add { .. }
                | Effect::Derive { .. }
                | Effect::Literal { .. }
                | Effect::Load { .. } => self.compute(effect, &mut state),
            }
        }
        Some((next, state))
    }

    /// Does an effect that gives a register a value
    fn compute(&mut self, effect: Effect, state: &mut State) {
        let (to, value) = match effect {
            Effect::Number { to } => (to, Value::of(Atom::Number)),
            Effect::Address { to, value } => (to, Value::of(Atom::Known(value))),
            Effect::Low { to, value } => (to, Value::of(Atom::Half(value))),
            Effect::High { to, value } => {
                let whole = |atom| match atom {
                    Atom::Half(low) => self.known(value << 16 | low),
                    _ => Value::Any,
                };
                (to, state.register(to).map(Value::Any, whole))
            }
            Effect::Add { to, from, value } => (to, self.sum(state, to, from, value)),
            Effect::Derive { to } => {
                self.share(i32::MIN);
                self.share(0);
                (to, Value::Any)
            }
            Effect::Literal { to, at } => (to, self.program.word(at).map_or(Value::Any, |word| self.known(word))),
            Effect::Load { to, base, offset } => (to, self.load(state, base, offset)),
            _ => return,
        };
        state.set(to, value);
    }

    /// A word that stands in the code
    fn known(&self, word: u32) -> Value {
        let matters = self.program.function(word).is_some() || self.program.is_constant(word);
        Value::of(if matters { Atom::Known(word) } else { Atom::Number })
    }

    fn sum(&mut self, state: &State, to: u8, from: u8, value: i32) -> Value {
        let sum = match (from, value) {
            (SP, _) => Value::of(Atom::Stack(value.saturating_sub(state.depth))),
            (_, 0) => state.register(from).clone(),
            _ => match state.register(from).single() {
                Some(Atom::Known(word)) => self.known(word.wrapping_add_signed(value)),
                Some(Atom::Stack(key)) => Value::of(Atom::Stack(key.saturating_add(value))),
                Some(Atom::Number | Atom::Half(_)) => Value::of(Atom::Number),
                _ => Value::Any,
            },
        };
        if (to, from) != (FRAME, SP) {
            for atom in sum.atoms() {
                if let Atom::Stack(key) = atom {
                    self.share(key);
                }
            }
        }
        sum
    }

    /// A pointer into the frame goes around
    fn share(&mut self, key: i32) {
        let lowest = &mut self.shared[usize::from(key >= 0)];
        if key < *lowest {
            *lowest = key;
            self.is_stale = true;
        }
    }

    /// Whether only the function itself reads and writes that word
    fn is_private(&self, key: i32) -> bool {
        key < self.shared[usize::from(key >= 0)]
    }

    fn load(&self, state: &State, base: u8, offset: i32) -> Value {
        if let Some(key) = key(state, base, offset) {
            return self.frame_word(state, key);
        }
        state.register(base).map(Value::of(Atom::Behind(offset)), |atom| match atom {
            Atom::Known(from) => match self.program.word(from.wrapping_add_signed(offset)) {
                Some(word) => self.known(word),
                None => Value::of(Atom::Stored),
            },
            Atom::Stack(key) => self.frame_word(state, key.saturating_add(offset)),
            Atom::Number | Atom::Half(_) => Value::of(Atom::Stored),
            Atom::Behind(_) | Atom::Stored => Value::of(Atom::Behind(offset)),
        })
    }

    /// What a word of the frame is
    fn frame_word(&self, state: &State, key: i32) -> Value {
        if self.is_private(key) {
            return state.words.get(&key).cloned().unwrap_or(Value::Any);
        }
        let mut value = Value::of(Atom::Stored);
        if let Some(stored) = self.stored.get(&key) {
            value.join(stored);
        }
        value
    }

    fn store(&mut self, state: &mut State, from: u8, base: u8, offset: i32) {
        let value = state.register(from).clone();
        let key = key(state, base, offset);
        match key {
            Some(key) if self.is_private(key) => {
                state.words.insert(key, value);
            }
            Some(key) => {
                self.store_away(&value);
                self.is_stale |= self.stored.entry(key).or_insert_with(Value::none).join(&value);
            }
            None => self.store_away(&value),
        }
    }

    /// A value goes where anybody may find it
    fn store_away(&mut self, value: &Value) {
        for atom in value.atoms() {
            match atom {
                Atom::Known(word) => self.outcome.stored.extend(self.program.function(word)),
                Atom::Stack(key) => self.share(key),
                _ => {}
            }
        }
    }

    /// Goes to each of the jumps from `next` on
    fn row(&mut self, next: &Place, state: &State) -> Option<(Place, State)> {
        let is_jump = |at: u32| {
            let instruction = self.program.instruction(at)?;
            let length = instruction.length;
            matches!(instruction.effects[..], [Effect::Jump { conditional: false, .. }]).then_some(at + length)
        };
        let row: Vec<u32> = std::iter::successors(is_jump(next.at).map(|_| next.at), |at| {
            is_jump(*at).filter(|after| is_jump(*after).is_some())
        })
        .collect();
        if row.is_empty() {
            return self.lose();
        }
        for at in row {
            self.reach(next.to(at), state.clone());
        }
        None
    }

    fn jump(&mut self, place: &Place, to: u32, state: State) {
        if to != self.function && self.program.is_function(to) {
            return self.leave_for(place, Value::of(Atom::Known(to | 1)), state);
        }
        self.reach(place.to(to), state);
    }

    /// Notes a call, after which the registers of a call hold anything; false where it does not come back
    fn call(&mut self, place: &Place, target: Value, state: &mut State) -> bool {
        let returns = match target.single() {
            Some(Atom::Known(word)) => self.program.function(word).is_none_or(|to| self.returning.contains(&to)),
            _ => true,
        };
        let call = Call { depth: state.depth, target, arguments: self.arguments(state) };
        self.outcome.calls.entry(place.clone()).and_modify(|known| known.join(&call)).or_insert(call);
        for register in [0, 1, 2, 3, 12, LR] {
            state.set(register, Value::Any);
        }
        returns
    }

    /// What is passed, without pointers into the frame, which mean nothing elsewhere
    fn arguments(&self, state: &State) -> [Value; ARGUMENTS] {
        let words = (0_i32..).step_by(4).map(|at| self.frame_word(state, at - state.depth));
        let mut all = state.registers.iter().take(IN_REGISTERS.into()).cloned().chain(words);
        let elsewhere = |atom| if let Atom::Stack(_) | Atom::Half(_) = atom { Atom::Number } else { atom };
        std::array::from_fn(|_| all.next().unwrap_or(Value::Any).map(Value::Any, |atom| Value::of(elsewhere(atom))))
    }

    /// A call that is the last thing the code does
    fn leave_for(&mut self, place: &Place, target: Value, mut state: State) {
        if self.call(place, target, &mut state) {
            self.leave(place, state, false);
        }
    }

    fn leave(&mut self, place: &Place, state: State, has_results: bool) {
        let mut returns = place.returns.clone();
        if let Some(at) = returns.pop() {
            return self.reach(Place { at, returns, ..Place::default() }, state);
        }
        // Whatever it took it has given back by then, or it was not understood.
        self.outcome.is_unknown |= state.depth != 0;
        self.outcome.returns = true;
        if has_results {
            for register in 0..IN_REGISTERS {
                self.store_away(state.register(register));
            }
        }
    }

    /// Nothing is known from here on
    fn lose(&mut self) -> Option<(Place, State)> {
        self.outcome.is_unknown = true;
        None
    }
}

/// Where a table of jumps is: right behind the instruction, unless the compiler had to put something between
fn table(state: &State, base: u8, behind: u32) -> Option<u32> {
    match state.register(base).single() {
        _ if base == PC => Some(behind),
        Some(Atom::Known(table)) => Some(table),
        _ => None,
    }
}

/// Which word of the frame that is, if it is in the frame
fn key(state: &State, base: u8, offset: i32) -> Option<i32> {
    match (base, state.register(base).single()) {
        (SP, _) => Some(offset - state.depth),
        (FRAME, Some(Atom::Stack(key))) => Some(key.saturating_add(offset)),
        _ => None,
    }
}
