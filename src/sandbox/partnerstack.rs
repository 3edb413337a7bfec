//! A look-alike of PartnerStack's Vendor API v2: basic auth, enveloped answers, pages after the last item's key, cents and epoch milliseconds,
//! archive on DELETE, signed webhooks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use super::call::{Call, Reply};
use super::look_alike::{Base, By, LookAlike, Refusal};
use super::store::{Fields, Record, Store};

mod change;
mod fields;
mod listing;
mod setup;
#[cfg(test)]
mod tests;
mod webhooks;

pub(super) const OBJECTS: [&str; 7] = ["partnerships", "customers", "leads", "deals", "transactions", "rewards", "groups"];

const PUBLIC_KEY: &str = "pk_sandbox_7Qm2rT9vXc";
const SECRET_KEY: &str = "sk_sandbox_hE41nBzY8uWp60";
const WEBHOOK_SECRET: &str = "whs_sandbox_c3V9kLq2Rt77";

pub struct PartnerStack {
    base: Base,
    chance: Mutex<StdRng>,
    webhooks: webhooks::Webhooks,
}

impl PartnerStack {
    pub(super) fn new(base: Base) -> Self {
        base.declare(&[
            ("partnerships", &["partner_key", "email"]),
            ("customers", &["external_key", "email"]),
            ("leads", &["external_key"]),
            ("deals", &["external_key"]),
            ("transactions", &["external_key"]),
            ("rewards", &[]),
            ("groups", &["slug"]),
        ]);
        let chance = Mutex::new(StdRng::seed_from_u64(base.seed ^ 0x7073));
        let this = Self { base, chance, webhooks: webhooks::Webhooks::default() };
        setup::groups(&this);
        this
    }

    fn new_key(&self, prefix: &str) -> String {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut chance = self.chance.lock().expect("no holder of this lock can panic");
        let tail: String = (0..16).map(|_| LETTERS[chance.random_range(0..LETTERS.len())] as char).collect();
        format!("{prefix}_{tail}")
    }

    fn route(&self, call: &Call, path: &[&str]) -> Result<Reply, Refusal> {
        let by = || self.base.by_api("api");
        match (&call.method, path) {
            (&Method::GET, ["sales-cycles", kind, "stages"]) => Ok(listed(setup::stages(&self.base, kind, call.parameter("group_key"))?, false)),
            (_, ["webhooks", rest @ ..]) => self.webhooks.answer(self, call, rest),
            (&Method::GET, [object]) => listing::list(self, known(object)?, call),
            (&Method::POST, [object]) => {
                let made = self.create(known(object)?, given(call)?, &by())?;
                Ok(one(&made))
            }
            (&Method::GET, [object, key]) => {
                let at = self.base.read_at();
                let found = self.base.read(|store| found(store, object, key, at))?;
                Ok(one(&found))
            }
            (&Method::PATCH, [object, key]) => self.update(known(object)?, key, given(call)?, &by()).map(|record| one(&record)),
            (&Method::DELETE, [object, key]) => self.delete(known(object)?, key, &by()).map(|record| one(&record)),
            (&Method::POST, [object @ ("leads" | "deals"), key, "convert"]) => {
                change::convert(self, object, key, given(call)?, &by()).map(|record| one(&record))
            }
            (&Method::PATCH, ["partnerships", key, "tags"]) => change::tag(self, key, given(call)?, &by()).map(|record| one(&record)),
            _ => Err(Refusal::new(404, "The requested URL was not found on the server.")),
        }
    }
}

#[async_trait]
impl LookAlike for PartnerStack {
    fn base(&self) -> &Base {
        &self.base
    }

