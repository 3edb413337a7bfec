//! The promises, each checked where it can be seen broken: at the vendor when something is written, at the store when something is committed, and at
//! rest.

pub mod commit;
pub mod probe;
pub mod rest;
pub mod wire;
