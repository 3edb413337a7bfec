//! The look-alike of Salesforce: SOQL, record and collection writes, composites, bulk jobs, feeds, outbound messages.
//!
//! A request goes `route.rs` (who asks, what for) → one of the endpoints → `write.rs` or `query.rs`. Endpoints that write work on a
//! [`write::Desk`], which holds the records for one request, so that a composite of twenty-five parts can be taken back as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::look_alike::{Base, By, LookAlike, Origin, Refusal};
use super::store::{Fields, Record};
use org::Org;
use problem::Problem;
use write::Desk;

mod auth;
mod bind;
mod bulk;
mod check;
mod collections;
mod composite;
mod describe;
mod feeds;
mod id;
mod locator;
mod message;
mod org;
mod problem;
mod query;
mod route;
mod rows;
mod schema;
mod soql;
#[cfg(test)]
mod tests;
mod view;
mod write;

/// An org with its records, its users and one connected app.
pub struct Salesforce(Arc<Org>);

impl Salesforce {
    pub fn new(base: Base) -> Self {
        Self(Arc::new(Org::new(base)))
    }

    /// A write from outside the API: the page, or the world.
    fn outside(
        &self,
        object: &str,
        by: &By,
        work: impl FnOnce(&mut Desk<'_, '_>, &'static schema::Object) -> Result<Arc<Record>, Problem>,
    ) -> Result<Arc<Record>, Refusal> {
        let object = schema::object(object).ok_or_else(|| Refusal::new(404, format!("The CRM has no object {object}.")))?;
        self.0.work(by, |desk| work(desk, object)).map_err(|problem| Refusal::new(problem.status, format!("{}: {}", problem.code, problem.message)))
    }
}

#[async_trait]
impl LookAlike for Salesforce {
    fn base(&self) -> &Base {
        &self.0.base
    }

    fn vendor(&self) -> &'static str {
        "Salesforce"
    }

    fn config(&self) -> BTreeMap<String, String> {
        let pairs = [("instance_url", self.0.base.url.as_str()), ("client_id", &self.0.client_id), ("client_secret", &self.0.client_secret)];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    async fn answer(&self, call: Call) -> Reply {
        route::answer(&self.0, &call)
    }

    fn rate_limited(&self) -> Reply {
        org::request_limit().into()
    }

    fn objects(&self) -> Vec<&'static str> {
        schema::objects().iter().map(|object| object.name).collect()
    }

    fn create(&self, object: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        self.outside(object, by, |desk, object| desk.create(object, &fields))
    }

    fn update(&self, object: &str, key: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        self.outside(object, by, |desk, object| desk.update(object, key, &fields))
    }

    fn delete(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        self.outside(object, by, |desk, object| desk.delete(object, key))
    }

    fn restore(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        self.outside(object, by, |desk, object| desk.restore(object, key))
    }

    fn subscribe(&self, wanted: &Value) -> Result<Value, Refusal> {
        let target = message::Target::read(wanted).map_err(|message| Refusal::new(400, message))?;
        let shown = json!({"target": target.url, "objects": target.objects});
        self.0.targets.lock().expect("no holder of this lock can panic").push(target);
        Ok(shown)
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Reply::json(problem.status, problem.request_body())
    }
}

/// Whether a write comes through the API, where system fields and read-only objects are out of reach.
fn through_api(by: &By) -> bool {
    by.origin == Origin::Api
}
