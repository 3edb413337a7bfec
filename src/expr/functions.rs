//! The closed table of functions: signature, words for the reference page, an example that is run as a test, and the implementation.
//!
//! `f(x, a)` and `x | f(a)` are the same call. All are total: blank in, blank out, unless the table says otherwise.

mod list;
mod number;
mod text;
mod time;

use std::fmt::Write;
use std::ops::Range;

use regex::Regex;

use super::eval::{Run, kind};
use super::{Fault, Item, Shape};
use crate::value::{Str, Value};

/// One function of the table.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub params: &'static [Param],
    pub gives: Gives,
    pub blanks: Blanks,
    pub known: Known,
    pub doc: &'static str,
    /// An expression and its result as text.
    pub example: (&'static str, &'static str),
    pub(super) run: fn(&mut Arguments<'_, '_>) -> Result<Item, Fault>,
}

#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub takes: Takes,
    pub need: Need,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Any,
    Text,
    Number,
    Integer,
    List,
    Map,
    Instant,
    /// A date or an instant.
    Time,
    /// A regular expression, written as a literal so that it is checked once.
    Pattern,
    /// The name of a function, as a literal.
    Function,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Required,
    Optional,
    /// One or more.
    Many,
}

/// What a call gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    Shape(Shape),
    /// What the first argument is, or the second.
    Either,
    /// What the first argument is.
    First,
}

/// What a blank first argument does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blanks {
    /// The result is blank.
    Pass,
    /// The function decides.
    See,
}

/// Where a function may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Everywhere,
    /// It needs a vendor's spelling.
    Connectors,
}

impl Function {
    /// Finds a function by name.
    pub fn named(name: &str) -> Option<&'static Function> {
        all().find(|function| function.name == name)
    }

    /// `replace(text, old, new)`, as messages and the reference show it.
    pub fn signature(&self) -> String {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|param| match param.need {
                Need::Required => param.name.to_owned(),
                Need::Optional => format!("{}?", param.name),
                Need::Many => format!("{}…", param.name),
            })
            .collect();
        format!("{}({})", self.name, params.join(", "))
    }
}

/// All functions, by topic.
pub fn all() -> impl Iterator<Item = &'static Function> {
    [text::TABLE, list::TABLE, number::TABLE, time::TABLE].into_iter().flatten()
}

/// Functions that the format names and this version does not have yet.
pub(super) const LATER: &[&str] = &["convert", "similar", "credit", "month_start"];

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut out = String::from("| function | what it gives | example |\n| --- | --- | --- |\n");
    let mut functions: Vec<&Function> = all().collect();
    functions.sort_by_key(|function| function.name);
    for function in functions {
        let (source, result) = function.example;
        let place = if function.known == Known::Connectors { " Connectors only." } else { "" };
        let escape = |text: &str| text.replace('|', "\\|");
        let example = if result.is_empty() { format!("`{}`", escape(source)) } else { format!("`{}` is `{}`", escape(source), escape(result)) };
        writeln!(out, "| `{}` | {}{place} | {example} |", function.signature(), function.doc).expect("writing into a String never fails");
    }
    out
}

/// The arguments of one call, and what it may spend.
pub(super) struct Arguments<'r, 'e> {
    pub run: &'r mut Run<'e>,
    /// One for each parameter, in order; more only where the last takes many.
    pub items: Vec<Option<Item>>,
    pub pattern: Option<&'r Regex>,
    pub range: Range<usize>,
}

impl Arguments<'_, '_> {
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        kind(&self.range, message.into())
    }

    fn wrong(&self, wanted: &str, found: &Item) -> Fault {
        self.fault(format!("{wanted} was expected here, not {}", found.noun()))
    }

    pub fn item(&self, index: usize) -> Item {
        self.items.get(index).cloned().flatten().unwrap_or(Item::BLANK)
    }

    /// A text; nothing else is turned into one.
    pub fn text(&mut self, index: usize) -> Result<Str, Fault> {
        let text = match self.item(index) {
            Item::Value(Value::Text(text)) => text,
            item if item.is_blank() => Str::default(),
            item => return Err(self.wrong("a text", &item)),
        };
        self.run.spend_bytes(text.len())?;
        Ok(text)
    }

    pub fn integer(&self, index: usize) -> Result<Option<i64>, Fault> {
        match self.item(index) {
            Item::Value(Value::Integer(integer)) => Ok(Some(integer)),
            item if item.is_blank() => Ok(None),
            item => Err(self.wrong("an integer", &item)),
        }
    }

    pub fn elements(&mut self, index: usize) -> Result<Vec<Item>, Fault> {
        let item = self.item(index);
        let elements: Vec<Item> = match item.elements() {
            Some(elements) => elements.collect(),
            None => return Err(self.wrong("a list", &item)),
        };
        self.run.spend(elements.len())?;
        Ok(elements)
    }

    pub fn members(&mut self, index: usize) -> Result<Vec<(Str, Item)>, Fault> {
        let item = self.item(index);
        let members: Vec<(Str, Item)> = match item.members() {
            Some(members) => members.collect(),
            None => return Err(self.wrong("a map", &item)),
        };
        self.run.spend(members.len())?;
        Ok(members)
    }

    pub fn pattern(&self) -> &Regex {
        self.pattern.expect("the check compiles the pattern of every call that takes one")
    }

    /// The one value it is, for spelling it.
    pub fn value(&self, index: usize) -> Result<Value, Fault> {
        match self.item(index) {
            Item::Duration(_) => Err(self.fault("a duration is no value")),
            item => item.into_value(),
        }
    }
}

const fn required(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, need: Need::Required }
}

const fn optional(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, need: Need::Optional }
}

const fn many(name: &'static str, takes: Takes) -> Param {
    Param { name, takes, need: Need::Many }
}

#[cfg(test)]
mod tests;
