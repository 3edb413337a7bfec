//! Creates, changes and archives, with the webhooks they cause.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::look_alike::{By, Refusal, Writing};
use super::super::store::{Fields, Record};
use super::{PartnerStack, fields, found};

fn prefix(object: &str) -> &'static str {
    match object {
        "partnerships" => "part",
        "customers" => "cus",
        "leads" => "lead",
        "deals" => "deal",
        "transactions" => "tran",
        "rewards" => "rew",
        _ => "grp",
    }
}

pub(super) fn create(prm: &PartnerStack, object: &'static str, given: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
    if object == "rewards" {
        return Err(Refusal::new(405, "Rewards are made by transactions."));
    }
    let key = prm.new_key(prefix(object));
    let made = prm.base.write(by, |writing| {
        let given = named(writing, object, given)?;
        let mut all = fields::checked(writing.store(), object, given, None)?;
        defaults(object, &mut all, by, &key);
        Ok(writing.create(object, &key, all))
    })?;
    if object == "transactions" {
        reward(prm, &made, by);
    }
    prm.webhooks.notify(prm, object, "created", &made, by);
    Ok(made)
}

/// A transaction's customer may be named by external key or email instead.
fn named(writing: &Writing<'_>, object: &str, mut given: Fields) -> Result<Fields, Refusal> {
    if object != "transactions" {
        return Ok(given);
    }
    for other in ["customer_external_key", "customer_email"] {
        if let Some(Value::String(name)) = given.remove(other) {
            let customer = found(writing.store(), "customers", &name, None).map_err(|_| Refusal::new(422, format!("{other}: there is no customer {name}.")))?;
            given.insert("customer_key".to_owned(), json!(&*customer.key));
        }
    }
    if given.get("customer_key").is_none_or(Value::is_null) {
        return Err(Refusal::new(422, "customer_key: is required."));
    }
    Ok(given)
}

fn defaults(object: &str, all: &mut Fields, by: &By, key: &str) {
    let mut default = |name: &str, value: Value| {
        let slot = all.entry(name.to_owned()).or_insert(Value::Null);
        if slot.is_null() {
            *slot = value;
        }
    };
    match object {
        "partnerships" => {
            default("partner_key", json!(key.trim_start_matches("part_").to_lowercase()));
            default("tags", json!([]));
            default("m_data", json!({}));
            default("joined_at", json!(by.at.as_millisecond()));
            default("stats", json!({ "CUSTOMER_COUNT": 0, "REVENUE": 0 }));
        }
        "deals" => {
            default("source", json!("partner"));
            default("stage", json!("qualified"));
            default("meta", json!({}));
            default("fields", json!([]));
            default("field_data", json!({}));
        }
        "leads" => {
            default("source", json!("partner"));
            default("status", json!("new"));
            default("approved", json!(false));
            default("field_data", json!({}));
        }
        "customers" => default("test", json!(false)),
        "transactions" => {
            default("approved", json!(true));
            default("archived", json!(false));
        }
        _ => {}
    }
}

/// Every transaction pays a commission; a twin would pay it twice.
fn reward(prm: &PartnerStack, transaction: &Record, by: &By) {
    let cents = transaction.field("amount").as_i64().unwrap_or(0) / 10;
    let key = prm.new_key("rew");
    let parts = [
        ("amount", json!(cents)),
        ("reward_status", json!("pending")),
        ("description", json!("Commission")),
        ("transaction", json!({ "key": &*transaction.key })),
    ];
    let fields = parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let made = prm.base.write(by, |writing| writing.create("rewards", &key, fields));
    prm.webhooks.notify(prm, "rewards", "created", &made, by);
}

pub(super) fn update(prm: &PartnerStack, object: &'static str, key: &str, given: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
    if matches!(object, "transactions" | "rewards") {
        return Err(Refusal::new(405, "This object cannot be changed; delete it and make a new one."));
    }
    replaced(prm, object, key, by, |writing, former| fields::checked(writing.store(), object, given, Some(former)))
}

