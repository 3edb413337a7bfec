//! A connection of the project: its connector, and the settings it signs in with.

use std::collections::BTreeMap;
use std::sync::Arc;

use url::Url;

use crate::catalog::Connector;
use crate::diag::Diagnostic;
use crate::id::ConnectionName;
use crate::mapping::world::ConnectionFacts;
use crate::secret::Secret;
use crate::value::Str;
use crate::value::money::Currency;
use crate::value::time::Zone;

/// A connector with one set of credentials and settings.
#[derive(Clone, Debug)]
pub struct Connection {
    pub name: ConnectionName,
    pub connector: Arc<Connector>,
    /// What the file gives, with variables and files looked up; defaults are the connector's own.
    pub config: BTreeMap<Str, Given>,
    /// All calls go to this address on this machine.
    pub at: Option<Url>,
    pub currency: Option<Currency>,
    pub country: Option<Str>,
    pub time_zone: Zone,
    /// Settings that could not be looked up: it cannot sign in.
    pub missing: Vec<Diagnostic>,
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Plain(String),
    Secret(Secret),
}

impl Connection {
    /// What of it bears on the meaning of values.
    pub fn facts(&self) -> ConnectionFacts {
        ConnectionFacts {
            connector: Some(self.connector.name.clone()),
            currency: self.currency,
            country: self.country.clone(),
            time_zone: self.time_zone.clone(),
        }
    }
}
