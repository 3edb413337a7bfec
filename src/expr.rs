//! Expressions and texts of the files people write: compiled once against a scope, evaluated often, exact and bounded.
//!
//! The syntax is Jinja's, the meaning is our own: decimals are exact, blanks spread through sums and comparisons by size, text is never taken for a number,
//! names are strict. Mappings see typed fields; connectors see documents, whose missing members are blank.

mod check;
mod code;
mod eval;
pub mod functions;
mod item;
mod operate;
mod parse;
mod program;
mod shape;
mod template;
mod token;
mod tree;

use std::ops::Range;

pub use item::Item;
pub use program::Program;
pub use shape::{Shape, Want};
pub use template::{Part, Template};

use crate::value::{Str, Value};

/// Something wrong in an expression, with its bytes in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub range: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// Which names an expression sees, and where their values will stand.
pub trait Scope {
    /// Resolves the longest known chain of names that begins at `chain[0]`; `['x']` counts as `.x`.
    fn resolve(&self, chain: &[&str]) -> Resolution;

    /// All names, for messages.
    fn names(&self) -> Vec<String>;

    /// A function only this scope has (`deleted('crm')`, `header('location')`), whose arguments are texts in quotes.
    fn call(&self, _name: &str, _args: &[&str]) -> Option<Resolution> {
        None
    }

    fn mode(&self) -> Mode;
}

/// What a scope says to a chain of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The first `consumed` names are this slot; what follows is looked up inside its value.
    Slot {
        slot: u32,
        consumed: usize,
        shape: Shape,
    },
    Unknown {
        help: Option<String>,
    },
}

/// How missing things count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Mappings: conditions are boolean, a missing member is an error.
    Strict,
    /// Connectors: a missing member is blank, `a or b` gives the first that is not null, empty, 0 or false.
    Documents,
}

/// Gives the values of slots while an expression is evaluated.
pub trait Env {
    fn slot(&self, slot: u32) -> Item;

    /// What spells values for one vendor; only connectors have one.
    fn host(&self) -> Option<&dyn Host> {
        None
    }
}

/// Spells values as one vendor wants them; the `Err` says why a value cannot be spelt.
pub trait Host {
    /// A literal of the vendor's query language, quotes and all.
    fn quoted(&self, value: &Value) -> Result<Str, String>;

    /// A value as `wire:` writes it.
    fn wire(&self, value: &Value) -> Result<Item, String>;
}

/// Why an expression gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the expression takes too many steps")]
    Cost,
    #[error("{message}")]
    Kind { range: Range<usize>, message: String },
    #[error("the expression builds a text that is too long")]
    TooBig,
    #[error("a value that the expression needs was not told to us")]
    Unread,
}

#[cfg(test)]
mod tests;
