//! A compiled expression.

use std::sync::Arc;

use super::check::Checker;
use super::code::Code;
use super::eval::{Run, kind};
use super::{Env, Fault, Item, Mode, Problem, Scope, Shape, Want, parse};
use crate::value::time::{Zone, date, instant};
use crate::value::{Str, Value};

/// An expression: compiled once, evaluated often.
#[derive(Clone, Debug)]
pub struct Program {
    source: Arc<str>,
    code: Code,
    shape: Shape,
    want: Want,
    mode: Mode,
    slots: Vec<u32>,
    functions: Vec<&'static str>,
    warnings: Vec<Problem>,
}

impl Program {
    /// Reads an expression, resolves its names, and checks what can be checked before there are values.
    ///
    /// # Errors
    /// All problems that were found, with their bytes in `source`.
    pub fn compile(source: &str, scope: &dyn Scope, want: &Want) -> Result<Program, Vec<Problem>> {
        let expr = parse::expression(source).map_err(|problem| vec![problem])?;
        Program::checked(source.into(), &expr, scope, want)
    }

    pub(super) fn checked(source: Arc<str>, expr: &super::tree::Expr, scope: &dyn Scope, want: &Want) -> Result<Program, Vec<Problem>> {
        let mut checker = Checker::new(scope);
        let (code, shape) = checker.wanted(expr, &want.shape);
        if !checker.problems.is_empty() {
            return Err(checker.problems);
        }
        checker.slots.sort_unstable();
        checker.slots.dedup();
        Ok(Program {
            source,
            code,
            shape,
            want: want.clone(),
            mode: scope.mode(),
            slots: checker.slots,
            functions: checker.functions,
            warnings: checker.warnings,
        })
    }

    /// What it gives, as far as that is known.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The slots it may read, sorted.
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Whether a function of the table stands anywhere in it.
    pub fn calls(&self, function: &str) -> bool {
        self.functions.contains(&function)
    }

    /// What is legal, but hardly meant.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Computes the value; [`Item::Unread`] when anything it needs is unread.
    ///
    /// # Errors
    /// When values are of kinds that do not go together, or the expression goes beyond its bounds.
    pub fn eval(&self, env: &dyn Env) -> Result<Item, Fault> {
        match Run::new(env, self.mode).eval(&self.code) {
            Ok(item) => self.fits(item),
            Err(Fault::Unread) => Ok(Item::Unread),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the condition holds; blank does not.
    ///
    /// # Errors
    /// As [`Program::eval`], and [`Fault::Unread`] when anything it needs is unread: what that means is for the caller to say.
    pub fn condition(&self, env: &dyn Env) -> Result<bool, Fault> {
        Run::new(env, self.mode).holds(&self.code)
    }

    /// Checks what could not be checked before, and reads the times that documents spell as text.
    fn fits(&self, item: Item) -> Result<Item, Fault> {
        if item.is_blank() || self.want.shape == Shape::Any {
            return Ok(item);
        }
        let item = item.settled();
        let fits = match (&self.want.shape, &item) {
            (Shape::Boolean, _) if self.mode == Mode::Documents => return Ok(Item::boolean(item.is_truthy())),
            (Shape::Instant, Item::Value(Value::Text(text))) if self.mode == Mode::Documents => {
                return instant(text, &Zone::unknown())
                    .map(|at| Item::Value(Value::Instant(at)))
                    .map_err(|problem| kind(&self.code.range, problem.to_string()));
            }
            (Shape::Date, Item::Value(Value::Text(text))) if self.mode == Mode::Documents => {
                return date(text).map(|date| Item::Value(Value::Date(date))).map_err(|problem| kind(&self.code.range, problem.to_string()));
            }
            (Shape::Choice(rows), Item::Value(Value::Text(text))) => rows.contains(&Str::from(text.as_str())),
            (shape, item) => is(item, shape),
        };
        if fits {
            return Ok(item);
        }
        let help = if self.want.shape == Shape::Text { "; `| text` makes one" } else { "" };
        Err(kind(&self.code.range, format!("this gives {} where {} is needed{help}", item.noun(), self.want.shape.noun())))
    }
}

fn is(item: &Item, shape: &Shape) -> bool {
    match (shape, item) {
        (Shape::Any, _) | (Shape::Duration, Item::Duration(_)) => true,
        (Shape::List, item) => item.elements().is_some(),
        (Shape::Map, item) => item.members().is_some(),
        (shape, Item::Value(value)) => matches!(
            (shape, value),
            (Shape::Boolean, Value::Boolean(_))
                | (Shape::Integer, Value::Integer(_))
                | (Shape::Number, Value::Integer(_) | Value::Decimal(_))
                | (Shape::Money, Value::Money(_))
                | (Shape::Text, Value::Text(_))
                | (Shape::Date, Value::Date(_))
                | (Shape::Instant, Value::Instant(_))
                | (Shape::Name, Value::Name(_) | Value::Text(_))
                | (Shape::Address, Value::Address(_))
                | (Shape::Entity, Value::Ref(_))
        ),
        _ => false,
    }
}
