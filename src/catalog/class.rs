//! What an object can do, derived from its blocks and never declared: how a create is made safe, what precondition an update carries.

use std::time::Duration;

use super::feed::{Changes, Silence};
use super::object::Object;
use super::read::By;
use super::scope::{OP_TOKEN, VERSION};
use super::write::{Archive, Write};
use crate::system::{Abilities, CreateClass, FindBy, GoneBy, Guarded, UpdateClass, UpsertBy};

/// How long a read may show a state older than our last write, where no version tells.
const READ_LAG: Duration = Duration::from_secs(60);

/// Derives the abilities of an object; `deadline` is how long one request may take.
pub fn abilities(object: &Object, deadline: Duration) -> Abilities {
    let size = |write: Option<&Write>| write.map_or(1, Write::batch_size);
    let find = object.find.as_ref().map(|find| by_find(&find.by));
    let archive = object.archive.as_ref().and_then(|archive| match archive {
        Archive::Call(write) => Some(guarded(write)),
        Archive::Sets { .. } => object.update.as_ref().map(guarded),
    });
    let restore = object.archive.as_ref().and_then(|archive| match archive {
        Archive::Sets { restores, .. } if !restores.is_empty() => object.update.as_ref().map(guarded),
        Archive::Sets { .. } | Archive::Call(_) => None,
    });
    Abilities {
        create: create_classes(object, find.as_ref()),
        update: object.update.as_ref().map(|update| if update.uses(VERSION) { UpdateClass::Version } else { UpdateClass::Fields }),
        delete: object.delete.as_ref().map(guarded),
        archive,
        restore,
        gone: gone_by(object),
        full_read: matches!(object.changes, Some(Changes::FullRead)),
        find_lag: object.find.as_ref().map(|find| find.lag).unwrap_or_default(),
        find,
        get_batch: object.get.as_ref().map_or(1, |get| get.batch),
        create_batch: size(object.upsert.as_ref().map(|upsert| &upsert.write).or(object.create.as_ref().map(|create| &create.write))),
        update_batch: size(object.update.as_ref()),
        delete_batch: size(object.delete.as_ref()),
        read_lag: if object.version.is_some() { Duration::ZERO } else { READ_LAG },
        deadline,
        parents: object.parents.clone(),
    }
}

fn create_classes(object: &Object, find: Option<&FindBy>) -> Vec<CreateClass> {
    let mut classes = Vec::new();
    if let Some(create) = &object.create
        && let Some(remembers) = create.remembers
        && create.write.uses(OP_TOKEN)
    {
        classes.push(CreateClass::Token { remembers: remembers / 2 });
    }
    if let Some(upsert) = &object.upsert {
        let by = match &upsert.by {
            By::Paths(paths) => UpsertBy::Paths(paths.clone()),
            By::Unique | By::AnyField => UpsertBy::Unique,
        };
        classes.push(CreateClass::Upsert { by });
    }
    if object.create.is_none() {
        return classes;
    }
    if let (Some(marker), Some(find)) = (&object.marker, find)
        && can_find(find, marker)
    {
        classes.push(CreateClass::Marker { path: marker.clone() });
    }
    match find {
        Some(find) => classes.push(CreateClass::Find { by: find.clone() }),
        None => classes.push(CreateClass::None),
    }
    classes
}

/// Whether a field can be looked up.
pub fn can_find(find: &FindBy, path: &crate::value::Path) -> bool {
    match find {
        FindBy::AnyField => true,
        FindBy::Unique => false,
        FindBy::Paths(paths) => paths.contains(path),
    }
}

fn by_find(by: &By) -> FindBy {
    match by {
        By::AnyField => FindBy::AnyField,
        By::Unique => FindBy::Unique,
        By::Paths(paths) => FindBy::Paths(paths.clone()),
    }
}

fn guarded(write: &Write) -> Guarded {
    if write.uses(VERSION) { Guarded::Version } else { Guarded::LookedAt }
}

fn gone_by(object: &Object) -> GoneBy {
    let Some(gone) = &object.gone else { return GoneBy::Unknown };
    match (&gone.feed, &gone.sweep, gone.silence) {
        (Some(_), _, _) => GoneBy::Feed,
        (None, Some(_), _) => GoneBy::Sweep,
        (None, None, Some(Silence::Never)) => GoneBy::Never,
        (None, None, _) => GoneBy::Unknown,
    }
}
