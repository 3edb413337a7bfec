//! Which fields the objects have, who may write them, and what fits in them.

use serde_json::{Map, Value};

use super::super::look_alike::Refusal;
use super::super::store::{Fields, Record, Store};
use super::setup;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Free,
    /// Set when the record is made, never after.
    Once,
    /// The vendor's own.
    Never,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// With the most characters it holds.
    Text(usize),
    /// Unique among the object's records; a twin is a 409.
    Unique,
    Email,
    Cents,
    Date,
    Boolean,
    OneOf(&'static [&'static str]),
    /// In the list of the record's group.
    Stage,
    /// The key (or another unique name) of a record of this object.
    Of(&'static str),
    /// Free-form.
    Any,
}

pub(super) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub access: Access,
    pub required: bool,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, access: Access::Free, required: false }
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, access: Access::Free, required: true }
}

const fn once(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, access: Access::Once, required: false }
}

const fn never(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, access: Access::Never, required: false }
}

const PARTNERSHIPS: &[Field] = &[
    field("partner_key", Kind::Unique),
    required("email", Kind::Email),
    field("first_name", Kind::Text(100)),
    field("last_name", Kind::Text(100)),
    field("group", Kind::Any),
    field("tags", Kind::Any),
    field("manager", Kind::Any),
    field("team", Kind::Any),
    never("stats", Kind::Any),
    never("joined_at", Kind::Any),
    field("m_data", Kind::Any),
];

const CUSTOMERS: &[Field] = &[
    field("external_key", Kind::Unique),
    required("email", Kind::Email),
    field("name", Kind::Text(255)),
    Field { name: "partner_key", kind: Kind::Of("partnerships"), access: Access::Once, required: true },
    field("field_data", Kind::Any),
    field("meta", Kind::Any),
    never("test", Kind::Boolean),
];

const LEADS: &[Field] = &[
    field("external_key", Kind::Unique),
    field("account_name", Kind::Text(255)),
    field("email", Kind::Email),
    field("contact_first_name", Kind::Text(100)),
    field("contact_last_name", Kind::Text(100)),
    once("partner_key", Kind::Of("partnerships")),
    once("group_key", Kind::Of("groups")),
    once("source", Kind::OneOf(&["partner", "vendor"])),
    field("status", Kind::OneOf(setup::LEAD_STATUSES)),
    field("approved", Kind::Boolean),
    field("field_data", Kind::Any),
    field("meta", Kind::Any),
];

const DEALS: &[Field] = &[
    field("external_key", Kind::Unique),
    required("account_name", Kind::Text(255)),
    field("amount", Kind::Cents),
    field("close_date", Kind::Date),
    field("contact_first_name", Kind::Text(100)),
    field("contact_last_name", Kind::Text(100)),
    once("partner_key", Kind::Of("partnerships")),
    once("group_key", Kind::Of("groups")),
    never("mold_key", Kind::Text(64)),
    once("source", Kind::OneOf(&["partner", "vendor"])),
    field("stage", Kind::Stage),
    field("lost_reason", Kind::Text(500)),
    field("team", Kind::Any),
    field("team_member", Kind::Any),
    field("fields", Kind::Any),
    field("field_data", Kind::Any),
    field("meta", Kind::Any),
];

const TRANSACTIONS: &[Field] = &[
    field("external_key", Kind::Unique),
    required("amount", Kind::Cents),
    required("currency", Kind::Text(3)),
    field("customer_key", Kind::Of("customers")),
    field("product_key", Kind::Text(64)),
    field("category_key", Kind::Text(64)),
    field("metadata", Kind::Any),
    never("approved", Kind::Boolean),
    never("archived", Kind::Boolean),
];

const REWARDS: &[Field] = &[
    never("amount", Kind::Cents),
    never("reward_status", Kind::OneOf(&["pending", "approved", "declined", "paid"])),
    never("description", Kind::Text(255)),
    never("transaction", Kind::Any),
];

const GROUPS: &[Field] = &[required("name", Kind::Text(100)), field("slug", Kind::Unique), field("default", Kind::Boolean), field("archived", Kind::Boolean)];

pub(super) fn of(object: &str) -> &'static [Field] {
    match object {
        "partnerships" => PARTNERSHIPS,
        "customers" => CUSTOMERS,
        "leads" => LEADS,
        "deals" => DEALS,
        "transactions" => TRANSACTIONS,
        "rewards" => REWARDS,
        _ => GROUPS,
    }
}

/// As events name the object.
pub(super) fn singular(object: &str) -> &str {
    object.strip_suffix('s').unwrap_or(object)
}

fn invalid(name: &str, what: &str) -> Refusal {
    Refusal::new(422, format!("{name}: {what}"))
}

