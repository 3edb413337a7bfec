//! Comparing all systems on a schedule: what nothing explains is counted, and touched, so that the next run repairs what deliveries and polls missed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use super::asked::Failure;
use super::bell::Reading;
use super::schedule::next_wake;
use super::shared::Shared;
use super::{End, pace};
use crate::mapping::Schedule;
use crate::report::Kept;
use crate::report::agreement::{AgreementError, MappingAgreement, Part, Question, of_mapping};
use crate::run::Ground;
use crate::store::{Adoption, Wake};

/// The clock is looked at this often, so that a machine that slept is noticed.
const CLOCK_LOOK: Duration = Duration::from_secs(30);

/// Compares whenever the schedule says so, until the daemon stops.
pub(super) async fn keep(shared: Arc<Shared>, schedule: Schedule) -> Result<(), End> {
    let ground = Arc::clone(&shared.ground);
    let mut due = next_wake(&schedule, Some(ground.clock.now()), ground.clock.now(), &ground.zone);
    while !shared.stop.is_cancelled() {
        let now = ground.clock.now();
        if due.is_some_and(|due| due <= now) {
            due = next_wake(&schedule, Some(now), now, &ground.zone);
            tokio::select! {
                () = shared.stop.cancelled() => break,
                done = all(&shared) => done?,
            }
            continue;
        }
        tokio::select! {
            () = shared.stop.cancelled() => break,
            () = pace::until(due, now, CLOCK_LOOK) => {}
        }
    }
    Ok(())
}

/// All mappings of the ground, as reports ask about them.
pub fn kept(ground: &Ground) -> Vec<Kept> {
    ground.mappings.iter().map(|laid| Kept { mapping: laid.mapping.clone(), id: laid.id }).collect()
}

async fn all(shared: &Shared) -> Result<(), End> {
    let ground = &shared.ground;
    let kept = self::kept(ground);
    let question = Question { store: &*ground.store, systems: &ground.systems, kept: &kept, today: ground.today(), part: Part::Whole };
    for (at, kept) in kept.iter().enumerate() {
        let name = &kept.mapping.name;
        // A bug met here must not stop the runs.
        let failed = match AssertUnwindSafe(one(shared, &question, at)).catch_unwind().await {
            Ok(Ok(())) => continue,
            Ok(Err(AgreementError::Store(error))) => {
                let failure = Failure::store(error);
                if let Some(end) = End::of(Arc::clone(&failure)) {
                    return Err(end);
                }
                failure.chain()
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => Failure::bug(&*panic).chain(),
        };
        tracing::warn!(mapping = %name, error = %failed, "the audit could not be made");
        shared.tally.audit_failed(name);
    }
    Ok(())
}

async fn one(shared: &Shared, question: &Question<'_>, at: usize) -> Result<(), AgreementError> {
    let (ground, kept) = (&shared.ground, &question.kept[at]);
    // Before its first run is agreed to, everything differs.
    if ground.store.adoption(kept.id).await? == Adoption::First {
        return Ok(());
    }
    let told = of_mapping(question, kept).await?;
    let now = ground.clock.now();
    shared.tally.audited(&told, now);
    log(&told);
    if !told.repair.is_empty() {
        ground.store.touch(told.repair, None, now).await?;
        shared.bells[at].ring(Wake::Schedule, Reading::Touched);
    }
    Ok(())
}

fn log(told: &MappingAgreement) {
    let (compared, agree) = told.compared();
    match told.unexplained() {
        0 => tracing::info!(mapping = %told.mapping, compared, agree, "audit ended, every difference is explained"),
        unexplained => {
            tracing::warn!(mapping = %told.mapping, compared, agree, unexplained, "audit found differences that nothing explains; the next run looks at them");
        }
    }
}
