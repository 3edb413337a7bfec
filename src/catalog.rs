//! Connectors as checked programs: a file's blocks compiled once, so that after this floor no name is looked up.
//!
//! Each block compiles itself in a file of its own below; this one puts them together and finds the built-in files.

pub mod auth;
pub mod class;
mod compile;
pub mod config;
pub mod describe;
pub mod feed;
pub mod object;
pub mod outcome;
pub mod pick;
pub mod rate;
mod reach;
pub mod read;
pub mod request;
pub mod scope;
pub mod tree;
pub mod verdict;
pub mod webhook;
pub mod wire;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::diag::{Diagnostic, Files, has_error};
use crate::expr::{Program, Template, Want};
use crate::id::{ConnectorName, ObjectName};
use crate::spec::connector::{Auth as AuthSpec, ConnectorSpec};
use crate::value::Str;
use compile::{Compiler, EXPRESSION, Seen};
use object::Object;
use scope::{Declared, Group};

/// The files that come with the program.
static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/connectors");

/// One vendor's API, ready to run.
#[derive(Clone, Debug)]
pub struct Connector {
    pub name: ConnectorName,
    pub title: Str,
    pub about: Option<Str>,
    pub checked: jiff::civil::Date,
    pub config: Vec<config::Setting>,
    pub base_url: Template,
    pub hosts: Vec<Template>,
    pub auth: Vec<auth::Way>,
    pub account: Account,
    pub wire: wire::Wire,
    pub errors: verdict::Errors,
    pub verdicts: Vec<verdict::Rule>,
    pub rates: Vec<rate::Class>,
    pub describe: Option<describe::Describe>,
    /// Objects of the file, each over `each_object`.
    pub objects: BTreeMap<ObjectName, Arc<Object>>,
    /// What every other object is, where any may be named.
    pub any_object: Option<Arc<Object>>,
    pub webhooks: Option<webhook::Webhooks>,
    /// Headers that expressions ask for, by slot.
    pub headers: Vec<Str>,
    /// Names of `token`, `account` and `subscription`, by slot.
    pub token: Vec<Str>,
    pub kept: Vec<Str>,
    pub subscription: Vec<Str>,
}

/// Who we are at the vendor's.
#[derive(Clone, Debug)]
pub struct Account {
    /// `None`: the id is in the token or the settings.
    pub request: Option<request::Request>,
    pub id: Program,
    pub save: Vec<(Str, Program)>,
}

/// The connectors that a project can name.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    connectors: BTreeMap<ConnectorName, Arc<Connector>>,
    /// Names that a file is there for, with something wrong in it: told there, and not again by whoever names one.
    broken: BTreeSet<String>,
}

impl Catalog {
    /// The connectors that come with the program, with what is wrong with them (a test keeps that empty).
    pub fn built_in(files: &mut Files) -> (Catalog, Vec<Diagnostic>) {
        let mut catalog = Catalog::default();
        let mut found = Vec::new();
        for file in BUILT_IN.files().filter(|file| file.path().extension().is_some_and(|end| end == "yaml")) {
            let text = file.contents_utf8().expect("a test reads every built-in file as UTF-8");
            found.extend(catalog.add(files, &format!("connectors/{}", file.path().display()), text));
        }
        (catalog, found)
    }

    /// Reads, compiles and adds one file; one of the same name gives way.
    pub fn add(&mut self, files: &mut Files, path: &str, text: &str) -> Vec<Diagnostic> {
        let id = files.add(path, text);
        let (spec, mut found) = crate::spec::connector::read(files, id);
        let stem = std::path::Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = spec.as_ref().map(|spec| spec.connector.text().to_owned()).or(stem);
        let mut usable = false;
        if let Some(spec) = spec {
            let (connector, problems) = compile(&spec);
            let sound = spec.lost.is_empty() && !has_error(&found);
            found.extend(problems.into_iter().filter(|problem| sound || !follows(problem, &spec)));
            if let Some(connector) = connector.filter(|_| sound) {
                self.connectors.insert(connector.name.clone(), Arc::new(connector));
                usable = true;
            }
        }
        self.broken.extend(name.filter(|_| !usable));
        found
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Connector>> {
        self.connectors.get(name)
    }

    /// Whether there is a file for it that cannot be used.
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.connectors.keys().map(ConnectorName::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.connectors.values()
    }
}

impl Connector {
    /// The program of an object, if the file has one for it.
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(name).or(self.any_object.as_ref())
    }
}

/// Compiles a file; the connector is there only when nothing in it is wrong.
pub fn compile(spec: &ConnectorSpec) -> (Option<Connector>, Vec<Diagnostic>) {
    let compiler = Compiler::new(spec, declared(spec));
    let connector = whole(&compiler);
    reach::check(&compiler, &connector);
    let headers = compiler.declared.headers.borrow().clone();
    let (token, kept, subscription) = (compiler.declared.token.clone(), compiler.declared.account.clone(), compiler.declared.subscription.clone());
    let found = compiler.into_found();
    let connector = (!has_error(&found)).then_some(Connector { headers, token, kept, subscription, ..connector });
    (connector, found)
}

