//! From a verified delivery to touched records, committed, and lanes awake. A delivery is a hint to look, never a value.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Handle;
use super::asked::Failure;
use super::bell::Reading;
use crate::id::{ConnectionName, ObjectName, RecordKey};
use crate::run::Ground;
use crate::store::{Accepted, Delivery, Touch, Touched, Wake};

/// What one part of a delivery says: look at this record, or, without a key, at this object's feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub object: ObjectName,
    pub key: Option<RecordKey>,
    pub gone: bool,
}

/// A delivery that was proven to be its vendor's.
#[derive(Clone, Debug)]
pub struct Verified {
    pub connection: ConnectionName,
    pub identity: String,
    pub by: String,
    pub hints: Vec<Hint>,
}

impl Handle {
    /// Commits the delivery, then wakes whom it concerns. Once this returned, 2xx may be answered.
    ///
    /// # Errors
    /// When the store cannot keep it; then the vendor must send it again.
    pub async fn accept(&self, verified: Verified) -> Result<Accepted, Arc<Failure>> {
        let ground = &self.shared.ground;
        let connection = verified.connection.clone();
        let (delivery, wakes) = delivery(ground, verified, ground.clock.now());
        let accepted = match ground.store.accept(delivery).await {
            Ok(accepted) => accepted,
            Err(error) => {
                let failure = Failure::store(error);
                tracing::error!(connection = %connection, error = %failure.chain(), "a delivery could not be kept");
                self.shared.store_failed(Arc::clone(&failure));
                return Err(failure);
            }
        };
        if accepted == Accepted::New {
            for (at, reading) in wakes {
                self.shared.bells[at].ring(Wake::Delivery, reading);
            }
        }
        Ok(accepted)
    }
}

/// The delivery as the store keeps it, and which mappings are to look. A record is touched in every mapping that has its object, linked or not.
fn delivery(ground: &Ground, verified: Verified, now: Timestamp) -> (Delivery, BTreeSet<(usize, Reading)>) {
    let mut touched = Vec::new();
    let mut feeds = BTreeSet::new();
    let mut wakes = BTreeSet::new();
    for hint in &verified.hints {
        for (laid, system) in ground.sharing(&verified.connection, &hint.object) {
            let at = ground.find(&laid.mapping.name).expect("it is one of the ground's mappings");
            match &hint.key {
                Some(key) => {
                    let identity = laid.seat(system).system.identity(&hint.object, key);
                    let why = if hint.gone { Touched::Gone } else { Touched::Delivery };
                    touched.push(Touch { mapping: laid.id, system, key: key.clone(), identity, why });
                    wakes.insert((at, Reading::Touched));
                }
                None => {
                    feeds.insert(hint.object.clone());
                    wakes.insert((at, Reading::Feeds));
                }
            }
        }
    }
    let delivery = Delivery {
        connection: verified.connection,
        identity: verified.identity,
        verified_by: verified.by,
        received_at: now,
        touched,
        feeds: feeds.into_iter().collect(),
    };
    (delivery, wakes)
}
