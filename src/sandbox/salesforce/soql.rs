//! SOQL as far as integrations use it: one object, its fields and its parents' fields, conditions, order, limit, counts.
//!
//! Text to [`Query`] happens here and knows no object; whether names exist is asked in `query.rs`.

mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

pub use parser::{instant, parse};

/// Longest statement the vendor reads.
pub const STATEMENT_CHARACTERS_MAX: usize = 100_000;
/// Deepest nesting of parentheses, so that a hostile statement cannot exhaust the stack.
pub const NESTING_MAX: usize = 64;

/// A parsed statement; names are as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub select: Select,
    pub from: String,
    pub filter: Option<Condition>,
    pub order: Vec<Order>,
    pub limit: Option<usize>,
    pub offset: usize,
}

/// What each row of the answer holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// `COUNT()`: only `totalSize` counts.
    Count,
    /// `COUNT(Id)`: one aggregate row, under this alias.
    CountRow {
        alias: String,
    },
    Fields(Vec<Path>),
}

/// A field, perhaps of a parent: `Name`, `Account.Owner.Name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(pub Vec<String>);

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// A condition as written, names unresolved.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare { path: Path, comparison: Comparison, literal: Literal },
    OneOf { path: Path, negated: bool, literals: Vec<Literal> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// A value in a statement. Which of them a field takes depends on its type: a quoted instant is a mistake.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Text(String),
    Number(Decimal),
    Flag(bool),
    Date(Date),
    Instant(Timestamp),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub path: Path,
    pub descending: bool,
    pub nulls_last: bool,
}

/// Why a statement cannot be read, worded as the vendor words it (`MALFORMED_QUERY`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Malformed {
    /// Points at the place, as the vendor does: the statement's line, a caret, row and column, the reason.
    fn at(statement: &str, offset: usize, reason: &str) -> Self {
        let before = &statement[..offset.min(statement.len())];
        let row = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let line = statement.lines().nth(row - 1).unwrap_or("");
        let from = line.char_indices().nth((column - 1).saturating_sub(40)).map_or(0, |(at, _)| at);
        let shown: String = line[from..].chars().take(80).collect();
        let caret = " ".repeat((column - 1).min(40));
        Self(format!("\n{shown}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{reason}"))
    }
}

/// Tells whether `text` fits a `LIKE` pattern (`%` any run, `_` one character, `\` escapes), without regard to case.
pub fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut parts: Vec<Wild> = Vec::new();
    let lower = pattern.to_lowercase();
    let mut characters = lower.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Wild::Run,
            '_' => Wild::One,
            '\\' => Wild::Exactly(characters.next().unwrap_or('\\')),
            other => Wild::Exactly(other),
        });
    }
    fits(&text, &parts)
}

enum Wild {
    Run,
    One,
    Exactly(char),
}

/// Greedy matching with one point to go back to: linear in practice, quadratic at worst, never exponential.
fn fits(text: &[char], parts: &[Wild]) -> bool {
    let (mut at, mut part) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        let step = match parts.get(part) {
            Some(Wild::Run) => {
                again = Some((at, part));
                part += 1;
                continue;
            }
            Some(Wild::One) => true,
            Some(Wild::Exactly(wanted)) => *wanted == text[at],
            None => false,
        };
        if step {
            at += 1;
            part += 1;
        } else if let Some((from, run)) = again {
            again = Some((from + 1, run));
            at = from + 1;
            part = run + 1;
        } else {
            return false;
        }
    }
    parts[part..].iter().all(|rest| matches!(rest, Wild::Run))
}
