//! Up to 200 records in one request: `/composite/sobjects`. Well-formed requests answer 200, one result per input, in order.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::id;
use super::problem::Problem;
use super::rows;
use super::schema::{self, Kind, Object};
use super::view::View;
use super::write::{Desk, Upserted};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::store::Record;

const RECORDS_MAX: usize = 200;
const IDS_MAX: usize = 2_000;
/// Consecutive runs of one object within one request.
const RUNS_MAX: usize = 10;

/// One input's outcome: the record and, for upserts, whether it is new.
type Outcome = Result<(Arc<Record>, Option<bool>), Problem>;

/// Multi-get: an array in the order asked, null where a record is missing.
pub fn read(view: View<'_>, object: &'static Object, call: &Call) -> Result<Reply, Problem> {
    let (ids, fields): (Vec<String>, Vec<String>) = if call.method == http::Method::POST {
        let body = rows::body(call)?;
        (texts(&body, "ids")?, texts(&body, "fields")?)
    } else {
        let list = |name: &str| call.parameter(name).map(|text| text.split(',').map(|part| part.trim().to_owned()).collect()).unwrap_or_default();
        (list("ids"), list("fields"))
    };
    if ids.is_empty() || fields.is_empty() {
        return Err(Problem::new(400, "REQUIRED_FIELD_MISSING", "The parameters ids and fields are required."));
    }
    if ids.len() > IDS_MAX {
        return Err(Problem::new(400, "EXCEEDED_ID_LIMIT", format!("record limit reached. cannot submit more than {IDS_MAX} records into this call")));
    }
    let fields = rows::wanted(object, Some(fields.iter().map(String::as_str)))?;
    let shelf = view.store.shelf(object.name);
    let find = |key: &String| id::canonical(key).and_then(|key| shelf.get(&key, view.at)).filter(|record| record.deleted.is_none());
    Ok(Reply::json(200, ids.iter().map(|key| find(key).map_or(Value::Null, |record| view.record(object, &record, &fields))).collect()))
}

fn texts(body: &Map<String, Value>, name: &str) -> Result<Vec<String>, Problem> {
    let Some(Value::Array(items)) = body.get(name) else { return Ok(Vec::new()) };
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| Problem::not_json(&format!("{name} must be a list of texts")))).collect()
}

pub fn create(desk: &mut Desk<'_, '_>, call: &Call) -> Result<Reply, Problem> {
    let (records, all_or_none) = inputs(call)?;
    each(desk, records, all_or_none, |desk, record| Ok((desk.create(of(&record)?, &record)?, None)))
}

pub fn update(desk: &mut Desk<'_, '_>, call: &Call) -> Result<Reply, Problem> {
    let (records, all_or_none) = inputs(call)?;
    each(desk, records, all_or_none, |desk, mut record| {
        let object = of(&record)?;
        let key = take_id(&mut record)?;
        Ok((desk.update(object, &key, &record)?, None))
    })
}

pub fn upsert(desk: &mut Desk<'_, '_>, object: &'static Object, field: &str, call: &Call) -> Result<Reply, Problem> {
    let field = rows::external_id(object, field)?;
    let (records, all_or_none) = inputs(call)?;
    each(desk, records, all_or_none, |desk, mut record| {
        if of(&record)?.name != object.name {
            return Err(Problem::new(400, "INVALID_TYPE", format!("The record's type does not match {}", object.name)));
        }
        if field.kind == Kind::Id {
            let known = record.keys().any(|name| name.eq_ignore_ascii_case("Id"));
            let (saved, created) = if known {
                let key = take_id(&mut record)?;
                (desk.update(object, &key, &record)?, false)
            } else {
                (desk.create(object, &record)?, true)
            };
            return Ok((saved, Some(created)));
        }
        let named = record.keys().find(|name| name.eq_ignore_ascii_case(field.name)).cloned();
        let value = named.and_then(|name| record.shift_remove(&name));
        let Some(Value::String(value)) = value else {
            return Err(Problem::new(400, "MISSING_ARGUMENT", format!("{} not specified", field.name)).on(field.name));
        };
        let Upserted { record, created } = desk.upsert(object, field, &value, &record, false)?;
        Ok((record, Some(created)))
    })
}

