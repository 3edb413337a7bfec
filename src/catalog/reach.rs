//! Checks over a whole file: what is declared and never used, what is named and not there, what can never work together.

use super::class::{abilities, can_find};
use super::compile::Compiler;
use super::{Connector, object};
use crate::diag::Diagnostic;
use crate::spec::connector::{Auth, Verb};
use crate::value::Path;

/// Reports what only the whole file shows.
pub fn check(compiler: &Compiler, connector: &Connector) {
    unused(compiler);
    parents(compiler);
    hosts(compiler);
    markers(compiler, connector);
    asked_for(compiler);
}

fn unused(compiler: &Compiler) {
    let used = compiler.declared.used.borrow();
    for (at, (name, key)) in compiler.spec.config.iter().enumerate() {
        if !used.contains(&at) {
            let found = Diagnostic::error("unused", format!("`config.{}` is declared and never used", name.text())).at(key.kind.span);
            compiler.report(found.help("use it in a text or expression, or drop it"));
        }
    }
}

fn parents(compiler: &Compiler) {
    let objects = &compiler.spec.objects;
    for (name, object) in objects.iter() {
        for parent in &object.parents {
            if !objects.contains(parent.text()) && !compiler.spec.any_object {
                let found = Diagnostic::error("parents", format!("object `{}` names parent `{}`; there is no such object", name.text(), parent.text()))
                    .at(parent.span());
                compiler.report(found.nearest(parent.text(), objects.keys()));
            }
        }
        if let Some(ring) = ring(compiler, name.text(), &mut vec![name.text()]) {
            compiler.report(
                Diagnostic::error("parents", format!("parents form a ring: {ring}"))
                    .at(name.span())
                    .help("leave one of them out; references inside the ring are set by an update"),
            );
        }
    }
}

/// A way from an object back to itself.
fn ring<'a>(compiler: &Compiler<'a>, start: &str, way: &mut Vec<&'a str>) -> Option<String> {
    let last = *way.last()?;
    for parent in compiler.spec.objects.get(last).into_iter().flat_map(|object| &object.parents) {
        if parent.text() == start {
            return Some(format!("{}, {start}", way.join(", ")));
        }
        if !way.contains(&parent.text()) {
            way.push(parent.text());
            if let Some(found) = ring(compiler, start, way) {
                return Some(found);
            }
            way.pop();
        }
    }
    None
}

/// Token addresses that the file writes out must stand inside `hosts`; those with holes are checked when they are known.
fn hosts(compiler: &Compiler) {
    for auth in &compiler.spec.auth {
        let Auth::OAuth2(oauth) = auth else { continue };
        let text = oauth.token_url.text();
        let host = text.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default()).unwrap_or_default();
        if host.is_empty() || host.contains("{{") {
            continue;
        }
        let inside = compiler
            .spec
            .hosts
            .iter()
            .map(|known| known.text())
            .any(|known| known == host || known.contains("{{") || known.strip_prefix('*').is_some_and(|end| host.ends_with(end)));
        if !inside {
            let found = Diagnostic::error("hosts", format!("the host `{host}` of `token_url` is not in `hosts`")).at(oauth.token_url.span());
            compiler.report(found.help(format!("add `{host}` to `hosts`")));
        }
    }
}

fn markers(compiler: &Compiler, connector: &Connector) {
    for (name, spec) in compiler.spec.objects.iter() {
        let Some(object) = connector.objects.get(name.text()) else { continue };
        let abilities = abilities(object, std::time::Duration::ZERO);
        if let (Some(marker), Some(slot)) = (&object.marker, &spec.marker)
            && !abilities.find.as_ref().is_some_and(|find| can_find(find, marker))
        {
            let found = Diagnostic::warning("marker", format!("`marker: {marker}` of `{}` cannot be looked up by `find`; class C falls to D", name.text()))
                .at(slot.span());
            compiler.report(found.help(format!("add `{marker}` to `find.by`")));
        }
        for gate in object.gates.iter().flat_map(|gate| &gate.allows) {
            if !object.fields.is_empty() && object.field(gate).is_none() && connector.describe.is_none() {
                compiler
                    .report(Diagnostic::error("gates", format!("`gates.allows` of `{}` names `{gate}`, which is not a field", name.text())).at(name.span()));
            }
        }
    }
}

/// Where reads send the list of fields, what the file itself reads of a record must be in it.
fn asked_for(compiler: &Compiler) {
    let each = compiler.spec.each_object.as_ref();
    for (name, own) in compiler.spec.objects.iter() {
        let spec = object::overlaid(each, own);
        let lists = spec.list.as_ref().and_then(Verb::block);
        let sends_fields = lists.is_some_and(|read| format!("{:?}", read.request).contains("fields"));
        if !sends_fields {
            continue;
        }
        let asked: Vec<&str> = spec.always_read.iter().map(|path| path.text()).collect();
        let mut used = vec![(&spec.key, "key"), (&spec.version, "version"), (&spec.time, "time"), (&spec.actor, "actor")];
        let gates: Vec<_> = spec.gates.iter().map(|gate| Some(gate.when.clone())).collect();
        used.extend(gates.iter().map(|when| (when, "gates")));
        for (slot, block) in used {
            let Some(slot) = slot else { continue };
            for field in record_members(slot.text()) {
                if !asked.contains(&field.as_str()) && !field.starts_with('@') {
                    let found = Diagnostic::error("always_read", format!("`record.{field}` is used by `{block}` of `{}` but asked for by no one", name.text()))
                        .at(slot.span());
                    compiler.report(found.help(format!("add `{field}` to `always_read`")));
                }
            }
        }
    }
}

/// The members of `record` that an expression names.
fn record_members(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices("record") {
        let rest = &text[at + "record".len()..];
        let name: String = match rest.strip_prefix('.') {
            Some(rest) => rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect(),
            None => rest.strip_prefix("['").and_then(|rest| rest.split('\'').next()).unwrap_or_default().to_string(),
        };
        if !name.is_empty() && Path::parse(&Path::member(&name).to_string()).is_ok() {
            out.push(name);
        }
    }
    out
}
