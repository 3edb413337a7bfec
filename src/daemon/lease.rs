//! Keeping the store: the lease is renewed as long as the daemon lives, and a lease that was lost ends it.

use std::sync::Arc;
use std::time::Duration;

use super::End;
use super::asked::Failure;
use super::pace;
use super::shared::Shared;

/// How long a lease is good without being renewed; the store is opened with it.
pub const LEASE_LIVES: Duration = Duration::from_secs(60);
/// Four renewals may fail before another machine may take over.
const RENEW_EVERY: Duration = Duration::from_secs(12);

pub(super) async fn keep(shared: Arc<Shared>) -> Result<(), End> {
    let mut good_until = pace::after(shared.ground.clock.now(), LEASE_LIVES);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(RENEW_EVERY) => {}
        }
        let now = shared.ground.clock.now();
        match shared.ground.store.renew_lease(now).await {
            Ok(()) => good_until = pace::after(now, LEASE_LIVES),
            Err(error) => {
                tracing::error!(%error, "the lease on the store could not be renewed");
                let failure = Failure::store(error);
                if let Some(end) = End::of(Arc::clone(&failure)) {
                    return Err(end);
                }
                if now >= good_until {
                    return Err(End::Store(failure));
                }
            }
        }
    }
}
