//! Bugs planted on purpose, and marks of rare situations: whether the simulation would notice, and whether it gets there.
//!
//! Both exist only in builds with debug assertions, cost nothing in others, and touch no thread but the one that asks: a simulated history runs on one
//! thread from its first step to its last.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

thread_local! {
    static PLANTED: Cell<&'static str> = const { Cell::new("") };
    static REACHED: RefCell<BTreeMap<&'static str, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Plants the bug of this name on this thread until it is told another; an empty name is none.
pub fn plant(name: &'static str) {
    PLANTED.set(name);
}

/// Whether this bug is planted here.
pub fn is_planted(name: &str) -> bool {
    PLANTED.get() == name
}

/// Notes that a situation came about.
pub fn reach(name: &'static str) {
    REACHED.with_borrow_mut(|reached| *reached.entry(name).or_default() += 1);
}

/// What came about on this thread since it was last asked, and how often.
pub fn reached() -> BTreeMap<&'static str, u64> {
    REACHED.take()
}

/// A bug that no simulated history can show: the named check passes without it, and must fail with it.
#[cfg(test)]
#[track_caller]
pub fn caught_by(name: &'static str, check: fn()) {
    plant(name);
    let fails = std::panic::catch_unwind(check).is_err();
    plant("");
    assert!(fails || !cfg!(debug_assertions), "nobody notices `{name}`");
}

/// Whether the bug of this name is planted; always false without debug assertions.
macro_rules! planted {
    ($name:literal) => {
        cfg!(debug_assertions) && $crate::plant::is_planted($name)
    };
}

/// Marks a situation that only comes about sometimes.
macro_rules! sometimes {
    ($name:literal) => {
        if cfg!(debug_assertions) {
            $crate::plant::reach($name);
        }
    };
}

pub(crate) use {planted, sometimes};
