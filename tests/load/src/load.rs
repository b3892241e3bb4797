//! The parts of the load generator
//!
//! Nothing here knows which server it asks, nor how the numbers are shown.

pub(crate) mod generator;
pub(crate) mod process;
pub(crate) mod script;
pub(crate) mod source;
