//! What is kept: one contract in the product's own verbs, each method one transaction; SQLite behind it.
//!
//! Nothing here names a vendor, and nothing in the interface is shaped like SQL. Every method that writes returns after the data is durable.

mod history;
mod run;
pub mod sqlite;
pub mod stage;
mod stored;
#[cfg(test)]
mod suite;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::id::{ConnectionName, EntityId, EntryId, FieldName, MappingName, ObjectName, RecordKey, ReviewId, RunId, SystemName};
use crate::mapping::matching::MatchKey;
use crate::mapping::{FieldIx, SystemIx};
pub use crate::sync::conflict::{Conflict, Decided, Fate, Loser, Spoke};
use crate::sync::entity::{Agreed, Entity, Interval, Link};
use crate::sync::op::{Entry, EntryState};
pub use crate::sync::pace::{StuckWhy, Tried};
pub use crate::sync::place::WaitingWhy;
pub use crate::sync::review::{Answer, NewReview, ReviewAbout};
use crate::system::Cursor;
pub use history::{History, Journalled, Letter, Logged, Page};
pub use run::{Ledger, Run, RunEnd, RunRecord, RunState, Wake};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another daemon (process {process} on {host}) holds {file} since {since}; stop it, or name another `store:`")]
    Held { file: String, process: u32, host: String, since: String },
    #[error("{file} was written by a newer Syncline (schema {found}, this one knows {known}); use that version, or restore a backup of before")]
    Newer { file: String, found: u32, known: u32 },
    /// Disk full or a broken file system: nothing was committed by the call, and the daemon must restart from disk.
    #[error("{file} cannot be written; free the disk or mend its rights, then start again: nothing that was answered is lost")]
    Disk {
        file: String,
        #[source]
        source: rusqlite::Error,
    },
    #[error("{file} was written by an older Syncline; bring it up to date with `syncline run`, or by starting the daemon")]
    Older { file: String },
    #[error("{file} is damaged or not a store: {why}; restore a backup, or name another `store:`")]
    Damaged { file: String, why: String },
    /// The lease moved: somebody else owns the store now.
    #[error("the lease on {file} was taken over; this process must stop")]
    Fenced { file: String },
    #[error("the store failed at `{doing}`")]
    Failed {
        doing: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    #[error("{what} is not known")]
    Unknown { what: String },
}

/// A mapping as the store keeps it: positions stand for names here, so state survives reordering and `was`.
#[derive(Clone, Debug)]
pub struct MappingShape {
    pub name: MappingName,
    pub was: Option<MappingName>,
    /// Name, former name, connection, object.
    pub systems: Vec<SystemShape>,
    pub fields: Vec<FieldShape>,
}

#[derive(Clone, Debug)]
pub struct SystemShape {
    pub name: SystemName,
    pub was: Option<SystemName>,
    pub connection: ConnectionName,
    pub object: ObjectName,
}

#[derive(Clone, Debug)]
pub struct FieldShape {
    pub name: FieldName,
    pub was: Option<FieldName>,
    /// One per system; `None` where the field has no cell. A changed meaning makes the field's shadows there Unknown.
    pub meaning: Vec<Option<u64>>,
    /// Other values hang on those of the entity that it refers to.
    pub hangs: bool,
}

/// A registered mapping; valid until the mapping is registered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MappingId(pub u32);

/// How far a mapping's records are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// No run of it was ever committed whole.
    First,
    /// A system or field came, or changed its meaning, since everything was last read.
    Edited,
    Done,
}

/// A cursor that a first match moves when all it listed is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedCursor {
    pub connection: ConnectionName,
    pub object: ObjectName,
    pub feed: Feed,
    pub cursor: Cursor,
}

/// Which feed of an object a cursor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feed {
    Changes,
    Gone,
    /// The last full sweep: its cursor holds the number of keys found.
    Sweep,
}

