//! A compiled connector with one set of credentials, as a [`System`]: reads, writes and deliveries over HTTP.
//!
//! What can be decided from values alone is a plain function in a file of its own (`verdict`, `request`, `decode`, `spell`, `proof`); `call` is the one place
//! where something is sent.

pub mod hosts;
pub mod http;
pub mod meter;
pub mod webhook;

mod auth;
mod call;
mod cell;
mod cursor;
mod decode;
mod describe;
mod edmx;
mod feed;
mod find;
mod frame;
mod get;
mod gone;
mod outcome;
mod page;
mod proof;
mod rate;
mod request;
mod spell;
mod subscribe;
mod token;
mod vendor_clock;
mod verdict;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use url::Url;

use crate::backoff::Waits;
use crate::catalog::{Connector, class, config::Setting};
use crate::clock::Clock;
use crate::expr::Item;
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::secret::Secret;
use crate::spec::connector::ConfigKind;
use crate::system::{Abilities, Cursor, Description, Got, Outcome, Pages, Read, System, SystemError, WriteItem, WriteKind};
use crate::value::record::Record;
use crate::value::{Currency, Path, Str, Value};
use call::Failure;
use frame::{Frame, Ground, Local, fault, word};
use meter::Meter;

pub use subscribe::Subscription;

/// What the project says of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    pub name: ConnectionName,
    pub config: BTreeMap<String, ConfigText>,
    /// Where all calls really go: an address of this machine.
    pub at: Option<Url>,
    pub currency: Option<Currency>,
    pub country: Option<Str>,
    pub time_zone: Option<Str>,
}

/// A setting as given.
#[derive(Clone, Debug)]
pub enum ConfigText {
    Plain(String),
    Secret(Secret),
}

impl ConfigText {
    fn text(&self) -> &str {
        match self {
            ConfigText::Plain(text) => text,
            ConfigText::Secret(secret) => secret.expose(),
        }
    }
}

/// A connection, ready to be asked. Cloning it shares everything.
#[derive(Clone)]
pub struct Connection(Arc<Line>);

/// Everything one connection holds.
pub(crate) struct Line {
    pub name: ConnectionName,
    pub ground: Ground,
    pub http: http::Http,
    pub signer: auth::Signer,
    pub rates: rate::Rates,
    pub clock: Arc<dyn Clock>,
    pub vendor_clock: vendor_clock::VendorClock,
    pub meter: Arc<dyn Meter>,
    /// Between attempts of one call.
    pub waits: Waits,
    locals: Mutex<HashMap<ObjectName, Arc<Local>>>,
    calls: AtomicU64,
    /// Told apart from other connections, so that their waits differ.
    salt: u64,
}

/// Makes a connection. Nothing is sent yet.
///
/// # Errors
/// Everything that is wrong with the settings, at once.
pub fn connect(connector: Arc<Connector>, settings: ConnectionSettings, clock: Arc<dyn Clock>, meter: Arc<dyn Meter>) -> Result<Connection, Vec<String>> {
    connect_with(connector, settings, clock, meter, call::WAITS)
}

