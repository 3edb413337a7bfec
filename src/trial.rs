//! A mapping's examples, run offline: systems in memory, a clock moved by hand, and the same run that serves production.

pub mod memory;
