//! Ingest jobs: a CSV of inserts, updates, upserts or deletes, each line on its own.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Job, Operation, Outcome, State, Work, csv};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::salesforce::problem::Problem;
use crate::sandbox::salesforce::rows;
use crate::sandbox::salesforce::schema::{Kind, Object};
use crate::sandbox::salesforce::write::Desk;

/// A cell that empties its field; a blank cell leaves it alone.
const NOTHING: &str = "#N/A";

pub fn open(desk: &Desk<'_, '_>, call: &Call) -> Result<Job, Problem> {
    let body = rows::body(call)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let missing = |name: &str| Problem::new(400, "INVALIDJOB", format!("{name} is required"));
    let object = rows::object(text("object").ok_or_else(|| missing("object"))?)
        .map_err(|_| Problem::new(400, "INVALIDENTITY", "The object is not supported by the Bulk API"))?;
    let word = text("operation").ok_or_else(|| missing("operation"))?;
    let operation = match word {
        "insert" => Operation::Insert,
        "update" => Operation::Update,
        "upsert" => Operation::Upsert(rows::external_id(object, text("externalIdFieldName").ok_or_else(|| missing("externalIdFieldName"))?)?),
        "delete" => Operation::Delete,
        other => return Err(Problem::new(400, "INVALIDJOB", format!("Unsupported operation: {other}"))),
    };
    let other = |name: &str, only: &str| text(name).is_some_and(|given| given != only);
    if other("contentType", "CSV") || other("columnDelimiter", "COMMA") {
        return Err(Problem::new(400, "INVALIDJOB", "This look-alike reads CSV with commas only."));
    }
    let mut words = json!({"operation": word});
    if let Operation::Upsert(field) = operation {
        words["externalIdFieldName"] = json!(field.name);
    }
    Ok(Job { object, words, state: State::Open, made: desk.org.base.now(), error: None, work: Work::Load { operation, csv: None, done: Vec::new() } })
}

pub fn upload(job: &mut Job, call: &Call) -> Result<Reply, Problem> {
    let Work::Load { csv, .. } = &mut job.work else { return Err(Problem::not_found()) };
    if job.state != State::Open || csv.is_some() {
        return Err(Problem::new(400, "INVALIDJOBSTATE", "The job takes one upload, while it is open."));
    }
    let text = std::str::from_utf8(&call.body).map_err(|_| Problem::new(400, "CLIENT_INPUT_ERROR", "The upload is not UTF-8."))?;
    *csv = Some(csv::read(text).map_err(|reason| Problem::new(400, "CLIENT_INPUT_ERROR", format!("InvalidBatch : Failed to parse CSV: {reason}")))?);
    Ok(Reply::empty(201))
}

/// Carries the job out.
pub fn run(desk: &mut Desk<'_, '_>, job: &mut Job) {
    let object = job.object;
    let Work::Load { operation, csv, done } = &mut job.work else { return };
    let Some(table) = csv else {
        (job.state, job.error) = (State::Failed, Some("InvalidBatch : no data was uploaded".to_owned()));
        return;
    };
    if let Some(unknown) = table.header.iter().find(|name| !known(object, name)) {
        (job.state, job.error) = (State::Failed, Some(format!("InvalidBatch : Field name not found : {unknown}")));
        return;
    }
    for (line, cells) in table.lines.iter().enumerate() {
        let end = written(desk, object, *operation, &table.header, cells)
            .map_err(|problem| format!("{}:{}:{} --", problem.code, problem.message, problem.fields.join(",")));
        done.push(Outcome { line, end });
    }
    job.state = State::InProgress;
}

fn known(object: &Object, column: &str) -> bool {
    match column.split_once('.') {
        Some((relationship, field)) => object.relationship(relationship).is_some_and(|(_, to)| to.field(field).is_some()),
        None => object.field(column).is_some(),
    }
}

fn written(desk: &mut Desk<'_, '_>, object: &'static Object, operation: Operation, header: &[String], cells: &[String]) -> Result<(Arc<str>, bool), Problem> {
    let mut body = Map::new();
    let (mut key, mut value) = (String::new(), String::new());
    for (name, cell) in header.iter().zip(cells) {
        if name.eq_ignore_ascii_case("Id") && !matches!(operation, Operation::Insert) {
            key.clone_from(cell);
        } else if matches!(operation, Operation::Upsert(by) if by.name.eq_ignore_ascii_case(name)) {
            value.clone_from(cell);
        } else if !cell.is_empty() {
            let (name, value) = member(object, name, cell);
            body.insert(name, value);
        }
    }
    match operation {
        Operation::Insert => desk.create(object, &body).map(|record| (record.key.clone(), true)),
        Operation::Update => desk.update(object, &key, &body).map(|record| (record.key.clone(), false)),
        Operation::Delete => desk.delete(object, &key).map(|record| (record.key.clone(), false)),
        Operation::Upsert(by) if by.kind == Kind::Id && key.is_empty() => desk.create(object, &body).map(|record| (record.key.clone(), true)),
        Operation::Upsert(by) if by.kind == Kind::Id => desk.update(object, &key, &body).map(|record| (record.key.clone(), false)),
        Operation::Upsert(by) => desk.upsert(object, by, &value, &body, false).map(|upserted| (upserted.record.key.clone(), upserted.created)),
    }
}

/// A cell as the member of a JSON body.
fn member(object: &Object, name: &str, cell: &str) -> (String, Value) {
    if let Some((relationship, field)) = name.split_once('.') {
        let value = if cell == NOTHING { Value::Null } else { json!({ field: cell }) };
        return (relationship.to_owned(), value);
    }
    let flag = object.field(name).is_some_and(|field| field.kind == Kind::Flag);
    let value = match cell {
        NOTHING => Value::Null,
        _ if flag => json!(cell.eq_ignore_ascii_case("true")),
        _ => json!(cell),
    };
    (name.to_owned(), value)
}

/// One of the three result lists, each with the columns that were sent.
pub fn results(job: &Job, list: &str) -> Result<Reply, Problem> {
    let Work::Load { csv: Some(table), done, .. } = &job.work else { return Err(Problem::not_found()) };
    let mut text = String::new();
    let sent = |line: usize| table.lines[line].iter().map(String::as_str);
    let header = table.header.iter().map(String::as_str);
    match list {
        "successfulResults" => {
            csv::push(&mut text, ["sf__Id", "sf__Created"].into_iter().chain(header));
            for (line, (key, created)) in done.iter().filter_map(|outcome| Some((outcome.line, outcome.end.as_ref().ok()?))) {
                csv::push(&mut text, [&**key, if *created { "true" } else { "false" }].into_iter().chain(sent(line)));
            }
        }
        "failedResults" => {
            csv::push(&mut text, ["sf__Id", "sf__Error"].into_iter().chain(header));
            for (line, error) in done.iter().filter_map(|outcome| Some((outcome.line, outcome.end.as_ref().err()?))) {
                csv::push(&mut text, ["", error].into_iter().chain(sent(line)));
            }
        }
        "unprocessedrecords" => {
            csv::push(&mut text, header);
            for line in done.len()..table.lines.len() {
                csv::push(&mut text, sent(line));
            }
        }
        _ => return Err(Problem::not_found()),
    }
    Ok(Reply::text(200, "text/csv", text))
}
