//! Terminal
