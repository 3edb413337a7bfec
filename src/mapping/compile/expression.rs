//! Expressions and texts of a mapping, compiled against their scope; problems point into the scalar.

use rust_decimal::Decimal;

use crate::diag::{Diagnostic, Span};
use crate::expr::{Problem, Program, Scope, Shape, Template, Want};
use crate::mapping::system::NewText;
use crate::mapping::world::World;
use crate::spec::entries::Tree;
use crate::spec::slot::{Expression, TextSlot};
use crate::value::{Str, Value};

/// Compiles an expression; what is wrong with it is added to `found`.
pub(super) fn program(text: &Expression, scope: &dyn Scope, want: Want, found: &mut Vec<Diagnostic>) -> Option<Program> {
    match Program::compile(text.text(), scope, &want) {
        Ok(program) => {
            found.extend(program.warnings().iter().map(|problem| warning(problem, |range| text.locate(range))));
            Some(program)
        }
        Err(problems) => {
            found.extend(problems.into_iter().map(|problem| diagnostic(problem, |range| text.locate(range))));
            None
        }
    }
}

fn warning(problem: &Problem, locate: impl Fn(std::ops::Range<usize>) -> Span) -> Diagnostic {
    let found = Diagnostic::warning("expression", problem.message.clone()).at(locate(problem.range.clone()));
    match &problem.help {
        Some(help) => found.help(help.clone()),
        None => found,
    }
}

fn diagnostic(problem: Problem, locate: impl Fn(std::ops::Range<usize>) -> Span) -> Diagnostic {
    let found = Diagnostic::error("expression", problem.message).at(locate(problem.range));
    match problem.help {
        Some(help) => found.help(help),
        None => found,
    }
}

/// A value of `new:`: a text to fill in, a project variable, or a list or map of them.
pub(super) fn new_text(tree: &Tree, scope: &dyn Scope, world: &World<'_>, found: &mut Vec<Diagnostic>) -> Option<NewText> {
    Some(match tree {
        Tree::Null => NewText::Constant(Value::Blank),
        Tree::Boolean(truth) => NewText::Constant(Value::Boolean(truth.value)),
        Tree::Number(digits) => NewText::Constant(number(digits.text()).or_else(|| {
            found.push(Diagnostic::error("number", format!("`{}` is no exact number", digits.text())).at(digits.span()));
            None
        })?),
        Tree::List(items) => NewText::List(items.iter().map(|item| new_text(item, scope, world, found)).collect::<Option<_>>()?),
        Tree::Map(entries) => {
            NewText::Map(entries.iter().map(|(key, value)| Some((Str::from(key.text()), new_text(value, scope, world, found)?))).collect::<Option<_>>()?)
        }
        Tree::Text(text) => match variable(text.text()) {
            Some(name) => NewText::Constant(constant(text, name, world, found)?),
            None => NewText::Text(template(text, scope, found)?),
        },
    })
}

fn template(text: &TextSlot, scope: &dyn Scope, found: &mut Vec<Diagnostic>) -> Option<Template> {
    let template = match Template::compile(text.text(), scope, &Want::any()) {
        Ok(template) => template,
        Err(problems) => {
            found.extend(problems.into_iter().map(|problem| diagnostic(problem, |range| text.locate(range))));
            return None;
        }
    };
    found.extend(template.warnings().map(|problem| warning(problem, |range| text.locate(range))));
    if template.shape() == Shape::Entity {
        let problem = Diagnostic::error("reference_text", "A reference cannot be filled into a text: each system has a record key of its own for it");
        found.push(problem.at(text.span()).help("give the reference a field with a cell in this system"));
        return None;
    }
    Some(template)
}

/// `name` of `${name}`, when that is the whole text.
fn variable(text: &str) -> Option<&str> {
    text.strip_prefix("${")?.strip_suffix('}')
}

fn constant(text: &TextSlot, name: &str, world: &World<'_>, found: &mut Vec<Diagnostic>) -> Option<Value> {
    let value = world.variables.get(name).cloned();
    if value.is_none() && !world.lost.has(&["variables", name]) {
        let problem = Diagnostic::error("unknown_variable", format!("`{name}` is no variable of the project")).at(text.span());
        found.push(if world.variables.is_empty() {
            problem.help(format!("add it to syncline.yaml: variables: {{ {name}: … }}"))
        } else {
            problem.nearest(name, world.variables.keys().map(String::as_str))
        });
    }
    value
}

/// An exact number as YAML writes one.
pub(crate) fn number(digits: &str) -> Option<Value> {
    match digits.parse::<i64>() {
        Ok(integer) => Some(Value::Integer(integer)),
        Err(_) => digits.parse::<Decimal>().ok().or_else(|| Decimal::from_scientific(digits).ok()).map(Value::Decimal),
    }
}
