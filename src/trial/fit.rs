//! What a record must hold to take part: read off the simple conditions of `where`, so that a record given by an example is one that the mapping sees.
//!
//! A vendor derives such values itself (a record type's name from its id); a system in memory is told them.

use crate::mapping::System;
use crate::value::{Path, Value};

/// Paths and values that make `PATH == 'text'`, `PATH` and `not PATH` hold, where `where` joins them by `and`.
pub(super) fn fitting(system: &System) -> Vec<(Path, Value)> {
    let Some(program) = &system.takes_part else { return Vec::new() };
    let source = program.source();
    if source.contains(" or ") {
        return Vec::new();
    }
    source.split(" and ").filter_map(|condition| asked(condition.trim())).collect()
}

fn asked(condition: &str) -> Option<(Path, Value)> {
    if let Some((path, literal)) = condition.split_once(" == ") {
        return Some((plain(path)?, value(literal.trim())?));
    }
    match condition.strip_prefix("not ") {
        Some(path) => Some((plain(path)?, Value::Boolean(false))),
        None => Some((plain(condition)?, Value::Boolean(true))),
    }
}

fn plain(path: &str) -> Option<Path> {
    let simple = path.trim().chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    if simple { Path::parse(path.trim()).ok() } else { None }
}

fn value(literal: &str) -> Option<Value> {
    let quoted = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).filter(|inner| !inner.contains('\''));
    match (quoted, literal) {
        (Some(text), _) => Some(Value::text(text)),
        (None, "true") => Some(Value::Boolean(true)),
        (None, "false") => Some(Value::Boolean(false)),
        (None, digits) => digits.parse().ok().map(Value::Integer),
    }
}
