//! Query jobs: a statement's rows as CSV, page by page under a locator.

use serde_json::{Value, json};

use super::{Job, State, Work, csv};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::salesforce::bind::{Shape, bind};
use crate::sandbox::salesforce::problem::Problem;
use crate::sandbox::salesforce::soql::{self, Select};
use crate::sandbox::salesforce::view::View;
use crate::sandbox::salesforce::write::Desk;
use crate::sandbox::salesforce::{query, rows};

/// Rows on a page when nobody asks.
const PAGE_DEFAULT: usize = 50_000;

pub fn open(desk: &Desk<'_, '_>, version: &str, call: &Call) -> Result<Job, Problem> {
    let body = rows::body(call)?;
    let word = body.get("operation").and_then(Value::as_str).unwrap_or_default();
    if !matches!(word, "query" | "queryAll") {
        return Err(Problem::new(400, "INVALIDJOB", format!("Unsupported operation: {word}")));
    }
    let statement = body.get("query").and_then(Value::as_str).ok_or_else(|| Problem::new(400, "INVALIDJOB", "query is required"))?;
    let parsed = soql::parse(statement).map_err(|malformed| Problem::new(400, "MALFORMED_QUERY", malformed.0))?;
    let Select::Fields(paths) = &parsed.select else {
        return Err(Problem::new(400, "FEATURENOTENABLED", "Aggregate queries are not supported in Bulk Query"));
    };
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let bound = bind(parsed)?;
    let view = View { store: desk.store(), at: desk.org.base.read_at(), api_version: version };
    let keys = query::found(&bound, view, word == "queryAll").iter().map(|record| record.key.clone()).collect();
    let Shape::Rows(columns) = bound.shape else { return Err(Problem::new(400, "FEATURENOTENABLED", "Aggregate queries are not supported in Bulk Query")) };
    let work = Work::Extract { columns: names.into_iter().zip(columns).collect(), keys };
    Ok(Job { object: bound.object, words: json!({"operation": word}), state: State::InProgress, made: desk.org.base.now(), error: None, work })
}

/// One page of results; the locator of the last is the word `null`.
pub fn page(job: &Job, view: View<'_>, call: &Call) -> Result<Reply, Problem> {
    let Work::Extract { columns, keys } = &job.work else { return Err(Problem::not_found()) };
    let size =
        call.parameter("maxRecords").map_or(Ok(PAGE_DEFAULT), str::parse).map_err(|_| Problem::new(400, "INVALIDJOB", "maxRecords must be a number"))?.max(1);
    let from = match call.parameter("locator").filter(|locator| !locator.is_empty()) {
        None => 0,
        Some(locator) => {
            usize::from_str_radix(locator, 36).ok().filter(|from| *from <= keys.len()).ok_or_else(|| Problem::new(400, "INVALIDJOB", "Invalid locator"))?
        }
    };
    let to = (from + size).min(keys.len());
    let mut text = String::new();
    csv::push(&mut text, columns.iter().map(|(name, _)| name.as_str()));
    let shelf = view.store.shelf(job.object.name);
    for record in keys[from..to].iter().filter_map(|key| shelf.get(key, None)) {
        let cells: Vec<String> = columns.iter().map(|(_, column)| shown(column.value(view, &record))).collect();
        csv::push(&mut text, cells.iter().map(String::as_str));
    }
    let next = if to < keys.len() { radix36(to) } else { "null".to_owned() };
    Ok(Reply::text(200, "text/csv", text).with("sforce-locator", next).with("sforce-numberofrecords", (to - from).to_string()))
}

fn shown(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn radix36(mut number: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit((number % 36) as u32, 36).expect("a digit below 36"));
        number /= 36;
    }
    digits.into_iter().rev().collect()
}
