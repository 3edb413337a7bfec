//! Resolving names, and naming the nearest when there is none.

use std::ops::Range;

use super::Checker;
use crate::expr::code::{Code, Op};
use crate::expr::tree::{Expr, Node};
use crate::expr::{Resolution, Shape};
use crate::value::Str;

/// How many names a message lists before it stops being read.
const NAMES_SHOWN_MAX: usize = 12;

impl Checker<'_> {
    /// `a.b['c'].d`: the scope takes as many names as it knows, the rest is looked up in the value.
    pub fn chain(&mut self, expr: &Expr) -> (Code, Shape) {
        let chain = expr.chain();
        if chain.is_empty() {
            return self.of_value(expr);
        }
        let names: Vec<&str> = chain.iter().map(|(name, _)| *name).collect();
        let begin = expr.range.start;
        match self.scope.resolve(&names) {
            Resolution::Slot { slot, consumed, shape } => {
                self.slots.push(slot);
                let consumed = consumed.clamp(1, chain.len());
                let mut code = Code { op: Op::Slot(slot), range: begin..chain[consumed - 1].1 };
                let mut shape = shape;
                for (name, end) in &chain[consumed..] {
                    (code, shape) = self.member(code, &shape, name, begin..*end);
                }
                (code, shape)
            }
            Resolution::Unknown { help } => {
                let known = self.scope.names();
                let range = if known.iter().any(|name| name == names[0]) { expr.range.clone() } else { begin..chain[0].1 };
                let spelt = if range == expr.range { names.join(".") } else { names[0].to_owned() };
                let help = help.or_else(|| nearest(&spelt, known.iter().map(String::as_str))).or_else(|| sees(&known));
                self.wrong(&range, format!("`{spelt}` is not known here"), help)
            }
        }
    }

    /// A member of something that is no chain of names: `f(x).y`, `(a or b).c`, `a[0].b`.
    fn of_value(&mut self, expr: &Expr) -> (Code, Shape) {
        let Node::Member(of, name) = &expr.node else { return (Code::blank(expr.range.clone()), Shape::Any) };
        let (code, shape) = self.expr(of);
        self.member(code, &shape, name, expr.range.clone())
    }

    fn member(&mut self, of: Code, shape: &Shape, name: &str, range: Range<usize>) -> (Code, Shape) {
        match shape.member(name) {
            Some(member) => (Code { op: Op::Member(of.boxed(), Str::from(name)), range }, member),
            None => {
                let help = match shape.members() {
                    "" => None,
                    members => nearest(name, members.split(", ")).or_else(|| Some(format!("it has {members}"))),
                };
                self.wrong(&range, format!("{} has no `{name}`", shape.noun()), help)
            }
        }
    }
}

fn sees(known: &[String]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = known.iter().map(String::as_str).take(NAMES_SHOWN_MAX).collect();
    if known.len() > NAMES_SHOWN_MAX {
        names.push("…");
    }
    Some(format!("an expression sees {} here; a text goes in quotes", names.join(", ")))
}

/// "did you mean …?", if something near enough is known.
pub fn nearest<'a>(spelt: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let far = spelt.chars().count() / 3 + 1;
    let near = known.map(|name| (strsim::damerau_levenshtein(spelt, name), name)).filter(|(distance, _)| *distance <= far);
    near.min().map(|(_, name)| format!("did you mean `{name}`?"))
}
