//! Sales orders: deep insert, lines that reckon, a header that moves with its lines, and what is locked once shipped.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::look_alike::{By, Writing};
use super::super::store::{Fields, Record, Store};
use super::change::{amount, number};
use super::refused::{Refused, refused};
use super::schema::{NO_DATE, NO_GUID, Set, set};
use super::{BusinessCentral, check};

const ORDERS: &str = "salesOrders";
const LINES: &str = "salesOrderLines";

fn shape(name: &str) -> Result<&'static Set, Refused> {
    set(name).ok_or_else(|| refused(500, "Internal_ServerError", "The sandbox lost a set of its own."))
}

pub(super) fn create(erp: &BusinessCentral, writing: &mut Writing<'_>, mut given: Fields, by: &By) -> Result<Arc<Record>, Refused> {
    let lines = match given.remove(LINES) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(lines)) => lines,
        Some(_) => return Err(Refused::read_only("salesOrderLines must be a list.")),
    };
    let mut all = check::checked(writing.store(), shape(ORDERS)?, &given, None)?;
    customer(writing.store(), &mut all, &given)?;
    number(erp, writing, shape(ORDERS)?, &mut all)?;
    for date in ["orderDate", "postingDate"] {
        if all[date] == NO_DATE {
            all.insert(date.to_owned(), json!(by.at.strftime("%Y-%m-%d").to_string()));
        }
    }
    let order = writing.create(ORDERS, &erp.new_guid(), all);
    for line in lines {
        let Value::Object(mut line) = line else { return Err(Refused::read_only("A line must be an object.")) };
        line.insert("documentId".to_owned(), json!(&*order.key));
        new_line(erp, writing, &line)?;
    }
    reckon(writing, &order.key)
}

/// Copies what an order takes over from its customer.
fn customer(store: &Store, all: &mut Fields, given: &Fields) -> Result<(), Refused> {
    let found = check::by(store, "customers", "number", all["customerNumber"].as_str().unwrap_or_default());
    let customer = found.ok_or_else(|| {
        refused(400, "Application_FieldValidationException", "Sell-to Customer No. must have a value in Sales Header. It cannot be zero or empty.")
    })?;
    if customer.text("blocked") == "All" {
        return Err(Refused::rule(format!("You cannot create this type of document when Customer {} is blocked with type All", customer.text("number"))));
    }
    all.insert("customerName".to_owned(), customer.field("displayName").clone());
    for name in ["currencyId", "currencyCode", "paymentTermsId", "phoneNumber", "email"] {
        if !given.contains_key(name) && !(name.starts_with("currency") && (given.contains_key("currencyId") || given.contains_key("currencyCode"))) {
            all.insert(name.to_owned(), customer.field(name).clone());
        }
    }
    Ok(())
}

pub(super) fn update(writing: &mut Writing<'_>, former: &Record, given: &Fields) -> Result<Arc<Record>, Refused> {
    if given.contains_key(LINES) {
        return Err(Refused::read_only("Nested changes of salesOrderLines are not supported; change the lines themselves."));
    }
    unlocked(former)?;
    let mut all = check::checked(writing.store(), shape(ORDERS)?, given, Some(former))?;
    if ["customerNumber", "customerId"].iter().any(|name| given.contains_key(*name)) {
        customer(writing.store(), &mut all, given)?;
    }
    let twin = check::by(writing.store(), ORDERS, "number", all["number"].as_str().unwrap_or_default());
    if all["number"] == "" || twin.is_some_and(|twin| twin.key != former.key) {
        return Err(refused(400, "Internal_EntityWithSameKeyExists", "The Sales Header already exists."));
    }
    writing.update(ORDERS, &former.key, all);
    reckon(writing, &former.key)
}

pub(super) fn add_line(erp: &BusinessCentral, writing: &mut Writing<'_>, given: &Fields) -> Result<Arc<Record>, Refused> {
    let document = given.get("documentId").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let order = writing.store().shelf(ORDERS).live(&document);
    unlocked(&*order.ok_or_else(|| refused(400, "Internal_RecordNotFound", "You must specify a document id to get the lines."))?)?;
    let line = new_line(erp, writing, given)?;
    reckon(writing, &document)?;
    Ok(line)
}

fn new_line(erp: &BusinessCentral, writing: &mut Writing<'_>, given: &Fields) -> Result<Arc<Record>, Refused> {
    let mut all = check::checked(writing.store(), shape(LINES)?, given, None)?;
    all.insert("documentId".to_owned(), json!(all["documentId"].as_str().unwrap_or_default().to_lowercase()));
    if all["sequence"] == 0 {
        let held = writing.store().shelf(LINES).find("documentId", all["documentId"].as_str().unwrap_or_default()).unwrap_or_default();
        let last = held.iter().filter_map(|line| line.field("sequence").as_i64()).max().unwrap_or(0);
        all.insert("sequence".to_owned(), json!(last + 10_000));
    }
    named(writing.store(), &mut all, given)?;
    reckon_line(&mut all);
    Ok(writing.create(LINES, &erp.new_guid(), all))
}

