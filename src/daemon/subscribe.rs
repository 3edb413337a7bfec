//! Keeping vendors' subscriptions alive: ordered at the start, renewed and checked in time, ordered again when they are gone.

mod order;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::End;
use super::asked::Failure;
use super::pace;
use super::shared::Shared;
use crate::id::{ConnectionName, ObjectName};
use crate::system::SystemError;

/// One connection whose deliveries can be ordered.
#[async_trait]
pub trait Subscriber: Send + Sync {
    fn connection(&self) -> &ConnectionName;

    /// Orders, checks or renews the deliveries of an object below `public_url`, whichever `state` (what was kept last time) says is due.
    async fn keep(&self, object: &ObjectName, public_url: &str, state: Option<&str>, now: Timestamp) -> Result<Kept, SystemError>;
}

/// A subscription after it was seen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What the next call needs; ids, never secrets.
    pub state: Option<String>,
    /// When to see to it again; `None`: it lives until somebody removes it.
    pub again_in: Option<Duration>,
}

/// What is to be kept alive.
#[derive(Default)]
pub struct Subscriptions {
    /// How vendors reach this daemon, without a slash at the end; without it nothing is ordered.
    pub public_url: Option<String>,
    pub subscribers: Vec<Arc<dyn Subscriber>>,
}

struct Due {
    at: Timestamp,
    failed: u32,
    subscriber: Arc<dyn Subscriber>,
    object: ObjectName,
}

pub(super) async fn keep(shared: Arc<Shared>, subscriptions: Subscriptions) -> Result<(), End> {
    let Some(public_url) = subscriptions.public_url else { return Ok(()) };
    let mut all = due(&shared, subscriptions.subscribers);
    while let Some(next) = all.iter().map(|due| due.at).min() {
        tokio::select! {
            () = shared.stop.cancelled() => return Ok(()),
            () = pace::until(Some(next), shared.ground.clock.now(), Duration::from_secs(60)) => {}
        }
        let now = shared.ground.clock.now();
        for due in all.iter_mut().filter(|due| due.at <= now) {
            let seen_to = tokio::select! {
                () = shared.stop.cancelled() => return Ok(()),
                seen_to = see_to(&shared, due, &public_url, now) => seen_to,
            };
            due.at = match seen_to {
                Ok(again_in) => {
                    due.failed = 0;
                    again_in.map_or(Timestamp::MAX, |wait| pace::after(now, wait))
                }
                Err(Trouble::Store(failure)) => match End::of(Arc::clone(&failure)) {
                    Some(end) => return Err(end),
                    None => later(&shared, due, now, &failure.chain()),
                },
                Err(Trouble::System(error)) => later(&shared, due, now, &error.to_string()),
            };
        }
        all.retain(|due| due.at < Timestamp::MAX);
    }
    Ok(())
}

enum Trouble {
    Store(Arc<Failure>),
    System(SystemError),
}

/// Every object of a connection that a mapping reads, once.
fn due(shared: &Shared, subscribers: Vec<Arc<dyn Subscriber>>) -> Vec<Due> {
    let now = shared.ground.clock.now();
    let mut all = Vec::new();
    for subscriber in subscribers {
        for object in shared.feeds.of_connection(subscriber.connection()) {
            all.push(Due { at: now, failed: 0, subscriber: Arc::clone(&subscriber), object: object.clone() });
        }
    }
    all
}

async fn see_to(shared: &Shared, due: &Due, public_url: &str, now: Timestamp) -> Result<Option<Duration>, Trouble> {
    let (store, connection) = (&shared.ground.store, due.subscriber.connection());
    let state = store.subscription(connection, &due.object).await.map_err(|error| Trouble::Store(Failure::store(error)))?;
    let kept = due.subscriber.keep(&due.object, public_url, state.as_deref(), now).await.map_err(Trouble::System)?;
    if kept.state != state {
        store.keep_subscription(connection, &due.object, kept.state).await.map_err(|error| Trouble::Store(Failure::store(error)))?;
    }
    Ok(kept.again_in)
}

/// Polling finds every change without deliveries: a subscription that fails is a delay, not a fault.
fn later(shared: &Shared, due: &mut Due, now: Timestamp, why: &str) -> Timestamp {
    tracing::warn!(connection = %due.subscriber.connection(), object = %due.object, error = %why, "the subscription could not be kept; polling goes on");
    due.failed = due.failed.saturating_add(1);
    pace::after(now, shared.settings.waits.wait(due.failed, None, now.as_nanosecond() as u64))
}
