//! A connection that is known by its connector's file and never asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::catalog::Connector;
use crate::catalog::class;
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::system::{Abilities, CreateClass, Cursor, Description, Got, Outcome, Page, Pages, Read, System, SystemError, UpsertBy, WriteItem, WriteKind};
use crate::value::record::Record;
use crate::value::{Path, Value};

/// How long a request of it would be waited for, if there were one.
const DEADLINE: Duration = Duration::from_secs(60);

/// Tells what it could do, and refuses every request.
pub struct Unasked {
    name: ConnectionName,
    connector: Arc<Connector>,
}

impl Unasked {
    pub fn new(name: ConnectionName, connector: Arc<Connector>) -> Self {
        Self { name, connector }
    }

    fn refusal(&self) -> SystemError {
        SystemError::Stopped { connection: self.name.clone(), why: "this plan asks no system; leave out --offline to read it".to_owned() }
    }

    fn pages(&self) -> Box<dyn Pages> {
        Box::new(Refused(Some(self.refusal())))
    }
}

/// Pages that are never read.
struct Refused(Option<SystemError>);

#[async_trait]
impl Pages for Refused {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        self.0.take().map_or(Ok(None), Err)
    }
}

#[async_trait]
impl System for Unasked {
    fn connection(&self) -> &ConnectionName {
        &self.name
    }

    fn abilities(&self, object: &ObjectName) -> Result<Arc<Abilities>, SystemError> {
        let known = self.connector.object(object.as_str()).ok_or_else(|| {
            let why = format!("the connector `{}` has no such object", self.connector.name);
            SystemError::Drift { connection: self.name.clone(), object: object.clone(), why }
        })?;
        let mut abilities = class::abilities(known, DEADLINE);
        for class in &mut abilities.create {
            // Which fields are unique, only the vendor can say.
            if *class == (CreateClass::Upsert { by: UpsertBy::Unique }) {
                *class = CreateClass::Upsert { by: UpsertBy::Paths(Vec::new()) };
            }
        }
        Ok(Arc::new(abilities))
    }

    /// As it is: nothing is read here whose key could be spelt in another way.
    fn identity(&self, _: &ObjectName, key: &RecordKey) -> RecordKey {
        key.clone()
    }

    async fn probe(&self) -> Result<String, SystemError> {
        Err(self.refusal())
    }

    async fn objects(&self) -> Result<Vec<Description>, SystemError> {
        Err(self.refusal())
    }

    async fn describe(&self, _: &ObjectName) -> Result<Description, SystemError> {
        Err(self.refusal())
    }

    fn changes(&self, _: Read, _: Option<Cursor>) -> Box<dyn Pages> {
        self.pages()
    }

    fn gone(&self, _: Read, _: Option<Cursor>) -> Option<Box<dyn Pages>> {
        Some(self.pages())
    }

    fn list(&self, _: Read) -> Box<dyn Pages> {
        self.pages()
    }

    fn sweep(&self, _: Read) -> Box<dyn Pages> {
        self.pages()
    }

    async fn get(&self, _: Read, _: &[RecordKey]) -> Result<Vec<Got>, SystemError> {
        Err(self.refusal())
    }

    async fn find(&self, _: Read, _: &Path, _: &Value) -> Result<Vec<Record>, SystemError> {
        Err(self.refusal())
    }

    async fn write(&self, _: Read, _: &WriteKind, items: &[WriteItem]) -> Vec<Outcome> {
        items.iter().map(|_| Outcome::NotDone { why: self.refusal().to_string(), wait: DEADLINE }).collect()
    }

    fn clock_offset(&self) -> f64 {
        0.0
    }
}
