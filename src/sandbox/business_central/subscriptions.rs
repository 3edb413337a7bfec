//! Subscriptions: a handshake on making and renewing, three days of life, gathered notifications without data, and death by a wrong answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::call::{Call, Reply};
use super::super::look_alike::{By, Origin};
use super::super::sender::{Delivery, Next, Parcel};
use super::super::store::Record;
use super::refused::{Refused, refused};
use super::schema::{SETS, Set};
use super::{BusinessCentral, change, query};

const LIFE: Duration = Duration::from_secs(3 * 24 * 3600);
const SUBSCRIPTIONS_MAX: usize = 200;
/// More changes than this in one window arrive as one notice of the whole collection.
const SINGLE_MAX: usize = 1_000;
/// How long changes are gathered unless told otherwise; the vendor takes 30 s, a sandbox is watched by people.
const GATHER_MS: u64 = 1_000;
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Subscription {
    id: String,
    url: String,
    resource: String,
    set: &'static str,
    client_state: String,
    until: Timestamp,
    version: u64,
    modified: Timestamp,
}

struct Change {
    set: &'static str,
    key: String,
    what: &'static str,
    at: Timestamp,
}

#[derive(Default)]
struct Inner {
    all: Vec<Subscription>,
    /// Changes not yet sent, by receiver.
    gathered: Vec<(String, Vec<Change>)>,
    version: u64,
}

#[derive(Clone)]
pub(super) struct Subscriptions {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<dyn crate::clock::Clock>,
    company: String,
    gather_ms: Arc<AtomicU64>,
}

