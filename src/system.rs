//! What the core and the runs know of a vendor: one trait, implemented by compiled connectors and by systems in memory.

pub mod side_by_side;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::id::{ConnectionName, EntryId, ObjectName, RecordKey};
use crate::value::record::{Columns, Record, WriteCell};
use crate::value::{Path, Str, Value};

/// Where in a feed we are: the connector's own text, stored as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

/// One page of a read.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub records: Vec<Record>,
    /// Keys that this feed says were deleted; confirmed by `get` before they count.
    pub gone: Vec<Gone>,
    /// What may be stored once everything up to and including this page is committed as touched. `None`: keep the old one.
    pub cursor: Option<Cursor>,
    /// The feed cannot vouch for what came before (a trimmed log, an expired cursor): list everything.
    pub hole: bool,
}

/// A notice of a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    pub key: RecordKey,
    pub identity: RecordKey,
    pub time: Option<Timestamp>,
}

/// A read under way: pages until `None`. Dropping it ends it.
#[async_trait]
pub trait Pages: Send {
    async fn next(&mut self) -> Result<Option<Page>, SystemError>;
}

/// What of an object is asked for.
#[derive(Clone, Debug)]
pub struct Read {
    pub object: ObjectName,
    pub columns: Columns,
}

/// What `get` found under a key.
#[derive(Clone, Debug)]
pub struct Got {
    pub key: RecordKey,
    /// `None`: not there, after a control read that worked.
    pub record: Option<Record>,
}

/// How a write is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteKind {
    Create,
    /// By an external id that the vendor enforces; `WriteItem::by` holds its value.
    Upsert(Path),
    Update,
    Archive,
    /// Makes an archived record live again.
    Restore,
    Delete,
}

/// One op as the connector sees it.
#[derive(Clone, Debug)]
pub struct WriteItem {
    /// The journal entry: names the op in a request, and is the idempotency key.
    pub entry: EntryId,
    pub key: Option<RecordKey>,
    pub version: Option<Str>,
    pub cells: Vec<WriteCell>,
    pub by: Option<Value>,
}

/// What became of one op. An op the vendor says nothing about is in doubt, never done.
#[derive(Clone, Debug)]
pub enum Outcome {
    Done {
        /// The new record's key (creates and upserts).
        key: Option<RecordKey>,
        /// The record as the answer showed it, with the columns of the write's `Read`.
        record: Option<Box<Record>>,
        version: Option<Str>,
        /// Whether an upsert created; `None` where the vendor does not say.
        created: Option<bool>,
    },
    /// Sent, and no answer that can be believed.
    InDoubt {
        why: String,
    },
    /// Nothing was sent, or surely nothing was done, and not for the record's sake: the system takes no writes now. `why` holds no value.
    NotDone {
        why: String,
        wait: Duration,
    },
    /// The precondition did not hold: read again, plan again.
    Stale,
    Gone,
    Locked {
        why: String,
        wait: Duration,
    },
    /// A record like it is there already; the vendor may name it.
    Duplicate {
        keys: Vec<RecordKey>,
        message: String,
    },
    MissingReference {
        message: String,
    },
    /// For good; `fields` where the vendor names them.
    Refused {
        code: String,
        message: String,
        fields: Vec<Path>,
    },
}

/// What makes a create safe on an object, strongest first (correctness: classes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateClass {
    /// A: the vendor remembers the entry's token this long.
    Token { remembers: Duration },
    /// B: upsert by one of these external ids, which the vendor enforces as unique.
    Upsert { by: UpsertBy },
    /// C: a writable, searchable field carries our marker.
    Marker { path: Path },
    /// D: found again by natural key.
    Find { by: FindBy },
    /// N: nothing; in doubt goes to review.
    None,
}

/// Which fields an upsert may go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpsertBy {
    /// Any that `describe` calls unique.
    Unique,
    Paths(Vec<Path>),
}

/// Which fields can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindBy {
    AnyField,
    /// Any that `describe` calls unique.
    Unique,
    Paths(Vec<Path>),
}

/// What precondition an update carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateClass {
    /// U1: a version is checked by the vendor.
    Version,
    /// U2: single fields, looked at just before.
    Fields,
    /// U3: the whole record without a check.
    Whole,
}

/// How an object's deletes are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneBy {
    Feed,
    Listing,
    Sweep,
    Never,
    Unknown,
}