/// As [`connect`], with the waits between attempts given.
fn connect_with(
    connector: Arc<Connector>,
    settings: ConnectionSettings,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn Meter>,
    waits: Waits,
) -> Result<Connection, Vec<String>> {
    let mut problems = Vec::new();
    let config: Vec<Item> = connector.config.iter().map(|setting| setting_item(setting, settings.config.get(setting.name.as_str()), &mut problems)).collect();
    for name in settings.config.keys() {
        if !connector.config.iter().any(|setting| setting.name == *name) {
            let known = connector.config.iter().map(|setting| setting.name.as_str());
            let near = crate::diag::suggest::nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            problems.push(format!("`config.{name}` is not known to connector `{}`{near}", connector.name));
        }
    }
    let ground = Ground {
        config,
        currency: settings.currency,
        country: settings.country,
        time_zone: settings.time_zone,
        account: Mutex::default(),
        connector: connector.clone(),
    };
    let frame = Frame::new(&ground, None);
    let hosts: Vec<String> = connector.hosts.iter().filter_map(|host| Some(host.eval(&frame).ok()?.to_text().ok()?.into_owned())).collect();
    let hosts = hosts::Hosts::new(hosts, settings.at).map_err(|problem| problems.push(problem)).ok();
    let auth = auth::choose(&connector.auth, &connector.config, &ground).map_err(|problem| problems.push(problem)).ok();
    drop(frame);
    match (hosts, auth, problems.is_empty()) {
        (Some(hosts), Some(auth), true) => Ok(Connection(Arc::new(Line {
            http: http::Http::new(settings.name.clone(), hosts),
            signer: auth::Signer::new(auth),
            rates: rate::Rates::new(&connector.rates),
            vendor_clock: Default::default(),
            locals: Mutex::default(),
            calls: AtomicU64::new(0),
            salt: crate::value::fingerprint::hash64(settings.name.as_str().as_bytes()),
            name: settings.name,
            ground,
            clock,
            meter,
            waits,
        }))),
        _ => Err(problems),
    }
}

/// A setting as expressions see it.
fn setting_item(setting: &Setting, given: Option<&ConfigText>, problems: &mut Vec<String>) -> Item {
    let name = &setting.name;
    let Some(text) = given.map(ConfigText::text).or(setting.default.as_deref()) else {
        if setting.is_required() {
            problems.push(format!("`config.{name}` is missing{}", setting.about.as_ref().map(|about| format!(" ({about})")).unwrap_or_default()));
        }
        return Item::BLANK;
    };
    if setting.kind == ConfigKind::Secret && matches!(given, Some(ConfigText::Plain(_))) {
        problems.push(format!("`config.{name}` is a secret; give it as ${{VARIABLE}} or {{ file: … }}"));
        return Item::BLANK;
    }
    let fits = match setting.kind {
        ConfigKind::Text | ConfigKind::Secret => Ok(Item::text(text)),
        ConfigKind::Url => Url::parse(text).map(|_| Item::text(text.trim_end_matches('/'))).map_err(|_| "an address such as https://example.com".to_string()),
        ConfigKind::Integer => text.parse::<i64>().map(Item::integer).map_err(|_| "a whole number".to_string()),
        ConfigKind::Boolean => text.parse::<bool>().map(Item::boolean).map_err(|_| "`true` or `false`".to_string()),
        ConfigKind::Choice if setting.of.iter().any(|of| of == text) => Ok(Item::text(text)),
        ConfigKind::Choice => Err(format!("one of `{}`", setting.of.join("`, `"))),
    };
    fits.unwrap_or_else(|wanted| {
        problems.push(format!("`config.{name}` must be {wanted}"));
        Item::BLANK
    })
}

impl Line {
    /// The object with its variables; any object where the file allows any.
    pub fn local(&self, name: &ObjectName) -> Result<Arc<Local>, SystemError> {
        if let Some(local) = self.locals.lock().expect("no holder of this lock can panic").get(name) {
            return Ok(local.clone());
        }
        let connector = &self.ground.connector;
        let Some(object) = connector.object(name.as_str()) else {
            let near = crate::diag::suggest::nearest(name.as_str(), connector.objects.keys().map(ObjectName::as_str));
            let why = match near {
                Some(near) => format!("the connector `{}` has no such object; did you mean `{near}`?", connector.name),
                None => format!("the connector `{}` has no such object", connector.name),
            };
            return Err(SystemError::Drift { connection: self.name.clone(), object: name.clone(), why });
        };
        let abilities = Arc::new(class::abilities(object, http::REQUEST_TIMEOUT));
        let mut local = Local { name: name.clone(), object: object.clone(), vars: Vec::new(), abilities };
        for (var, tree) in &object.vars {
            // One after the other: a variable sees those before it.
            let filled = tree.fill(&Frame::new(&self.ground, Some(&local)));
            let item = filled.map_err(|problem| SystemError::Drift {
                connection: self.name.clone(),
                object: name.clone(),
                why: fault(&format!("vars.{var}"), &problem),
            })?;
            local.vars.push(item);
        }
        let local = Arc::new(local);
        self.locals.lock().expect("no holder of this lock can panic").insert(name.clone(), local.clone());
        Ok(local)
    }

