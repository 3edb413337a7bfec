//! A look-alike of Dynamics 365 Business Central's API v2.0: OData v4 with ETags, server-driven pages, JSON `$batch`, blanks that are never null,
//! subscriptions that must be renewed. Entra's token endpoint is on the same port.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::call::{Call, Content, Reply};
use super::look_alike::{Base, By, LookAlike, Origin, Refusal};
use super::store::{Fields, Record};
use change::Expected;
use refused::{Refused, refused};
use schema::{SETS, Set};

mod batch;
mod change;
mod check;
mod filter;
mod metadata;
mod orders;
mod query;
mod refused;
mod schema;
mod setup;
mod subscriptions;
#[cfg(test)]
mod tests;

pub(super) const LOCAL_CURRENCY: &str = "USD";
const TENANT: &str = "6f1d2c9e-40b7-4a53-9c1e-7d2f8a5b3e10";
const ENVIRONMENT: &str = "Production";
const CLIENT_ID: &str = "b0a1c7d2-5e34-4f86-8a9b-1c2d3e4f5a6b";
const CLIENT_SECRET: &str = "bc8Q~sandbox.pT4vWz91LmXk";
const SCOPE: &str = "https://api.businesscentral.dynamics.com/.default";
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

pub struct BusinessCentral {
    base: Base,
    chance: Mutex<StdRng>,
    series: Mutex<HashMap<&'static str, u64>>,
    company: String,
    subscriptions: subscriptions::Subscriptions,
}

/// A path within the service, read: `companies(x)/salesOrders(y)/salesOrderLines`.
struct Step {
    name: String,
    key: Option<String>,
}

impl BusinessCentral {
    pub(super) fn new(base: Base) -> Self {
        let declared: Vec<(&str, &[&str])> = SETS.iter().map(|set| (set.name, set.indexed)).collect();
        base.declare(&declared);
        let mut chance = StdRng::seed_from_u64(base.seed ^ 0x6263);
        let company = guid(&mut chance);
        let subscriptions = subscriptions::Subscriptions::new(base.clock(), &company);
        let this = Self { base, chance: Mutex::new(chance), series: Mutex::default(), company, subscriptions };
        setup::plant(&this);
        this
    }

    fn company(&self) -> &str {
        &self.company
    }

    fn api_root(&self) -> String {
        format!("https://api.businesscentral.dynamics.com/v2.0/{ENVIRONMENT}/api/v2.0")
    }

    /// Scheme and host as the caller named them, so that links in answers lead back the same way.
    fn origin(&self, call: &Call) -> String {
        match call.header("host") {
            Some(host) if !host.starts_with("127.0.0.1") && !host.starts_with("localhost") => format!("https://{host}"),
            Some(host) => format!("http://{host}"),
            None => self.base.url.clone(),
        }
    }

    /// The path before the service's own parts.
    fn service_path(&self, call: &Call) -> String {
        call.path.find("/api/v2.0").map_or_else(String::new, |at| call.path[..at + "/api/v2.0".len()].to_owned())
    }

    fn new_guid(&self) -> String {
        guid(&mut self.chance.lock().expect("no holder of this lock can panic"))
    }

    fn next_in_series(&self, set: &'static str) -> u64 {
        let mut series = self.series.lock().expect("no holder of this lock can panic");
        let next = series.entry(set).or_default();
        *next += 1;
        *next - 1
    }

