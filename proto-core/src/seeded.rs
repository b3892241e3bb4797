//! Whether a fault is seeded into a machine
//!
//! A hook in a machine is a condition with this in it, and no more. It names no fault: those are in `fault`, with the feature only.

/// Whether `Fault::$fault` is seeded into `$machine`; without the feature the word `false`, which leaves no code
macro_rules! seeded {
    ($machine:expr, $fault:ident) => {{
        #[cfg(feature = "seeded-faults")]
        let seeded = $machine.fault == Some(crate::fault::Fault::$fault);
        #[cfg(not(feature = "seeded-faults"))]
        let seeded = false;
        seeded
    }};
}

pub(crate) use seeded;
