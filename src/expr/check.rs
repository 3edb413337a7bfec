//! Names and kinds against a scope: everything that can be said before there are values, said in one go.

mod call;
mod names;

use std::ops::Range;

use super::code::{Code, Op};
use super::operate::{Misfit, arithmetic_shape, compare_check};
use super::tree::{Compare, Expr, Node};
use super::{Item, Mode, Problem, Scope, Shape};
use crate::value::{Str, Value, time};

pub use names::nearest;

/// One check of one expression; goes on after a problem, so that all are told.
pub struct Checker<'s> {
    pub scope: &'s dyn Scope,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    pub slots: Vec<u32>,
    pub functions: Vec<&'static str>,
}

impl<'s> Checker<'s> {
    pub fn new(scope: &'s dyn Scope) -> Checker<'s> {
        Checker { scope, problems: Vec::new(), warnings: Vec::new(), slots: Vec::new(), functions: Vec::new() }
    }

    fn strict(&self) -> bool {
        self.scope.mode() == Mode::Strict
    }

    /// Notes a problem; what comes back fits everywhere, so that one mistake is told once.
    fn wrong(&mut self, range: &Range<usize>, message: impl Into<String>, help: Option<String>) -> (Code, Shape) {
        self.problems.push(Problem { range: range.clone(), message: message.into(), help });
        (Code::blank(range.clone()), Shape::Any)
    }

    fn misfit(&mut self, range: &Range<usize>, misfit: Misfit) -> (Code, Shape) {
        self.wrong(range, misfit.message, misfit.help)
    }

    /// Checks an expression for a place that wants a shape.
    pub fn wanted(&mut self, expr: &Expr, want: &Shape) -> (Code, Shape) {
        let (code, shape) = self.expr(expr);
        let (code, shape) = self.literal_as(code, shape, want);
        let fits = match (want, &shape) {
            (Shape::Any, _) => true,
            (_, shape) if shape.open() => true,
            (Shape::Boolean, _) => !self.strict() || shape == Shape::Boolean,
            (Shape::Number, Shape::Integer) | (Shape::Integer, Shape::Number) | (Shape::Text, Shape::Choice(_)) => true,
            // Documents spell times as text; which ones is seen when they are there.
            (Shape::Instant | Shape::Date, Shape::Text) => !self.strict(),
            (Shape::Choice(_) | Shape::Name, Shape::Text) => true,
            (want, shape) => want == shape,
        };
        if fits {
            return (code, shape);
        }
        let help = match want {
            Shape::Text => Some("`| text` makes a text".to_owned()),
            Shape::Boolean => Some("compare it with something, or write `is not blank`".to_owned()),
            _ => None,
        };
        self.wrong(&expr.range, format!("this gives {} where {} is needed", shape.noun(), want.noun()), help)
    }

    fn expr(&mut self, expr: &Expr) -> (Code, Shape) {
        let range = &expr.range;
        let (op, shape) = match &expr.node {
            Node::Literal(value) => (Op::Literal(Item::Value(value.clone())), literal_shape(value)),
            Node::Name(_) | Node::Member(..) => return self.chain(expr),
            Node::Index(of, index) => return if expr.chain().is_empty() { self.index(of, index, range) } else { self.chain(expr) },
            Node::Slice(of, from, to) => return self.slice(of, from.as_deref(), to.as_deref(), range),
            Node::Not(of) => (Op::Not(self.condition(of).boxed()), Shape::Boolean),
            Node::Negative(of) => {
                let (code, shape) = self.expr(of);
                if !(shape.open() || matches!(shape, Shape::Number | Shape::Integer | Shape::Money | Shape::Duration)) {
                    return self.wrong(range, format!("{} has no negative", shape.noun()), None);
                }
                (Op::Negative(code.boxed()), shape)
            }
            Node::And(a, b) | Node::Or(a, b) => return self.logic(&expr.node, a, b, range),
            Node::Arithmetic(sign, a, b) => {
                let ((a, left), (b, right)) = (self.expr(a), self.expr(b));
                match arithmetic_shape(*sign, &left, &right) {
                    Ok(shape) => (Op::Arithmetic(*sign, a.boxed(), b.boxed()), shape),
                    Err(misfit) => return self.misfit(range, misfit),
                }
            }
            Node::Join(a, b) => {
                self.warn_of_filter(a, b);
                let (a, b) = (self.expr(a).0, self.expr(b).0);
                (Op::Join(a.boxed(), b.boxed()), Shape::Text)
            }
            Node::Compare(sign, a, b) => return self.compare(*sign, a, b, range),
            Node::In(item, list) => return self.contains(item, list, range),
            Node::IsBlank(of) => (Op::IsBlank(self.expr(of).0.boxed()), Shape::Boolean),
            Node::If { then, when, otherwise } => {
                let ((then, shape), when) = (self.expr(then), self.condition(when));
                let otherwise = otherwise.as_deref().map(|otherwise| self.expr(otherwise));
                let shape = otherwise.as_ref().map_or(shape.clone(), |(_, other)| shape.or(other));
                (Op::If(Box::new([then, when]), otherwise.map(|(code, _)| code.boxed())), shape)
            }
            Node::Call { name, name_range, args, piped } => return self.call(name, name_range, args, *piped, range),
            Node::List(items) => (Op::List(items.iter().map(|item| self.expr(item).0).collect()), Shape::List),
            Node::Map(entries) => (Op::Map(entries.iter().map(|(name, item)| (self.expr(name).0, self.expr(item).0)).collect()), Shape::Map),
        };
        (Code { op, range: range.clone() }, shape)
    }

    /// A condition: in a mapping only what is true or false.
    fn condition(&mut self, expr: &Expr) -> Code {
        self.wanted(expr, &Shape::Boolean).0
    }

    fn logic(&mut self, node: &Node, a: &Expr, b: &Expr, range: &Range<usize>) -> (Code, Shape) {
        let and = matches!(node, Node::And(..));
        let (a, b, shape) = if self.strict() {
            (self.condition(a), self.condition(b), Shape::Boolean)
        } else {
            let ((a, left), (b, right)) = (self.expr(a), self.expr(b));
            (a, b, left.or(&right))
        };
        let op = if and { Op::And(a.boxed(), b.boxed()) } else { Op::Or(a.boxed(), b.boxed()) };
        (Code { op, range: range.clone() }, shape)
    }

    fn compare(&mut self, sign: Compare, a: &Expr, b: &Expr, range: &Range<usize>) -> (Code, Shape) {
        let ((a, left), (b, right)) = (self.expr(a), self.expr(b));
        let (a, left) = self.literal_as(a, left, &right.clone());
        let (b, right) = self.literal_as(b, right, &left);
        if let Err(misfit) = compare_check(sign, &left, &right, self.scope.mode()) {
            return self.misfit(range, misfit);
        }
        let (a, b) = (a.boxed(), b.boxed());
        let op = match (&left, &right) {
            (Shape::Choice(rows), _) | (_, Shape::Choice(rows)) if sign.by_size() => Op::Rank(rows.clone(), sign, a, b),
            _ => Op::Compare(sign, a, b),
        };
        (Code { op, range: range.clone() }, Shape::Boolean)
    }

    fn contains(&mut self, item: &Expr, list: &Expr, range: &Range<usize>) -> (Code, Shape) {
        let (item, shape) = self.expr(item);
        let (mut list, found) = self.expr(list);
        if !(found.open() || matches!(found, Shape::List | Shape::Map | Shape::Text)) {
            return self.wrong(range, format!("`in` looks into a list, not into {}", found.noun()), Some("write: x in ['a', 'b']".into()));
        }
        if let Op::List(elements) = &mut list.op {
            for element in elements {
                let given = match &element.op {
                    Op::Literal(Item::Value(value)) => literal_shape(value),
                    _ => Shape::Any,
                };
                let range = element.range.clone();
                let (code, given) = self.literal_as(element.clone(), given, &shape);
                *element = code;
                if let Err(misfit) = compare_check(Compare::Equal, &shape, &given, self.scope.mode()) {
                    self.misfit(&range, misfit);
                }
            }
        }
        (Code { op: Op::In(item.boxed(), list.boxed()), range: range.clone() }, Shape::Boolean)
    }

    /// A text literal beside a date, an instant or a choice is read as one, once and for all.
    fn literal_as(&mut self, mut code: Code, shape: Shape, beside: &Shape) -> (Code, Shape) {
        let Op::Literal(Item::Value(Value::Text(text))) = &code.op else { return (code, shape) };
        let text = text.clone();
        let unknown = time::Zone::unknown();
        let read = match beside {
            Shape::Date => time::date(&text).map(Value::Date).map(|value| (value, Shape::Date)),
            Shape::Instant => time::instant(&text, &unknown).map(Value::Instant).map(|value| (value, Shape::Instant)),
            Shape::Choice(rows) => {
                if !rows.contains(&text) {
                    let help = nearest(&text, rows.iter().map(Str::as_str)).or_else(|| Some(format!("its values are {}", rows.join(", "))));
                    return self.wrong(&code.range.clone(), format!("'{text}' is no value of this choice"), help);
                }
                return (code, shape);
            }
            _ => return (code, shape),
        };
        match read {
            Ok((value, shape)) => {
                code.op = Op::Literal(Item::Value(value));
                (code, shape)
            }
            Err(problem) => self.wrong(&code.range.clone(), format!("'{text}' stands beside {}: {problem}", beside.noun()), None),
        }
    }

    fn index(&mut self, of: &Expr, index: &Expr, range: &Range<usize>) -> (Code, Shape) {
        let ((of, shape), (index, by)) = (self.expr(of), self.expr(index));
        if !(shape.open() || matches!(shape, Shape::List | Shape::Map)) {
            return self.wrong(range, format!("{} has no elements", shape.noun()), None);
        }
        if !(by.open() || matches!(by, Shape::Integer | Shape::Number | Shape::Text | Shape::Choice(_))) {
            return self.wrong(&index.range, format!("in brackets stands a number or a name, not {}", by.noun()), None);
        }
        (Code { op: Op::Index(of.boxed(), index.boxed()), range: range.clone() }, Shape::Any)
    }

    fn slice(&mut self, of: &Expr, from: Option<&Expr>, to: Option<&Expr>, range: &Range<usize>) -> (Code, Shape) {
        let (of, shape) = self.expr(of);
        let mut bound = |expr: Option<&Expr>| expr.map(|expr| self.wanted(expr, &Shape::Integer).0.boxed());
        let (from, to) = (bound(from), bound(to));
        let shape = match shape {
            Shape::Text | Shape::Choice(_) => Shape::Text,
            Shape::List => Shape::List,
            shape if shape.open() => Shape::Any,
            other => return self.wrong(range, format!("{} cannot be cut", other.noun()), None),
        };
        (Code { op: Op::Slice(of.boxed(), from, to), range: range.clone() }, shape)
    }
}

fn literal_shape(value: &Value) -> Shape {
    match value {
        Value::Blank => Shape::Blank,
        Value::Boolean(_) => Shape::Boolean,
        Value::Integer(_) => Shape::Integer,
        Value::Decimal(_) => Shape::Number,
        Value::Text(_) => Shape::Text,
        _ => Shape::Any,
    }
}
