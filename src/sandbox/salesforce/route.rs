//! Who asks, and for what: tokens, versions, and the way to each endpoint.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::org::Org;
use super::problem::Problem;
use super::view::{OWN_USER, View};
use super::write::Desk;
use super::{auth, bulk, collections, composite, describe, feeds, query, rows};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::store::Store;

/// Oldest and newest version of the API.
const VERSIONS: std::ops::RangeInclusive<u32> = 40..=68;

/// Answers one request.
pub fn answer(org: &Arc<Org>, call: &Call) -> Reply {
    let segments = call.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["services", "oauth2", endpoint] => auth::answer(org, call, endpoint),
        ["services", "data"] => Reply::json(200, versions()),
        ["services", "data", version, rest @ ..] => data(org, call, version, rest),
        _ => Problem::not_found().into(),
    }
}

fn versions() -> Value {
    VERSIONS
        .map(|version| json!({"label": format!("Release {version}"), "url": format!("/services/data/v{version}.0"), "version": format!("{version}.0")}))
        .collect()
}

fn data(org: &Arc<Org>, call: &Call, version: &str, path: &[&str]) -> Reply {
    let known = version
        .strip_prefix('v')
        .and_then(|number| number.strip_suffix(".0"))
        .and_then(|number| number.parse().ok())
        .is_some_and(|number| VERSIONS.contains(&number));
    if !known {
        return Problem::not_found().into();
    }
    if let Err(problem) = auth::signed_in(org, call) {
        return problem.into();
    }
    let usage = match org.spend() {
        Ok(usage) => usage,
        Err(problem) => return problem.into(),
    };
    let done = if reads(call, path) {
        let at = org.base.read_at();
        org.base.read(|store| read(org, View { store, at, api_version: version }, call, path))
    } else {
        org.work(&org.base.by_api(OWN_USER), |desk| write(desk, version, call, path))
    };
    done.unwrap_or_else(Reply::from).with("sforce-limit-info", usage)
}

/// One part of a composite: no token and no allowance of its own.
pub fn part(desk: &mut Desk<'_, '_>, call: &Call) -> Reply {
    let segments = call.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["services", "data", version, rest @ ..] = path.as_slice() else { return Problem::not_found().into() };
    let done = if reads(call, rest) {
        let org = desk.org.clone();
        read(&org, view(desk.store(), version), call, rest)
    } else if matches!(rest, ["composite"] | ["composite", "batch"]) {
        Err(Problem::new(400, "INVALID_BATCH_REQUEST", "A composite cannot hold another composite."))
    } else {
        write(desk, version, call, rest)
    };
    done.unwrap_or_else(Reply::from)
}

fn view<'s>(store: &'s Store, api_version: &'s str) -> View<'s> {
    View { store, at: None, api_version }
}

/// Multi-get is a POST that only reads.
fn reads(call: &Call, path: &[&str]) -> bool {
    matches!(call.method, Method::GET | Method::HEAD) || matches!((&call.method, path), (&Method::POST, ["composite", "sobjects", _]))
}

fn read(org: &Org, view: View<'_>, call: &Call, path: &[&str]) -> Result<Reply, Problem> {
    match path {
        [] => Ok(Reply::json(200, describe::root(view.api_version))),
        ["limits"] => Ok(Reply::json(200, describe::limits(org))),
        ["query"] => query::run(org, view, call, false).map(|body| Reply::json(200, body)),
        ["queryAll"] => query::run(org, view, call, true).map(|body| Reply::json(200, body)),
        ["query" | "queryAll", place] => query::more(org, view, call, place).map(|body| Reply::json(200, body)),
        ["sobjects"] => Ok(Reply::json(200, describe::all(view.api_version))),
        ["sobjects", object] => Ok(Reply::json(200, describe::basics(rows::object(object)?, view))),
        ["sobjects", object, "describe"] => describe::whole(rows::object(object)?, view.api_version, call),
        ["sobjects", object, "updated"] => feeds::updated(org, view, rows::object(object)?, call),
        ["sobjects", object, "deleted"] => feeds::deleted(org, view, rows::object(object)?, call),
        ["sobjects", object, key] => rows::read(view, rows::object(object)?, key, call),
        ["sobjects", object, field, value] => rows::read_by(view, rows::object(object)?, field, value, call),
        ["jobs", job @ ..] => bulk::read(org, view, call, job),
        ["composite", "sobjects", object] => collections::read(view, rows::object(object)?, call),
        _ => Err(Problem::not_found()),
    }
}

fn write(desk: &mut Desk<'_, '_>, version: &str, call: &Call, path: &[&str]) -> Result<Reply, Problem> {
    match (call.method.as_str(), path) {
        ("POST", ["sobjects", object] | ["sobjects", object, "Id"]) => rows::create(desk, version, rows::object(object)?, call),
        ("PATCH", ["sobjects", object, key]) => rows::update(desk, version, rows::object(object)?, key, call),
        ("DELETE", ["sobjects", object, key]) => rows::delete(desk, rows::object(object)?, key),
        ("PATCH", ["sobjects", object, field, value]) => rows::upsert(desk, version, rows::object(object)?, field, value, call),
        ("DELETE", ["sobjects", object, field, value]) => rows::delete_by(desk, rows::object(object)?, field, value),
        ("POST", ["composite", "sobjects"]) => collections::create(desk, call),
        ("PATCH", ["composite", "sobjects"]) => collections::update(desk, call),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(desk, call),
        ("PATCH", ["composite", "sobjects", object, field]) => collections::upsert(desk, rows::object(object)?, field, call),
        (_, ["jobs", job @ ..]) => bulk::write(desk, version, call, job),
        ("POST", ["composite"]) => composite::run(desk, call),
        ("POST", ["composite", "batch"]) => composite::batch(desk, call),
        (
            method,
            ["query" | "queryAll" | "limits" | "sobjects" | "composite"]
            | ["sobjects", _]
            | ["sobjects", _, "describe" | "updated" | "deleted"]
            | ["composite", "sobjects", ..],
        ) => Err(Problem::wrong_method(method)),
        _ => Err(Problem::not_found()),
    }
}
