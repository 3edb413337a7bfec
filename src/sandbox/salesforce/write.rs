//! Creates, updates, deletes and upserts: one desk per request, whatever number of parts the request has.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::check::checked;
use super::org::Org;
use super::problem::Problem;
use super::schema::{Field, Object};
use super::{id, through_api};
use crate::sandbox::look_alike::{By, Writing};
use crate::sandbox::store::{Record, Store};

/// The records, held for one request's writes.
pub struct Desk<'d, 'w> {
    pub org: &'d Arc<Org>,
    writing: &'d mut Writing<'w>,
    by: &'d By,
    /// What outbound messages will tell about.
    pub changed: Vec<(&'static Object, Arc<str>)>,
}

/// A point to return to.
#[derive(Clone, Copy)]
pub struct Point {
    written: usize,
    changed: usize,
}

/// How an upsert ended.
pub struct Upserted {
    pub record: Arc<Record>,
    pub created: bool,
}

impl<'d, 'w> Desk<'d, 'w> {
    pub fn new(org: &'d Arc<Org>, writing: &'d mut Writing<'w>, by: &'d By) -> Self {
        Self { org, writing, by, changed: Vec::new() }
    }

    pub fn store(&self) -> &Store {
        self.writing.store()
    }

    pub fn point(&self) -> Point {
        Point { written: self.writing.point(), changed: self.changed.len() }
    }

    pub fn take_back(&mut self, point: Point) {
        self.writing.take_back(point.written);
        self.changed.truncate(point.changed);
    }

    pub fn create(&mut self, object: &'static Object, body: &Map<String, Value>) -> Result<Arc<Record>, Problem> {
        if body.contains_key("Id") || body.contains_key("id") {
            return Err(Problem::new(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call").on("Id"));
        }
        let fields = checked(self.store(), object, body, None, through_api(self.by))?;
        let key = id::make(object.prefix, FIRST_SEQUENCE + self.store().version());
        let record = self.writing.create(object.name, &key, fields);
        self.changed.push((object, record.key.clone()));
        Ok(record)
    }

    pub fn update(&mut self, object: &'static Object, key: &str, body: &Map<String, Value>) -> Result<Arc<Record>, Problem> {
        let former = self.present(object, key)?;
        let fields = checked(self.store(), object, body, Some(&former), through_api(self.by))?;
        self.changed.push((object, former.key.clone()));
        self.writing.update(object.name, &former.key, fields).ok_or_else(Problem::not_found)
    }

    pub fn delete(&mut self, object: &'static Object, key: &str) -> Result<Arc<Record>, Problem> {
        let former = self.present(object, key)?;
        if object.read_only {
            return Err(Problem::new(400, "INSUFFICIENT_ACCESS_OR_READONLY", format!("entity type {} does not support delete", object.name)));
        }
        self.writing.delete(object.name, &former.key).ok_or_else(Problem::not_found)
    }

    /// Takes a record out of the recycle bin; its modified time moves.
    pub fn restore(&mut self, object: &'static Object, key: &str) -> Result<Arc<Record>, Problem> {
        let former = self.store().shelf(object.name).get(key, None).ok_or_else(Problem::not_found)?;
        if former.deleted.is_none() {
            return Err(Problem::new(400, "UNDELETE_FAILED", "entity is not in the recycle bin"));
        }
        for field in object.fields.iter().filter(|field| field.unique) {
            if self.holders(object, field, former.text(field.name)).next().is_some() {
                return Err(
                    Problem::new(400, "DUPLICATE_VALUE", format!("duplicate value found: {} is held by another record by now", field.name)).on(field.name)
                );
            }
        }
        self.changed.push((object, former.key.clone()));
        self.writing.restore(object.name, &former.key).ok_or_else(Problem::not_found)
    }

    /// Creates or updates by an external id. Several holders write nothing: the answer lists them.
    pub fn upsert(
        &mut self,
        object: &'static Object,
        by: &'static Field,
        value: &str,
        body: &Map<String, Value>,
        update_only: bool,
    ) -> Result<Upserted, Problem> {
        if let Some(name) = body.keys().find(|name| name.eq_ignore_ascii_case("Id") || name.eq_ignore_ascii_case(by.name)) {
            return Err(Problem::new(400, "INVALID_FIELD", format!("The {name} field should not be specified in the sobject data.")).on(name));
        }
        let value = value.trim();
        if value.is_empty() {
            return Err(Problem::new(400, "MISSING_ARGUMENT", format!("{} not specified", by.name)).on(by.name));
        }
        let holders: Vec<Arc<Record>> = self.holders(object, by, value).collect();
        match holders.as_slice() {
            [one] => Ok(Upserted { record: self.update(object, &one.key.clone(), body)?, created: false }),
            [] if update_only => Err(Problem::not_found()),
            [] => {
                let mut body = body.clone();
                body.insert(by.name.to_owned(), Value::String(value.to_owned()));
                Ok(Upserted { record: self.create(object, &body)?, created: true })
            }
            several => Err(several_hold(object, by, several)),
        }
    }

    fn holders(&self, object: &Object, field: &Field, value: &str) -> impl Iterator<Item = Arc<Record>> + use<> {
        let found = if value.is_empty() { None } else { self.store().shelf(object.name).find(field.name, value) };
        found.unwrap_or_default().into_iter()
    }

    /// The record, when it is there and not deleted.
    fn present(&self, object: &Object, key: &str) -> Result<Arc<Record>, Problem> {
        present(self.store(), object, key)
    }
}

/// Records made by the world start here, after the org's own users.
const FIRST_SEQUENCE: u64 = 1_000;

pub fn present(store: &Store, object: &Object, key: &str) -> Result<Arc<Record>, Problem> {
    let key =
        id::canonical(key).ok_or_else(|| Problem::new(404, "NOT_FOUND", format!("Provided external ID field does not exist or is not accessible: {key}")))?;
    match store.shelf(object.name).get(&key, None) {
        Some(record) if record.deleted.is_none() => Ok(record),
        Some(_) => Err(Problem::deleted()),
        None => Err(Problem::not_found()),
    }
}

/// 300, with the URLs of all who hold the value.
pub fn several_hold(object: &Object, by: &Field, several: &[Arc<Record>]) -> Problem {
    let urls: Vec<String> = several.iter().map(|record| format!("/services/data/v67.0/sobjects/{}/{}", object.name, record.key)).collect();
    let mut problem = Problem::new(
        300,
        "DUPLICATE_EXTERNAL_ID",
        format!(
            "{}: more than one record found for external id field: [{}]",
            by.name,
            several.iter().map(|record| &*record.key).collect::<Vec<_>>().join(", ")
        ),
    )
    .on(by.name);
    problem.body = Some(Box::new(serde_json::json!(urls)));
    problem
}
