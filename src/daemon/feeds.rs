//! One reader per feed: two mappings on one object share its cursor, and must not read it at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::id::{ConnectionName, ObjectName};
use crate::mapping::Mapping;

/// A permit for each feed of a project.
#[derive(Debug)]
pub struct Feeds(BTreeMap<(ConnectionName, ObjectName), Arc<Semaphore>>);

impl Feeds {
    pub fn of<'a>(mappings: impl IntoIterator<Item = &'a Mapping>) -> Self {
        let feeds = mappings.into_iter().flat_map(Mapping::feeds);
        Self(feeds.map(|(connection, object)| ((connection.clone(), object.clone()), Arc::new(Semaphore::new(1)))).collect())
    }

    /// Waits for all feeds of a mapping; they are free again when the permits are dropped. Everybody takes them in one order, so that
    /// no two can wait for each other.
    pub async fn take(&self, mapping: &Mapping) -> Vec<OwnedSemaphorePermit> {
        let wanted: BTreeSet<_> = mapping.feeds().map(|(connection, object)| (connection.clone(), object.clone())).collect();
        let mut permits = Vec::with_capacity(wanted.len());
        for (feed, semaphore) in &self.0 {
            if wanted.contains(feed) {
                let permit = semaphore.clone().acquire_owned().await.expect("these semaphores are never closed");
                permits.push(permit);
            }
        }
        permits
    }

    /// The objects of a connection that mappings read.
    pub fn of_connection(&self, connection: &ConnectionName) -> impl Iterator<Item = &ObjectName> {
        self.0.keys().filter(move |(of, _)| of == connection).map(|(_, object)| object)
    }
}
