//! A connection's own subscriptions: what is due now, from when it was last ordered, renewed and looked at.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Kept, Subscriber};
use crate::connector::Connection;
use crate::connector::Subscription;
use crate::daemon::pace;
use crate::id::{ConnectionName, ObjectName};
use crate::secret::Secret;
use crate::system::{System, SystemError};

/// What is kept of a subscription between two looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Order {
    subscription: String,
    /// A daemon that moved, or has another secret, orders anew. A fingerprint, since the address may hold the secret.
    receiver: String,
    renewed_at: Timestamp,
    checked_at: Timestamp,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Order,
    Renew,
    Check,
    Nothing,
}

/// How often a connector renews, and how often it checks.
type Periods = (Option<Duration>, Option<Duration>);

fn due(order: Option<&Order>, receiver: &str, periods: Periods, now: Timestamp) -> Due {
    let passed = |since: Timestamp, period: Option<Duration>| period.is_some_and(|period| pace::after(since, period) <= now);
    match order {
        Some(order) if order.receiver == receiver => match order {
            order if passed(order.renewed_at, periods.0) => Due::Renew,
            order if passed(order.checked_at, periods.1) => Due::Check,
            _ => Due::Nothing,
        },
        _ => Due::Order,
    }
}

fn kept(order: &Order, periods: Periods, now: Timestamp) -> Kept {
    let left = |since: Timestamp, period: Option<Duration>| {
        let at = pace::after(since, period?);
        Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    };
    let again_in = [left(order.renewed_at, periods.0), left(order.checked_at, periods.1)].into_iter().flatten().min();
    let state = serde_json::to_string(order).expect("texts and times are always JSON");
    Kept { state: Some(state), again_in }
}

fn fingerprint(url: &str, secret: Option<&Secret>) -> String {
    let mut hash = Sha256::new();
    hash.update(url.as_bytes());
    hash.update([0]);
    hash.update(secret.map_or("", Secret::expose).as_bytes());
    hex::encode(&hash.finalize()[..16])
}

impl Connection {
    /// Ends a subscription that led elsewhere. One that the vendor does not let us end goes on without us.
    async fn forget(&self, former: &Subscription) -> Result<(), SystemError> {
        match self.unsubscribe(former).await {
            Err(later @ (SystemError::Later { .. } | SystemError::Stopped { .. })) => Err(later),
            Err(error) => {
                tracing::warn!(connection = %System::connection(self), object = %former.object, %error, "a former subscription could not be ended");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

#[async_trait]
impl Subscriber for Connection {
    fn connection(&self) -> &ConnectionName {
        System::connection(self)
    }

    async fn keep(&self, object: &ObjectName, public_url: &str, state: Option<&str>, now: Timestamp) -> Result<Kept, SystemError> {
        let Some(periods) = self.subscribes() else { return Ok(Kept { state: None, again_in: None }) };
        // What an older version kept is ordered anew.
        let known = state.and_then(|state| serde_json::from_str::<Order>(state).ok());
        let known = known.and_then(|order| Some((Subscription::from_text(object.clone(), &order.subscription)?, order)));
        let url = self.hook_url(public_url);
        let receiver = fingerprint(&url, self.hook_secret().as_ref());
        let fresh = |subscription: Subscription| Order { subscription: subscription.to_text(), receiver: receiver.clone(), renewed_at: now, checked_at: now };
        let order = match (due(known.as_ref().map(|(_, order)| order), &receiver, periods, now), known) {
            (Due::Nothing, Some((_, order))) => order,
            (Due::Check, Some((subscription, order))) => match self.is_subscribed(&subscription).await? {
                true => Order { checked_at: now, ..order },
                false => fresh(self.subscribe(object, &url).await?),
            },
            (Due::Renew, Some((subscription, _))) => match self.renew(&subscription, &url).await {
                Ok(renewed) => fresh(renewed),
                Err(later @ (SystemError::Later { .. } | SystemError::Stopped { .. })) => return Err(later),
                // The vendor forgot it, or cannot renew it any more.
                Err(_) => fresh(self.subscribe(object, &url).await?),
            },
            (_, moved) => {
                if let Some((former, _)) = moved {
                    self.forget(&former).await?;
                }
                fresh(self.subscribe(object, &url).await?)
            }
        };
        Ok(kept(&order, periods, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3_600);
    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn another_address_or_secret_is_another_receiver() {
        let one = fingerprint("https://a/hooks/erp", Some(&Secret::new("s")));
        assert_ne!(one, fingerprint("https://b/hooks/erp", Some(&Secret::new("s"))));
        assert_ne!(one, fingerprint("https://a/hooks/erp", Some(&Secret::new("t"))));
        assert_eq!(one, fingerprint("https://a/hooks/erp", Some(&Secret::new("s"))));
    }

    #[test]
    fn renewing_comes_before_looking_and_a_moved_daemon_orders_anew() {
        let at: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a literal of this test");
        let order = Order { subscription: "[]".into(), receiver: "https://a".into(), renewed_at: at, checked_at: at };
        let periods = (Some(DAY), Some(HOUR));
        assert_eq!(due(None, "https://a", periods, at), Due::Order);
        assert_eq!(due(Some(&order), "https://b", periods, at), Due::Order);
        assert_eq!(due(Some(&order), "https://a", periods, at), Due::Nothing);
        assert_eq!(due(Some(&order), "https://a", periods, pace::after(at, HOUR)), Due::Check);
        assert_eq!(due(Some(&order), "https://a", periods, pace::after(at, DAY)), Due::Renew);
        assert_eq!(kept(&order, periods, at).again_in, Some(HOUR));
        assert_eq!(kept(&order, (None, None), at).again_in, None);
    }
}