impl Subscription {
    fn etag(&self) -> String {
        format!("W/\"sub{:x}\"", self.version.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn shown(&self) -> Value {
        json!({
            "@odata.etag": self.etag(), "subscriptionId": self.id, "notificationUrl": self.url, "resource": self.resource,
            "timestamp": 0, "userId": super::schema::NO_GUID, "lastModifiedDateTime": query::instant(self.modified), "clientState": self.client_state,
            "expirationDateTime": query::instant(self.until),
        })
    }
}

impl Subscriptions {
    pub fn new(clock: Arc<dyn crate::clock::Clock>, company: &str) -> Self {
        Self { inner: Arc::default(), clock, company: company.to_owned(), gather_ms: Arc::new(AtomicU64::new(GATHER_MS)) }
    }

    /// Sets how long changes are gathered from now on.
    pub fn gather(&self, ms: u64) {
        self.gather_ms.store(ms, Ordering::Relaxed);
    }

    /// Forgets every subscription; how many there were.
    pub fn drop_all(&self) -> usize {
        std::mem::take(&mut self.lock().all).len()
    }

    pub async fn answer(&self, erp: &BusinessCentral, call: &Call, id: Option<&str>) -> Result<Reply, Refused> {
        let now = self.clock.now();
        self.lock().all.retain(|one| one.until > now);
        let expected = call.header("if-match").map(str::to_owned);
        match (&call.method, id) {
            (&Method::GET, None) => {
                let all: Vec<Value> = self.lock().all.iter().map(Subscription::shown).collect();
                Ok(Reply::json(200, json!({ "@odata.context": format!("{}/$metadata#subscriptions", erp.api_root()), "value": all })))
            }
            (&Method::GET, Some(id)) => Ok(Reply::json(200, self.one(id)?.shown())),
            (&Method::POST, None) => {
                let mut made = read(call, now)?;
                self.room(&made)?;
                handshake(erp, &made.url).await?;
                self.room(&made)?;
                made.id = erp.new_guid().replace('-', "");
                let mut inner = self.lock();
                inner.version += 1;
                made.version = inner.version;
                inner.all.push(made.clone());
                Ok(Reply::json(201, made.shown()))
            }
            (&Method::PATCH, Some(id)) => {
                let former = self.one(id)?;
                matching(expected.as_deref(), &former)?;
                let given = read(call, now)?;
                handshake(erp, &given.url).await?;
                let mut inner = self.lock();
                inner.version += 1;
                let version = inner.version;
                let one = inner.all.iter_mut().find(|one| one.id == id).ok_or_else(Refused::not_found)?;
                *one = Subscription { id: id.to_owned(), version, ..given };
                Ok(Reply::json(200, one.shown()))
            }
            (&Method::DELETE, Some(id)) => {
                matching(expected.as_deref(), &self.one(id)?)?;
                self.lock().all.retain(|one| one.id != id);
                Ok(Reply::empty(204))
            }
            _ => Err(refused(405, "BadRequest_MethodNotAllowed", "The method is not allowed here.")),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock can panic")
    }

    fn one(&self, id: &str) -> Result<Subscription, Refused> {
        self.lock().all.iter().find(|one| one.id == id).cloned().ok_or_else(Refused::not_found)
    }

    fn room(&self, made: &Subscription) -> Result<(), Refused> {
        let inner = self.lock();
        if inner.all.len() >= SUBSCRIPTIONS_MAX {
            return Err(Refused::rule(format!("The environment has {SUBSCRIPTIONS_MAX} subscriptions already.")));
        }
        if inner.all.iter().any(|one| one.url == made.url && one.resource == made.resource) {
            return Err(refused(400, "Internal_EntityWithSameKeyExists", "A subscription of this resource to this URL exists already."));
        }
        Ok(())
    }

    /// Gathers a change for everyone who watches; a line's change is its order's.
    pub fn notify(&self, erp: &BusinessCentral, set: &'static Set, record: &Record, what: &'static str, by: &By) {
        if by.origin == Origin::Seed {
            return;
        }
        let (name, key, what) =
            if set.name == "salesOrderLines" { ("salesOrders", record.text("documentId"), "updated") } else { (set.name, &*record.key, what) };
        let mut inner = self.lock();
        let mut urls: Vec<String> = inner.all.iter().filter(|one| one.set == name && one.until > by.at).map(|one| one.url.clone()).collect();
        urls.sort();
        urls.dedup();
        for url in urls {
            let change = Change { set: name, key: key.to_owned(), what, at: record.modified };
            if let Some((_, changes)) = inner.gathered.iter_mut().find(|(known, _)| *known == url) {
                gather(changes, change);
                continue;
            }
            inner.gathered.push((url.clone(), vec![change]));
            let delivery = Notice { subscriptions: self.clone(), url, packed: Mutex::default() };
            if !erp.base.sender.send(Arc::new(delivery)) {
                inner.gathered.pop();
                erp.base.stats.count(|counts| counts.webhooks_lost += 1);
            }
        }
    }
}

/// Several changes of one record in a window are told as one.
fn gather(changes: &mut Vec<Change>, new: Change) {
    let near = changes.iter_mut().rev().take(SINGLE_MAX).find(|change| change.set == new.set && change.key == new.key);
    match near {
        Some(change) if change.what == "created" && new.what == "updated" => change.at = new.at,
        Some(change) => *change = new,
        None => changes.push(new),
    }
}

fn matching(expected: Option<&str>, one: &Subscription) -> Result<(), Refused> {
    match expected {
        None => Err(change::missing_token()),
        Some("*") => Ok(()),
        Some(given) if given == one.etag() => Ok(()),
        Some(_) => Err(refused(409, "Request_EntityChanged", "Another user has already changed the record.")),
    }
}

fn read(call: &Call, now: Timestamp) -> Result<Subscription, Refused> {
    let body = call.json().map_err(|error| Refused::bad_url(format!("The body is not valid JSON: {error}")))?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (url, resource, client_state) = (text("notificationUrl"), text("resource"), text("clientState"));
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1") && !url.starts_with("http://localhost") {
        return Err(Refused::rule("notificationUrl must be an https URL (or, in this sandbox, of this machine)."));
    }
    if client_state.len() > 2048 {
        return Err(refused(400, "Application_StringExceededLength", "clientState holds at most 2048 characters."));
    }
    let name = resource.rsplit('/').next().unwrap_or_default();
    let set = SETS.iter().find(|set| set.watched && set.name == name);
    let set = set.filter(|_| resource.contains("companies(")).ok_or_else(|| Refused::rule(format!("The resource '{resource}' cannot be subscribed to.")))?;
    let until = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
    Ok(Subscription { id: String::new(), url, resource, set: set.name, client_state, until, version: 0, modified: now })
}

/// The receiver must answer 200 with the token, now.
async fn handshake(erp: &BusinessCentral, url: &str) -> Result<(), Refused> {
    let failed = |what: String| Refused::rule(format!("The notification URL did not pass validation: {what}."));
    let token = erp.new_guid();
    let mut target = url::Url::parse(url).map_err(|error| failed(error.to_string()))?;
    target.query_pairs_mut().append_pair("validationToken", &token);
    let answer = erp.base.sender.client().post(target).timeout(HANDSHAKE_WITHIN).send().await.map_err(|error| failed(error.to_string()))?;
    let status = answer.status().as_u16();
    let body = answer.text().await.map_err(|error| failed(error.to_string()))?;
    if status == 200 && body.trim().trim_matches('"') == token { Ok(()) } else { Err(failed(format!("status {status}, not the token"))) }
}

struct Notice {
    subscriptions: Subscriptions,
    url: String,
    /// Packed once: a repeat tells the same.
    packed: Mutex<Option<Vec<u8>>>,
}

impl Notice {
    /// What was gathered, for each live subscription of this receiver.
    fn body(&self) -> Option<Vec<u8>> {
        let now = self.subscriptions.clock.now();
        let mut inner = self.subscriptions.lock();
        let at = inner.gathered.iter().position(|(url, _)| *url == self.url)?;
        let (_, changes) = inner.gathered.remove(at);
        let mut value = Vec::new();
        for one in inner.all.iter().filter(|one| one.url == self.url && one.until > now) {
            let mine: Vec<&Change> = changes.iter().filter(|change| change.set == one.set).collect();
            let root = format!("api/v2.0/companies({})/{}", self.subscriptions.company, one.set);
            let mut tell = |resource: String, what: &str, at: Timestamp| {
                value.push(json!({
                    "subscriptionId": one.id, "clientState": one.client_state, "expirationDateTime": query::instant(one.until), "resource": resource,
                    "changeType": what, "lastModifiedDateTime": query::instant(at),
                }));
            };
            if mine.len() > SINGLE_MAX {
                let first = mine.iter().map(|change| change.at).min().unwrap_or(now);
                tell(format!("{root}?$filter=lastDateTimeModified%20gt%20{}", query::instant(first)), "collection", first);
                continue;
            }
            for change in mine {
                tell(format!("{root}({})", change.key), change.what, change.at);
            }
        }
        (!value.is_empty()).then(|| json!({ "value": value }).to_string().into_bytes())
    }
}

impl Delivery for Notice {
    fn pack(&self) -> Option<Parcel> {
        let mut packed = self.packed.lock().expect("no holder of this lock can panic");
        if packed.is_none() {
            *packed = self.body();
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Some(Parcel { url: self.url.clone(), headers, body: packed.clone()? })
    }

    fn answered(&self, status: Option<u16>, _body: &[u8]) -> Next {
        match status {
            Some(200..=299) => Next::Done,
            None | Some(408 | 429 | 500..=599) => Next::Again,
            // Anything else, a 404 or 401 of a proxy say, ends the subscription at once.
            Some(_) => {
                self.subscriptions.lock().all.retain(|one| one.url != self.url);
                Next::GiveUp
            }
        }
    }

    fn wait(&self) -> Duration {
        Duration::from_millis(self.subscriptions.gather_ms.load(Ordering::Relaxed))
    }
}
