//! A checked expression, ready to run: names are slots, functions are found, patterns compiled.

use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use super::Item;
use super::functions::Function;
use super::tree::{Arithmetic, Compare};
use crate::value::Str;

#[derive(Clone, Debug)]
pub struct Code {
    pub op: Op,
    pub range: Range<usize>,
}

#[derive(Clone, Debug)]
pub enum Op {
    Literal(Item),
    Slot(u32),
    Member(Box<Code>, Str),
    Index(Box<Code>, Box<Code>),
    Slice(Box<Code>, Option<Box<Code>>, Option<Box<Code>>),
    Not(Box<Code>),
    Negative(Box<Code>),
    And(Box<Code>, Box<Code>),
    Or(Box<Code>, Box<Code>),
    Arithmetic(Arithmetic, Box<Code>, Box<Code>),
    Join(Box<Code>, Box<Code>),
    Compare(Compare, Box<Code>, Box<Code>),
    /// Compares choices by the order of their rows.
    Rank(Arc<[Str]>, Compare, Box<Code>, Box<Code>),
    In(Box<Code>, Box<Code>),
    IsBlank(Box<Code>),
    If(Box<[Code; 2]>, Option<Box<Code>>),
    Call(Box<Call>),
    /// `map('f', …)`: the function's first argument is missing, each element takes its place.
    Each(Box<Code>, Box<Call>),
    /// `map(attribute='a.b')`.
    Members(Box<Code>, Vec<Str>),
    List(Vec<Code>),
    Map(Vec<(Code, Code)>),
}

#[derive(Clone, Debug)]
pub struct Call {
    pub function: &'static Function,
    pub args: Vec<Option<Code>>,
    pub pattern: Option<Regex>,
}

impl Code {
    pub fn blank(range: Range<usize>) -> Code {
        Code { op: Op::Literal(Item::Value(crate::value::Value::Blank)), range }
    }

    pub fn boxed(self) -> Box<Code> {
        Box::new(self)
    }
}
