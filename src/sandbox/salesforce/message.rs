//! Outbound messages: SOAP posts that say which records changed. Unsigned, repeated until acknowledged, with the record as it is when sent.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Weak};

use serde_json::Value;

use super::id;
use super::org::{ORG_ID, Org};
use super::schema::{self, Object};
use super::view::View;
use crate::sandbox::sender::{Delivery, Next, Parcel};

/// Notifications one message holds at most.
const NOTIFICATIONS_MAX: usize = 100;
const API: &str = "67.0";

/// Where messages go, and about what.
pub struct Target {
    pub url: String,
    /// Empty for all.
    pub objects: Vec<String>,
    /// Fields sent beside the id; empty for all.
    pub fields: Vec<String>,
}

impl Target {
    /// Reads `{"target": "http://…", "objects": ["Account"], "fields": ["Name"]}`.
    pub fn read(wanted: &Value) -> Result<Self, String> {
        let url = wanted["target"].as_str().or(wanted["target_url"].as_str()).ok_or("An outbound message needs a `target`, the URL to post to.")?;
        url::Url::parse(url).map_err(|error| format!("The target {url} is no URL: {error}."))?;
        let list = |name: &str| -> Result<Vec<String>, String> {
            let Some(items) = wanted.get(name) else { return Ok(Vec::new()) };
            let texts = items.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
            texts.flatten().ok_or_else(|| format!("`{name}` must be a list of names."))
        };
        let (objects, fields) = (list("objects")?, list("fields")?);
        if let Some(unknown) = objects.iter().find(|name| schema::object(name).is_none()) {
            return Err(format!("The CRM has no object {unknown}."));
        }
        Ok(Self { url: url.to_owned(), objects, fields })
    }

    fn wants(&self, object: &Object) -> bool {
        self.objects.is_empty() || self.objects.iter().any(|name| name.eq_ignore_ascii_case(object.name))
    }
}

/// Queues messages about records that were created, changed or brought back. There is none about a delete.
pub fn announce(org: &Arc<Org>, changed: Vec<(&'static Object, Arc<str>)>) {
    if changed.is_empty() {
        return;
    }
    let targets = org.targets.lock().expect("no holder of this lock can panic");
    for target in targets.iter() {
        let mut by_object: BTreeMap<&str, Vec<Arc<str>>> = BTreeMap::new();
        let mut told = HashSet::new();
        for (object, key) in changed.iter().filter(|(object, key)| target.wants(object) && told.insert(key.clone())) {
            by_object.entry(object.name).or_default().push(key.clone());
        }
        for (object, keys) in by_object {
            let object = schema::object(object).expect("the name comes from the schema");
            for keys in keys.chunks(NOTIFICATIONS_MAX) {
                queue(org, target, object, keys);
            }
        }
    }
}

fn queue(org: &Arc<Org>, target: &Target, object: &'static Object, keys: &[Arc<str>]) {
    // The record's version names the change, so a notification keeps its id through every repeat.
    let notifications = org.base.read(|store| {
        let named = keys.iter().filter_map(|key| store.shelf(object.name).get(key, None));
        named.map(|record| (id::make("04l", record.version), record.key.clone())).collect()
    });
    let message = Message { org: Arc::downgrade(org), url: target.url.clone(), fields: target.fields.clone(), object, notifications };
    if !org.base.sender.send(Arc::new(message)) {
        org.base.stats.count(|counts| counts.webhooks_lost += 1);
    }
}

struct Message {
    org: Weak<Org>,
    url: String,
    fields: Vec<String>,
    object: &'static Object,
    notifications: Vec<(String, Arc<str>)>,
}

impl Delivery for Message {
    fn pack(&self) -> Option<Parcel> {
        let org = self.org.upgrade()?;
        let body = self.envelope(&org);
        let headers = vec![("content-type".to_owned(), "text/xml; charset=utf-8".to_owned()), ("soapaction".to_owned(), "\"\"".to_owned())];
        Some(Parcel { url: self.url.clone(), headers, body: body.into_bytes() })
    }

    fn answered(&self, status: Option<u16>, body: &[u8]) -> Next {
        if status == Some(200) && acknowledged(body) { Next::Done } else { Next::Again }
    }
}

impl Message {
    fn envelope(&self, org: &Org) -> String {
        let object = self.object.name;
        let url = escaped(&org.base.url);
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><notifications xmlns=\"http://soap.sforce.com/2005/09/outbound\">\
             <OrganizationId>{ORG_ID}</OrganizationId><ActionId>04k5gS000000001ABA</ActionId><SessionId xsi:nil=\"true\"/>\
             <EnterpriseUrl>{url}/services/Soap/c/{API}/{ORG_ID}</EnterpriseUrl><PartnerUrl>{url}/services/Soap/u/{API}/{ORG_ID}</PartnerUrl>"
        );
        org.base.read(|store| {
            let view = View { store, at: None, api_version: "v67.0" };
            for (id, key) in &self.notifications {
                let open = format!("<Notification><Id>{id}</Id><sObject xsi:type=\"sf:{object}\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">");
                xml.push_str(&open);
                // A record deleted since then has nothing to show.
                if let Some(record) = store.shelf(object).live(key) {
                    for field in self
                        .object
                        .fields
                        .iter()
                        .filter(|field| field.name == "Id" || self.fields.is_empty() || self.fields.iter().any(|name| name == field.name))
                    {
                        element(&mut xml, field.name, &view.value(&record, field));
                    }
                }
                xml.push_str("</sObject></Notification>");
            }
        });
        xml.push_str("</notifications></soapenv:Body></soapenv:Envelope>");
        xml
    }
}

/// Null fields are left out.
fn element(xml: &mut String, name: &str, value: &Value) {
    let text = match value {
        Value::Null => return,
        Value::String(text) => escaped(text),
        other => other.to_string(),
    };
    write!(xml, "<sf:{name}>{text}</sf:{name}>").expect("writing to a String cannot fail");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Reads the receiver's `Ack`; anything else than `true` asks for a repeat.
fn acknowledged(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let Ok(document) = roxmltree::Document::parse(text) else { return false };
    document.descendants().any(|node| node.tag_name().name() == "Ack" && node.text().map(str::trim) == Some("true"))
}
