//! Why a record is what it is: from the store alone, so it tells what happened and not what would happen now.

mod field;
mod words;

use jiff::Timestamp;
use serde::Serialize;

use super::{Kept, label, review};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::store::{DeadLetter, History, Journalled, Letter, Store, StoreError, WaitingWhy};
use crate::sync::entity::{Link, LinkState};
use crate::sync::op::OpKind;
use crate::sync::reason;
pub use field::{Decision, FieldStory, Lost, Said, Showing, Wrote};

/// Rows of the journal, and of each log, that are told of one entity. Nobody reads more, and it bounds the time it takes.
pub const ROWS_TOLD: usize = 200;

/// What is known of a record.
#[derive(Clone, Debug)]
pub enum Found {
    Entity(EntityId),
    /// Unlinked, and why it starts nothing.
    Waits(WaitingWhy),
    Nothing,
}

/// All about one entity.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    pub mapping: String,
    pub entity: String,
    pub label: String,
    /// Entities that turned out to be this one.
    pub joined: Vec<String>,
    pub records: Vec<Standing>,
    pub fields: Vec<FieldStory>,
    /// Records made, removed and made live again, the newest first.
    pub ops: Vec<OpStory>,
    /// What waits for a person.
    pub waits: Vec<Waits>,
    pub dead_letters: Vec<Refusal>,
    /// The journal holds more than is told here.
    pub cut_short: bool,
}

/// One system's record.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    pub system: String,
    pub key: String,
    /// `live`, `live, and to leave`, `gone since …`.
    pub state: String,
    pub predecessors: Vec<String>,
    /// The vendor's modified time as last seen.
    pub changed_at: Option<Timestamp>,
    pub written_at: Option<Timestamp>,
    /// Its values are known to be unchanged since then.
    pub unchanged_at: Option<Timestamp>,
}

/// An op on a whole record.
#[derive(Clone, Debug, Serialize)]
pub struct OpStory {
    pub run: String,
    pub system: String,
    pub kind: String,
    pub key: Option<String>,
    pub reason: String,
    pub sent_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    /// What the vendor answered, in a word.
    pub answer: String,
    pub refusal: Option<Refusal>,
}

/// Something that waits for a person.
#[derive(Clone, Debug, Serialize)]
pub struct Waits {
    pub review: String,
    pub kind: String,
    pub asks: String,
    pub field: Option<String>,
    pub opened_at: Timestamp,
    pub answered: bool,
}

/// What a vendor refused.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    pub dead_letter: String,
    pub system: String,
    pub code: String,
    pub message: String,
    pub fields: Vec<String>,
    pub at: Timestamp,
    /// Still refused.
    pub open: bool,
}

/// The entity that a record is linked to, by any of its names.
///
/// # Errors
/// When the store cannot be read.
pub async fn find(store: &dyn Store, kept: &Kept, system: SystemIx, names: &[RecordKey]) -> Result<Found, StoreError> {
    if let Some(entity) = store.linked(kept.id, system, names).await?.into_iter().flatten().next() {
        return Ok(Found::Entity(entity));
    }
    for name in names {
        if let Some(why) = store.waits(kept.id, system, name).await? {
            return Ok(Found::Waits(why));
        }
    }
    Ok(Found::Nothing)
}

/// All that is kept of one entity, or of one field of it.
///
/// # Errors
/// When the store cannot be read.
pub async fn explain(store: &dyn Store, kept: &Kept, entity: EntityId, only: Option<FieldIx>) -> Result<Explained, StoreError> {
    let history = store.history(kept.id, entity, ROWS_TOLD).await?;
    let mapping = &*kept.mapping;
    let mut waits = Vec::new();
    for review in &history.loaded.reviews {
        let field = review.about.field();
        let told = review::question(store, kept, review.clone()).await?;
        waits.push(Waits {
            review: told.review.to_string(),
            kind: told.kind.to_owned(),
            asks: told.asks,
            field: field.map(|field| mapping.field(field).name.to_string()),
            opened_at: told.opened_at,
            answered: told.answered,
        });
    }
    let of = &history.loaded.entity;
    let fields = mapping.fields_ix().filter(|field| only.is_none_or(|only| only == *field));
    Ok(Explained {
        mapping: mapping.name.to_string(),
        entity: of.id.to_string(),
        label: label(mapping, of),
        joined: history.aliases.iter().map(ToString::to_string).collect(),
        records: mapping.systems_ix().filter_map(|system| Some(standing(mapping, system, of.link(system)?))).collect(),
        fields: fields.map(|field| field::story(mapping, &history, field)).collect(),
        ops: history.entries.iter().filter(|one| one.entry.op.kind != OpKind::Update).map(|one| op(mapping, &history, one)).collect(),
        waits,
        dead_letters: history.dead_letters.iter().filter(|letter| !letter.closed).map(|letter| refusal(mapping, letter)).collect(),
        cut_short: history.cut_short,
    })
}

fn standing(mapping: &Mapping, system: SystemIx, link: &Link) -> Standing {
    let state = match &link.state {
        LinkState::Live if link.asleep => "live, outside `where`".to_owned(),
        LinkState::Live if link.beyond => "live, beyond `only`".to_owned(),
        LinkState::Live => "live".to_owned(),
        LinkState::Owed(cause) => format!("live, and to leave: {}", words::cause(mapping, *cause)),
        LinkState::GoneByUser { at } => format!("deleted there by somebody, seen {at}"),
        LinkState::GoneByUs { cause, at } => format!("removed by us {at}: {}", words::cause(mapping, *cause)),
    };
    Standing {
        system: mapping.system(system).name.to_string(),
        key: link.key.to_string(),
        state,
        predecessors: link.predecessors.iter().map(ToString::to_string).collect(),
        changed_at: link.changed_at,
        written_at: link.written_at,
        unchanged_at: link.unchanged_at,
    }
}

fn op(mapping: &Mapping, history: &History, one: &Journalled) -> OpStory {
    let op = &one.entry.op;
    OpStory {
        run: one.entry.run.to_string(),
        system: mapping.system(op.system).name.to_string(),
        kind: op.kind.word().to_owned(),
        key: op.key.as_ref().map(ToString::to_string),
        reason: op.reason.sentence(mapping, None),
        sent_at: one.entry.first_sent_at,
        settled_at: one.settled_at,
        answer: words::outcome(one),
        refusal: refusal_of(mapping, history, one),
    }
}

/// What a vendor said of an entry that it refused.
fn refusal_of(mapping: &Mapping, history: &History, one: &Journalled) -> Option<Refusal> {
    history.dead_letters.iter().find(|letter| letter.letter.entry == one.entry.id).map(|letter| refusal(mapping, letter))
}

fn refusal(mapping: &Mapping, letter: &Letter) -> Refusal {
    let DeadLetter { system, code, message, fields, at, .. } = &letter.letter;
    Refusal {
        dead_letter: letter.id.to_string(),
        system: mapping.system(*system).name.to_string(),
        code: code.clone(),
        message: message.clone(),
        fields: fields.iter().map(|field| mapping.field(*field).name.to_string()).collect(),
        at: *at,
        open: !letter.closed,
    }
}

/// `wins: crm`, and where it is written.
fn rule(mapping: &Mapping, field: FieldIx) -> String {
    reason::rule(mapping, field)
}
