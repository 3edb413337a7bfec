//! An expression as it was written.

use std::ops::Range;

use crate::value::{Str, Value};

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub node: Node,
    pub range: Range<usize>,
    /// Levels below and with this one: what evaluation will nest.
    pub depth: usize,
    /// Stood in parentheses of its own.
    pub grouped: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Literal(Value),
    Name(Str),
    Member(Box<Expr>, Str),
    Index(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Join(Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    IsBlank(Box<Expr>),
    If {
        then: Box<Expr>,
        when: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    /// `f(x, a)` and `x | f(a)` are one call; `piped` tells them apart for warnings.
    Call {
        name: Str,
        name_range: Range<usize>,
        args: Vec<Arg>,
        piped: bool,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    pub name: Option<Str>,
    pub value: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    pub fn by_size(self) -> bool {
        !matches!(self, Compare::Equal | Compare::Unequal)
    }

    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Compare::Equal => order.is_eq(),
            Compare::Unequal => order.is_ne(),
            Compare::Less => order.is_lt(),
            Compare::LessOrEqual => order.is_le(),
            Compare::Greater => order.is_gt(),
            Compare::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Arithmetic {
    pub fn sign(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

impl Expr {
    /// The names of `a.b['c']`, outermost first, each with the end of its bytes; empty when it begins with anything but a name.
    pub fn chain(&self) -> Vec<(&str, usize)> {
        match &self.node {
            Node::Name(name) => vec![(name, self.range.end)],
            Node::Member(of, name) => extended(of, name, self.range.end),
            Node::Index(of, index) => match &index.node {
                Node::Literal(Value::Text(name)) => extended(of, name, self.range.end),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    pub fn literal_text(&self) -> Option<&str> {
        match &self.node {
            Node::Literal(value) => value.as_text(),
            _ => None,
        }
    }
}

fn extended<'a>(of: &'a Expr, name: &'a str, end: usize) -> Vec<(&'a str, usize)> {
    // Parentheses end a chain: `(a.b).c` looks up `c` in a value.
    let mut chain = if of.grouped { Vec::new() } else { of.chain() };
    if !chain.is_empty() {
        chain.push((name, end));
    }
    chain
}