/// "Look at this record."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    pub mapping: MappingId,
    pub system: SystemIx,
    pub key: RecordKey,
    pub identity: RecordKey,
    pub why: Touched,
}

/// Why a record is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    Changed,
    /// A feed or delivery says it is gone; `get` decides.
    Gone,
    Delivery,
    Retry,
    Person,
    Reference,
}

/// A touched record as stored.
#[derive(Clone, Debug)]
pub struct TouchedRecord {
    pub touch: Touch,
    /// Grows with each new hint; clearing by an older number does nothing.
    pub seq: i64,
    pub first_seen: Timestamp,
    pub attempts: u32,
    pub not_before: Option<Timestamp>,
}

/// An entity with what is open about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub entity: Entity,
    /// Entries whose state [`EntryState::is_open`], oldest first.
    pub entries: Vec<Entry>,
    /// Open reviews and answers not yet used.
    pub reviews: Vec<Review>,
}

/// What a match key hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    Entity(EntityId),
    /// An unlinked record that starts nothing (`starts: never`, asleep, in review).
    Waiting {
        system: SystemIx,
        identity: RecordKey,
        key: RecordKey,
    },
}

/// An unlinked record kept by its match keys alone.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub system: SystemIx,
    pub key: RecordKey,
    pub identity: RecordKey,
    pub keys: Vec<MatchKey>,
    pub why: WaitingWhy,
}

/// Something waiting for a person, and the answer once there is one.
#[derive(Clone, Debug)]
pub struct Review {
    pub id: ReviewId,
    pub mapping: MappingId,
    pub entity: Option<EntityId>,
    pub about: ReviewAbout,
    pub opened_at: Timestamp,
    pub answer: Option<Answer>,
}

/// All that one look at one entity decided: hub, provenance, shadows, links, conflicts, reviews and intents, together.
#[derive(Debug)]
pub struct Merged {
    pub before: Option<Entity>,
    pub after: Entity,
    /// Entities that this one is the same thing as: their links are in `after`, their ids become aliases of its id.
    pub joined: Vec<EntityId>,
    /// The entity's match keys; the store replaces them if they differ.
    pub keys: Option<Vec<MatchKey>>,
    pub conflicts: Vec<Conflict>,
    pub reviews: Vec<NewReview>,
    /// Reviews that answered themselves or were used.
    pub closed_reviews: Vec<ReviewId>,
    /// New intents, in state Ready.
    pub entries: Vec<Entry>,
    /// Entries whose state the look changed.
    pub entry_states: Vec<(EntryId, EntryState)>,
    /// Touched records answered by this look; kept if a newer hint came.
    pub untouch: Vec<(Touch, i64)>,
    /// Looked at again then, for what is owed or waits.
    pub again: Vec<(Touch, Timestamp)>,
    /// Reasons per field, for `explain`: rendered by the report.
    pub decided: Vec<Decided>,
    /// A value changed on which others may hang: entities that refer to this one through a field that [`FieldShape::hangs`] are touched.
    pub spreads: bool,
}

/// Agreed values that came from one system at one time.
pub type BegunFrom = (SystemIx, Interval, Vec<(FieldIx, Range<usize>)>);

/// An entity, and what is agreed about it.
pub type Hub = (EntityId, Vec<Agreed>);

/// An entity that begins with records which all show the same: nothing was decided, nothing is owed, and no shadow differs from what is agreed.
#[derive(Debug)]
pub struct Begun {
    pub id: EntityId,
    /// Without shadows.
    pub links: Vec<(SystemIx, Link)>,
    /// Agreed values, by where they came from; each a range of `bytes` that holds its canonical form.
    pub agreed: Vec<BegunFrom>,
    pub bytes: Vec<u8>,
    /// Rule and hash of each match key.
    pub keys: Vec<(u16, u64)>,
}