fn replaced(
    prm: &PartnerStack,
    object: &'static str,
    key: &str,
    by: &By,
    with: impl FnOnce(&Writing<'_>, &Record) -> Result<Fields, Refusal>,
) -> Result<Arc<Record>, Refusal> {
    let changed = prm.base.write(by, |writing| {
        let former = found(writing.store(), object, key, None)?;
        let all = with(writing, &former)?;
        writing.update(object, &former.key, all).ok_or_else(|| Refusal::new(404, "The record is gone."))
    })?;
    prm.webhooks.notify(prm, object, "updated", &changed, by);
    Ok(changed)
}

pub(super) fn archive(prm: &PartnerStack, object: &'static str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
    let gone = prm.base.write(by, |writing| {
        let former = found(writing.store(), object, key, None)?;
        writing.delete(object, &former.key).ok_or_else(|| Refusal::new(404, "The record is gone."))
    })?;
    prm.webhooks.notify(prm, object, "deleted", &gone, by);
    Ok(gone)
}

pub(super) fn restore(prm: &PartnerStack, object: &'static str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
    let back = prm.base.write(by, |writing| {
        let former = writing.store().shelf(object).get(key, None).filter(|record| record.deleted.is_some());
        let former = former.ok_or_else(|| Refusal::new(404, format!("No archived record has the key {key}.")))?;
        // Somebody may have taken its unique names meanwhile.
        fields::checked(writing.store(), object, unique_parts(object, &former), None)
            .or_else(|refusal| if refusal.status == 409 { Err(refusal) } else { Ok(Fields::new()) })?;
        writing.restore(object, key).ok_or_else(|| Refusal::new(404, "The record is gone."))
    })?;
    prm.webhooks.notify(prm, object, "updated", &back, by);
    Ok(back)
}

fn unique_parts(object: &str, record: &Record) -> Fields {
    let unique = fields::of(object).iter().filter(|field| matches!(field.kind, fields::Kind::Unique | fields::Kind::Email));
    unique.filter(|field| !record.field(field.name).is_null()).map(|field| (field.name.to_owned(), record.field(field.name).clone())).collect()
}

/// Turns a lead or deal into a customer; there is no way back.
pub(super) fn convert(prm: &PartnerStack, object: &str, key: &str, given: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
    let object = super::known(object)?;
    let record = prm.base.read(|store| found(store, object, key, None))?;
    if record.field("status") == "converted" {
        return Err(Refusal::new(409, "It was converted before."));
    }
    if let Some(Value::String(customer)) = given.get("customer_key") {
        prm.base.read(|store| found(store, "customers", customer, None)).map_err(|_| Refusal::new(422, "customer_key: there is no such customer."))?;
    } else {
        let email = given.get("email").cloned().unwrap_or_else(|| record.field("email").clone());
        let parts = [("email", email), ("name", record.field("account_name").clone()), ("partner_key", record.field("partner_key").clone())];
        create(prm, "customers", parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), by)?;
    }
    let (name, value) = if object == "leads" { ("status", "converted") } else { ("stage", "closed_won") };
    replaced(prm, object, key, by, |_, former| {
        let mut all = former.fields.clone();
        all.insert(name.to_owned(), json!(value));
        Ok(all)
    })
}

/// Gives a deal to another partner.
pub(super) fn assign(prm: &PartnerStack, key: &str, partner: &str, by: &By) -> Result<Arc<Record>, Refusal> {
    replaced(prm, "deals", key, by, |writing, former| {
        let partner = found(writing.store(), "partnerships", partner, None)?;
        let mut all = former.fields.clone();
        all.insert("partner_key".to_owned(), partner.field("partner_key").clone());
        all.insert("group_key".to_owned(), Value::Null);
        Ok(all)
    })
}

pub(super) fn tag(prm: &PartnerStack, key: &str, given: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
    let texts = |name: &str| given.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (add, remove) = (texts("add"), texts("remove"));
    replaced(prm, "partnerships", key, by, |_, former| {
        let mut tags = former.field("tags").as_array().cloned().unwrap_or_default();
        tags.retain(|tag| !remove.contains(tag));
        tags.extend(add.into_iter().filter(|tag| !former.field("tags").as_array().is_some_and(|had| had.contains(tag))));
        let mut all = former.fields.clone();
        all.insert("tags".to_owned(), Value::Array(tags));
        Ok(all)
    })
}
