//! Creates, changes and deletes of every set; sales orders add their own rules.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::look_alike::{By, Writing};
use super::super::store::{Fields, Record};
use super::refused::{Refused, refused};
use super::schema::Set;
use super::{BusinessCentral, check, orders, query};

pub(super) fn create(erp: &BusinessCentral, set: &'static Set, given: Fields, by: &By) -> Result<Arc<Record>, Refused> {
    let made = erp.base.write(by, |writing| {
        let point = writing.point();
        let made = match set.name {
            "salesOrders" => orders::create(erp, writing, given, by),
            "salesOrderLines" => orders::add_line(erp, writing, &given),
            _ => plain(erp, writing, set, &given),
        };
        if made.is_err() {
            writing.take_back(point);
        }
        made
    })?;
    erp.subscriptions.notify(erp, set, &made, "created", by);
    Ok(made)
}

fn plain(erp: &BusinessCentral, writing: &mut Writing<'_>, set: &'static Set, given: &Fields) -> Result<Arc<Record>, Refused> {
    let mut all = check::checked(writing.store(), set, given, None)?;
    number(erp, writing, set, &mut all)?;
    Ok(writing.create(set.name, &erp.new_guid(), all))
}

/// Takes the given number when it is free, else the next of the series.
pub(super) fn number(erp: &BusinessCentral, writing: &Writing<'_>, set: &Set, all: &mut Fields) -> Result<(), Refused> {
    let given = all[set.natural].as_str().unwrap_or_default().to_owned();
    if !given.is_empty() {
        return unique(writing, set, &given, None);
    }
    let Some(series) = &set.series else {
        return Err(refused(400, "Application_FieldValidationException", format!("{} must be filled in. Enter a value.", set.natural)));
    };
    loop {
        let next = erp.next_in_series(set.name);
        let number = format!("{}{:0width$}", series.prefix, series.first + next * series.step, width = series.width);
        if unique(writing, set, &number, None).is_ok() {
            all.insert(set.natural.to_owned(), json!(number));
            return Ok(());
        }
    }
}

fn unique(writing: &Writing<'_>, set: &Set, number: &str, former: Option<&Record>) -> Result<(), Refused> {
    match check::by(writing.store(), set.name, set.natural, number) {
        Some(twin) if former.is_none_or(|former| former.key != twin.key) => {
            let message = format!("The record in table {} already exists. Identification fields and values: No.='{number}'", set.entity);
            Err(refused(400, "Internal_EntityWithSameKeyExists", message))
        }
        _ => Ok(()),
    }
}

/// `expected` is the If-Match header of an API call; people at the screens have none to give.
pub(super) fn update(erp: &BusinessCentral, set: &'static Set, key: &str, given: &Fields, expected: Expected<'_>, by: &By) -> Result<Arc<Record>, Refused> {
    let changed = erp.base.write(by, |writing| {
        let former = writing.store().shelf(set.name).live(key).ok_or_else(Refused::not_found)?;
        expected.check(&former)?;
        let point = writing.point();
        let changed = match set.name {
            "salesOrders" => orders::update(writing, &former, given),
            "salesOrderLines" => orders::update_line(writing, &former, given),
            _ => {
                let all = check::checked(writing.store(), set, given, Some(&former))?;
                unique(writing, set, all[set.natural].as_str().unwrap_or_default(), Some(&former))?;
                writing.update(set.name, key, all).ok_or_else(Refused::not_found)
            }
        };
        if changed.is_err() {
            writing.take_back(point);
        }
        changed
    })?;
    erp.subscriptions.notify(erp, set, &changed, "updated", by);
    Ok(changed)
}

pub(super) fn delete(erp: &BusinessCentral, set: &'static Set, key: &str, expected: Expected<'_>, by: &By) -> Result<Arc<Record>, Refused> {
    let gone = erp.base.write(by, |writing| {
        let former = writing.store().shelf(set.name).live(key).ok_or_else(Refused::not_found)?;
        expected.check(&former)?;
        in_use(writing, set, &former)?;
        orders::before_delete(writing, set, &former)?;
        writing.delete(set.name, key).ok_or_else(Refused::not_found)
    })?;
    erp.subscriptions.notify(erp, set, &gone, "deleted", by);
    Ok(gone)
}

pub(super) fn restore(erp: &BusinessCentral, set: &'static Set, key: &str, by: &By) -> Result<Arc<Record>, Refused> {
    let back = erp.base.write(by, |writing| {
        let former = writing.store().shelf(set.name).get(key, None).filter(|record| record.deleted.is_some()).ok_or_else(Refused::not_found)?;
        if !set.natural.is_empty() {
            unique(writing, set, former.text(set.natural), Some(&former))?;
        }
        writing.restore(set.name, key).ok_or_else(Refused::not_found)
    })?;
    erp.subscriptions.notify(erp, set, &back, "created", by);
    Ok(back)
}

/// What others hold on to cannot be deleted; it is blocked instead.
fn in_use(writing: &Writing<'_>, set: &Set, record: &Record) -> Result<(), Refused> {
    let (object, field, value, what) = match set.name {
        "customers" => ("salesOrders", "customerNumber", record.text("number"), "outstanding Sales Order for this customer"),
        "items" => ("salesOrderLines", "itemId", &*record.key, "outstanding sales order line that includes this item"),
        _ => return Ok(()),
    };
    if writing.store().shelf(object).find(field, value).is_none_or(|found| found.is_empty()) {
        return Ok(());
    }
    Err(Refused::rule(format!("You cannot delete {} {} because there is at least one {what}.", set.entity, record.text("number"))))
}

/// What a caller says about the version it saw.
#[derive(Clone, Copy)]
pub(super) enum Expected<'a> {
    /// The If-Match header, required of API calls.
    Header(Option<&'a str>),
    /// A person sees the newest.
    Newest,
}

impl Expected<'_> {
    pub fn check(self, record: &Record) -> Result<(), Refused> {
        match self {
            Self::Newest | Self::Header(Some("*")) => Ok(()),
            Self::Header(None) => Err(missing_token()),
            Self::Header(Some(given)) if !given.starts_with("W/\"") => Err(missing_token()),
            Self::Header(Some(given)) if given == query::etag(record) => Ok(()),
            Self::Header(Some(_)) => Err(refused(409, "Request_EntityChanged", "Another user has already changed the record.")),
        }
    }
}

pub(super) fn missing_token() -> Refused {
    refused(400, "BadRequest_InvalidToken", "Could not validate the client concurrency token required for this operation.")
}

pub(super) fn amount(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}
