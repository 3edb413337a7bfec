//! A text with `{{ expression }}` in it.

use std::sync::Arc;

use super::token::Until;
use super::{Env, Fault, Item, Problem, Program, Scope, Shape, Want, parse};
use crate::bounds::EXPR_TEXT_BYTES_MAX;
use crate::value::Str;

/// A text, compiled once. One `{{ … }}` alone keeps its type; else all parts are joined, and what is blank joins as nothing.
#[derive(Clone, Debug)]
pub struct Template {
    source: Arc<str>,
    parts: Vec<Part>,
    want: Shape,
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub enum Part {
    Literal(Str),
    Hole(Program),
}

impl Template {
    /// Reads a text and the expressions in it.
    ///
    /// # Errors
    /// All problems that were found, with their bytes in `source`.
    pub fn compile(source: &str, scope: &dyn Scope, want: &Want) -> Result<Template, Vec<Problem>> {
        let shared: Arc<str> = source.into();
        let (exprs, literals) = cut(source).map_err(|problem| vec![problem])?;
        let alone = exprs.len() == 1 && literals.iter().all(|literal| literal.is_empty());
        let mut template = Template { source: shared.clone(), parts: Vec::new(), want: want.shape.clone() };
        let mut problems = Vec::new();
        let mut literals = literals.into_iter();
        template.literal(literals.next());
        for expr in exprs {
            match Program::checked(shared.clone(), &expr, scope, if alone { want } else { &Want { shape: Shape::Any } }) {
                Ok(program) => template.parts.push(Part::Hole(program)),
                Err(found) => problems.extend(found),
            }
            template.literal(literals.next());
        }
        if !alone && problems.is_empty() {
            problems.extend(plain_misfit(source, &template.parts, &want.shape));
        }
        if problems.is_empty() { Ok(template) } else { Err(problems) }
    }

    fn literal(&mut self, literal: Option<&str>) {
        if let Some(literal) = literal.filter(|literal| !literal.is_empty()) {
            self.parts.push(Part::Literal(Str::from(literal)));
        }
    }

    /// Whether nothing is filled in.
    pub fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// The one expression, when the text is nothing else.
    pub fn alone(&self) -> Option<&Program> {
        match self.parts.as_slice() {
            [Part::Hole(program)] => Some(program),
            _ => None,
        }
    }

    /// The pieces, for whoever must encode or bind each hole.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The expressions in it.
    pub fn holes(&self) -> impl Iterator<Item = &Program> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(program) => Some(program),
            Part::Literal(_) => None,
        })
    }

    /// The slots it may read, sorted.
    pub fn slots(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.holes().flat_map(|hole| hole.slots().iter().copied()).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.holes().flat_map(Program::warnings)
    }

    /// What it gives, as far as that is known.
    pub fn shape(&self) -> Shape {
        match self.alone() {
            Some(program) => program.shape().clone(),
            None if self.want == Shape::Any => Shape::Text,
            None => self.want.clone(),
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fills in the text; unread if any hole is.
    ///
    /// # Errors
    /// As [`Program::eval`].
    pub fn eval(&self, env: &dyn Env) -> Result<Item, Fault> {
        if let Some(program) = self.alone() {
            return program.eval(env);
        }
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => out.push_str(literal),
                Part::Hole(program) => match program.eval(env)? {
                    Item::Unread => return Ok(Item::Unread),
                    item => out.push_str(&item.to_text()?),
                },
            }
            if out.len() > EXPR_TEXT_BYTES_MAX {
                return Err(Fault::TooBig);
            }
        }
        Ok(Item::text(out))
    }
}

/// A text that is no single hole gives a text: whatever else the place wants is a mistake to be told now.
fn plain_misfit(source: &str, parts: &[Part], want: &Shape) -> Option<Problem> {
    let range = 0..source.len();
    match want {
        Shape::Any | Shape::Text => None,
        Shape::Choice(rows) => match parts {
            [Part::Literal(text)] if !rows.contains(text) => Some(Problem {
                range,
                message: format!("'{text}' is no value of this choice"),
                help: super::check::nearest(text, rows.iter().map(Str::as_str)),
            }),
            _ => None,
        },
        other => Some(Problem {
            range,
            message: format!("this is a text; {} is needed", other.noun()),
            help: Some("an expression alone in {{ }} keeps its type".into()),
        }),
    }
}

/// The expressions and what stands around them: one literal more than expressions.
fn cut(source: &str) -> Result<(Vec<super::tree::Expr>, Vec<&str>), Problem> {
    let (mut exprs, mut literals) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(found) = source[at..].find("{{") {
        let open = at + found;
        literals.push(&source[at..open]);
        let (expr, end) = parse::expression_at(source, open + 2, Until::Braces)?;
        if !source[end..].starts_with("}}") {
            return Err(Problem { range: open..open + 2, message: "these braces are never closed".into(), help: Some("end the expression with }}".into()) });
        }
        exprs.push(expr);
        at = end + 2;
    }
    literals.push(&source[at..]);
    Ok((exprs, literals))
}
