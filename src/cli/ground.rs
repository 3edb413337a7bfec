//! What commands that run something stand on: the store, the connections, the mappings that were named.

use std::sync::Arc;
use std::time::Duration;

use super::environment::host;
use super::exit::Misused;
use crate::clock::{Clock, WallClock};
use crate::connector::meter::{Meter, Unmetered};
use crate::diag::suggest;
use crate::project::Project;
use crate::report::Kept;
use crate::run::ground::shape;
use crate::run::{Ground, Laid, connect};
use crate::store::{LeaseHolder, Store, StoreError, sqlite};

/// A lease not renewed for this long belongs to a process that is gone.
const LEASE_LIVES: Duration = Duration::from_secs(60);

/// Opens the store to write to it.
///
/// # Errors
/// When another process has it, or it cannot be used.
pub fn store_to_write(project: &Project, clock: &dyn Clock) -> anyhow::Result<Arc<dyn Store>> {
    let holder = LeaseHolder { process: std::process::id(), host: host(), now: clock.now(), lives: LEASE_LIVES };
    Ok(sqlite::open(&project.store, &holder)?)
}

/// Opens the store to look at it, beside whoever writes; makes it where there is none.
///
/// # Errors
/// When it cannot be used.
pub fn store_to_look(project: &Project, clock: &dyn Clock) -> anyhow::Result<Arc<dyn Store>> {
    let holder = LeaseHolder { process: std::process::id(), host: host(), now: clock.now(), lives: LEASE_LIVES };
    match sqlite::open(&project.store, &holder) {
        Err(StoreError::Held { .. }) => Ok(sqlite::open_read_only(&project.store)?),
        opened => Ok(opened?),
    }
}

/// Opens the store only to read what is in it, and so without a lease; one of an older version is brought up to date first.
///
/// # Errors
/// When there is none yet, or it cannot be used.
pub fn store_to_read(project: &Project, clock: &dyn Clock) -> anyhow::Result<Arc<dyn Store>> {
    if !project.store.exists() {
        let what = format!("There is no store at {} yet", project.store.display());
        return Err(Misused::because(what, "Nothing was synced so far; see what a first run would do with\n    syncline plan"));
    }
    match sqlite::open_read_only(&project.store) {
        Err(StoreError::Older { .. }) => store_to_look(project, clock),
        opened => Ok(opened?),
    }
}

pub fn wall_clock() -> Arc<dyn Clock> {
    Arc::new(WallClock)
}

/// Connects everything and registers the mappings.
///
/// # Errors
/// When a connection's settings make no sense, or the store fails.
pub async fn lay(project: &Project, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> anyhow::Result<Ground> {
    let meter: Arc<dyn Meter> = Arc::new(Unmetered);
    let connections = connect::all(project, &clock, &meter)?;
    let zone = project.time_zone.get()?.clone();
    Ok(Ground::lay(store, clock, zone, connect::systems(&connections), project.mappings.clone()).await?)
}

/// The mappings that were named, in the order in which they run; all when none is.
///
/// # Errors
/// When a name is no mapping's.
pub fn named<'g>(ground: &'g Ground, names: &[String]) -> anyhow::Result<Vec<&'g Laid>> {
    let known = || ground.mappings.iter().map(|laid| laid.mapping.name.as_str());
    for name in names {
        if !known().any(|known| known == name) {
            return Err(unknown("mapping", name, known()));
        }
    }
    Ok(ground.mappings.iter().filter(|laid| names.is_empty() || names.iter().any(|name| *name == laid.mapping.name.as_str())).collect())
}

/// The named mappings as the store knows them; all when none is named. For commands that only look.
///
/// # Errors
/// When a name is no mapping's, or the store fails.
pub async fn kept(project: &Project, store: &dyn Store, names: &[String]) -> anyhow::Result<Vec<Kept>> {
    for name in names {
        if project.mapping(name).is_none() {
            return Err(unknown("mapping", name, project.mappings.iter().map(|mapping| mapping.name.as_str())));
        }
    }
    let mut kept = Vec::with_capacity(project.mappings.len());
    for mapping in &project.mappings {
        if names.is_empty() || names.iter().any(|name| *name == mapping.name.as_str()) {
            kept.push(Kept { mapping: mapping.clone(), id: store.register(shape(mapping)).await? });
        }
    }
    Ok(kept)
}

/// A name that is not known, with the one that was probably meant.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> anyhow::Error {
    let help = match suggest::nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", suggest::listed(known).unwrap_or_else(|| "none".to_owned())),
    };
    Misused::because(format!("There is no {what} `{name}`"), help)
}
