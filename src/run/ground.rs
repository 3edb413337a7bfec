//! What runs stand on: every mapping registered with the store, every connection, and what each feed must ask for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::RunError;
use super::arrivals::Arrivals;
use super::breaker::Breakers;
use super::retention::Retention;
use crate::clock::Clock;
use crate::id::{ConnectionName, MappingName, ObjectName};
use crate::mapping::{Create, FieldIx, Mapping, SystemIx};
use crate::store::{FieldShape, MappingId, MappingShape, Store, SystemShape};
use crate::system::{Abilities, CreateClass, FindBy, Read, System, SystemError, UpsertBy};
use crate::value::Path;
use crate::value::record::{Column, Columns};

/// Everything a run needs and does not change.
pub struct Ground {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// The project's time zone: what `today` means.
    pub zone: TimeZone,
    pub systems: BTreeMap<ConnectionName, Arc<dyn System>>,
    /// In dependency order: what others refer to comes first.
    pub mappings: Vec<Laid>,
    /// Where the ids of new journal entries come from.
    entry_ids: EntryIds,
    /// What takes no writes now.
    pub breakers: Breakers,
    /// What came that others may refer to.
    pub arrivals: Arrivals,
    /// When to look for what was kept long enough.
    pub retention: Retention,
    /// Connections whose account was compared in this process.
    pinned: Mutex<HashSet<ConnectionName>>,
}

/// Ids that grow and are never used twice, over restarts too.
type EntryIds = Box<dyn Fn() -> uuid::Uuid + Send + Sync>;

/// One mapping with its place in the store and its share of each feed.
pub struct Laid {
    pub mapping: Arc<Mapping>,
    pub id: MappingId,
    /// One per system of the mapping.
    pub seats: Vec<Seat>,
    /// Fields that expressions of all mappings read through references to this one.
    pub read: Vec<FieldIx>,
}

/// A system of a mapping, joined to its connection.
pub struct Seat {
    pub system: Arc<dyn System>,
    pub abilities: Arc<Abilities>,
    pub object: ObjectName,
    /// What its feed asks for: the columns of all mappings on the object.
    pub columns: Columns,
    /// Where this mapping's own columns stand among them.
    pub positions: Vec<u16>,
}

impl Seat {
    /// The vendor's clock less ours, as measured.
    pub fn clock_offset(&self) -> SignedDuration {
        SignedDuration::try_from_secs_f64(self.system.clock_offset()).unwrap_or_default()
    }

    pub fn read(&self) -> Read {
        Read { object: self.object.clone(), columns: self.columns.clone() }
    }
}

impl Ground {
    /// A new journal entry's id: grows with time, and is never used twice.
    pub fn entry_id(&self) -> uuid::Uuid {
        (self.entry_ids)()
    }

    /// Takes the ids of journal entries from elsewhere than the time of day: a simulation is the same twice.
    pub fn numbered(self, entry_ids: impl Fn() -> uuid::Uuid + Send + Sync + 'static) -> Self {
        Self { entry_ids: Box::new(entry_ids), ..self }
    }

    /// The date in the project's zone.
    pub fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned(self.zone.clone()).date()
    }

    /// Registers the mappings and joins them to their connections.
    ///
    /// # Errors
    /// When the store fails, or a connection does not have an object.
    pub async fn lay(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
        systems: BTreeMap<ConnectionName, Arc<dyn System>>,
        mappings: Vec<Arc<Mapping>>,
    ) -> Result<Self, RunError> {
        let feeds = feeds(&mappings);
        let mut laid = Vec::with_capacity(mappings.len());
        for mapping in &mappings {
            let read: BTreeSet<FieldIx> = mappings.iter().flat_map(|other| other.reads_of(mapping)).collect();
            let (mapping, read) = (Arc::clone(mapping), read.into_iter().collect());
            let id = store.register(shape(&mapping)).await?;
            let mut seats = Vec::with_capacity(mapping.systems.len());
            for system in &mapping.systems {
                let connection = systems.get(&system.connection).ok_or_else(|| RunError::NoConnection { connection: system.connection.clone() })?;
                let columns = feeds[&(system.connection.clone(), system.object.clone())].clone();
                seats.push(Seat {
                    system: connection.clone(),
                    abilities: verified(&**connection, system).await?,
                    object: system.object.clone(),
                    positions: positions(&system.columns, &columns),
                    columns,
                });
            }
            laid.push(Laid { mapping, id, seats, read });
        }
        let (entry_ids, pinned): (EntryIds, _) = (Box::new(uuid::Uuid::now_v7), Mutex::default());
        let (breakers, arrivals, retention) = (Breakers::default(), Arrivals::default(), Retention::default());
        Ok(Self { store, clock, zone, systems, mappings: laid, entry_ids, breakers, arrivals, retention, pinned })
    }

    pub fn find(&self, name: &MappingName) -> Option<usize> {
        self.mappings.iter().position(|laid| laid.mapping.name == *name)
    }

    /// The mappings and systems that share a feed.
    pub fn sharing<'a>(&'a self, connection: &'a ConnectionName, object: &'a ObjectName) -> impl Iterator<Item = (&'a Laid, SystemIx)> {
        self.mappings.iter().flat_map(move |laid| {
            laid.mapping
                .systems_ix()
                .filter(move |ix| {
                    let system = laid.mapping.system(*ix);
                    system.connection == *connection && system.object == *object
                })
                .map(move |ix| (laid, ix))
        })
    }

    /// Where `mapping` holds its entities in `connection`: how references are followed there.
    pub fn seat_of(&self, mapping: &MappingName, connection: &ConnectionName) -> Option<(&Laid, SystemIx)> {
        let laid = &self.mappings[self.find(mapping)?];
        let at = laid.mapping.systems.iter().position(|system| system.connection == *connection)?;
        Some((laid, SystemIx(at as u16)))
    }
}