impl Merged {
    /// A new entity and nothing else: no question, no write.
    pub fn of(after: Entity) -> Self {
        Self {
            before: None,
            after,
            joined: Vec::new(),
            keys: None,
            conflicts: Vec::new(),
            reviews: Vec::new(),
            closed_reviews: Vec::new(),
            entries: Vec::new(),
            entry_states: Vec::new(),
            untouch: Vec::new(),
            again: Vec::new(),
            decided: Vec::new(),
            spreads: false,
        }
    }
}

/// What became of one entry: outcome, shadow, link and the entry's new state in one transaction.
#[derive(Debug)]
pub struct Settled {
    pub entry: EntryId,
    pub state: EntryState,
    pub before: Option<Entity>,
    pub after: Entity,
    pub dead_letter: Option<DeadLetter>,
    pub reviews: Vec<NewReview>,
    pub conflicts: Vec<Conflict>,
    pub again: Vec<(Touch, Timestamp)>,
    pub at: Timestamp,
    /// What the vendor answered, in short and without values.
    pub answer: String,
}

/// An op refused for good.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    pub mapping: MappingId,
    pub entity: EntityId,
    pub system: SystemIx,
    pub entry: EntryId,
    pub code: String,
    pub message: String,
    pub fields: Vec<FieldIx>,
    pub at: Timestamp,
}

/// What is kept for a time only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Journal entries that are closed.
    Entries,
    Conflicts,
    /// Closed ones.
    DeadLetters,
    /// Closed ones.
    Reviews,
    /// All but the last of each mapping.
    Runs,
}

/// Whether the agreed values of an entity go with its last tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    Keep,
    Drop,
}

/// A webhook as received.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub connection: ConnectionName,
    /// The vendor's id of it, or the hash of its body.
    pub identity: String,
    pub verified_by: String,
    pub received_at: Timestamp,
    pub touched: Vec<Touch>,
    /// Objects whose feed is to be read because the delivery names no key.
    pub feeds: Vec<ObjectName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// Seen before: answered as if new, nothing stored.
    Again,
}

/// Who may write to the store.
#[derive(Clone, Debug)]
pub struct LeaseHolder {
    pub process: u32,
    pub host: String,
    pub now: Timestamp,
    /// Lease older than this may be taken over if its process is gone.
    pub lives: Duration,
}

/// Everything kept, in product verbs.
#[async_trait]
pub trait Store: Send + Sync {
    /// The store's own id, part of every marker.
    fn instance(&self) -> &str;

    async fn take_lease(&self, holder: &LeaseHolder) -> Result<(), StoreError>;
    async fn renew_lease(&self, now: Timestamp) -> Result<(), StoreError>;
    async fn release_lease(&self) -> Result<(), StoreError>;

    /// Since when the store is known to be restored from a backup; until a person confirms it, nothing is decided by what it says.
    fn restored(&self) -> Option<Timestamp>;
    /// A person says that it was restored.
    async fn note_restored(&self, now: Timestamp) -> Result<(), StoreError>;
    /// A person looked: runs go on, each mapping's first with everything read anew.
    async fn confirm_restored(&self) -> Result<(), StoreError>;

    /// Learns or relearns a mapping: names to ids, `was`, changed meanings.
    async fn register(&self, shape: MappingShape) -> Result<MappingId, StoreError>;
    /// How far the mapping's records are known.
    async fn adoption(&self, mapping: MappingId) -> Result<Adoption, StoreError>;
    /// Everything that was listed is committed: the cursors move, and the mapping is adopted, together.
    async fn adopt(&self, mapping: MappingId, cursors: Vec<MovedCursor>) -> Result<(), StoreError>;
    /// By which date and rules all entities were last looked through for what is derived from them.
    async fn derived(&self, mapping: MappingId) -> Result<Option<String>, StoreError>;
    async fn keep_derived(&self, mapping: MappingId, by: &str) -> Result<(), StoreError>;
    /// A directory for scratch files of runs.
    fn scratch(&self) -> std::path::PathBuf;
    /// Entities of the mapping, and live links per system.
    async fn counts(&self, mapping: MappingId) -> Result<(u64, Vec<u64>), StoreError>;

