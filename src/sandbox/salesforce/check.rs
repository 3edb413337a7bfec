//! Whether a write may happen, and in which form its values would be kept: trimmed, blank as null, rounded.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::schema::{Field, Kind, Object};
use super::{id, soql};
use crate::sandbox::store::{Fields, Record, Store};

/// Checks a body against its object; gives the record's new fields, whole.
///
/// # Errors
/// The vendor's refusal, always of status 400: per record in a collection, as the answer otherwise.
pub fn checked(store: &Store, object: &'static Object, body: &Map<String, Value>, former: Option<&Record>, through_api: bool) -> Result<Fields, Problem> {
    if through_api && former.is_some_and(|record| record.field("IsConverted") == &Value::Bool(true)) {
        return Err(Problem::new(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"));
    }
    if through_api && object.read_only {
        return Err(Problem::new(400, "INSUFFICIENT_ACCESS_OR_READONLY", format!("entity type {} does not support this operation", object.name)));
    }
    let mut fields = former.map(|record| record.fields.clone()).unwrap_or_default();
    let mut written = Vec::new();
    for (name, value) in body.iter().filter(|(name, _)| *name != "attributes") {
        let (field, value) = match (object.field(name), object.relationship(name)) {
            (Some(field), _) => (field, kept(store, object, field, value)?),
            (None, Some((field, to))) => (field, by_external_id(store, to, value)?),
            (None, None) => return Err(Problem::no_such_column(name, object.name)),
        };
        // A person converts a lead on a screen; the API cannot.
        let system = field.system && (through_api || !field.name.contains("Converted"));
        if system {
            return Err(Problem::new(
                400,
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                format!("Unable to create/update fields: {}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.", field.name),
            )
            .on(field.name));
        }
        written.push(field);
        fields.insert(field.name.to_owned(), value);
    }
    complete(object, &mut fields, &written, former.is_none())?;
    for field in written.iter().filter(|field| field.unique) {
        unique(store, object, field, &fields, former)?;
    }
    Ok(fields)
}

/// Puts defaults and consequences, then asks for what is required.
fn complete(object: &Object, fields: &mut Fields, written: &[&Field], creating: bool) -> Result<(), Problem> {
    if creating {
        for field in &object.fields {
            if let (Some(default), true) = (field.default, fields.get(field.name).is_none_or(Value::is_null)) {
                fields.insert(field.name.to_owned(), json!(default));
            }
        }
    }
    // The stage brings its probability, unless the same write gives one.
    if written.iter().any(|field| field.name == "StageName") && !written.iter().any(|field| field.name == "Probability") {
        let probability = match fields.get("StageName").and_then(Value::as_str) {
            Some("Proposal") => 50,
            Some("Negotiation") => 75,
            Some("Closed Won") => 100,
            Some("Closed Lost") => 0,
            _ => 10,
        };
        fields.insert("Probability".to_owned(), json!(probability));
    }
    let missing: Vec<&str> = object
        .fields
        .iter()
        .filter(|field| field.required && (creating || written.iter().any(|one| one.name == field.name)))
        .filter(|field| fields.get(field.name).is_none_or(Value::is_null))
        .map(|field| field.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let problem = Problem::new(400, "REQUIRED_FIELD_MISSING", format!("Required fields are missing: [{}]", missing.join(", ")));
    Err(missing.iter().fold(problem, |problem, field| problem.on(field)))
}

fn unique(store: &Store, object: &Object, field: &Field, fields: &Fields, former: Option<&Record>) -> Result<(), Problem> {
    let Some(Value::String(text)) = fields.get(field.name) else { return Ok(()) };
    let holders = store.shelf(object.name).find(field.name, text).unwrap_or_default();
    match holders.iter().find(|holder| former.is_none_or(|record| record.key != holder.key)) {
        None => Ok(()),
        Some(holder) => Err(Problem::new(
            400,
            "DUPLICATE_VALUE",
            format!("duplicate value found: {} duplicates value on record with id: {}", field.name, &holder.key[..15]),
        )
        .on(field.name)),
    }
}

/// The value as the vendor would keep it.
fn kept(store: &Store, object: &Object, field: &Field, value: &Value) -> Result<Value, Problem> {
    let text = match value {
        Value::Null if field.kind == Kind::Flag => {
            return Err(Problem::new(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", format!("{}: value not of required type: null", field.name)).on(field.name));
        }
        Value::Null => return Ok(Value::Null),
        Value::String(text) => Some(text.trim()),
        _ => None,
    };
    if text == Some("") {
        return Ok(Value::Null);
    }
    match field.kind {
        Kind::Flag => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(cannot_read(field, value)),
        },
        Kind::Whole | Kind::Money(..) | Kind::Percent => number(field, value),
        Kind::Date => {
            let date = text.and_then(|text| text.get(..10).unwrap_or(text).parse::<jiff::civil::Date>().ok());
            date.map(|date| json!(date.to_string())).ok_or_else(|| cannot_read(field, value))
        }
        Kind::Instant => {
            let at = text.and_then(soql::instant).ok_or_else(|| cannot_read(field, value))?;
            Ok(json!(super::view::instant(at)))
        }
        Kind::Reference(to, _) => reference(store, field, to, text.ok_or_else(|| cannot_read(field, value))?),
        Kind::Id | Kind::Text(_) | Kind::Area(_) | Kind::Pick(..) | Kind::Email | Kind::Phone | Kind::Url => {
            writing(object, field, text.ok_or_else(|| cannot_read(field, value))?)
        }
    }
}

fn writing(object: &Object, field: &Field, text: &str) -> Result<Value, Problem> {
    let length = field.kind.length();
    if text.chars().count() > length {
        let shown: String = text.chars().take(255).collect();
        return Err(Problem::new(400, "STRING_TOO_LONG", format!("{} {}: data value too large: {shown} (max length={length})", object.label, field.label))
            .on(field.name));
    }
    match field.kind {
        Kind::Pick(values, true) if !values.contains(&text) => {
            Err(Problem::new(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", format!("{}: bad value for restricted picklist field: {text}", field.label))
                .on(field.name))
        }
        Kind::Email if !is_email(text) => {
            Err(Problem::new(400, "INVALID_EMAIL_ADDRESS", format!("{}: invalid email address: {text}", field.label)).on(field.name))
        }
        _ => Ok(json!(text)),
    }
}

fn is_email(text: &str) -> bool {
    let Some((person, host)) = text.split_once('@') else { return false };
    !person.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !text.contains(char::is_whitespace) && !host.contains('@')
}

/// Numbers, also written as text; rounded half up to what the field keeps.
fn number(field: &Field, value: &Value) -> Result<Value, Problem> {
    let written = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Err(cannot_read(field, value)),
    };
    let number: Decimal = written.parse().or_else(|_| Decimal::from_scientific(&written)).map_err(|_| cannot_read(field, value))?;
    let (digits, scale) = match field.kind {
        Kind::Money(digits, scale) => (digits, scale),
        Kind::Percent => (3, 0),
        _ if number.fract().is_zero() => (8, 0),
        _ => return Err(cannot_read(field, value)),
    };
    let rounded = number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero).normalize();
    if rounded.abs() >= Decimal::from(10u64.pow(digits)) {
        return Err(
            Problem::new(400, "NUMBER_OUTSIDE_VALID_RANGE", format!("{}: value outside of valid range on numeric field: {number}", field.label)).on(field.name)
        );
    }
    // Currency and percent are doubles on the wire: `1000.0`, as the vendor writes them.
    let shown = if rounded.fract().is_zero() && field.kind != Kind::Whole { format!("{rounded}.0") } else { rounded.to_string() };
    serde_json::from_str(&shown).map_err(|_| cannot_read(field, value))
}

fn cannot_read(field: &Field, value: &Value) -> Problem {
    let token = match value {
        Value::String(_) => "VALUE_STRING",
        Value::Number(number) if number.is_f64() => "VALUE_NUMBER_FLOAT",
        Value::Number(_) => "VALUE_NUMBER_INT",
        Value::Bool(true) => "VALUE_TRUE",
        Value::Bool(false) => "VALUE_FALSE",
        Value::Null => "VALUE_NULL",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Problem::not_json(&format!(
        "Cannot deserialize instance of {} from {token} value {shown} or request may be missing a required field at [line:1, column:1]",
        field.kind.word()
    ))
    .on(field.name)
}

/// A reference must name a live record of the object it refers to.
fn reference(store: &Store, field: &Field, to: &str, text: &str) -> Result<Value, Problem> {
    let target = super::schema::object(to).expect("the schema refers to its own objects only");
    let wrong = || Problem::new(400, "MALFORMED_ID", format!("{}: id value of incorrect type: {text}", field.label)).on(field.name);
    let key = id::canonical(text).filter(|key| key.starts_with(target.prefix)).ok_or_else(wrong)?;
    match store.shelf(to).get(&key, None) {
        Some(record) if record.deleted.is_none() => Ok(json!(key)),
        Some(_) => Err(Problem::new(400, "ENTITY_IS_DELETED", "entity is deleted").on(field.name)),
        None => Err(Problem::new(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on(field.name)),
    }
}

/// `"Account": {"ERP_Number__c": "C-17"}` names the parent by its external id.
fn by_external_id(store: &Store, to: &Object, value: &Value) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let named = value.as_object().and_then(|parent| parent.iter().find(|(name, _)| *name != "attributes"));
    let Some((name, Value::String(text))) = named else {
        return Err(Problem::new(400, "INVALID_FIELD", format!("Cannot reference a foreign key field {}.", to.name)));
    };
    let field = to
        .field(name)
        .filter(|field| field.external)
        .ok_or_else(|| Problem::new(400, "INVALID_FIELD", format!("Field name provided, {name} is not an External ID or indexed field for {}", to.name)))?;
    match store.shelf(to.name).find(field.name, text.trim()).unwrap_or_default().as_slice() {
        [one] => Ok(json!(&*one.key)),
        [] => Err(Problem::new(
            400,
            "INVALID_FIELD",
            format!("Foreign key external ID: {} not found for field {} in entity {}", text.to_lowercase(), field.name, to.name),
        )),
        _ => Err(Problem::new(400, "DUPLICATE_EXTERNAL_ID", format!("More than one record found for external id field: {}", field.name)).on(field.name)),
    }
}
