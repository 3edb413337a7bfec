//! What waits for a person, in words, with the answers it takes.

use jiff::Timestamp;

use super::logs::Narrow;
use super::{Kept, label};
use crate::id::{EntityId, EntryId, MappingName, RecordKey, ReviewId};
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::store::{Answer, Review, ReviewAbout, Store, StoreError, StuckWhy};

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    pub review: ReviewId,
    pub mapping: MappingName,
    /// `match`, `conflict`, `delete`, `in doubt`, `ping-pong`, `stuck`, `join` or `retry`.
    pub kind: &'static str,
    /// What it is about, in a sentence.
    pub asks: String,
    /// What may be answered, each with what it would mean.
    pub answers: Vec<(String, String)>,
    pub opened_at: Timestamp,
    /// Answered, and not used by a run yet.
    pub answered: bool,
    /// Left as it is: asked anew when it is another question.
    pub left: bool,
}

/// Which questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Open,
    /// A person said to leave it; another answer is taken as ever.
    Left,
}

/// Open questions, or those that were left as they are, oldest first; `narrow.limit` of each mapping. And whether there are more.
///
/// # Errors
/// When the store cannot be read.
pub async fn open(store: &dyn Store, kept: &[Kept], narrow: &Narrow, which: Which) -> Result<(Vec<Question>, bool), StoreError> {
    let is_asked = |review: &Review| (review.answer == Some(Answer::Leave)) == (which == Which::Left);
    let (mut all, mut more) = (Vec::new(), false);
    for kept in kept {
        let mut reviews = store.reviews(Some(kept.id), true).await?;
        reviews.retain(|review| is_asked(review) && is_wanted(&kept.mapping, review, narrow));
        more |= reviews.len() > narrow.limit;
        for review in reviews.into_iter().take(narrow.limit) {
            all.push(question(store, kept, review).await?);
        }
    }
    all.sort_by_key(|question| question.review);
    Ok((all, more))
}

fn is_wanted(mapping: &Mapping, review: &Review, narrow: &Narrow) -> bool {
    let (fields, systems) = concerns(&review.about);
    let is_entity = narrow.entity.is_none_or(|entity| {
        let hits: &[EntityId] = if let ReviewAbout::Match { hits, .. } = &review.about { hits } else { &[] };
        review.entity == Some(entity) || hits.contains(&entity)
    });
    is_entity && narrow.since.is_none_or(|since| review.opened_at >= since) && narrow.fits(mapping, &fields, &systems)
}

/// The fields and systems that a question is about.
fn concerns(about: &ReviewAbout) -> (Vec<FieldIx>, Vec<SystemIx>) {
    match about {
        ReviewAbout::Match { system, also, .. } => (Vec::new(), also.iter().map(|(system, _)| *system).chain([*system]).collect()),
        ReviewAbout::Conflict { field, values } => (vec![*field], values.iter().filter_map(|(system, _)| *system).collect()),
        ReviewAbout::Delete { system, deleter, shown, .. } => {
            (shown.iter().map(|(_, field, _)| *field).collect(), deleter.iter().copied().chain([*system]).collect())
        }
        ReviewAbout::PingPong { system, field, .. } => (field.iter().copied().collect(), vec![*system]),
        ReviewAbout::Stuck { system, .. } => (Vec::new(), vec![*system]),
        ReviewAbout::Refused { system, fields, .. } => (fields.clone(), vec![*system]),
        ReviewAbout::InDoubt { .. } | ReviewAbout::Join { .. } => (Vec::new(), Vec::new()),
    }
}

pub(super) async fn question(store: &dyn Store, kept: &Kept, review: Review) -> Result<Question, StoreError> {
    let mapping = &*kept.mapping;
    let who = match review.entity {
        Some(entity) => named(store, kept, entity).await?,
        None => String::new(),
    };
    let leave = || ("leave".to_owned(), "leave it as it is".to_owned());
    let (kind, asks, answers) = match &review.about {
        ReviewAbout::Match { system, key, label, hits, also, .. } => {
            let mut answers = Vec::with_capacity(hits.len() + 2);
            for hit in hits {
                answers.push((format!("link {hit}"), format!("it is {}", named(store, kept, *hit).await?)));
            }
            answers.extend([("new".to_owned(), "it is something new".to_owned()), leave()]);
            ("match", matched(mapping, *system, &record(key, label), hits.len(), also), answers)
        }
        ReviewAbout::Conflict { field, values } => {
            let shown: Vec<String> = values.iter().map(|(system, value)| format!("{} says {}", teller(mapping, *system), quoted(&value.to_string()))).collect();
            let mut answers: Vec<_> = values.iter().map(|(_, value)| (format!("value {}", quoted(&value.to_string())), String::new())).collect();
            answers.extend([("value …".to_owned(), "another value".to_owned()), leave()]);
            ("conflict", format!("What is `{}` of {who}? {}", mapping.field(*field).name, shown.join(", ")), answers)
        }
        ReviewAbout::Delete { system, why, shown, .. } => {
            let edits: Vec<String> = shown
                .iter()
                .map(|(system, field, value)| format!("{} in {} is {}", mapping.field(*field).name, name(mapping, *system), quoted(&value.to_string())))
                .collect();
            let edits = if edits.is_empty() { String::new() } else { format!(" ({})", edits.join(", ")) };
            let answers =
                vec![("delete".to_owned(), format!("remove it from {}, too", name(mapping, *system))), ("keep".to_owned(), "keep it".to_owned()), leave()];
            ("delete", format!("Is {who} to leave {}? {why}{edits}", name(mapping, *system)), answers)
        }
        ReviewAbout::InDoubt { entry, hits } => {
            let asks = in_doubt(store, kept, review.entity, *entry, hits, &who).await?;
            (
                "in doubt",
                asks,
                vec![
                    ("link …".to_owned(), "it is the record with this key".to_owned()),
                    ("new".to_owned(), "there is none: make it again".to_owned()),
                    leave(),
                ],
            )
        }
        ReviewAbout::PingPong { system, field, other } => {
            let field = field.map_or(String::new(), |field| format!(" `{}`", mapping.field(field).name));
            let other = other.as_deref().map_or_else(|| "somebody else".to_owned(), |other| format!("{other} there"));
            (
                "ping-pong",
                format!("{other} and we keep changing{field} of {who} in {}; it is not written until you say so", name(mapping, *system)),
                vec![("again".to_owned(), "write it again".to_owned()), leave()],
            )
        }
        ReviewAbout::Stuck { system, why } => {
            ("stuck", stuck(name(mapping, *system), &who, why), vec![("again".to_owned(), "try it again".to_owned()), leave()])
        }
        ReviewAbout::Join { other, why } => {
            let other_name = named(store, kept, *other).await?;
            let why = if why.is_empty() { String::new() } else { format!(" Not joined without asking: {why}") };
            ("join", format!("Are {who} and {other_name} one?{why}"), vec![(format!("link {other}"), "they are one".to_owned()), leave()])
        }
        ReviewAbout::Refused { system, .. } => ("retry", format!("{} is asked again to take {who}", name(mapping, *system)), vec![leave()]),
    };
    let left = review.answer == Some(Answer::Leave) && !matches!(review.about, ReviewAbout::Refused { .. });
    let answered = review.answer.is_some() && !left;
    Ok(Question { review: review.id, mapping: mapping.name.clone(), kind, asks, answers, opened_at: review.opened_at, answered, left })
}