/// Problems that say something is not there, each with the keys that would have said it.
const LACKS: &[(&str, &[&str])] = &[
    ("always_read", &["always_read"]),
    ("auth", &["auth", "config"]),
    ("call", &["call", "each_request"]),
    ("cap", &["sorted_by", "window"]),
    ("changes", &["changes"]),
    ("first_key", &["first_key"]),
    ("gates", &["fields", "describe"]),
    ("gone", &["gone"]),
    ("hosts", &["hosts"]),
    ("key", &["key"]),
    ("list", &["list"]),
    ("marker", &["find"]),
    ("outcomes", &["outcomes"]),
    ("page", &["changes", "query"]),
    ("rate", &["rate"]),
    ("records", &["records"]),
    ("remembers", &["remembers"]),
    ("sorted_by", &["sorted_by"]),
    ("spent", &["rate"]),
    ("upsert", &["describe", "fields"]),
    ("verify", &["verify"]),
    ("zone", &["wire", "zone"]),
];

/// Whether a problem may only follow from what of the file was lost, which is told where it stands.
fn follows(problem: &Diagnostic, spec: &ConnectorSpec) -> bool {
    // Whatever was lost may have used it.
    if problem.code == "unused" {
        return true;
    }
    if problem.code == "parents" {
        return spec.lost.has(&["objects"]) || spec.lost.names("objects").next().is_some();
    }
    if problem.code == EXPRESSION {
        let names: [&[&str]; 4] = [&["config"], &["auth"], &["account"], &["webhooks", "subscribe"]];
        return spec.lost.names_any(&["vars"]) || names.iter().any(|way| spec.lost.touches(way));
    }
    let said_by = LACKS.iter().find(|(code, _)| *code == problem.code).map(|(_, keys)| *keys);
    said_by.is_some_and(|keys| spec.lost.has(&["each_object"]) || spec.lost.names_any(keys))
}

/// The names that a file gives to what it keeps.
fn declared(spec: &ConnectorSpec) -> Declared {
    let names = |keys: &mut dyn Iterator<Item = &str>| keys.map(Str::from).collect::<Vec<_>>();
    let mut token = Vec::new();
    for auth in &spec.auth {
        let save = match auth {
            AuthSpec::OAuth2(oauth) => &oauth.save,
            AuthSpec::Session(session) => &session.save,
            AuthSpec::Bearer(_) | AuthSpec::Header(_) | AuthSpec::Basic(_) => continue,
        };
        for name in save.keys() {
            if !token.iter().any(|known: &Str| known == name) {
                token.push(Str::from(name));
            }
        }
    }
    let mut account = vec![Str::from("id")];
    account.extend(names(&mut spec.account.save.keys()));
    let subscription =
        spec.webhooks.as_ref().and_then(|webhooks| webhooks.subscribe.as_ref()).map(|subscribe| names(&mut subscribe.save.keys())).unwrap_or_default();
    Declared { config: names(&mut spec.config.keys()), token, account, subscription, ..Declared::default() }
}

fn whole(compiler: &Compiler) -> Connector {
    let spec = compiler.spec;
    let nothing = Seen::new("base_url", &[]);
    let answer = Seen::new("account", &[Group::Answer]);
    let object_vars: Vec<Str> = spec.each_object.iter().flat_map(|each| each.vars.keys()).map(Str::from).collect();
    let any_object = spec.each_object.as_ref().filter(|_| spec.any_object).map(|_| Arc::new(compiler.object(&Default::default(), &spec.connector)));
    let account_call = spec.account.request.call.is_some() || spec.account.request.json.is_some();
    Connector {
        name: ConnectorName::new(spec.connector.text()),
        title: Str::from(spec.title.text()),
        about: spec.about.as_ref().map(|about| Str::from(about.text())),
        checked: spec.checked.date(),
        config: compiler.config(),
        base_url: compiler.template(&spec.base_url, nothing),
        hosts: spec.hosts.iter().map(|host| compiler.template(host, Seen { block: "hosts", ..nothing })).collect(),
        auth: compiler.auth(),
        account: Account {
            request: account_call.then(|| compiler.request(&spec.account.request, Seen::new("account", &[]))),
            id: compiler.program(&spec.account.id, answer, &Want::any()),
            save: compiler.saved(&spec.account.save, answer),
        },
        wire: compiler.wire(),
        errors: compiler.errors(),
        verdicts: compiler.verdicts(),
        rates: compiler.rates(),
        describe: spec.describe.as_ref().map(|describe| compiler.describe(describe, &object_vars)),
        objects: spec.objects.iter().map(|(name, object)| (ObjectName::new(name.text()), Arc::new(compiler.object(object, name)))).collect(),
        any_object,
        webhooks: spec.webhooks.as_ref().map(|webhooks| compiler.webhooks(webhooks, &object_vars)),
        headers: Vec::new(),
        token: Vec::new(),
        kept: Vec::new(),
        subscription: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
