//! The core: settle, link, merge, plan, guard. Pure and synchronous: no async, no I/O, no clock, no log; total and deterministic.
//!
//! One [`look()`] at an entity goes in this order: what cannot be trusted is silenced, open journal entries are settled against what is seen, restores come before
//! edits and edits before deletes, each field is merged by its policy, and what systems do not show yet of the result is planned. An unlinked record
//! first finds its place ([`place()`]); the result of each write comes back through [`landed()`]; what is in doubt goes through [`recover`]; a
//! run's sum passes the [`guard()`].

pub mod alike;
pub mod class;
pub mod conflict;
pub mod decide;
mod elements;
pub mod entity;
pub mod evidence;
pub mod existence;
pub mod guard;
mod hand_over;
pub mod hangs;
pub mod join;
pub mod landed;
pub mod look;
pub mod lossy;
pub mod mapped;
mod merge;
pub mod neighbours;
pub mod op;
pub mod pace;
pub mod place;
mod plan;
pub mod policy;
mod quiet;
pub mod reason;
pub mod recover;
pub mod review;
pub mod scene;
mod settle;
mod silence;
pub mod terms;
pub mod undo;
mod wall;

pub use guard::{Guard, HoldReason, RunCounts, guard};
pub use landed::{Answered, Landed, landed};
pub use look::look;
pub use neighbours::Neighbours;
pub use place::{Placement, Unlinked, place};
pub use quiet::is_quiet_at;
pub use scene::{Look, LookCounts, Note, NoteKind, Scene, Sight, Silence};
pub use terms::Terms;
pub use undo::Undo;

#[cfg(test)]
mod tests;
