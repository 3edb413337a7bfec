//! The day turned: entities of which something hangs on the date are looked at when it came out differently.

use jiff::civil::Date;

use super::ground::{Ground, Laid};
use super::observe::Gathered;
use super::prepare::Prepared;
use super::{Request, RunError, commit, neighbours};
use crate::bounds::{RUN_RECORDS_MAX, SLICE_RECORDS};
use crate::store::Touch;
use crate::sync::hangs::turned;
use crate::sync::neighbours::View;

/// Looks through the store once for each day, asks no system, and touches what the day changed. The day is kept when all are touched: a run that
/// ends before begins anew.
pub async fn turn(ground: &Ground, laid: &Laid, request: &Request, gathered: &mut Gathered) -> Result<(), RunError> {
    if !laid.mapping.hangs_on_today() {
        return Ok(());
    }
    let today = ground.today();
    if ground.store.day(laid.id).await? == Some(today) {
        return Ok(());
    }
    let mut after = None;
    loop {
        let ids = ground.store.entities(laid.id, after, SLICE_RECORDS).await?;
        let Some(last) = ids.last() else { break };
        after = Some(*last);
        let now = ground.clock.now();
        let loaded = ground.store.load(laid.id, &ids).await?;
        let slice: Vec<Prepared> = loaded.into_iter().map(|loaded| Prepared::loaded(laid, loaded, now)).collect();
        let touches = changed(ground, laid, today, &slice).await?;
        if request.commits() {
            ground.store.touch(touches, None, now).await?;
            continue;
        }
        let room = RUN_RECORDS_MAX.saturating_sub(gathered.touched.len());
        gathered.touched.extend(touches.into_iter().take(room).map(|touch| ((touch.system, touch.identity.clone()), (touch, None))));
    }
    if request.commits() {
        ground.store.keep_day(laid.id, today).await?;
    }
    Ok(())
}

async fn changed(ground: &Ground, laid: &Laid, today: Date, slice: &[Prepared]) -> Result<Vec<Touch>, RunError> {
    let neighbours = neighbours::fetch(ground, laid, slice).await?;
    let is_due = |prepared: &&Prepared| turned(&*laid.mapping, &View { entity: &prepared.entity, neighbours: &neighbours, today, forgiven: &[] });
    Ok(slice.iter().filter(is_due).filter_map(|prepared| commit::touch_of(laid, &prepared.entity)).collect())
}