/// Fields that are told of a record to be looked for.
const LOOKED_FOR_MAX: usize = 6;

/// What was sent when, and what to look for there.
async fn in_doubt(store: &dyn Store, kept: &Kept, entity: Option<EntityId>, entry: EntryId, hits: &[RecordKey], who: &str) -> Result<String, StoreError> {
    let entries = store.journalled(kept.id, entity.as_slice()).await?;
    let Some(entry) = entries.iter().flatten().find(|one| one.id == entry) else {
        return Ok(format!("Nobody knows whether a write of {who} was done, and the journal does not hold it any more"));
    };
    let system = name(&kept.mapping, entry.op.system);
    let sent = entry.first_sent_at.map_or_else(String::new, |at| format!(" It was sent at {at} by {}, and no answer came.", entry.run));
    let shown = entry.op.fields.iter().filter(|write| !write.want.is_blank()).take(LOOKED_FOR_MAX);
    let fields: Vec<String> = shown.map(|write| format!("`{}` {}", kept.mapping.field(write.field).name, quoted(&write.want.to_string()))).collect();
    let found = match hits {
        [] => "nothing like it was found by itself".to_owned(),
        hits => format!("it may be {}", hits.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" or ")),
    };
    Ok(format!("Did {system} make a record for {who}?{sent} Look there for one with {}; {found}", fields.join(", ")))
}

/// `0015… "Acme"`.
fn record(key: &RecordKey, label: &str) -> String {
    if label.is_empty() { key.to_string() } else { format!("{key} \"{label}\"") }
}

fn matched(mapping: &Mapping, system: SystemIx, record: &str, hits: usize, also: &[(SystemIx, RecordKey)]) -> String {
    let twins: Vec<String> = also.iter().map(|(system, key)| format!("{} {key}", name(mapping, *system))).collect();
    let twins = if twins.is_empty() { String::new() } else { format!("; {} matches as well", twins.join(", ")) };
    let offered = match hits {
        0 => "It could be the same as another record",
        1 => "It could be one that is there",
        _ => "It could be several that are there",
    };
    format!("What is {} {record}? {offered}{twins}.", name(mapping, system))
}

fn stuck(system: &str, who: &str, why: &StuckWhy) -> String {
    match why {
        StuckWhy::Failing { answer, attempts, since } => {
            let answer = answer.replace('_', " ");
            format!("{system} did not take {who} in {attempts} attempts since {since} (the last: {answer}); it is not tried again until you say so")
        }
        StuckWhy::Locked { since } => format!("{who} is owed values in {system}, where it is locked at least since {since}; unlock it there"),
    }
}

fn name(mapping: &Mapping, system: SystemIx) -> &str {
    mapping.system(system).name.as_str()
}

fn teller(mapping: &Mapping, system: Option<SystemIx>) -> &str {
    system.map_or("the agreed value", |system| name(mapping, system))
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "blank".to_owned() } else { format!("'{text}'") }
}

/// `e12 "Acme" (crm 001…, erp 7f…)`.
async fn named(store: &dyn Store, kept: &Kept, entity: EntityId) -> Result<String, StoreError> {
    let loaded = store.load(kept.id, &[entity]).await?;
    let Some(loaded) = loaded.first() else { return Ok(entity.to_string()) };
    let records: Vec<String> = loaded
        .entity
        .links
        .iter()
        .enumerate()
        .filter_map(|(at, link)| {
            let link = link.as_ref().filter(|link| link.state.is_live())?;
            Some(format!("{} {}", name(&kept.mapping, SystemIx(at as u16)), link.key))
        })
        .collect();
    Ok(format!("{entity} \"{}\" ({})", label(&kept.mapping, &loaded.entity), records.join(", ")))
}
