//! Calls: `each_request` laid under a block's own request, and the whole compiled to parts that need no more lookups.

use std::sync::Arc;

use http::{HeaderName, Method};

use super::compile::{Compiler, Seen};
use super::scope::is_data;
use super::tree::{Key, Tree, template_slots};
use crate::diag::Diagnostic;
use crate::expr::{Part as Piece, Program, Template};
use crate::spec::connector::{ConfigKind, Parse, Request as SpecRequest};
use crate::spec::{Entries, TextSlot, Tree as SpecTree};
use crate::value::Str;

/// One call.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub path: CallPath,
    pub query: Vec<(Key, Tree)>,
    pub headers: Vec<(HeaderName, Template)>,
    pub body: Body,
    pub parse: Parse,
    /// The pool it draws from beside those of every request.
    pub pool: Option<Str>,
    /// Method and path as the file writes them: the only form that logs and messages show.
    pub label: Arc<str>,
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub enum CallPath {
    /// Below the base URL, or absolute.
    Parts(Vec<Part>),
    /// A URL that the vendor gave; followed as it is.
    Given(Program),
}

/// A piece of a path.
#[derive(Clone, Debug)]
pub enum Part {
    Literal(Str),
    /// From the file or the project: goes in as it stands.
    Plain(Program),
    /// From data: one path segment, percent-encoded.
    Data(Program),
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Body {
    None,
    Json(Tree),
    Form(Vec<(Key, Tree)>),
    Text(Template),
}

impl Request {
    /// Every slot that any part of the call reads.
    pub fn slots(&self) -> Vec<u32> {
        let mut out = Vec::new();
        match &self.path {
            CallPath::Given(program) => out.extend_from_slice(program.slots()),
            CallPath::Parts(parts) => {
                for part in parts {
                    if let Part::Plain(program) | Part::Data(program) = part {
                        out.extend_from_slice(program.slots());
                    }
                }
            }
        }
        self.headers.iter().for_each(|(_, template)| template_slots(template, &mut out));
        self.query.iter().for_each(|(_, tree)| tree.slots(&mut out));
        match &self.body {
            Body::None => {}
            Body::Json(tree) => tree.slots(&mut out),
            Body::Form(entries) => entries.iter().for_each(|(_, tree)| tree.slots(&mut out)),
            Body::Text(template) => template_slots(template, &mut out),
        }
        out
    }

    pub fn uses(&self, slot: u32) -> bool {
        self.slots().contains(&slot)
    }
}

impl Compiler<'_> {
    /// Compiles a request over `each_request`.
    pub fn request(&self, own: &SpecRequest, seen: Seen) -> Request {
        self.request_over(own, self.spec.each_request.as_ref(), seen)
    }

    /// Compiles a request over nothing: sign-in calls happen before there is anything to carry.
    pub fn bare_request(&self, own: &SpecRequest, seen: Seen) -> Request {
        self.request_over(own, None, seen)
    }

    fn request_over(&self, own: &SpecRequest, each: Option<&SpecRequest>, seen: Seen) -> Request {
        let call = own.call.as_ref().or(each.and_then(|each| each.call.as_ref()));
        let Some(call) = call else {
            self.report(Diagnostic::error("call", format!("`{}` says no `call`, and `each_request` has none", seen.block)).help("add `call: GET /path`"));
            return self.nowhere();
        };
        let (method, begin) = self.method(call, seen.block);
        self.check_secrets(own, call, seen);
        let query = merged(each.map(|each| &each.query), &own.query);
        let headers = merged(each.map(|each| &each.headers), &own.headers);
        let pool = own.rate.as_ref().or(each.and_then(|each| each.rate.as_ref()));
        if let Some(pool) = pool
            && !self.spec.rates.contains(pool.text())
        {
            let found = Diagnostic::error("rate", format!("`{}` is no pool of this file", pool.text())).at(pool.span());
            self.report(found.nearest(pool.text(), self.spec.rates.keys()));
        }
        Request {
            method,
            path: self.call_path(call, begin, seen),
            query: query.iter().map(|(name, tree)| (self.fixed_key(name.text()), self.query_tree(tree, seen))).collect(),
            headers: headers.iter().filter_map(|(name, text)| Some((self.header_name(name)?, self.template(text, seen)))).collect(),
            body: self.body(own, each, seen),
            parse: own.parse.or(each.and_then(|each| each.parse)).map(|parse| parse.value).unwrap_or_default(),
            pool: pool.map(|pool| Str::from(pool.text())),
            label: Arc::from(call.text()),
        }
    }