    fn token(&self, call: &Call) -> Reply {
        let form: HashMap<String, String> = call.form().into_iter().collect();
        let given = |name: &str| form.get(name).map(String::as_str);
        let (id, secret) =
            call.basic().unwrap_or_else(|| (given("client_id").unwrap_or_default().to_owned(), given("client_secret").unwrap_or_default().to_owned()));
        let failed = |status, error: &str, text: &str| Reply::json(status, json!({ "error": error, "error_description": text }));
        if call.method != Method::POST || given("grant_type") != Some("client_credentials") {
            return failed(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
        }
        if id != CLIENT_ID {
            return failed(400, "unauthorized_client", "AADSTS700016: Application with this identifier was not found in the directory.");
        }
        if secret != CLIENT_SECRET {
            return failed(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
        }
        if given("scope") != Some(SCOPE) {
            return failed(
                400,
                "invalid_scope",
                "AADSTS1002012: The provided value for scope is not valid. Client credential flows must have a scope with /.default.",
            );
        }
        let token = self.base.tokens.issue(self.base.now(), TOKEN_LIFE);
        Reply::json(200, json!({ "token_type": "Bearer", "expires_in": TOKEN_LIFE.as_secs(), "ext_expires_in": TOKEN_LIFE.as_secs(), "access_token": token }))
    }

    /// The steps after `/v2.0/[tenant/]environment/api/v2.0/`.
    fn steps(&self, call: &Call) -> Result<Vec<Step>, Refused> {
        let segments = call.segments();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (environment, rest) = match parts.as_slice() {
            ["v2.0", tenant, environment, "api", "v2.0", rest @ ..] if *tenant == TENANT => (*environment, rest),
            ["v2.0", environment, "api", "v2.0", rest @ ..] => (*environment, rest),
            _ => return Err(refused(404, "BadRequest_ResourceNotFound", "The tenant or the path does not exist.")),
        };
        if !environment.eq_ignore_ascii_case(ENVIRONMENT) {
            return Err(refused(404, "BadRequest_NoEnvironment", format!("Environment does not exist: {environment}.")));
        }
        Ok(rest.iter().map(|part| step(part)).collect())
    }

    async fn api(&self, call: &Call) -> Result<Reply, Refused> {
        let bearer = call.bearer().filter(|token| self.base.tokens.holds(token, self.base.now()));
        if bearer.is_none() {
            return Err(refused(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials."));
        }
        let steps = self.steps(call)?;
        match steps.as_slice() {
            [one] if one.name == "$batch" && call.method == Method::POST => batch::answer(self, call),
            [one] if one.name == "subscriptions" => self.subscriptions.answer(self, call, one.key.as_deref().map(|key| key.trim_matches('\''))).await,
            _ => self.dispatch(call, &steps),
        }
    }

    /// A part of a batch, whose token was checked with the batch.
    fn dispatched(&self, call: &Call) -> Reply {
        self.steps(call).and_then(|steps| self.dispatch(call, &steps)).unwrap_or_else(|refused| refused.reply(&self.new_guid()))
    }

    fn dispatch(&self, call: &Call, steps: &[Step]) -> Result<Reply, Refused> {
        if call.method != Method::GET && call.header("data-access-intent").is_some_and(|intent| intent.eq_ignore_ascii_case("readonly")) {
            return Err(Refused::read_only("Data-Access-Intent: ReadOnly is for GET requests only."));
        }
        match steps {
            [] => Ok(Reply::json(200, setup::service_document(self))),
            [one] if one.name == "$metadata" => Ok(Reply::text(200, "application/xml", metadata::edmx())),
            [one] if one.name == "companies" => setup::companies(self, one.key.as_deref()),
            [company, rest @ ..] if company.name == "companies" => {
                self.known_company(company.key.as_deref().unwrap_or_default())?;
                self.in_company(call, rest)
            }
            rest => {
                let company = call.parameter("company").or_else(|| call.header("company"));
                self.known_company(company.ok_or_else(|| Refused::bad_url("The request names no company."))?)?;
                self.in_company(call, rest)
            }
        }
    }

    fn known_company(&self, given: &str) -> Result<(), Refused> {
        if given.eq_ignore_ascii_case(&self.company) || given == setup::COMPANY_NAME {
            return Ok(());
        }
        Err(refused(404, "Internal_CompanyNotFound", format!("Cannot find the company {given}.")))
    }

    fn in_company(&self, call: &Call, steps: &[Step]) -> Result<Reply, Refused> {
        let known = |step: &Step| {
            schema::set(&step.name).ok_or_else(|| refused(404, "BadRequest_ResourceNotFound", format!("Resource not found for the segment '{}'.", step.name)))
        };
        match steps {
            [one] => match &one.key {
                None => self.collection(call, known(one)?, None),
                Some(key) => self.single(call, known(one)?, &key_of(key)?),
            },
            [order, action] if order.name == "salesOrders" && action.name.starts_with("Microsoft.NAV.") => {
                self.action(call, &key_of(order.key.as_deref().unwrap_or_default())?, &action.name)
            }
            [order, line] if order.name == "salesOrders" && line.name == "salesOrderLines" => {
                let parent = key_of(order.key.as_deref().unwrap_or_default())?;
                self.base.read(|store| store.shelf("salesOrders").live(&parent)).ok_or_else(Refused::not_found)?;
                match &line.key {
                    None => self.collection(call, known(line)?, Some(&parent)),
                    Some(key) => self.single(call, known(line)?, &key_of(key)?),
                }
            }
            _ => Err(refused(404, "BadRequest_ResourceNotFound", "Resource not found for the segment.")),
        }
    }

    fn collection(&self, call: &Call, set: &'static Set, parent: Option<&str>) -> Result<Reply, Refused> {
        match call.method {
            Method::GET => query::list(self, set, parent, call),
            Method::POST => {
                let mut given = given(call)?;
                if let Some(parent) = parent {
                    given.insert("documentId".to_owned(), json!(parent));
                }
                let made = change::create(self, set, given, &self.base.by_api("api"))?;
                let body = self.base.read(|store| query::Query::read(call, set).map(|query| query.shown(store, set, &made)))?;
                Ok(Reply::json(201, body))
            }
            _ => Err(refused(405, "BadRequest_MethodNotAllowed", "The method is not allowed here.")),
        }
    }

    fn single(&self, call: &Call, set: &'static Set, key: &str) -> Result<Reply, Refused> {
        let expected = Expected::Header(call.header("if-match"));
        let by = self.base.by_api("api");
        match call.method {
            Method::GET => {
                let at = self.base.read_at();
                let query = query::Query::read(call, set)?;
                self.base.read(|store| {
                    let record = store.shelf(set.name).get(key, at).filter(|record| record.deleted.is_none()).ok_or_else(Refused::not_found)?;
                    Ok(Reply::json(200, query.shown(store, set, &record)).with("etag", query::etag(&record)))
                })
            }
            Method::PATCH => {
                let changed = change::update(self, set, key, &given(call)?, expected, &by)?;
                Ok(Reply::json(200, Value::Object(query::shown(set, &changed))))
            }
            Method::DELETE => change::delete(self, set, key, expected, &by).map(|_| Reply::empty(204)),
            _ => Err(refused(405, "BadRequest_MethodNotAllowed", "The method is not allowed here.")),
        }
    }

    fn action(&self, call: &Call, key: &str, name: &str) -> Result<Reply, Refused> {
        if call.method != Method::POST || name != "Microsoft.NAV.shipAndInvoice" {
            return Err(refused(404, "BadRequest_ResourceNotFound", format!("Resource not found for the segment '{name}'.")));
        }
        let by = self.base.by_api("api");
        let shipped = self.base.write(&by, |writing| orders::ship(writing, key))?;
        if let Some(set) = schema::set("salesOrders") {
            self.subscriptions.notify(self, set, &shipped, "updated", &by);
        }
        Ok(Reply::empty(204))
    }
}

#[async_trait]
impl LookAlike for BusinessCentral {
    fn base(&self) -> &Base {
        &self.base
    }

    fn vendor(&self) -> &'static str {
        "Dynamics 365 Business Central"
    }

    fn config(&self) -> BTreeMap<String, String> {
        let all = [("tenant", TENANT), ("environment", ENVIRONMENT), ("company", &self.company), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
        all.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    async fn answer(&self, call: Call) -> Reply {
        let segments = call.segments();
        if let [tenant, "oauth2", "v2.0", "token"] = segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            let known = *tenant == TENANT;
            return if known {
                self.token(&call)
            } else {
                Reply::json(400, json!({ "error": "invalid_request", "error_description": "AADSTS90002: Tenant not found." }))
            };
        }
        let reply = self.api(&call).await.unwrap_or_else(|refused| refused.reply(&self.new_guid()));
        if matches!(reply.content, Content::Json(_)) { reply.with("odata-version", "4.0") } else { reply }
    }

    fn rate_limited(&self) -> Reply {
        // Told without any Retry-After.
        refused(429, "Application_TooManyRequests", "Too many requests reached. Actual (6001). Maximum (6000).").reply(&self.new_guid())
    }

    /// Subscriptions are made through the API; only how long they gather is set here, and all are lost as by a wrong answer to a notification.
    fn subscribe(&self, wanted: &Value) -> Result<Value, Refusal> {
        if wanted["drop"] == json!(true) {
            return Ok(json!({ "dropped": self.subscriptions.drop_all() }));
        }
        let ms = wanted["gather_ms"]
            .as_u64()
            .ok_or_else(|| Refusal::new(400, "Subscriptions are made through the API; this takes {\"gather_ms\": 1000} or {\"drop\": true}."))?;
        self.subscriptions.gather(ms);
        Ok(json!({ "gather_ms": ms }))
    }

    fn objects(&self) -> Vec<&'static str> {
        SETS.iter().map(|set| set.name).collect()
    }

    fn create(&self, object: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        change::create(self, known(object)?, fields, by).map_err(Refused::told)
    }

    fn update(&self, object: &str, key: &str, fields: Fields, by: &By) -> Result<Arc<Record>, Refusal> {
        change::update(self, known(object)?, key, &fields, Expected::Newest, by).map_err(Refused::told)
    }

    fn delete(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        change::delete(self, known(object)?, key, Expected::Newest, by).map_err(Refused::told)
    }

    fn restore(&self, object: &str, key: &str, by: &By) -> Result<Arc<Record>, Refusal> {
        change::restore(self, known(object)?, key, by).map_err(Refused::told)
    }
}

fn known(object: &str) -> Result<&'static Set, Refusal> {
    schema::set(object).ok_or_else(|| Refusal::new(404, format!("There is no object {object}.")))
}

fn guid(chance: &mut StdRng) -> String {
    uuid::Builder::from_random_bytes(chance.random()).into_uuid().to_string()
}

fn step(part: &str) -> Step {
    match part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        Some((name, key)) => Step { name: name.to_owned(), key: Some(key.to_owned()) },
        None => Step { name: part.to_owned(), key: None },
    }
}

/// Keys in paths are GUIDs in any case.
fn key_of(text: &str) -> Result<String, Refused> {
    let guid = uuid::Uuid::parse_str(text.trim_start_matches("id=").trim());
    guid.map(|guid| guid.to_string()).map_err(|_| refused(400, "Application_InvalidGUID", format!("The key '{text}' is not a GUID.")))
}

fn given(call: &Call) -> Result<Fields, Refused> {
    match call.json() {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Refused::bad_url("The body must be a JSON object.")),
        Err(error) => Err(Refused::bad_url(format!("The body is not valid JSON: {error}"))),
    }
}

/// What stands in every new company.
fn by_setup(base: &Base) -> By {
    By { who: "setup".into(), at: base.now(), origin: Origin::Seed }
}
