//! One record at a time: `/sobjects/{object}/…`.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::id;
use super::problem::Problem;
use super::schema::{self, Field, Kind, Object};
use super::view::View;
use super::write::{Desk, Upserted, present, several_hold};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::store::Record;

pub fn object(name: &str) -> Result<&'static Object, Problem> {
    schema::object(name).ok_or_else(|| Problem::no_such_object(name))
}

/// A field by which records are found and upserted: an external id, or `Id` itself.
pub fn external_id(object: &'static Object, name: &str) -> Result<&'static Field, Problem> {
    let found = object.field(name).filter(|field| field.external || field.kind == Kind::Id);
    found.ok_or_else(|| Problem::new(404, "NOT_FOUND", format!("Provided external ID field does not exist or is not accessible: {name}")))
}

/// The body as an object of fields.
pub fn body(call: &Call) -> Result<Map<String, Value>, Problem> {
    match call.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::not_json("The HTTP entity body is required to be a JSON object")),
        Err(error) => Err(Problem::not_json(&format!("Unexpected character or end of entity at [line:{}, column:{}]", error.line(), error.column()))),
    }
}

/// Fields named in `fields=A,B`; all when it is missing.
pub fn wanted<'o>(object: &'static Object, names: Option<impl Iterator<Item = &'o str>>) -> Result<Vec<&'static Field>, Problem> {
    match names {
        None => Ok(object.fields.iter().collect()),
        Some(names) => names.map(|name| object.field(name.trim()).ok_or_else(|| Problem::no_such_column(name, object.name))).collect(),
    }
}

pub fn read(view: View<'_>, object: &'static Object, key: &str, call: &Call) -> Result<Reply, Problem> {
    let key = id::canonical(key).ok_or_else(Problem::not_found)?;
    match view.store.shelf(object.name).get(&key, view.at) {
        Some(record) if record.deleted.is_none() => shown(view, object, &record, call),
        Some(_) => Err(Problem::deleted()),
        None => Err(Problem::not_found()),
    }
}

pub fn read_by(view: View<'_>, object: &'static Object, field: &str, value: &str, call: &Call) -> Result<Reply, Problem> {
    let field = external_id(object, field)?;
    if field.kind == Kind::Id {
        return read(view, object, value, call);
    }
    match view.store.shelf(object.name).find(field.name, value.trim()).unwrap_or_default().as_slice() {
        [] => Err(Problem::not_found()),
        [one] => shown(view, object, one, call),
        several => Err(several_hold(object, field, several)),
    }
}

fn shown(view: View<'_>, object: &'static Object, record: &Record, call: &Call) -> Result<Reply, Problem> {
    match conditions(record, call)? {
        Condition::NotModified => Ok(Reply::empty(304)),
        Condition::Go => Ok(Reply::json(200, view.record(object, record, &wanted(object, call.parameter("fields").map(|names| names.split(',')))?))),
    }
}

enum Condition {
    Go,
    NotModified,
}

/// `If-Unmodified-Since` and `If-Modified-Since`, to the second: two edits within one look alike.
fn conditions(record: &Record, call: &Call) -> Result<Condition, Problem> {
    let modified = record.modified.as_second();
    if let Some(limit) = moment(call, "if-unmodified-since")?
        && modified > limit.as_second()
    {
        return Err(Problem::new(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "Entity was modified after the date given in If-Unmodified-Since"));
    }
    match moment(call, "if-modified-since")? {
        Some(limit) if modified <= limit.as_second() => Ok(Condition::NotModified),
        _ => Ok(Condition::Go),
    }
}

/// An HTTP date in a header.
pub fn moment(call: &Call, header: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = call.header(header) else { return Ok(None) };
    let read = text
        .strip_suffix(" GMT")
        .and_then(|date| jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S", date).ok())
        .and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    match read {
        Some(date) => Ok(Some(date.timestamp())),
        None => Err(Problem::new(400, "INVALID_HEADER", format!("The header {header} holds no HTTP date: {text}"))),
    }
}

pub fn create(desk: &mut Desk<'_, '_>, version: &str, object: &'static Object, call: &Call) -> Result<Reply, Problem> {
    let record = desk.create(object, &body(call)?)?;
    Ok(made(version, object, &record, json!({"id": &*record.key, "success": true, "errors": []})))
}

fn made(version: &str, object: &Object, record: &Arc<Record>, body: Value) -> Reply {
    Reply::json(201, body).with("location", format!("/services/data/{version}/sobjects/{}/{}", object.name, record.key))
}

pub fn update(desk: &mut Desk<'_, '_>, _version: &str, object: &'static Object, key: &str, call: &Call) -> Result<Reply, Problem> {
    let body = body(call)?;
    if body.keys().any(|name| name.eq_ignore_ascii_case("Id")) {
        return Err(Problem::new(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.").on("Id"));
    }
    let former = present(desk.store(), object, key)?;
    if let Condition::NotModified = conditions(&former, call)? {
        return Err(Problem::new(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "Entity was not modified after the date given in If-Modified-Since"));
    }
    desk.update(object, key, &body)?;
    Ok(Reply::empty(204))
}

/// Conditional headers mean nothing to a delete.
pub fn delete(desk: &mut Desk<'_, '_>, object: &'static Object, key: &str) -> Result<Reply, Problem> {
    desk.delete(object, key)?;
    Ok(Reply::empty(204))
}

pub fn delete_by(desk: &mut Desk<'_, '_>, object: &'static Object, field: &str, value: &str) -> Result<Reply, Problem> {
    let field = external_id(object, field)?;
    if field.kind == Kind::Id {
        return delete(desk, object, value);
    }
    let holders = desk.store().shelf(object.name).find(field.name, value.trim()).unwrap_or_default();
    match holders.as_slice() {
        [] => Err(Problem::not_found()),
        [one] => delete(desk, object, &one.key),
        several => Err(several_hold(object, field, several)),
    }
}

pub fn upsert(desk: &mut Desk<'_, '_>, version: &str, object: &'static Object, field: &str, value: &str, call: &Call) -> Result<Reply, Problem> {
    let field = external_id(object, field)?;
    if field.kind == Kind::Id {
        return update(desk, version, object, value, call);
    }
    let update_only = call.parameter("updateOnly") == Some("true");
    if let [one] = desk.store().shelf(object.name).find(field.name, value.trim()).unwrap_or_default().as_slice()
        && let Condition::NotModified = conditions(one, call)?
    {
        return Err(Problem::new(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "Entity was not modified after the date given in If-Modified-Since"));
    }
    let Upserted { record, created } = desk.upsert(object, field, value, &body(call)?, update_only)?;
    let body = json!({"id": &*record.key, "success": true, "errors": [], "created": created});
    Ok(if created { made(version, object, &record, body) } else { Reply::json(200, body) })
}
