//! How much stack a firmware can take at most, from its code alone
//!
//! The deepest chain of calls from where the processor begins, and on it one handler of each level of priority that can
//! interrupt the others, each with the frame that the processor pushes for it. It is told of the very file that is flashed: no
//! other compiler, no other options. What it takes for granted stands with [`flow`], [`program`] and [`bound`].

use std::fmt::Write as _;

use anyhow::{Context as _, bail};

use super::elf::Elf;
use bound::{Bound, Bounds, Step};
use program::Program;

mod bound;
mod calls;
mod compiler;
mod flow;
mod program;
mod thumb;
mod value;

pub(super) use compiler::compare;

/// What a Cortex-M3 pushes for an exception: eight words, and one more where the stack was not aligned to eight bytes
const EXCEPTION: u32 = 36;
/// The numbers of the exceptions whose priority is fixed above all others, each one its own level
const NMI: usize = 2;
const HARD_FAULT: usize = 3;

/// The worst that the stack of a firmware can come to
#[derive(Clone, Debug)]
pub(super) struct Worst {
    /// With the calls of which it is known whom they reach
    certain: u32,
    /// With all calls
    bound: u32,
    /// Calls of which it is not known whom they reach, so that they count with all whom they may
    open: usize,
    /// Functions that may call each other in a circle, and are taken to be active once each
    circular: usize,
    /// The deepest chains, function by function
    pub(super) chains: String,
}

impl Worst {
    /// Follows the code of a firmware
    ///
    /// # Errors
    ///
    /// When it does something that cannot be followed: then there is no bound.
    pub(super) fn measure(elf: &Elf<'_>) -> anyhow::Result<Self> {
        let program = Program::read(elf)?;
        let graph = calls::graph(&program);
        if !graph.unknown.is_empty() {
            let names: Vec<String> = graph.unknown.iter().map(|function| program.name(*function)).collect();
            bail!("nobody can tell how much stack these take: {}", names.join(", "));
        }
        let (certain, all) = (bound::bounds(&graph, false), bound::bounds(&graph, true));
        let sum = |levels: &[Level]| levels.iter().map(|level| level.pushed + level.bound.bytes).sum();
        let certain = sum(&levels(&program, &certain)?);
        let levels = levels(&program, &all)?;
        Ok(Self {
            certain,
            bound: sum(&levels),
            open: graph.open,
            circular: all.circular,
            chains: levels.iter().map(|level| told(level, &program)).collect(),
        })
    }

    /// The table's columns, below [`Worst::row`]'s
    pub(super) fn head() -> String {
        format!("{:>8} {:>7} {:>7} {:>7} {:>7} {:>7}", "painted", "known", "all", "RAM", "open", "circle")
    }

    /// The columns for a firmware whose run took `painted` bytes of stack, beside so much for its variables
    pub(super) fn row(&self, painted: u32, variables: u32) -> String {
        let &Self { certain, bound, open, circular, .. } = self;
        let ram = variables + bound;
        format!("{painted:>8} {certain:>7} {bound:>7} {ram:>7} {open:>7} {circular:>7}")
    }

    /// Whether a run stayed below it, and whether it fits into so much memory, whomever its calls reach
    pub(super) fn judge(&self, painted: u32, variables: u32, memory: u32) -> Result<(), String> {
        let &Self { bound, .. } = self;
        if painted > bound {
            return Err(format!("a run took {painted} bytes of stack, its code {bound} at most: that is no bound"));
        }
        let ram = variables + bound;
        if ram > memory {
            return Err(format!("{ram} bytes of RAM with the deepest stack, {memory} allowed"));
        }
        Ok(())
    }
}

/// What may run at the same time as others: the program, or the deepest handler of a priority
struct Level {
    name: &'static str,
    /// What the processor pushes before
    pushed: u32,
    bound: Bound,
}

/// The program and, on top of it, the deepest handler of each level
fn levels(program: &Program, bounds: &Bounds) -> anyhow::Result<Vec<Level>> {
    let start = program.start().context("it does not say where it begins")?;
    let bound = |function: u32| bounds.of.get(&function).cloned().unwrap_or_default();
    let deepest = |name, is_of_it: fn(usize) -> bool| {
        let handlers = program.handlers().filter(|(number, _)| is_of_it(*number));
        let bound = handlers.map(|(_, handler)| bound(handler)).max_by_key(|bound| bound.bytes)?;
        Some(Level { name, pushed: EXCEPTION, bound })
    };
    let handlers = [
        // No firmware here changes their priorities, which are all the same then.
        deepest("exceptions and interrupts", |number| number > HARD_FAULT),
        deepest("faults", |number| number == HARD_FAULT),
        deepest("the interrupt that nothing masks", |number| number == NMI),
    ];
    let program = Level { name: "the program", pushed: 0, bound: bound(start) };
    Ok([program].into_iter().chain(handlers.into_iter().flatten()).collect())
}

/// A level's deepest chain, a function a line with the bytes of its frame while it calls the next one
fn told(level: &Level, program: &Program) -> String {
    let Level { name, pushed, bound } = level;
    let mut told = format!("\n  {:>6} {name}", pushed + bound.bytes);
    if *pushed > 0 {
        write!(told, "\n  {pushed:>10} pushed by the processor").ok();
    }
    for Step { functions, bytes } in &bound.chain {
        let names: Vec<String> = functions.iter().map(|function| program.name(*function)).collect();
        let circle = if names.len() > 1 { "each once, they may call each other: " } else { "" };
        write!(told, "\n  {bytes:>10} {circle}{}", names.join(", ")).ok();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_deeper_than_the_bound_and_too_little_memory_are_failures() {
        let worst = Worst { certain: 600, bound: 800, open: 3, circular: 2, chains: String::new() };
        assert_eq!(worst.judge(800, 1_000, 1_800), Ok(()));
        assert!(worst.judge(801, 1_000, 1_800).unwrap_err().contains("no bound"));
        assert_eq!(
            worst.judge(100, 1_001, 1_800).unwrap_err(),
            "1801 bytes of RAM with the deepest stack, 1800 allowed"
        );
    }

    #[test]
    fn row_stands_below_its_head() {
        let worst = Worst { certain: 600, bound: 800, open: 3, circular: 2, chains: String::new() };
        let row = worst.row(500, 1_000);
        assert_eq!(row, "     500     600     800    1800       3       2");
        assert_eq!(Worst::head().len(), row.len());
    }
}
