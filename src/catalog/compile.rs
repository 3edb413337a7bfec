//! What every block needs to compile itself: expressions, texts and trees against the names the block sees, with all problems collected.

use std::cell::RefCell;

use http::Method;

use super::scope::{Declared, Group, Names};
use super::tree::{Key, Tree};
use crate::diag::Diagnostic;
use crate::expr::{Problem, Program, Scope, Template, Want};
use crate::spec::connector::ConnectorSpec;
use crate::spec::{Entries, Expression, Name, TextSlot, Tree as SpecTree};
use crate::value::{Path, Str, Value};

/// The code of what is wrong inside an expression.
pub(super) const EXPRESSION: &str = "expression";

/// One connector file on its way to a program.
pub struct Compiler<'a> {
    pub spec: &'a ConnectorSpec,
    pub declared: Declared,
    found: RefCell<Vec<Diagnostic>>,
}

/// What the block at hand sees, and what it is called in messages.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub groups: &'a [Group],
    pub vars: &'a [Str],
    pub token: bool,
    pub block: &'a str,
}

impl<'a> Seen<'a> {
    pub fn new(block: &'a str, groups: &'a [Group]) -> Self {
        Seen { groups, vars: &[], token: true, block }
    }

    pub fn vars(self, vars: &'a [Str]) -> Self {
        Seen { vars, ..self }
    }

    /// The same block, seeing other groups of names.
    pub fn with(self, groups: &'a [Group]) -> Self {
        Seen { groups, ..self }
    }
}

impl<'a> Compiler<'a> {
    pub fn new(spec: &'a ConnectorSpec, declared: Declared) -> Self {
        Compiler { spec, declared, found: RefCell::default() }
    }

    pub fn report(&self, found: Diagnostic) {
        // An object that takes a block from `each_object` compiles it again: one problem is told once.
        let mut all = self.found.borrow_mut();
        if !all.iter().any(|known| known.span == found.span && known.what == found.what) {
            all.push(found);
        }
    }

    pub fn into_found(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }

    /// Compiles an expression; one that is wrong is reported, and stands as null from then on.
    pub fn program(&self, slot: &Expression, seen: Seen, want: &Want) -> Program {
        if slot.text().trim_start().starts_with("{{") {
            let inner = slot.text().trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let found = Diagnostic::error("braces", format!("`{}` takes an expression", seen.block)).at(slot.span());
            self.report(found.help(format!("write `{inner}` without `{{{{ }}}}`")));
            return self.null();
        }
        Program::compile(slot.text(), &self.names(seen), want).unwrap_or_else(|problems| {
            self.problems(problems, seen.block, |range| slot.locate(range));
            self.null()
        })
    }

    pub fn maybe(&self, slot: Option<&Expression>, seen: Seen, want: &Want) -> Option<Program> {
        slot.map(|slot| self.program(slot, seen, want))
    }

    pub fn template(&self, slot: &TextSlot, seen: Seen) -> Template {
        self.template_part(slot, 0, seen)
    }

    /// Compiles a text from byte `begin` on.
    pub fn template_part(&self, slot: &TextSlot, begin: usize, seen: Seen) -> Template {
        Template::compile(&slot.text()[begin..], &self.names(seen), &Want::any()).unwrap_or_else(|problems| {
            self.problems(problems, seen.block, |range| slot.locate(range.start + begin..range.end + begin));
            self.empty()
        })
    }

    pub fn tree(&self, tree: &SpecTree, seen: Seen) -> Tree {
        match tree {
            SpecTree::Null => Tree::Null,
            SpecTree::Boolean(value) => Tree::Fixed(Value::Boolean(value.value)),
            SpecTree::Number(digits) => Tree::Fixed(number(digits.text())),
            SpecTree::List(items) => Tree::List(items.iter().map(|item| self.tree(item, seen)).collect()),
            SpecTree::Map(entries) => Tree::Map(self.entries(entries, seen)),
            SpecTree::Text(slot) => {
                let template = self.template(slot, seen);
                if template.is_plain() { Tree::Fixed(Value::Text(Str::from(slot.text()))) } else { Tree::Text(template) }
            }
        }
    }

    pub fn entries(&self, entries: &Entries<SpecTree>, seen: Seen) -> Vec<(Key, Tree)> {
        entries.iter().map(|(name, tree)| (self.key(name, seen), self.tree(tree, seen))).collect()
    }

    /// A tree that only the file decides: what `vars`, `sets` and tables hold.
    pub fn fixed(&self, tree: &SpecTree) -> Value {
        match tree {
            SpecTree::Null => Value::Blank,
            SpecTree::Boolean(value) => Value::Boolean(value.value),
            SpecTree::Number(digits) => number(digits.text()),
            SpecTree::Text(slot) => Value::text(slot.text()),
            SpecTree::List(items) => Value::List(items.iter().map(|item| self.fixed(item)).collect()),
            SpecTree::Map(entries) => Value::Map(entries.iter().map(|(name, tree)| (Str::from(name.text()), self.fixed(tree))).collect()),
        }
    }

    pub fn path(&self, name: &Name) -> Path {
        Path::parse(name.text()).unwrap_or_else(|problem| {
            self.report(Diagnostic::error("path", format!("`{}` is no path: {problem}", name.text())).at(name.span()));
            Path::member("_")
        })
    }

    /// Splits `METHOD /path` and gives the byte where the path begins.
    pub fn method(&self, call: &TextSlot, block: &str) -> (Method, usize) {
        let text = call.text();
        let word = text.split_whitespace().next().unwrap_or_default();
        let method = match word {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            "HEAD" => Method::HEAD,
            _ => {
                let found = Diagnostic::error("method", format!("`call` of `{block}` does not begin with a method")).at(call.span());
                self.report(found.help("write it as the vendor's page does: `GET /path`, `POST /path`, `PUT`, `PATCH`, `DELETE` or `HEAD`"));
                return (Method::GET, 0);
            }
        };
        let begin = text.find(word).unwrap_or(0) + word.len();
        (method, begin + text[begin..].len() - text[begin..].trim_start().len())
    }

    fn key(&self, name: &Name, seen: Seen) -> Key {
        if name.text() == "..." {
            return Key::Spread;
        }
        if !name.text().contains("{{") {
            return Key::Fixed(Str::from(name.text()));
        }
        let compiled = Template::compile(name.text(), &self.names(seen), &Want::text());
        Key::Filled(compiled.unwrap_or_else(|problems| {
            self.problems(problems, seen.block, |range| name.locate(range));
            self.empty()
        }))
    }

    pub fn names<'s>(&'s self, seen: Seen<'s>) -> Names<'s> {
        Names { declared: &self.declared, vars: seen.vars, groups: seen.groups, token: seen.token, hidden: &[] }
    }

    fn problems(&self, problems: Vec<Problem>, block: &str, locate: impl Fn(std::ops::Range<usize>) -> crate::diag::Span) {
        for problem in problems {
            let found = Diagnostic::error(EXPRESSION, format!("{}, in `{block}`", problem.message)).at(locate(problem.range));
            self.report(match problem.help {
                Some(help) => found.help(help),
                None => found,
            });
        }
    }

    pub fn empty(&self) -> Template {
        Template::compile("", &self.names(Seen::new("", &[])), &Want::any()).expect("no text has no problems")
    }

    fn null(&self) -> Program {
        let names: &dyn Scope = &self.names(Seen::new("", &[]));
        Program::compile("none", names, &Want::any()).expect("`none` is an expression everywhere")
    }
}

fn number(digits: &str) -> Value {
    crate::value::doc::raw_value(digits)
}
