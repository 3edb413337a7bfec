//! The org: its ground, its users, its app's credentials, its daily allowance, and what it remembers between requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::auth::Grants;
use super::bulk::Jobs;
use super::locator::Locators;
use super::message::{self, Target};
use super::problem::Problem;
use super::schema;
use super::view::{OWN_USER, PERSON_USER};
use super::write::Desk;
use crate::sandbox::look_alike::{Base, By, Origin};

pub const ORG_ID: &str = "00D5gS0000000SbEBI";
/// Requests the org may get in 24 hours.
pub const DAILY_REQUESTS: u64 = 1_000_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Org {
    pub base: Base,
    pub client_id: String,
    pub client_secret: String,
    pub locators: Mutex<Locators>,
    pub targets: Mutex<Vec<Target>>,
    pub grants: Mutex<Grants>,
    pub jobs: Mutex<Jobs>,
    usage: Mutex<Usage>,
}

struct Usage {
    since: Timestamp,
    requests: u64,
}

impl Org {
    pub fn new(base: Base) -> Self {
        let indexed = |object: &'static schema::Object| -> Vec<&str> {
            object.fields.iter().filter(|field| field.external || INDEXED.contains(&field.name)).map(|field| field.name).collect()
        };
        let objects: Vec<(&str, Vec<&str>)> = schema::objects().iter().map(|object| (object.name, indexed(object))).collect();
        let declared: Vec<(&str, &[&str])> = objects.iter().map(|(name, fields)| (*name, fields.as_slice())).collect();
        base.declare(&declared);
        let by = By { who: Arc::from(OWN_USER), at: base.now(), origin: Origin::Seed };
        base.write(&by, |writing| {
            for (key, first, last, name) in [(OWN_USER, "Integration", "User", "integration"), (PERSON_USER, "Sam", "Person", "sam.person")] {
                let user = json!({"FirstName": first, "LastName": last, "Username": format!("{name}@sandbox.example"), "Email": format!("{name}@sandbox.example"), "IsActive": true});
                writing.create("User", key, user.as_object().cloned().unwrap_or_default());
            }
        });
        let since = base.now();
        Self {
            client_id: "3MVG9sandbox.crm.app".to_owned(),
            client_secret: "sandbox-crm-secret".to_owned(),
            locators: Mutex::default(),
            targets: Mutex::default(),
            grants: Mutex::default(),
            jobs: Mutex::default(),
            usage: Mutex::new(Usage { since, requests: 0 }),
            base,
        }
    }

    /// Counts one request against the day; the answer is used and allowed, for `Sforce-Limit-Info`.
    ///
    /// # Errors
    /// The vendor's way to say that the day is spent: 403, without a time to come back.
    pub fn spend(&self) -> Result<String, Problem> {
        let now = self.base.now();
        let mut usage = self.usage.lock().expect("no holder of this lock can panic");
        if now.duration_since(usage.since) > jiff::SignedDuration::try_from(DAY).expect("a day is a small duration") {
            *usage = Usage { since: now, requests: 0 };
        }
        if usage.requests >= DAILY_REQUESTS {
            return Err(request_limit());
        }
        usage.requests += 1;
        Ok(format!("api-usage={}/{DAILY_REQUESTS}", usage.requests))
    }

    pub fn requests_left(&self) -> u64 {
        DAILY_REQUESTS - self.usage.lock().expect("no holder of this lock can panic").requests
    }

    /// Holds the records for one request's writes, then sends the messages they cause.
    pub fn work<R>(self: &Arc<Self>, by: &By, with: impl FnOnce(&mut Desk<'_, '_>) -> R) -> R {
        let (answer, changed) = self.base.write(by, |writing| {
            let mut desk = Desk::new(self, writing, by);
            let answer = with(&mut desk);
            (answer, desk.changed)
        });
        if by.origin != Origin::Seed {
            message::announce(self, changed);
        }
        answer
    }
}

/// Standard fields the vendor finds fast without being asked.
const INDEXED: [&str; 3] = ["Name", "Email", "AccountId"];

/// 403 and no `Retry-After`: the vendor has no 429.
pub fn request_limit() -> Problem {
    Problem::new(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
}
