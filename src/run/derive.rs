//! What is derived by rules and the date: entities at which the file's edit, or the day that began, makes something else of it are looked at.

use jiff::civil::Date;

use super::ground::{Ground, Laid};
use super::observe::Gathered;
use super::prepare::Prepared;
use super::{Request, RunError, commit, neighbours};
use crate::bounds::{RUN_RECORDS_MAX, SLICE_RECORDS};
use crate::store::Touch;
use crate::sync::hangs::turned;
use crate::sync::neighbours::View;

/// Looks through the store once for each edit and each day, asks no system, and touches what came out differently. That is kept when all are
/// touched: a run that ends before begins anew.
pub async fn anew(ground: &Ground, laid: &Laid, request: &Request, gathered: &mut Gathered) -> Result<(), RunError> {
    let today = ground.today();
    let Some(by) = laid.mapping.derives_by(today) else { return Ok(()) };
    if ground.store.derived(laid.id).await?.as_ref() == Some(&by) {
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
        ground.store.keep_derived(laid.id, &by).await?;
    }
    Ok(())
}

/// A first match looked at everything, by the rules and on the day it began with.
pub async fn keep(ground: &Ground, laid: &Laid, began: Date) -> Result<(), RunError> {
    match laid.mapping.derives_by(began) {
        Some(by) => Ok(ground.store.keep_derived(laid.id, &by).await?),
        None => Ok(()),
    }
}

async fn changed(ground: &Ground, laid: &Laid, today: Date, slice: &[Prepared]) -> Result<Vec<Touch>, RunError> {
    let neighbours = neighbours::fetch(ground, laid, slice).await?;
    let is_due = |prepared: &&Prepared| turned(&*laid.mapping, &View { entity: &prepared.entity, neighbours: &neighbours, today, forgiven: &[] });
    Ok(slice.iter().filter(is_due).filter_map(|prepared| commit::touch_of(laid, &prepared.entity)).collect())
}
