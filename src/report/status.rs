//! How each mapping stands: its last run, what is open, how old its reads are.

use jiff::{SignedDuration, Timestamp};

use super::{Kept, label};
use crate::id::{MappingName, SystemName};
use crate::store::{DeadLetter, Feed, RunRecord, Store, StoreError, Totals};

/// Dead letters shown of each mapping.
const DEAD_LETTERS_SHOWN: usize = 20;

/// One mapping.
#[derive(Clone, Debug)]
pub struct Standing {
    pub mapping: MappingName,
    pub about: Option<String>,
    /// Its first match is done.
    pub entities: u64,
    /// Live links of each system.
    pub links: Vec<(SystemName, u64)>,
    pub totals: Totals,
    pub last: Option<RunRecord>,
    /// How long the oldest touched record has waited.
    pub oldest_touched: Option<SignedDuration>,
    /// Of each system: whether its feed was ever read.
    pub feeds: Vec<(SystemName, bool)>,
    pub dead_letters: Vec<Refused>,
}

/// An op refused for good, in words.
#[derive(Clone, Debug)]
pub struct Refused {
    pub system: SystemName,
    pub entity: String,
    pub label: String,
    pub code: String,
    pub message: String,
    pub fields: Vec<String>,
    pub at: Timestamp,
}

/// How all these mappings stand.
///
/// # Errors
/// When the store cannot be read.
pub async fn standing(store: &dyn Store, kept: &[Kept], now: Timestamp) -> Result<Vec<Standing>, StoreError> {
    let mut all = Vec::with_capacity(kept.len());
    for kept in kept {
        all.push(one(store, kept, now).await?);
    }
    Ok(all)
}

async fn one(store: &dyn Store, kept: &Kept, now: Timestamp) -> Result<Standing, StoreError> {
    let mapping = &kept.mapping;
    let (entities, links) = store.counts(kept.id).await?;
    let (_, oldest) = store.touched_count(kept.id).await?;
    let mut feeds = Vec::with_capacity(mapping.systems.len());
    for system in &mapping.systems {
        feeds.push((system.name.clone(), store.cursor(&system.connection, &system.object, Feed::Changes).await?.is_some()));
    }
    let mut dead_letters = Vec::new();
    for letter in store.dead_letters(Some(kept.id), DEAD_LETTERS_SHOWN).await? {
        dead_letters.push(refused(store, kept, letter).await?);
    }
    Ok(Standing {
        mapping: mapping.name.clone(),
        about: mapping.about.clone(),
        entities,
        links: mapping.systems.iter().map(|system| system.name.clone()).zip(links).collect(),
        totals: store.totals(kept.id).await?,
        last: store.runs(Some(kept.id), 1).await?.into_iter().next(),
        oldest_touched: oldest.map(|oldest| now.duration_since(oldest)),
        feeds,
        dead_letters,
    })
}

async fn refused(store: &dyn Store, kept: &Kept, letter: DeadLetter) -> Result<Refused, StoreError> {
    let loaded = store.load(kept.id, &[letter.entity]).await?;
    Ok(Refused {
        system: kept.mapping.system(letter.system).name.clone(),
        entity: letter.entity.to_string(),
        label: loaded.first().map(|loaded| label(&kept.mapping, &loaded.entity)).unwrap_or_default(),
        code: letter.code,
        message: letter.message,
        fields: letter.fields.iter().map(|field| kept.mapping.field(*field).name.to_string()).collect(),
        at: letter.at,
    })
}
