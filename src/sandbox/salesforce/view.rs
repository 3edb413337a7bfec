//! How a stored record looks from outside: system fields, computed fields, and the vendor's forms of values.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::schema::{Field, Kind, Object};
use crate::sandbox::store::{Record, Store};

/// The org's integration user: who writes when nobody else is named.
pub const OWN_USER: &str = "0055gS000000001ABA";
/// The user behind every name that is no user id: people at the page, the world.
pub const PERSON_USER: &str = "0055gS000000002ABA";

/// One value, ready to be compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'r> {
    Null,
    Text(Cow<'r, str>),
    Number(Decimal),
    Flag(bool),
    Date(Date),
    /// Milliseconds since 1970; of a record always whole seconds, for the vendor keeps no more.
    Instant(i64),
}

/// The records as one request sees them; `at` is set while reads are stale.
#[derive(Clone, Copy)]
pub struct View<'s> {
    pub store: &'s Store,
    pub at: Option<Timestamp>,
    /// The version in the request's path, which links in answers repeat.
    pub api_version: &'s str,
}

impl View<'_> {
    /// The value of a field as answers show it.
    pub fn value(&self, record: &Record, field: &Field) -> Value {
        match field.name {
            "Id" => json!(&*record.key),
            "IsDeleted" => json!(record.deleted.is_some()),
            "CreatedDate" => json!(instant(record.created)),
            "LastModifiedDate" | "SystemModstamp" => json!(instant(record.modified)),
            "CreatedById" => json!(user(&record.created_by)),
            "LastModifiedById" => json!(user(&record.modified_by)),
            "Name" if field.system => json!(full_name(record)),
            "IsClosed" => json!(record.text("StageName").starts_with("Closed")),
            "IsWon" => json!(record.text("StageName") == "Closed Won"),
            "OwnerId" if record.field("OwnerId").is_null() => json!(OWN_USER),
            _ => plain(record, field),
        }
    }

    /// The value of a field as conditions compare it.
    pub fn cell<'r>(&self, record: &'r Record, field: &Field) -> Cell<'r> {
        match field.name {
            "Id" => return Cell::Text(Cow::Borrowed(&record.key)),
            "CreatedDate" => return Cell::Instant(record.created.as_second() * 1_000),
            "LastModifiedDate" | "SystemModstamp" => return Cell::Instant(record.modified.as_second() * 1_000),
            _ => {}
        }
        if let (false, Value::String(text)) = (field.system, record.field(field.name))
            && !matches!(field.kind, Kind::Date | Kind::Instant)
        {
            return Cell::Text(Cow::Borrowed(text));
        }
        match (self.value(record, field), field.kind) {
            (Value::Bool(flag), _) => Cell::Flag(flag),
            (Value::Number(number), _) => number.to_string().parse().map_or(Cell::Null, Cell::Number),
            (Value::String(text), Kind::Date) => text.parse().map_or(Cell::Null, Cell::Date),
            (Value::String(text), _) => Cell::Text(Cow::Owned(text)),
            _ => Cell::Null,
        }
    }

    /// The record with these fields, and the `attributes` every record carries.
    pub fn record(&self, object: &Object, record: &Record, fields: &[&Field]) -> Value {
        let mut shown = Map::new();
        shown.insert("attributes".to_owned(), self.attributes(object, &record.key));
        for field in fields {
            shown.insert(field.name.to_owned(), self.value(record, field));
        }
        Value::Object(shown)
    }

    pub fn attributes(&self, object: &Object, key: &str) -> Value {
        json!({"type": object.name, "url": self.url(object, key)})
    }

    pub fn url(&self, object: &Object, key: &str) -> String {
        format!("/services/data/{}/sobjects/{}/{key}", self.api_version, object.name)
    }
}

fn plain(record: &Record, field: &Field) -> Value {
    match (record.field(field.name), field.kind) {
        (Value::Null, Kind::Flag) => json!(false),
        (value, _) => value.clone(),
    }
}

fn full_name(record: &Record) -> String {
    format!("{} {}", record.text("FirstName"), record.text("LastName")).trim().to_owned()
}

/// Who wrote, as a user id: the control page and the world write under names.
fn user(who: &str) -> &str {
    if who.starts_with("005") && who.len() == 18 { who } else { PERSON_USER }
}

/// The vendor's form: always `.000`, and an offset without a colon.
pub fn instant(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

impl Cell<'_> {
    /// Orders two values of one field; texts without regard to case, as the vendor sorts them.
    pub fn order(&self, other: &Cell<'_>, exact: bool) -> Option<Ordering> {
        match (self, other) {
            (Cell::Text(a), Cell::Text(b)) if exact => Some(a.cmp(b)),
            (Cell::Text(a), Cell::Text(b)) => Some(folded(a).cmp(folded(b))),
            (Cell::Number(a), Cell::Number(b)) => Some(a.cmp(b)),
            (Cell::Flag(a), Cell::Flag(b)) => Some(a.cmp(b)),
            (Cell::Date(a), Cell::Date(b)) => Some(a.cmp(b)),
            (Cell::Instant(a), Cell::Instant(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}