    /// The vendor's time now, as well as it is known.
    pub fn vendor_now(&self) -> jiff::Timestamp {
        self.vendor_clock.vendor_time(self.clock.now())
    }

    /// A number that differs from call to call, for the jitter of waits.
    pub fn seed(&self) -> u64 {
        self.salt ^ self.calls.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Signs in and says which account this is.
    async fn account(&self) -> Result<String, SystemError> {
        let account = &self.ground.connector.account;
        let frame = Frame::new(&self.ground, None);
        let token = self.signer.token(&self.http, &self.ground, None, self.clock.now()).await.map_err(|failure| failure.into_error(self))?;
        let answer = match &account.request {
            None => None,
            Some(request) => {
                let answer = self.call(request, &frame, rate::Purpose::Read).await.map_err(|failure| failure.into_error(self))?;
                if answer.judged.is != crate::spec::connector::Verdict::Ok {
                    return Err(call::read_error(self, &ObjectName::new("account"), &answer.judged));
                }
                Some(answer)
            }
        };
        let frame = frame.with_token(token);
        let seen = answer.as_ref().map_or_else(|| frame.clone(), |answer| answer.frame(&frame));
        let id = account
            .id
            .eval(&seen)
            .ok()
            .as_ref()
            .and_then(word)
            .ok_or_else(|| Failure::Garbled("its answer does not say which account this is (`account.id`)".into()).into_error(self))?;
        let mut kept = vec![Item::text(&id)];
        kept.extend(account.save.iter().map(|(_, program)| program.eval(&seen).unwrap_or(Item::BLANK)));
        *self.ground.account.lock().expect("no holder of this lock can panic") = kept;
        Ok(id.to_string())
    }
}

#[async_trait]
impl System for Connection {
    fn connection(&self) -> &ConnectionName {
        &self.0.name
    }

    fn abilities(&self, object: &ObjectName) -> Result<Arc<Abilities>, SystemError> {
        self.0.local(object).map(|local| local.abilities.clone())
    }

    fn identity(&self, object: &ObjectName, key: &RecordKey) -> RecordKey {
        match self.0.local(object) {
            Ok(local) => decode::identity(&local, &Frame::new(&self.0.ground, Some(&local)), key.as_str()),
            // No such object: nothing of it is linked either.
            Err(_) => key.clone(),
        }
    }

    async fn probe(&self) -> Result<String, SystemError> {
        self.0.account().await
    }

    async fn objects(&self) -> Result<Vec<Description>, SystemError> {
        self.0.objects().await
    }

    async fn describe(&self, object: &ObjectName) -> Result<Description, SystemError> {
        self.0.describe(object).await
    }

    fn changes(&self, read: Read, since: Option<Cursor>) -> Box<dyn Pages> {
        Box::new(feed::changes(self.0.clone(), read, since))
    }

    fn gone(&self, read: Read, since: Option<Cursor>) -> Option<Box<dyn Pages>> {
        gone::gone(self.0.clone(), read, since)
    }

    fn list(&self, read: Read) -> Box<dyn Pages> {
        Box::new(feed::list(self.0.clone(), read))
    }

    fn sweep(&self, read: Read) -> Box<dyn Pages> {
        Box::new(gone::sweep(self.0.clone(), read))
    }

    async fn get(&self, read: Read, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        self.0.get(read, keys).await
    }

    async fn find(&self, read: Read, path: &Path, value: &Value) -> Result<Vec<Record>, SystemError> {
        self.0.find(read, path, value).await
    }

    async fn write(&self, read: Read, kind: &WriteKind, items: &[WriteItem]) -> Vec<Outcome> {
        self.0.write(read, kind, items).await
    }

    fn clock_offset(&self) -> f64 {
        self.0.vendor_clock.offset().unwrap_or_default().as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
