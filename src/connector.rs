//! A vendor, as its connector file says it works.

pub mod meter;