impl Ground {
    /// Asks each connection once who we are there: another account than the first one ever met stops the connection, because its records
    /// would be taken for deletes and creates.
    pub async fn pin(&self, laid: &Laid, system: SystemIx, keep: bool) -> Result<Result<(), SystemError>, RunError> {
        let connection = &laid.mapping.system(system).connection;
        if self.pinned.lock().expect("no holder of this lock can panic").contains(connection) {
            return Ok(Ok(()));
        }
        let account = match laid.seat(system).system.probe().await {
            Ok(account) => account,
            Err(error) => return Ok(Err(error)),
        };
        match self.store.account(connection).await? {
            Some(known) if known != account => {
                let why = format!("it signs in to account {account}, and its records here came from {known}; give the other account a connection of its own");
                return Ok(Err(SystemError::Stopped { connection: connection.clone(), why }));
            }
            Some(_) => {}
            None if keep => self.store.keep_account(connection, &account).await?,
            None => return Ok(Ok(())),
        }
        self.pinned.lock().expect("no holder of this lock can panic").insert(connection.clone());
        Ok(Ok(()))
    }
}

impl Laid {
    pub fn seat(&self, system: SystemIx) -> &Seat {
        &self.seats[system.0 as usize]
    }

    pub fn abilities(&self) -> Vec<Arc<Abilities>> {
        self.seats.iter().map(|seat| seat.abilities.clone()).collect()
    }
}

/// What the object can do, with external ids that the vendor itself calls unique: one that is not would let an upsert make twins.
/// A system that does not answer now is taken as if none were, which only makes its creates more careful.
async fn verified(connection: &dyn System, system: &crate::mapping::System) -> Result<Arc<Abilities>, SystemError> {
    let abilities = connection.abilities(&system.object)?;
    let upserts = abilities.create.iter().any(|class| *class == CreateClass::Upsert { by: UpsertBy::Unique });
    if !upserts || matches!(system.create, Create::Never) {
        return Ok(abilities);
    }
    let unique: Vec<Path> = match connection.describe(&system.object).await {
        Ok(described) => described.fields.iter().filter(|field| field.unique).filter_map(|field| Path::parse(&field.path).ok()).collect(),
        Err(error) => {
            tracing::warn!(connection = %connection.connection(), object = %system.object, %error, "unique fields could not be verified");
            Vec::new()
        }
    };
    let mut narrowed = Abilities::clone(&abilities);
    for class in &mut narrowed.create {
        if *class == (CreateClass::Upsert { by: UpsertBy::Unique }) {
            *class = CreateClass::Upsert { by: UpsertBy::Paths(unique.clone()) };
        }
    }
    if narrowed.find == Some(FindBy::Unique) {
        narrowed.find = Some(FindBy::Paths(unique));
    }
    Ok(Arc::new(narrowed))
}

/// The union of the columns of all mappings, per connection and object.
fn feeds(mappings: &[Arc<Mapping>]) -> HashMap<(ConnectionName, ObjectName), Columns> {
    let mut union: HashMap<(ConnectionName, ObjectName), Vec<Column>> = HashMap::new();
    for system in mappings.iter().flat_map(|mapping| &mapping.systems) {
        let columns = union.entry((system.connection.clone(), system.object.clone())).or_default();
        for column in system.columns.iter() {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
    }
    union.into_iter().map(|(feed, columns)| (feed, Columns::from(columns))).collect()
}

fn positions(own: &Columns, feed: &Columns) -> Vec<u16> {
    own.iter().map(|column| feed.iter().position(|c| c == column).expect("a feed carries the columns of all its mappings") as u16).collect()
}

/// A mapping in the store's terms.
pub fn shape(mapping: &Mapping) -> MappingShape {
    MappingShape {
        name: mapping.name.clone(),
        was: mapping.was.clone(),
        systems: mapping
            .systems
            .iter()
            .map(|system| SystemShape {
                name: system.name.clone(),
                was: system.was.clone(),
                connection: system.connection.clone(),
                object: system.object.clone(),
            })
            .collect(),
        fields: mapping.fields_ix().map(|field| field_shape(mapping, field)).collect(),
    }
}

fn field_shape(mapping: &Mapping, at: FieldIx) -> FieldShape {
    let (field, hangs) = (mapping.field(at), mapping.is_read_through(at));
    let meaning = mapping.systems_ix().map(|SystemIx(at)| field.cells[at as usize].is_some().then(|| field.meaning[at as usize])).collect();
    FieldShape { name: field.name.clone(), was: field.was.clone(), meaning, hangs }
}
