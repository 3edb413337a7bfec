//! The project's connections made ready to be asked. Nothing is sent yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::connector::meter::Meter;
use crate::connector::{self, ConfigText, Connection, ConnectionSettings};
use crate::id::ConnectionName;
use crate::project::{self, Given, Project};
use crate::system::System;
use crate::value::Str;

/// Why a connection cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("connection `{connection}` cannot be made: {}", problems.join("; "))]
pub struct Unconnected {
    pub connection: ConnectionName,
    pub problems: Vec<String>,
}

/// All connections of the project.
///
/// # Errors
/// When the settings of one do not make sense.
pub fn all(project: &Project, clock: &Arc<dyn Clock>, meter: &Arc<dyn Meter>) -> Result<BTreeMap<ConnectionName, Connection>, Unconnected> {
    project.connections.iter().map(|connection| Ok((connection.name.clone(), one(connection, clock, meter)?))).collect()
}

/// One connection.
///
/// # Errors
/// When its settings do not make sense.
pub fn one(connection: &project::Connection, clock: &Arc<dyn Clock>, meter: &Arc<dyn Meter>) -> Result<Connection, Unconnected> {
    let config = connection.config.iter().map(|(name, given)| {
        let text = match given {
            Given::Plain(text) => ConfigText::Plain(text.clone()),
            Given::Secret(secret) => ConfigText::Secret(secret.clone()),
        };
        (name.to_string(), text)
    });
    let settings = ConnectionSettings {
        name: connection.name.clone(),
        config: config.collect(),
        at: connection.at.clone(),
        currency: connection.currency,
        country: connection.country.clone(),
        time_zone: connection.time_zone.get().is_ok().then(|| Str::from(connection.time_zone.to_string())),
    };
    connector::connect(connection.connector.clone(), settings, clock.clone(), meter.clone())
        .map_err(|problems| Unconnected { connection: connection.name.clone(), problems })
}

/// The same connections, as runs see them.
pub fn systems(connections: &BTreeMap<ConnectionName, Connection>) -> BTreeMap<ConnectionName, Arc<dyn System>> {
    connections.iter().map(|(name, connection)| (name.clone(), Arc::new(connection.clone()) as Arc<dyn System>)).collect()
}
