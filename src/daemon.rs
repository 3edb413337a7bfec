//! Life: when mappings wake, and who runs them.

pub mod schedule;