    /// Paths and parameters end up in the logs of every proxy on the way.
    fn check_secrets(&self, own: &SpecRequest, call: &TextSlot, seen: Seen) {
        let mut texts = vec![call];
        texts.extend(own.query.iter().filter_map(|(_, tree)| match tree {
            SpecTree::Text(text) => Some(text),
            _ => None,
        }));
        for (name, key) in self.spec.config.iter().filter(|(_, key)| key.kind.value == ConfigKind::Secret) {
            let wanted = format!("config.{}", name.text());
            for text in texts.iter().filter(|text| text.text().contains(&wanted)) {
                let found = Diagnostic::error("secret", format!("the secret `{wanted}` stands in `call` or `query` of `{}`", seen.block)).at(text.span());
                self.report(found.and_at(key.kind.span, "declared here").help("send it in a header or body, or as `auth`"));
            }
        }
    }

    fn body(&self, own: &SpecRequest, each: Option<&SpecRequest>, seen: Seen) -> Body {
        if let Some(text) = &own.text {
            return Body::Text(self.template(text, seen));
        }
        if let Some(form) = &own.form {
            let form = merged(each.and_then(|each| each.form.as_ref()), form);
            return Body::Form(self.entries(&form, seen));
        }
        match (&own.json, each.and_then(|each| each.json.as_ref())) {
            (Some(SpecTree::Map(own)), Some(SpecTree::Map(each))) => Body::Json(Tree::Map(self.entries(&merged(Some(each), own), seen))),
            (Some(tree), _) | (None, Some(tree)) => Body::Json(self.tree(tree, seen)),
            (None, None) => Body::None,
        }
    }

    fn call_path(&self, call: &TextSlot, begin: usize, seen: Seen) -> CallPath {
        let template = self.template_part(call, begin, seen);
        let parts: Vec<Piece> = template.parts().to_vec();
        if let [Piece::Hole(program)] = parts.as_slice() {
            return CallPath::Given(program.clone());
        }
        let path = parts.into_iter().map(|part| match part {
            Piece::Literal(text) => Part::Literal(text),
            // `segment` has encoded it already.
            Piece::Hole(program) if program.calls("segment") => Part::Plain(program),
            Piece::Hole(program) if program.slots().iter().any(|slot| is_data(*slot)) => Part::Data(program),
            Piece::Hole(program) => Part::Plain(program),
        });
        CallPath::Parts(path.collect())
    }

    /// A query language's text: what comes from data must be quoted in it, or be all of the parameter.
    fn query_tree(&self, tree: &SpecTree, seen: Seen) -> Tree {
        let compiled = self.tree(tree, seen);
        if let (SpecTree::Text(slot), Tree::Text(template)) = (tree, &compiled)
            && template.parts().len() > 1
        {
            for program in template.holes() {
                let unsafe_slot = program.slots().iter().any(|slot| UNTRUSTED.contains(slot));
                if unsafe_slot && !SAFE.iter().any(|name| program.calls(name)) {
                    let found = Diagnostic::error("quoted", format!("a value from data stands inside a query of `{}` without `quoted`", seen.block));
                    self.report(found.at(slot.span()).help("write `| quoted` after it, so that it cannot change the query"));
                }
            }
        }
        compiled
    }

    fn header_name(&self, name: &crate::spec::Name) -> Option<HeaderName> {
        let parsed = HeaderName::from_bytes(name.text().as_bytes());
        if parsed.is_err() {
            self.report(Diagnostic::error("header", format!("`{}` cannot be a header's name", name.text())).at(name.span()));
        }
        parsed.ok()
    }

    fn fixed_key(&self, name: &str) -> Key {
        Key::Fixed(Str::from(name))
    }

    fn nowhere(&self) -> Request {
        Request {
            method: Method::GET,
            path: CallPath::Parts(Vec::new()),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::None,
            parse: Parse::Json,
            pool: None,
            label: Arc::from("GET"),
        }
    }
}

/// Texts that a person may have typed; the rest of the data has a form of its own.
const UNTRUSTED: &[u32] = &[super::scope::KEY, super::scope::KEYS, super::scope::AFTER_KEY, super::scope::MATCH_VALUE];
/// Functions after which a text can no longer change a query.
const SAFE: &[&str] = &["quoted", "int", "segment"];

fn merged<V: Clone>(each: Option<&Entries<V>>, own: &Entries<V>) -> Entries<V> {
    let mut out: Vec<(crate::spec::Name, V)> = Vec::new();
    for (name, value) in each.into_iter().flat_map(|each| each.iter()) {
        if !own.contains(name.text()) {
            out.push((name.clone(), value.clone()));
        }
    }
    out.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
    Entries::new(out)
}