    async fn cursor(&self, connection: &ConnectionName, object: &ObjectName, feed: Feed) -> Result<Option<Cursor>, StoreError>;
    /// Cursor and touched records, together.
    async fn commit_page(
        &self,
        connection: &ConnectionName,
        object: &ObjectName,
        feed: Feed,
        cursor: Option<Cursor>,
        touched: Vec<Touch>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    async fn touched(&self, mapping: MappingId, due: Timestamp, limit: usize) -> Result<Vec<TouchedRecord>, StoreError>;
    async fn touched_count(&self, mapping: MappingId) -> Result<(u64, Option<Timestamp>), StoreError>;
    /// Drops touched records that turned out to be nothing to us (unlinked, outside, unchanged).
    async fn untouch(&self, touched: Vec<(Touch, i64)>) -> Result<(), StoreError>;
    /// Records that wait for what they refer to are due at once.
    async fn hasten(&self, mapping: MappingId) -> Result<(), StoreError>;
    async fn touch(&self, touched: Vec<Touch>, not_before: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError>;

    /// Which entity each record is linked to (live, gone or as a predecessor), in order.
    async fn linked(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<EntityId>>, StoreError>;
    async fn load(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Loaded>, StoreError>;
    /// Of records whose links are live: their entity, and no more of it than what is agreed.
    async fn agreed(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<Hub>>, StoreError>;
    /// Follows aliases.
    async fn resolve_alias(&self, entity: EntityId) -> Result<EntityId, StoreError>;
    async fn hits(&self, mapping: MappingId, keys: &[MatchKey]) -> Result<Vec<Vec<Hit>>, StoreError>;
    /// Open create entries of all entities of one system: who claims an unlinked record (correctness, section 7).
    async fn open_creates(&self, mapping: MappingId, system: SystemIx) -> Result<Vec<Entry>, StoreError>;
    /// Live record keys of entities in the systems of one connection and object: how references are spelt.
    async fn keys_of(&self, mapping: MappingId, system: SystemIx, entities: &[EntityId]) -> Result<Vec<Option<RecordKey>>, StoreError>;
    /// All linked identities of a system after `after`, in order: sweeps compare with it.
    async fn identities(
        &self,
        mapping: MappingId,
        system: SystemIx,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, RecordKey, EntityId)>, StoreError>;
    async fn entities(&self, mapping: MappingId, after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError>;

    /// A range of new entity ids; never given twice.
    async fn reserve(&self, count: u64) -> Result<Range<i64>, StoreError>;
    async fn keep_waiting(&self, mapping: MappingId, add: Vec<Waiting>, remove: Vec<(SystemIx, RecordKey)>) -> Result<(), StoreError>;
    /// Entities of a first match about which there was nothing to decide.
    async fn begin(&self, mapping: MappingId, begun: Vec<Begun>) -> Result<(), StoreError>;
    async fn commit_merged(&self, mapping: MappingId, run: RunId, merged: Vec<Merged>, now: Timestamp) -> Result<(), StoreError>;
    /// Ready to Sent, durable before the request leaves.
    async fn mark_sent(&self, entries: &[EntryId], at: Timestamp, deadline: Timestamp) -> Result<(), StoreError>;
    async fn settle(&self, mapping: MappingId, settled: Vec<Settled>) -> Result<(), StoreError>;
    /// What was tried on each of these entities since then, newest first; what a person answered about one is where it begins.
    async fn tried(&self, mapping: MappingId, entities: &[EntityId], since: Timestamp) -> Result<Vec<Vec<Tried>>, StoreError>;
    /// Entities of which these runs journalled something, after `after`, in order.
    async fn written(&self, mapping: MappingId, runs: &[RunId], after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError>;
    /// All that the journal still holds of each of these entities, oldest first.
    async fn journalled(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Vec<Entry>>, StoreError>;
    /// Entries that are Ready, Sent or InDoubt: settled before anything new.
    async fn unsettled(&self, mapping: MappingId) -> Result<Vec<Entry>, StoreError>;

    /// A new run, of which nothing is stored until it begins or ends.
    fn new_run(&self, mapping: MappingId, wake: Wake, started_at: Timestamp) -> Run;
    /// Shows the run as running. One that finds nothing to do need not begin before it ends.
    async fn begin_run(&self, run: Run) -> Result<(), StoreError>;
    async fn end_run(&self, run: Run, end: RunEnd, at: Timestamp) -> Result<(), StoreError>;
    async fn runs(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<RunRecord>, StoreError>;

    async fn reviews(&self, mapping: Option<MappingId>, open_only: bool) -> Result<Vec<Review>, StoreError>;
    async fn answer(&self, review: ReviewId, answer: Answer, at: Timestamp) -> Result<(), StoreError>;
    async fn open_review(&self, mapping: MappingId, review: NewReview, at: Timestamp) -> Result<ReviewId, StoreError>;
    async fn close_review(&self, review: ReviewId) -> Result<(), StoreError>;
    async fn dead_letters(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<DeadLetter>, StoreError>;
    /// The last decision of each field, for `explain`.
    async fn decided(&self, mapping: MappingId, entity: EntityId) -> Result<Vec<(RunId, Timestamp, Decided)>, StoreError>;
    async fn conflicts(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<Conflict>, StoreError>;
    /// What is kept of how an entity came to be what it is, with at most `limit` rows of each kind.
    async fn history(&self, mapping: MappingId, entity: EntityId, limit: usize) -> Result<History, StoreError>;
    async fn conflict_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Logged>, StoreError>;
    /// Open dead letters.
    async fn dead_letter_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Letter>, StoreError>;
    /// Why an unlinked record waits under its match keys; `None`: it does not.
    async fn waits(&self, mapping: MappingId, system: SystemIx, identity: &RecordKey) -> Result<Option<WaitingWhy>, StoreError>;
    /// Keeps what a person said without being asked, and touches what it is about, in one transaction.
    async fn say(&self, mapping: MappingId, said: Vec<(NewReview, Answer)>, touched: Vec<Touch>, at: Timestamp) -> Result<(), StoreError>;
    async fn totals(&self, mapping: MappingId) -> Result<Totals, StoreError>;

    /// Drops a few rows that were over before `before`, past `after`. Where the next call goes on; `None` when the rest is younger.
    async fn forget(&self, what: Old, before: Timestamp, after: i64) -> Result<Option<i64>, StoreError>;
    /// The same for the mapping's tombstones: they keep ids only, and a record that comes back after it is a new one.
    async fn forget_gone(&self, mapping: MappingId, before: Timestamp, after: i64, values: Values) -> Result<Option<i64>, StoreError>;

    /// Inbox and touched records in one transaction; 2xx may be answered after it.
    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError>;

    /// What a vendor's subscription needs to be renewed (ids, never secrets).
    async fn subscription(&self, connection: &ConnectionName, object: &ObjectName) -> Result<Option<String>, StoreError>;
    async fn keep_subscription(&self, connection: &ConnectionName, object: &ObjectName, state: Option<String>) -> Result<(), StoreError>;
    /// Pins the tenant: another account than the first stops the connection.
    async fn account(&self, connection: &ConnectionName) -> Result<Option<String>, StoreError>;
    async fn keep_account(&self, connection: &ConnectionName, account: &str) -> Result<(), StoreError>;
}

/// Open things of a mapping, for status and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub entities: u64,
    pub reviews: u64,
    pub dead_letters: u64,
    pub conflicts: u64,
    pub in_doubt: u64,
    pub waiting: u64,
    pub touched: u64,
}
