//! The promises, each checked where it can be seen broken: at the vendor when something is written, at the store when something is committed, and at
//! rest.

pub mod canary;
pub mod commit;
mod existence;
pub mod explain;
pub mod feed;
pub mod forms;
pub mod latest;
pub mod limits;
mod pending;
pub mod plan;
pub mod probe;
pub mod rest;
pub mod stored;
mod table;
pub mod told;
pub mod wire;