    fn vendor(&self) -> &'static str {
        "PartnerStack"
    }

    fn config(&self) -> BTreeMap<String, String> {
        let all = [("public_key", PUBLIC_KEY), ("secret_key", SECRET_KEY), ("webhook_secret", WEBHOOK_SECRET)];
        all.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    async fn answer(&self, call: Call) -> Reply {
        if call.basic().is_none_or(|(user, password)| user != PUBLIC_KEY || password != SECRET_KEY) {
            return failed(&Refusal::new(401, "Invalid API keys."));
        }
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let answer = match path.as_slice() {
            ["api", "v2", rest @ ..] => self.route(&call, rest),
            // Older than /v2 and never moved.
            ["api", "deals", key, "assignment", partner, _stack] if call.method == Method::POST => {
                change::assign(self, key, partner, &self.base.by_api("api")).map(|deal| one(&deal))
            }
            _ => Err(Refusal::new(404, "The requested URL was not found on the server.")),
        };
        answer.unwrap_or_else(|refusal| failed(&refusal))
    }

    fn rate_limited(&self) -> Reply {
        failed(&Refusal::new(429, "Too many requests.")).with("retry-after", "1")
    }

    /// Webhooks are made through the API; here they are lost, as when a person removes them.
    fn subscribe(&self, wanted: &Value) -> Result<Value, Refusal> {
        match wanted["drop"] {
            Value::Bool(true) => Ok(json!({ "dropped": self.webhooks.drop_all() })),
            _ => Err(Refusal::new(400, "Webhooks are made through the API; this takes {\"drop\": true}.")),
        }
    }

    fn objects(&self) -> Vec<&'static str> {
        OBJECTS.to_vec()
    }

    fn create(&self, object: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        change::create(self, known(object)?, fields, by)
    }

    fn update(&self, object: &str, key: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        change::update(self, known(object)?, key, fields, by)
    }

    fn delete(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        change::archive(self, known(object)?, key, by)
    }

    fn restore(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        change::restore(self, known(object)?, key, by)
    }
}

fn known(object: &str) -> Result<&'static str, Refusal> {
    OBJECTS.into_iter().find(|name| *name == object).ok_or_else(|| Refusal::new(404, "The requested URL was not found on the server."))
}

fn given(call: &Call) -> Result<Fields, Refusal> {
    match call.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refusal::new(400, "The body must be a JSON object.")),
        Err(_) if call.body.is_empty() => Ok(Map::new()),
        Err(_) => Err(Refusal::new(400, "The body is not valid JSON.")),
    }
}

/// A record by its key or by another unique name of it. Archived ones are not found.
fn found(store: &Store, object: &str, key: &str, at: Option<jiff::Timestamp>) -> Result<Arc<Record>, Refusal> {
    let shelf = store.shelf(known(object)?);
    let names: &[&str] = match object {
        "partnerships" => &["partner_key", "email"],
        "customers" => &["external_key", "email"],
        "groups" => &["slug"],
        _ => &["external_key"],
    };
    let by_name = || names.iter().find_map(|name| shelf.find(name, key)?.into_iter().next());
    let key = shelf.position(key).map(|_| key.to_owned()).or_else(|| by_name().map(|record| record.key.to_string()));
    let record = key.and_then(|key| shelf.get(&key, at)).filter(|record| record.deleted.is_none());
    record.ok_or_else(|| Refusal::new(404, format!("{} not found.", fields::singular(object))))
}

/// The record as the API shows it.
fn shown(record: &Record) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("key".to_owned(), json!(&*record.key));
    all.extend(record.fields.clone());
    all.insert("created_at".to_owned(), json!(record.created.as_millisecond()));
    all.insert("updated_at".to_owned(), json!(record.modified.as_millisecond()));
    all
}

fn one(record: &Record) -> Reply {
    Reply::json(200, json!({ "data": shown(record), "message": "Success", "status": 200 }))
}

fn listed(items: Vec<Value>, has_more: bool) -> Reply {
    Reply::json(200, json!({ "data": { "items": items, "has_more": has_more }, "message": "Success", "status": 200 }))
}

fn failed(refusal: &Refusal) -> Reply {
    Reply::json(refusal.status, json!({ "message": refusal.message, "status": refusal.status }))
}
