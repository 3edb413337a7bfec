//! Jinja's expression syntax to a tree: a small Pratt parser, bounded in depth.
//!
//! From loose to tight: `if else`, `or`, `and`, `not`, comparisons with `in`, `+ -`, `~`, `* / %`, unary minus, then members, brackets, calls, `|` and `is`.

mod operand;

use std::ops::Range;

use super::Problem;
use super::token::{Kind, Token, Until, tokens};
use super::tree::{Arg, Arithmetic, Compare, Expr, Node};
use crate::bounds::{EXPR_DEPTH_MAX, EXPR_SOURCE_BYTES_MAX};
use crate::value::Str;

/// A whole source that is one expression.
pub fn expression(source: &str) -> Result<Expr, Problem> {
    let (expr, _) = expression_at(source, 0, Until::SourceEnd)?;
    Ok(expr)
}

/// An expression that begins at `at`, and where it ended.
pub fn expression_at(source: &str, at: usize, until: Until) -> Result<(Expr, usize), Problem> {
    if source.len() > EXPR_SOURCE_BYTES_MAX {
        return Err(Problem { range: 0..0, message: format!("this is longer than {EXPR_SOURCE_BYTES_MAX} bytes"), help: None });
    }
    let mut parser = Parser { tokens: tokens(source, at, until)?, at: 0, depth: 0 };
    let expr = parser.whole()?;
    let end = parser.here();
    match &parser.tokens[parser.at].kind {
        Kind::End => Ok((expr, end.start)),
        _ => Err(parser.unexpected("the expression should end here")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// How tightly a sign between two operands binds.
const COMPARISON: u8 = 4;
const SUM: u8 = 5;
const JOIN: u8 = 6;
const PRODUCT: u8 = 7;

enum Between {
    Arithmetic(Arithmetic),
    Join,
    Compare(Compare),
    In,
    NotIn,
}

impl Parser {
    fn here(&self) -> Range<usize> {
        self.tokens[self.at].range.clone()
    }

    fn sign(&self, sign: &str) -> bool {
        matches!(&self.tokens[self.at].kind, Kind::Sign(found) if *found == sign)
    }

    fn word(&self, word: &str) -> bool {
        self.word_at(self.at, word)
    }

    fn word_at(&self, at: usize, word: &str) -> bool {
        matches!(self.tokens.get(at).map(|token| &token.kind), Some(Kind::Word(found)) if found == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.sign(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word(word);
        self.at += usize::from(found);
        found
    }

    fn close(&mut self, sign: &str) -> Result<(), Problem> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}` is missing"))) }
    }

    fn unexpected(&self, message: &str) -> Problem {
        let token = &self.tokens[self.at];
        let found = match &token.kind {
            Kind::End => "the end",
            Kind::Text(_) => "a text",
            Kind::Number(_) => "a number",
            Kind::Word(word) => return self.problem(format!("{message}, but `{word}` stands here")),
            Kind::Sign(sign) => return self.problem(format!("{message}, but `{sign}` stands here")),
        };
        self.problem(format!("{message}, but {found} stands here"))
    }

    fn problem(&self, message: String) -> Problem {
        let help = if self.sign("=") { Some("two things are compared with `==`".to_owned()) } else { None };
        Problem { range: self.here(), message, help }
    }

    /// Runs one level deeper; the source decides how deep, so there is a limit.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Result<Expr, Problem>) -> Result<Expr, Problem> {
        if self.depth >= EXPR_DEPTH_MAX {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn too_deep(&self) -> Problem {
        let help = Some("say it in several fields, or use `in [ … ]`".to_owned());
        Problem { range: self.here(), message: format!("this nests deeper than {EXPR_DEPTH_MAX}"), help }
    }

    fn build(&self, begin: usize, node: Node, below: &[&Expr]) -> Result<Expr, Problem> {
        let depth = 1 + below.iter().map(|expr| expr.depth).max().unwrap_or(0);
        self.built(begin, node, depth)
    }

    fn built(&self, begin: usize, node: Node, depth: usize) -> Result<Expr, Problem> {
        if depth > EXPR_DEPTH_MAX {
            return Err(self.too_deep());
        }
        let end = if self.at == 0 { begin } else { self.tokens[self.at - 1].range.end };
        Ok(Expr { node, range: begin..end, depth, grouped: false })
    }

    fn unary(&self, begin: usize, of: Expr, node: impl FnOnce(Box<Expr>) -> Node) -> Result<Expr, Problem> {
        let depth = of.depth + 1;
        self.built(begin, node(Box::new(of)), depth)
    }

    fn pair(&self, a: Expr, b: Expr, node: impl FnOnce(Box<Expr>, Box<Expr>) -> Node) -> Result<Expr, Problem> {
        let (begin, depth) = (a.range.start, 1 + a.depth.max(b.depth));
        self.built(begin, node(Box::new(a), Box::new(b)), depth)
    }

    fn whole(&mut self) -> Result<Expr, Problem> {
        self.deeper(Self::choice)
    }

    fn choice(&mut self) -> Result<Expr, Problem> {
        let mut then = self.or()?;
        while self.take_word("if") {
            let when = self.or()?;
            let otherwise = if self.take_word("else") { Some(self.whole()?) } else { None };
            let depth = 1 + then.depth.max(when.depth).max(otherwise.as_ref().map_or(0, |expr| expr.depth));
            let begin = then.range.start;
            then = self.built(begin, Node::If { then: Box::new(then), when: Box::new(when), otherwise: otherwise.map(Box::new) }, depth)?;
        }
        Ok(then)
    }

    fn or(&mut self) -> Result<Expr, Problem> {
        let mut left = self.and()?;
        while self.take_word("or") {
            let right = self.and()?;
            left = self.pair(left, right, Node::Or)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Problem> {
        let mut left = self.not()?;
        while self.take_word("and") {
            let right = self.not()?;
            left = self.pair(left, right, Node::And)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expr, Problem> {
        let begin = self.here().start;
        if self.take_word("not") {
            let of = self.deeper(Self::not)?;
            return self.unary(begin, of, Node::Not);
        }
        self.binary(COMPARISON)
    }

    fn between(&self) -> Option<(Between, u8, usize)> {
        let (between, power) = match &self.tokens[self.at].kind {
            Kind::Sign("+") => (Between::Arithmetic(Arithmetic::Add), SUM),
            Kind::Sign("-") => (Between::Arithmetic(Arithmetic::Subtract), SUM),
            Kind::Sign("~") => (Between::Join, JOIN),
            Kind::Sign("*") => (Between::Arithmetic(Arithmetic::Multiply), PRODUCT),
            Kind::Sign("/") => (Between::Arithmetic(Arithmetic::Divide), PRODUCT),
            Kind::Sign("%") => (Between::Arithmetic(Arithmetic::Remainder), PRODUCT),
            Kind::Sign("==") => (Between::Compare(Compare::Equal), COMPARISON),
            Kind::Sign("!=") => (Between::Compare(Compare::Unequal), COMPARISON),
            Kind::Sign("<") => (Between::Compare(Compare::Less), COMPARISON),
            Kind::Sign("<=") => (Between::Compare(Compare::LessOrEqual), COMPARISON),
            Kind::Sign(">") => (Between::Compare(Compare::Greater), COMPARISON),
            Kind::Sign(">=") => (Between::Compare(Compare::GreaterOrEqual), COMPARISON),
            Kind::Word(word) if word == "in" => (Between::In, COMPARISON),
            Kind::Word(word) if word == "not" && self.word_at(self.at + 1, "in") => return Some((Between::NotIn, COMPARISON, 2)),
            _ => return None,
        };
        Some((between, power, 1))
    }

    fn binary(&mut self, least: u8) -> Result<Expr, Problem> {
        let mut left = self.deeper(Self::prefix)?;
        let mut compared = false;
        while let Some((between, power, tokens)) = self.between().filter(|(_, power, _)| *power >= least) {
            if power == COMPARISON && std::mem::replace(&mut compared, true) {
                return Err(Problem { range: self.here(), message: "comparisons do not go in a row".into(), help: Some("write `a < b and b < c`".into()) });
            }
            self.at += tokens;
            let right = self.binary(power + 1)?;
            left = match between {
                Between::Arithmetic(sign) => self.pair(left, right, |a, b| Node::Arithmetic(sign, a, b))?,
                Between::Join => self.pair(left, right, Node::Join)?,
                Between::Compare(sign) => self.pair(left, right, |a, b| Node::Compare(sign, a, b))?,
                Between::In => self.pair(left, right, Node::In)?,
                Between::NotIn => {
                    let begin = left.range.start;
                    let found = self.pair(left, right, Node::In)?;
                    self.unary(begin, found, Node::Not)?
                }
            };
        }
        Ok(left)
    }

    /// Minus, then what binds tighter still; filters come last, so `-x | f` filters the negative.
    fn prefix(&mut self) -> Result<Expr, Problem> {
        let begin = self.here().start;
        let mut expr = self.negative()?;
        loop {
            if self.take_sign("|") {
                let (name, name_range) = self.name("the name of a function")?;
                let mut args = vec![Arg { name: None, value: expr }];
                if self.take_sign("(") {
                    self.args(&mut args)?;
                }
                expr = self.call(begin, name, name_range, args, true)?;
            } else if self.take_word("is") {
                expr = self.test(begin, expr)?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn negative(&mut self) -> Result<Expr, Problem> {
        let begin = self.here().start;
        if self.take_sign("-") {
            let of = self.deeper(Self::negative)?;
            return self.unary(begin, of, Node::Negative);
        }
        let first = self.primary()?;
        self.postfix(first)
    }

    fn test(&mut self, begin: usize, of: Expr) -> Result<Expr, Problem> {
        let negated = self.take_word("not");
        if !self.take_word("blank") {
            let mut problem = self.unexpected("after `is` comes `blank` or `not blank`");
            problem.help = Some("write `x is blank` or `x is not blank`; to compare, write `==`".into());
            return Err(problem);
        }
        let blank = self.unary(begin, of, Node::IsBlank)?;
        if negated { self.unary(begin, blank, Node::Not) } else { Ok(blank) }
    }

    fn name(&mut self, what: &str) -> Result<(Str, Range<usize>), Problem> {
        let range = self.here();
        let Kind::Word(word) = &self.tokens[self.at].kind else {
            return Err(self.unexpected(&format!("{what} should come next")));
        };
        let word = word.clone();
        self.at += 1;
        Ok((word, range))
    }

    fn call(&self, begin: usize, name: Str, name_range: Range<usize>, args: Vec<Arg>, piped: bool) -> Result<Expr, Problem> {
        let depth = 1 + args.iter().map(|arg| arg.value.depth).max().unwrap_or(0);
        self.built(begin, Node::Call { name, name_range, args, piped }, depth)
    }
}