/// Checks what was given against the object's fields and the other records, and answers the record's whole new fields.
pub(super) fn checked(store: &Store, object: &str, given: Fields, former: Option<&Record>) -> Result<Fields, Refusal> {
    let known = of(object);
    let mut all = match former {
        Some(former) => former.fields.clone(),
        None => known.iter().map(|field| (field.name.to_owned(), Value::Null)).collect(),
    };
    for (name, value) in given {
        let field = known.iter().find(|field| field.name == name).ok_or_else(|| invalid(&name, "is not a parameter of this endpoint."))?;
        let same = former.is_some_and(|former| *former.field(&name) == value);
        match field.access {
            _ if same => continue,
            Access::Never => return Err(invalid(&name, "is read-only.")),
            Access::Once if former.is_some() => return Err(invalid(&name, "cannot be changed once the record exists.")),
            Access::Once | Access::Free => {}
        }
        let value = fitted(store, object, field, value, former)?;
        all.insert(name, value);
    }
    for field in known.iter().filter(|field| field.required) {
        if all.get(field.name).is_none_or(Value::is_null) {
            return Err(invalid(field.name, "is required."));
        }
    }
    owned(object, &all)?;
    staged(store, object, &all)?;
    Ok(all)
}

/// A deal or lead belongs to exactly one of a partner and a group.
fn owned(object: &str, all: &Fields) -> Result<(), Refusal> {
    if !matches!(object, "deals" | "leads") {
        return Ok(());
    }
    match (all["partner_key"].is_null(), all["group_key"].is_null()) {
        (true, true) => Err(invalid("partner_key", "one of partner_key and group_key is required.")),
        (false, false) => Err(invalid("group_key", "give partner_key or group_key, not both.")),
        _ => Ok(()),
    }
}

fn staged(store: &Store, object: &str, all: &Fields) -> Result<(), Refusal> {
    let Some(stage) = all.get("stage").and_then(Value::as_str).filter(|_| object == "deals") else { return Ok(()) };
    let group = setup::group_of(store, all);
    let legal = setup::stages_of(group.as_deref());
    if legal.iter().any(|(key, _)| *key == stage) {
        return Ok(());
    }
    let names: Vec<&str> = legal.iter().map(|(key, _)| *key).collect();
    Err(invalid("stage", &format!("\"{stage}\" is not a stage of the group; it has {}.", names.join(", "))))
}

fn fitted(store: &Store, object: &str, field: &Field, value: Value, former: Option<&Record>) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(value);
    }
    let text = value.as_str();
    match field.kind {
        Kind::Any => Ok(grouped(store, field.name, value)?),
        Kind::Boolean if value.is_boolean() => Ok(value),
        Kind::Boolean => Err(invalid(field.name, "must be true or false.")),
        Kind::Cents if value.as_i64().is_some_and(|cents| cents >= 0) => Ok(value),
        Kind::Cents => Err(invalid(field.name, "must be a whole number of cents.")),
        Kind::Date if text.is_some_and(|text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()) => Ok(value),
        Kind::Date => Err(invalid(field.name, "must be a date as YYYY-MM-DD.")),
        Kind::Email if text.is_some_and(|text| text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))) => {
            let taken = object == "partnerships" && twin(store, object, field.name, text.unwrap_or_default(), former);
            if taken { Err(Refusal::new(409, "A partnership with this email exists already.")) } else { Ok(value) }
        }
        Kind::Email => Err(invalid(field.name, "is not an email address.")),
        Kind::OneOf(words) if text.is_some_and(|text| words.contains(&text)) => Ok(value),
        Kind::OneOf(words) => Err(invalid(field.name, &format!("must be one of {}.", words.join(", ")))),
        Kind::Text(most) if text.is_some_and(|text| text.chars().count() <= most) => Ok(value),
        Kind::Text(most) => Err(invalid(field.name, &format!("must be a text of at most {most} characters."))),
        Kind::Stage if text.is_some() => Ok(value),
        Kind::Stage => Err(invalid(field.name, "must be a stage's key.")),
        Kind::Unique => {
            let text = text.filter(|text| text.len() <= 255).ok_or_else(|| invalid(field.name, "must be a text of at most 255 characters."))?;
            if twin(store, object, field.name, text, former) {
                return Err(Refusal::new(409, format!("A record with this {} exists already.", field.name)));
            }
            Ok(value)
        }
        Kind::Of(other) => {
            let name = text.ok_or_else(|| invalid(field.name, "must be a key."))?;
            let found = super::found(store, other, name, None).map_err(|_| invalid(field.name, &format!("there is no {} {name}.", singular(other))))?;
            // A partnership is known by its partner_key everywhere else.
            Ok(if other == "partnerships" { found.field("partner_key").clone() } else { Value::from(&*found.key) })
        }
    }
}

fn twin(store: &Store, object: &str, name: &str, text: &str, former: Option<&Record>) -> bool {
    let holders = store.shelf(object).find(name, text).unwrap_or_default();
    holders.iter().any(|record| former.is_none_or(|former| former.key != record.key))
}

/// A partnership's `group` is given by key or slug and shown whole.
fn grouped(store: &Store, name: &str, value: Value) -> Result<Value, Refusal> {
    if name != "group" {
        return Ok(value);
    }
    let wanted = ["key", "slug"].iter().find_map(|part| value.get(*part)?.as_str()).or(value.as_str());
    let wanted = wanted.ok_or_else(|| invalid("group", "must name a group by key or slug."))?;
    let group = super::found(store, "groups", wanted, None).map_err(|_| invalid("group", &format!("there is no group {wanted}.")))?;
    let mut whole = Map::new();
    whole.insert("key".to_owned(), Value::from(&*group.key));
    whole.insert("name".to_owned(), group.field("name").clone());
    whole.insert("slug".to_owned(), group.field("slug").clone());
    Ok(Value::Object(whole))
}