/// A line names its item by id or number and takes over its text and price.
fn named(store: &Store, all: &mut Fields, given: &Fields) -> Result<(), Refused> {
    if given.get("itemId").is_some_and(|id| *id != NO_GUID && !id.is_null()) {
        let item = store.shelf("items").live(all["itemId"].as_str().unwrap_or_default());
        all.insert("lineType".to_owned(), json!("Item"));
        all.insert("lineObjectNumber".to_owned(), item.map_or(json!(""), |item| item.field("number").clone()));
    }
    let number = all["lineObjectNumber"].as_str().unwrap_or_default().to_owned();
    if all["lineType"] != "Item" {
        return Ok(());
    }
    let item = check::by(store, "items", "number", &number).ok_or_else(|| {
        refused(
            400,
            "Internal_InvalidTableRelation",
            format!("The field No. of table Sales Line contains a value ({number}) that cannot be found in the related table (Item)."),
        )
    })?;
    if *item.field("blocked") == json!(true) {
        return Err(Refused::rule(format!("Blocked must be equal to 'No' in Item: No.={number}. Current value is 'Yes'.")));
    }
    all.insert("itemId".to_owned(), json!(&*item.key));
    for (name, of_item) in [("description", "displayName"), ("unitPrice", "unitPrice"), ("unitOfMeasureCode", "baseUnitOfMeasureCode")] {
        if !given.contains_key(name) {
            all.insert(name.to_owned(), item.field(of_item).clone());
        }
    }
    Ok(())
}

pub(super) fn update_line(writing: &mut Writing<'_>, former: &Record, given: &Fields) -> Result<Arc<Record>, Refused> {
    let document = former.text("documentId").to_owned();
    let order = writing.store().shelf(ORDERS).live(&document).ok_or_else(Refused::not_found)?;
    unlocked(&order)?;
    let mut all = check::checked(writing.store(), shape(LINES)?, given, Some(former))?;
    if given.contains_key("itemId") || given.contains_key("lineObjectNumber") {
        named(writing.store(), &mut all, given)?;
    }
    reckon_line(&mut all);
    let line = writing.update(LINES, &former.key, all).ok_or_else(Refused::not_found)?;
    reckon(writing, &document)?;
    Ok(line)
}

/// Takes a deleted order's lines with it, and a deleted line's amount out of its order.
pub(super) fn before_delete(writing: &mut Writing<'_>, set: &Set, record: &Record) -> Result<(), Refused> {
    if set.name == ORDERS {
        for line in writing.store().shelf(LINES).find("documentId", &record.key).unwrap_or_default() {
            writing.delete(LINES, &line.key);
        }
    }
    if set.name == LINES {
        let document = record.text("documentId").to_owned();
        unlocked(&*writing.store().shelf(ORDERS).live(&document).ok_or_else(Refused::not_found)?)?;
        // Emptied first, so that the header's sum no longer holds it.
        let mut all = record.fields.clone();
        all.insert("quantity".to_owned(), json!(0));
        reckon_line(&mut all);
        writing.update(LINES, &record.key, all);
        reckon(writing, &document)?;
    }
    Ok(())
}

pub(super) fn ship(writing: &mut Writing<'_>, key: &str) -> Result<Arc<Record>, Refused> {
    let order = writing.store().shelf(ORDERS).live(key).ok_or_else(Refused::not_found)?;
    unlocked(&order)?;
    if writing.store().shelf(LINES).find("documentId", key).is_none_or(|lines| lines.is_empty()) {
        return Err(Refused::rule("There is nothing to post."));
    }
    let mut all = order.fields.clone();
    all.insert("fullyShipped".to_owned(), json!(true));
    all.insert("status".to_owned(), json!("Open"));
    writing.update(ORDERS, key, all).ok_or_else(Refused::not_found)
}

fn unlocked(order: &Record) -> Result<(), Refused> {
    if *order.field("fullyShipped") == json!(true) {
        return Err(Refused::rule(format!("Sales order {} has been shipped and can no longer be changed.", order.text("number"))));
    }
    Ok(())
}

fn cents(value: f64) -> Value {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded.fract() == 0.0 { json!(rounded as i64) } else { json!(rounded) }
}

fn reckon_line(all: &mut Fields) {
    let whole = amount(&all["quantity"]) * amount(&all["unitPrice"]);
    let off = if amount(&all["discountPercent"]) > 0.0 { whole * amount(&all["discountPercent"]) / 100.0 } else { amount(&all["discountAmount"]) };
    let net = cents(whole - off);
    for name in ["amountExcludingTax", "amountIncludingTax", "netAmount"] {
        all.insert(name.to_owned(), net.clone());
    }
}

/// Adds the lines up in their header, which changes the header's version too.
fn reckon(writing: &mut Writing<'_>, key: &str) -> Result<Arc<Record>, Refused> {
    let order = writing.store().shelf(ORDERS).live(key).ok_or_else(Refused::not_found)?;
    let lines = writing.store().shelf(LINES).find("documentId", key).unwrap_or_default();
    let sum: f64 = lines.iter().map(|line| amount(line.field("netAmount"))).sum();
    let mut all = order.fields.clone();
    for name in ["totalAmountExcludingTax", "totalAmountIncludingTax"] {
        all.insert(name.to_owned(), cents(sum - amount(&all["discountAmount"])));
    }
    writing.update(ORDERS, key, all).ok_or_else(Refused::not_found)
}
