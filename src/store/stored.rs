//! Stored forms: how the core's types look as bytes, each beginning with its version, apart from the types themselves.
//!
//! Positions of systems and fields become numbers on the way in and positions again on the way out ([`Terms`]); what a number no longer
//! names (a field or system that left the mapping) is dropped on the way out, as the mapping says nothing about it any more.

pub(super) mod bytes;
pub(super) mod conflict;
pub(super) mod entry;
pub(super) mod hub;
pub(super) mod link;
pub(super) mod reason;
pub(super) mod review;
pub(super) mod run;
pub(super) mod shadow;
pub(super) mod terms;
pub(super) mod value;

pub(super) use bytes::{Broken, Reader, Writer};
pub(super) use terms::Terms;

/// The version that every stored form is written in; older ones are read as long as they may be on a disk.
const VERSION: u8 = 1;
