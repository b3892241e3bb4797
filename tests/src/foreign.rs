//! Foreign tools
