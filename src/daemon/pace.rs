//! Waiting for instants of the product's clock.

use std::time::Duration;

use jiff::Timestamp;

/// `by` later; the end of time instead of an overflow.
pub fn after(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Waits until `due`, but no longer than `longest`: the caller then looks at the clock again. Without a time it waits for ever.
pub async fn until(due: Option<Timestamp>, now: Timestamp, longest: Duration) {
    match due {
        None => std::future::pending().await,
        Some(due) => tokio::time::sleep(Duration::try_from(due.duration_since(now)).unwrap_or_default().min(longest)).await,
    }
}
