//! Fits given values into properties, with the vendor's errors for what does not fit.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::store::{Fields, Record, Store};
use super::LOCAL_CURRENCY;
use super::refused::{Refused, refused};
use super::schema::{COUNTRIES, Edm, NO_DATE, NO_GUID, Property, Relation, Set};

/// The record's whole new fields, or why the vendor refuses.
pub(super) fn checked(store: &Store, set: &Set, given: &Fields, former: Option<&Record>) -> Result<Fields, Refused> {
    let mut all = match former {
        Some(former) => former.fields.clone(),
        None => set.properties.iter().map(|property| (property.name.to_owned(), property.edm.blank())).collect(),
    };
    for (name, value) in given.iter().filter(|(name, _)| !name.starts_with('@')) {
        let property = set.property(name).ok_or_else(|| unknown(set, name))?;
        if !property.writable {
            return Err(Refused::read_only(format!("The property '{name}' is read-only and cannot be changed.")));
        }
        let value = fitted(property, value)?;
        related(store, property, &value)?;
        all.insert(name.clone(), value);
    }
    paired(store, given, &mut all, "currencyId", "currencyCode", "currencies", "code");
    paired(store, given, &mut all, "customerId", "customerNumber", "customers", "number");
    Ok(all)
}

fn unknown(set: &Set, name: &str) -> Refused {
    match name {
        "id" | "lastModifiedDateTime" => Refused::read_only(format!("The property '{name}' is read-only and cannot be changed.")),
        _ => Refused::read_only(format!(
            "The property '{name}' does not exist on type 'Microsoft.NAV.{}'. Make sure to only use property names that are defined by the type.",
            set.entity
        )),
    }
}

fn fitted(property: &Property, value: &Value) -> Result<Value, Refused> {
    let name = property.name;
    if value.is_null() {
        return Ok(property.edm.blank());
    }
    let mistyped = || Refused::read_only(format!("Cannot convert the literal '{value}' to the expected type '{}' of property '{name}'.", property.edm.name()));
    let short = |text: &str, most: usize| {
        let length = text.chars().count();
        if length <= most {
            return Ok(());
        }
        let message = format!("The length of the string is {length}, but it must be less than or equal to {most} characters. Value: {text} ({name})");
        Err(refused(400, "Application_StringExceededLength", message))
    };
    match property.edm {
        Edm::Text(most) => {
            let text = value.as_str().ok_or_else(mistyped)?;
            short(text, most)?;
            Ok(value.clone())
        }
        Edm::Code(most) => {
            let text = value.as_str().ok_or_else(mistyped)?.trim().to_uppercase();
            short(&text, most)?;
            Ok(json!(text))
        }
        Edm::Decimal => value.as_f64().map(|_| value.clone()).ok_or_else(mistyped),
        Edm::Int => value.as_i64().map(|_| value.clone()).ok_or_else(mistyped),
        Edm::Bool => value.as_bool().map(|_| value.clone()).ok_or_else(mistyped),
        Edm::Date => {
            let text = value.as_str().filter(|text| text.len() == 10 && (*text == NO_DATE || text.parse::<jiff::civil::Date>().is_ok()));
            text.map(|text| json!(text)).ok_or_else(mistyped)
        }
        Edm::Guid => {
            let guid = uuid::Uuid::parse_str(value.as_str().ok_or_else(mistyped)?);
            guid.map(|guid| json!(guid.to_string())).map_err(|_| refused(400, "Application_InvalidGUID", format!("The value {value} is not a GUID ({name}).")))
        }
        Edm::Instant => Err(mistyped()),
        Edm::Choice(all) => {
            let text = value.as_str().ok_or_else(mistyped)?;
            let text = if text.trim().is_empty() { "_x0020_" } else { text };
            let found = all.iter().find(|one| **one == text || one.replace("_x0020_", " ").replace("_x002D_", "-") == text);
            found
                .map(|one| json!(one))
                .ok_or_else(|| refused(400, "Unknown", format!("'{text}' is not an option. The existing options are: {}", all.join(","))))
        }
    }
}

fn related(store: &Store, property: &Property, value: &Value) -> Result<(), Refused> {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() || text == NO_GUID {
        return Ok(());
    }
    let (table, there) = match property.relation {
        Relation::None => return Ok(()),
        Relation::Country => ("Country/Region", COUNTRIES.contains(&text)),
        Relation::To("currencies", "code") => ("Currency", text == LOCAL_CURRENCY || by(store, "currencies", "code", text).is_some()),
        Relation::To(set, "id") => (set, store.shelf(set).live(text).is_some()),
        Relation::To(set, name) => (set, by(store, set, name, text).is_some()),
    };
    if there {
        return Ok(());
    }
    let message = format!("The field {} contains a value ({text}) that cannot be found in the related table ({table}).", property.name);
    Err(refused(400, "Internal_InvalidTableRelation", message))
}

/// The record whose property has this value.
pub(super) fn by(store: &Store, set: &str, name: &str, text: &str) -> Option<Arc<Record>> {
    store.shelf(set).find(name, text)?.into_iter().next()
}

/// A reference is shown by id and by code; whichever is given sets the other.
fn paired(store: &Store, given: &Fields, all: &mut Fields, id: &str, code: &str, set: &str, name: &str) {
    if given.contains_key(code) && all.contains_key(id) {
        let found = by(store, set, name, all[code].as_str().unwrap_or_default());
        all.insert(id.to_owned(), found.map_or(json!(NO_GUID), |record| json!(&*record.key)));
    } else if given.contains_key(id) && all.contains_key(code) {
        let found = store.shelf(set).live(all[id].as_str().unwrap_or_default());
        all.insert(code.to_owned(), found.map_or(json!(""), |record| record.field(name).clone()));
    }
    // The local currency is no currency inside.
    if code == "currencyCode" && all.get(code).is_some_and(|value| value == LOCAL_CURRENCY) {
        all.insert(code.to_owned(), json!(""));
    }
}