pub fn delete(desk: &mut Desk<'_, '_>, call: &Call) -> Result<Reply, Problem> {
    let ids: Vec<String> = call.parameter("ids").unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(Problem::new(400, "REQUIRED_FIELD_MISSING", "The parameter ids is required."));
    }
    few(ids.len())?;
    let all_or_none = call.parameter("allOrNone") == Some("true");
    each(desk, ids, all_or_none, |desk, key| {
        let key = id::canonical(&key).ok_or_else(|| Problem::new(400, "MALFORMED_ID", format!("bad id {key}")))?;
        let object = schema::of_id(&key).ok_or_else(|| Problem::new(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))?;
        Ok((desk.delete(object, &key)?, None))
    })
}

/// Runs the inputs one by one; with `allOrNone` one failure takes all back, and the innocent say so.
fn each<T>(desk: &mut Desk<'_, '_>, inputs: Vec<T>, all_or_none: bool, mut work: impl FnMut(&mut Desk<'_, '_>, T) -> Outcome) -> Result<Reply, Problem> {
    let point = desk.point();
    let mut outcomes: Vec<Outcome> = inputs.into_iter().map(|input| work(desk, input)).collect();
    if all_or_none && outcomes.iter().any(Result::is_err) {
        desk.take_back(point);
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
            *outcome = Err(Problem::new(
                400,
                "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "Record rolled back because not all records were valid and the request was using AllOrNone header",
            ));
        }
    }
    let results = outcomes.into_iter().map(|outcome| match outcome {
        Err(problem) => problem.in_collection().record_result(),
        Ok((record, None)) => json!({"id": &*record.key, "success": true, "errors": []}),
        Ok((record, Some(created))) => json!({"id": &*record.key, "success": true, "errors": [], "created": created}),
    });
    Ok(Reply::json(200, results.collect()))
}

fn inputs(call: &Call) -> Result<(Vec<Map<String, Value>>, bool), Problem> {
    let mut body = rows::body(call)?;
    let all_or_none = body.get("allOrNone") == Some(&Value::Bool(true));
    let Some(Value::Array(records)) = body.remove("records") else {
        return Err(Problem::not_json("The field records is required and must be a list."));
    };
    few(records.len())?;
    let read = |record: Value| match record {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::not_json("Each of records must be an object.")),
    };
    let records: Vec<_> = records.into_iter().map(read).collect::<Result<_, _>>()?;
    let kinds: Vec<&str> = records.iter().map(|record| kind(record).unwrap_or_default()).collect();
    let runs = 1 + kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if runs > RUNS_MAX {
        return Err(Problem::new(
            400,
            "LIMIT_EXCEEDED",
            format!("Cannot have more than {RUNS_MAX} chunks in a single operation. Please rearrange the data to reduce chunking."),
        ));
    }
    Ok((records, all_or_none))
}

fn few(records: usize) -> Result<(), Problem> {
    if records <= RECORDS_MAX {
        return Ok(());
    }
    Err(Problem::new(400, "EXCEEDED_ID_LIMIT", format!("record limit reached. cannot submit more than {RECORDS_MAX} records into this call")))
}

fn kind(record: &Map<String, Value>) -> Option<&str> {
    record.get("attributes")?.get("type")?.as_str()
}

fn of(record: &Map<String, Value>) -> Result<&'static Object, Problem> {
    let name = kind(record).ok_or_else(|| Problem::new(400, "INVALID_INPUT", "Include a type in attributes of each record."))?;
    schema::object(name).ok_or_else(|| Problem::new(400, "INVALID_TYPE", format!("sObject type '{name}' is not supported.")))
}

fn take_id(record: &mut Map<String, Value>) -> Result<String, Problem> {
    let name = record.keys().find(|name| name.eq_ignore_ascii_case("Id")).cloned();
    match name.and_then(|name| record.shift_remove(&name)) {
        Some(Value::String(key)) if id::canonical(&key).is_some() => Ok(key),
        Some(other) => Err(Problem::new(400, "MALFORMED_ID", format!("bad id {other}")).on("Id")),
        None => Err(Problem::new(400, "MISSING_ARGUMENT", "Id not specified in an update call").on("Id")),
    }
}
