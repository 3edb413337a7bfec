//! What the org tells about itself: objects, fields, limits.

use serde_json::{Value, json};

use super::org::{DAILY_REQUESTS, Org};
use super::problem::Problem;
use super::rows;
use super::schema::{self, Field, Kind, Object};
use super::view::View;
use crate::sandbox::call::{Call, Reply};

/// When the org's objects were last changed: before any client asked.
const SCHEMA_SINCE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
const SCHEMA_SINCE_SECOND: i64 = 1_767_225_600;

pub fn root(version: &str) -> Value {
    let names = ["sobjects", "query", "queryAll", "limits", "composite", "jobs"];
    names.into_iter().map(|name| (name.to_owned(), json!(format!("/services/data/{version}/{name}")))).collect::<serde_json::Map<_, _>>().into()
}

pub fn limits(org: &Org) -> Value {
    json!({
        "DailyApiRequests": {"Max": DAILY_REQUESTS, "Remaining": org.requests_left()},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DataStorageMB": {"Max": 1_024, "Remaining": 1_000},
    })
}

pub fn all(version: &str) -> Value {
    json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": schema::objects().iter().map(|object| summary(object, version)).collect::<Vec<_>>()})
}

/// The object's summary with the records seen last.
pub fn basics(object: &'static Object, view: View<'_>) -> Value {
    let name = object.field("Name").expect("every object of this org has a name");
    let id = object.field("Id").expect("every object has an id");
    let recent = view.store.shelf(object.name).newest_first(usize::MAX, view.at).filter(|record| record.deleted.is_none()).take(5);
    json!({"objectDescribe": summary(object, view.api_version), "recentItems": recent.map(|record| view.record(object, record, &[id, name])).collect::<Vec<_>>()})
}

/// The whole describe; 304 when the client has it already.
pub fn whole(object: &'static Object, version: &str, call: &Call) -> Result<Reply, Problem> {
    if rows::moment(call, "if-modified-since")?.is_some_and(|known| known.as_second() >= SCHEMA_SINCE_SECOND) {
        return Ok(Reply::empty(304).with("last-modified", SCHEMA_SINCE));
    }
    let mut described = summary(object, version);
    described["fields"] = object.fields.iter().map(|one| field(object, one)).collect();
    described["recordTypeInfos"] = json!([{"active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master", "master": true, "name": "Master", "recordTypeId": "012000000000000AAA"}]);
    described["childRelationships"] = children(object);
    Ok(Reply::json(200, described).with("last-modified", SCHEMA_SINCE))
}

fn summary(object: &Object, version: &str) -> Value {
    let url = format!("/services/data/{version}/sobjects/{}", object.name);
    let writable = !object.read_only;
    json!({
        "name": object.name, "label": object.label, "labelPlural": object.plural, "keyPrefix": object.prefix,
        "activateable": false, "custom": object.name.ends_with("__c"), "customSetting": false, "deprecatedAndHidden": false,
        "createable": writable, "updateable": writable, "deletable": writable, "undeletable": writable,
        "mergeable": matches!(object.name, "Account" | "Contact" | "Lead"),
        "queryable": true, "retrieveable": true, "replicateable": true, "searchable": true, "layoutable": true, "triggerable": true,
        "urls": {"sobject": url, "describe": format!("{url}/describe"), "rowTemplate": format!("{url}/{{ID}}")},
    })
}

fn children(object: &Object) -> Value {
    let pairs = schema::objects().iter().flat_map(|child| child.fields.iter().map(move |field| (child, field)));
    let of = pairs.filter(|(_, field)| matches!(field.kind, Kind::Reference(to, _) if to == object.name));
    of.map(|(child, field)| json!({"childSObject": child.name, "field": field.name, "relationshipName": null, "cascadeDelete": false, "deprecatedAndHidden": false})).collect()
}

fn field(object: &Object, field: &Field) -> Value {
    let writable = !field.system && !object.read_only;
    let (digits, precision, scale) = match field.kind {
        Kind::Whole => (8, 0, 0),
        Kind::Money(before, after) => (0, before + after, after),
        Kind::Percent => (0, 3, 0),
        _ => (0, 0, 0),
    };
    let (values, restricted) = match field.kind {
        Kind::Pick(values, restricted) => (values, restricted),
        _ => (&[][..], false),
    };
    let (refers_to, relationship) = match field.kind {
        Kind::Reference(to, name) => (json!([to]), json!(name)),
        _ => (json!([]), Value::Null),
    };
    let defaulted = field.default.is_some()
        || field.kind == Kind::Flag
        || matches!(field.name, "OwnerId" | "Id" | "SystemModstamp")
        || field.name.starts_with("Created")
        || field.name.starts_with("LastModified");
    json!({
        "name": field.name, "label": field.label, "type": field.kind.word(), "soapType": soap(field.kind),
        "length": field.kind.length(), "byteLength": field.kind.length() * 3, "digits": digits, "precision": precision, "scale": scale,
        "nillable": !field.required && !defaulted, "defaultedOnCreate": defaulted, "createable": writable, "updateable": writable,
        "calculated": false, "autoNumber": false, "custom": field.name.ends_with("__c"),
        "externalId": field.external, "idLookup": field.external || field.kind == Kind::Id, "unique": field.unique, "caseSensitive": false,
        "restrictedPicklist": restricted,
        "picklistValues": values.iter().map(|value| json!({"value": value, "label": value, "active": true, "defaultValue": field.default == Some(*value), "validFor": null})).collect::<Vec<_>>(),
        "referenceTo": refers_to, "relationshipName": relationship, "compoundFieldName": null, "controllerName": null,
        "defaultValue": field.default, "filterable": field.filterable(), "sortable": field.filterable(), "groupable": field.filterable(),
        "nameField": field.name == "Name", "permissionable": writable && !field.required, "deprecatedAndHidden": false, "inlineHelpText": null,
    })
}

fn soap(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference(..) => "tns:ID",
        Kind::Flag => "xsd:boolean",
        Kind::Whole => "xsd:int",
        Kind::Money(..) | Kind::Percent => "xsd:double",
        Kind::Date => "xsd:date",
        Kind::Instant => "xsd:dateTime",
        Kind::Text(_) | Kind::Area(_) | Kind::Pick(..) | Kind::Email | Kind::Phone | Kind::Url => "xsd:string",
    }
}