/// What an object of a connection can do; derived from the connector's file.
#[derive(Clone, Debug)]
pub struct Abilities {
    pub create: Vec<CreateClass>,
    pub update: Option<UpdateClass>,
    /// A delete carries the version; else it is looked at just before.
    pub delete: Option<Guarded>,
    pub archive: Option<Guarded>,
    /// An archived record can be made live again.
    pub restore: Option<Guarded>,
    pub gone: GoneBy,
    /// Changes cannot be told apart from the rest: every poll lists all.
    pub full_read: bool,
    pub find: Option<FindBy>,
    pub get_batch: usize,
    pub create_batch: usize,
    pub update_batch: usize,
    pub delete_batch: usize,
    /// How long a read may show a state older than our last write.
    pub read_lag: Duration,
    /// How late `find` sees a new record.
    pub find_lag: Duration,
    /// How long one request may take before it counts as in doubt.
    pub deadline: Duration,
    /// Created first, deleted last.
    pub parents: Vec<ObjectName>,
}

/// Whether a delete or archive carries a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    Version,
    LookedAt,
}

/// Why a system could not answer, by who must act.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SystemError {
    /// Network, overload, a vendor's fault: later.
    #[error("{connection} cannot be reached now: {why}")]
    Later { connection: ConnectionName, why: String, wait: Duration },
    /// Credentials, permission, wrong tenant: a person.
    #[error("{connection} is stopped: {why}")]
    Stopped { connection: ConnectionName, why: String },
    /// The object or a field is not as the files say.
    #[error("{connection} {object}: {why}")]
    Drift { connection: ConnectionName, object: ObjectName, why: String },
    /// No permission to this object: it is silent.
    #[error("{connection} does not let us read {object}: {why}")]
    Forbidden { connection: ConnectionName, object: ObjectName, why: String },
    /// The answer cannot be understood or never ends.
    #[error("{connection} answered what cannot be used: {why}")]
    Garbled { connection: ConnectionName, why: String },
}

/// An object as the vendor describes it.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub name: String,
    pub label: String,
    pub fields: Vec<FieldDescription>,
    /// The vendor fills in some required fields by itself, in ways it does not tell all of.
    pub fills_in: bool,
}

/// A field as the vendor describes it.
#[derive(Clone, Debug, Default)]
pub struct FieldDescription {
    pub path: String,
    pub label: String,
    pub kind: String,
    pub many: bool,
    pub length: Option<u32>,
    pub values: Vec<(String, String)>,
    pub creatable: bool,
    pub writable: bool,
    pub required: bool,
    pub unique: bool,
    pub refers_to: Vec<String>,
}

/// One connection, as everything above it sees it.
#[async_trait]
pub trait System: Send + Sync {
    fn connection(&self) -> &ConnectionName;

    /// What the object can do; an error names the nearest object.
    fn abilities(&self, object: &ObjectName) -> Result<Arc<Abilities>, SystemError>;

    /// What two spellings of one key have in common; what links are found by.
    fn identity(&self, object: &ObjectName, key: &RecordKey) -> RecordKey;

    /// Signs in and says which account this is.
    async fn probe(&self) -> Result<String, SystemError>;

    async fn objects(&self) -> Result<Vec<Description>, SystemError>;

    async fn describe(&self, object: &ObjectName) -> Result<Description, SystemError>;

    /// What changed since the cursor; without one, everything.
    fn changes(&self, read: Read, since: Option<Cursor>) -> Box<dyn Pages>;

    /// What was deleted since the cursor, by feed or listing; `None` where only a sweep can tell. Without a cursor it starts now.
    fn gone(&self, read: Read, since: Option<Cursor>) -> Option<Box<dyn Pages>>;

    /// Everything there is.
    fn list(&self, read: Read) -> Box<dyn Pages>;

    /// All keys there are, for a sweep; records come without cells.
    fn sweep(&self, read: Read) -> Box<dyn Pages>;

    /// Reads by key, in the vendor's batches; one answer per key asked, in any order. A key without an answer was not read.
    async fn get(&self, read: Read, keys: &[RecordKey]) -> Result<Vec<Got>, SystemError>;

    /// Looks up by one field; at most a few hits.
    async fn find(&self, read: Read, path: &Path, value: &Value) -> Result<Vec<Record>, SystemError>;

    /// Sends one batch (at most the object's batch size); one outcome per item, in order.
    async fn write(&self, read: Read, kind: &WriteKind, items: &[WriteItem]) -> Vec<Outcome>;

    /// The vendor's clock less ours, in seconds, where measured.
    fn clock_offset(&self) -> f64;
}
