//! Webhooks: registered through the API, signed, sent with the flat record and its event's name, repeated until a 2xx.

use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::super::call::{Call, Reply};
use super::super::look_alike::{By, Origin, Refusal};
use super::super::sender::{Delivery, Next, Parcel};
use super::super::store::Record;
use super::{PartnerStack, WEBHOOK_SECRET, fields, given, listed, shown};

#[derive(Default)]
pub(super) struct Webhooks {
    all: Mutex<Vec<Webhook>>,
}

#[derive(Clone)]
struct Webhook {
    key: String,
    target: String,
    events: Vec<String>,
    made_ms: i64,
}

impl Webhook {
    fn shown(&self) -> Value {
        json!({ "key": self.key, "target": self.target, "events": self.events, "archived": false, "created_at": self.made_ms, "updated_at": self.made_ms })
    }
}

impl Webhooks {
    /// Forgets every webhook; how many there were.
    pub(super) fn drop_all(&self) -> usize {
        std::mem::take(&mut *self.all.lock().expect("no holder of this lock can panic")).len()
    }

    pub(super) fn answer(&self, prm: &PartnerStack, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
        let enveloped = |data: Value| Reply::json(200, json!({ "data": data, "message": "Success", "status": 200 }));
        let missing = || Refusal::new(404, "webhook not found.");
        let mut all = self.all.lock().expect("no holder of this lock can panic");
        match (&call.method, rest) {
            (&Method::GET, []) => Ok(listed(all.iter().map(Webhook::shown).collect(), false)),
            (&Method::POST, []) => {
                let (target, events) = asked(&given(call)?)?;
                let target = target.ok_or_else(|| Refusal::new(422, "target: is required."))?;
                let events = events.ok_or_else(|| Refusal::new(422, "events: is required."))?;
                let made = Webhook { key: prm.new_key("webh"), target, events, made_ms: prm.base.now().as_millisecond() };
                all.push(made.clone());
                Ok(enveloped(made.shown()))
            }
            (&Method::GET, [key]) => all.iter().find(|one| one.key == *key).map(|one| enveloped(one.shown())).ok_or_else(missing),
            (&Method::PATCH, [key]) => {
                let (target, events) = asked(&given(call)?)?;
                let one = all.iter_mut().find(|one| one.key == *key).ok_or_else(missing)?;
                one.target = target.unwrap_or_else(|| one.target.clone());
                one.events = events.unwrap_or_else(|| one.events.clone());
                Ok(enveloped(one.shown()))
            }
            (&Method::DELETE, [key]) => {
                let at = all.iter().position(|one| one.key == *key).ok_or_else(missing)?;
                Ok(enveloped(all.remove(at).shown()))
            }
            _ => Err(Refusal::new(405, "Method not allowed.")),
        }
    }

    /// Tells every webhook that asked for this event. Seeding tells nobody.
    pub(super) fn notify(&self, prm: &PartnerStack, object: &str, what: &str, record: &Record, by: &By) {
        if by.origin == Origin::Seed {
            return;
        }
        let event = format!("{}.{what}", fields::singular(object));
        let all = self.all.lock().expect("no holder of this lock can panic").clone();
        for webhook in all.iter().filter(|one| one.events.iter().any(|wanted| *wanted == event || wanted == "*")) {
            let mut body = shown(record);
            body.insert("event".to_owned(), json!(event));
            // A text here, as in the vendor's own samples.
            body.insert("archived".to_owned(), json!(record.deleted.is_some().to_string()));
            let delivery = Signed { url: webhook.target.clone(), body: Value::Object(body).to_string().into_bytes() };
            if !prm.base.sender.send(Arc::new(delivery)) {
                prm.base.stats.count(|counts| counts.webhooks_lost += 1);
            }
        }
    }
}

/// Sources disagree on the name of the URL's field, so both are taken.
fn asked(given: &super::Fields) -> Result<(Option<String>, Option<Vec<String>>), Refusal> {
    let target = given.get("target").or_else(|| given.get("target_url")).and_then(Value::as_str);
    if let Some(target) = target
        && !target.starts_with("http")
    {
        return Err(Refusal::new(422, "target: must be an http(s) URL."));
    }
    let events = given.get("events").map(|events| serde_json::from_value::<Vec<String>>(events.clone())).transpose();
    Ok((target.map(str::to_owned), events.map_err(|_| Refusal::new(422, "events: must be a list of names."))?))
}

struct Signed {
    url: String,
    body: Vec<u8>,
}

pub(super) fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

impl Delivery for Signed {
    fn pack(&self) -> Option<Parcel> {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned()), ("x-partnerstack-signature".to_owned(), signature(&self.body))];
        Some(Parcel { url: self.url.clone(), headers, body: self.body.clone() })
    }

    fn answered(&self, status: Option<u16>, _body: &[u8]) -> Next {
        match status {
            Some(200..=299) => Next::Done,
            _ => Next::Again,
        }
    }
}
