//! One field: what is agreed and who said so, what lost, what each system shows and is owed, what was written.

use jiff::Timestamp;
use serde::Serialize;

use super::{Refusal, refusal_of, rule, words};
use crate::id::RunId;
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::plant::planted;
use crate::store::{Conflict, Decided, Fate, History, Spoke};
use crate::sync::entity::{Fact, Known, Link, Origin, Shadow, Standing};
use crate::sync::op::EntryState;
use crate::sync::reason::Reason;
use crate::sync::terms::{Access, Terms};
use crate::value::Value;

#[derive(Clone, Debug, Serialize)]
pub struct FieldStory {
    pub field: String,
    /// The policy, with file and line.
    pub rule: String,
    /// The agreed value; `None`: nothing is agreed yet.
    pub value: Option<String>,
    /// Who said it.
    pub origin: Option<String>,
    /// The change happened after this, and not after `until`.
    pub after: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Who typed it, where the vendor tells.
    pub actor: Option<String>,
    /// How it came to be agreed, in a sentence.
    pub agreed: String,
    /// The decision that stands, and edits that were put back since.
    pub decisions: Vec<Decision>,
    pub lost: Vec<Lost>,
    pub systems: Vec<Showing>,
    /// The newest first.
    pub writes: Vec<Wrote>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    pub run: String,
    pub at: Timestamp,
    pub value: String,
    /// What was agreed before.
    pub was: Option<String>,
    pub reason: String,
    /// How sure *newest* was: `certain`, `possible` or `order`.
    pub evidence: Option<String>,
    /// Everybody who took part.
    pub said: Vec<Said>,
}

/// A candidate.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    pub by: String,
    /// It took part as what was agreed before.
    pub as_agreed: bool,
    pub value: String,
    /// What its system showed before.
    pub before: Option<String>,
    pub after: Option<Timestamp>,
    pub until: Timestamp,
    /// Who typed it, where the vendor tells.
    pub actor: Option<String>,
    /// `taken`, `agrees`, `lost` or `put back`.
    pub fate: String,
}

/// A value that lost, out of the conflict log.
#[derive(Clone, Debug, Serialize)]
pub struct Lost {
    pub conflict: String,
    pub run: String,
    pub at: Timestamp,
    /// A system, or `agreed` for the value agreed before.
    pub by: String,
    pub value: String,
    pub won: String,
    pub won_by: Option<String>,
    pub policy: String,
    pub evidence: Option<String>,
}

/// What a system shows.
#[derive(Clone, Debug, Serialize)]
pub struct Showing {
    pub system: String,
    /// What it last showed; `None`: never read, or no record.
    pub seen: Option<String>,
    /// `as agreed`, `owed`, `held`, `refused`, …
    pub state: String,
    /// A read or an answer showed it.
    pub confirmed: bool,
}

/// A write of the field.
#[derive(Clone, Debug, Serialize)]
pub struct Wrote {
    pub run: String,
    pub system: String,
    pub kind: String,
    pub key: Option<String>,
    pub replaced: Option<String>,
    pub wrote: String,
    pub reason: String,
    pub sent_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    pub answer: String,
    pub refusal: Option<Refusal>,
}

pub fn story(mapping: &Mapping, history: &History, field: FieldIx) -> FieldStory {
    let fact = history.loaded.entity.fact(field);
    let own: Vec<&(RunId, Timestamp, Decided)> = history.decided.iter().filter(|(_, _, decided)| decided.field == field).collect();
    let lost = history.conflicts.iter().filter(|one| one.conflict.field == field).flat_map(|one| lost(mapping, one.id.to_string(), &one.conflict));
    FieldStory {
        field: mapping.field(field).name.to_string(),
        rule: rule(mapping, field),
        value: fact.map(|fact| fact.value.to_string()),
        origin: fact.map(|fact| words::origin(mapping, if planted!("origin-misnamed") { Origin::System(SystemIx(0)) } else { fact.origin })),
        after: fact.and_then(|fact| fact.changed.after),
        until: fact.map(|fact| fact.changed.until),
        actor: fact.and_then(|fact| typed_by(mapping, field, fact, &own)),
        agreed: agreed(mapping, history, field, fact, &own),
        decisions: own.iter().map(|(run, at, decided)| decision(mapping, *run, *at, decided)).collect(),
        lost: lost.collect(),
        systems: mapping.systems_ix().filter_map(|system| showing(mapping, history, field, system)).collect(),
        writes: writes(mapping, history, field),
    }
}

/// Who typed the value that is agreed, as the decision that stands was told.
fn typed_by(mapping: &Mapping, field: FieldIx, fact: &Fact, own: &[&(RunId, Timestamp, Decided)]) -> Option<String> {
    let (_, _, decided) = own.iter().find(|(_, _, decided)| !decided.puts_back() && mapping.same(field, &decided.value, &fact.value))?;
    let taken = decided.spoke.iter().find(|spoke| spoke.fate == Fate::Taken && spoke.from == fact.origin)?;
    taken.actor.as_ref().map(ToString::to_string)
}

/// How the present value came to be agreed. Values met alike have no decision of their own; where they came from stands with the value.
fn agreed(mapping: &Mapping, history: &History, field: FieldIx, fact: Option<&Fact>, own: &[&(RunId, Timestamp, Decided)]) -> String {
    let Some(fact) = fact else { return "nothing is agreed yet".to_owned() };
    let stands = |decided: &Decided| !decided.puts_back() && mapping.same(field, &decided.value, &fact.value);
    match own.iter().find(|(_, _, decided)| stands(decided)) {
        Some((run, at, decided)) => format!("{}; seen by {run} at {at}", decided.reason.sentence(mapping, Some(field))),
        None if history.aliases.is_empty() => "agreed when first met".to_owned(),
        None => "agreed when first met, or when it was joined with what it turned out to be".to_owned(),
    }
}

fn decision(mapping: &Mapping, run: RunId, at: Timestamp, decided: &Decided) -> Decision {
    let evidence = match decided.reason {
        Reason::Latest { grade, .. } => Some(grade.to_string()),
        _ => None,
    };
    Decision {
        run: run.to_string(),
        at,
        value: decided.value.to_string(),
        was: decided.was.as_ref().map(ToString::to_string),
        reason: decided.reason.sentence(mapping, Some(decided.field)),
        evidence,
        said: decided.spoke.iter().map(|spoke| said(mapping, spoke)).collect(),
    }
}

fn said(mapping: &Mapping, spoke: &Spoke) -> Said {
    let fate = match spoke.fate {
        Fate::Taken => "taken",
        Fate::Agrees => "agrees",
        Fate::Lost => "lost",
        Fate::PutBack => "put back",
    };
    Said {
        by: words::origin(mapping, spoke.from),
        as_agreed: spoke.as_agreed,
        value: spoke.value.to_string(),
        before: spoke.before.as_ref().map(ToString::to_string),
        after: spoke.changed.after,
        until: spoke.changed.until,
        actor: spoke.actor.as_ref().map(ToString::to_string),
        fate: fate.to_owned(),
    }
}

fn lost(mapping: &Mapping, id: String, conflict: &Conflict) -> Vec<Lost> {
    let name = |system: SystemIx| mapping.system(system).name.to_string();
    let one = |loser: &crate::store::Loser| Lost {
        conflict: id.clone(),
        run: conflict.run.to_string(),
        at: conflict.at,
        by: loser.system.map_or_else(|| "agreed".to_owned(), name),
        value: loser.value.to_string(),
        won: conflict.winner.to_string(),
        won_by: conflict.winner_system.map(name),
        policy: conflict.policy.clone(),
        evidence: conflict.grade.clone(),
    };
    conflict.losers.iter().map(one).collect()
}

fn showing(mapping: &Mapping, history: &History, field: FieldIx, system: SystemIx) -> Option<Showing> {
    let terms: &dyn Terms = mapping;
    let access = terms.access(field, system);
    if access == Access::None {
        return None;
    }
    let told = |seen: Option<&Value>, confirmed: bool, state: String| {
        Some(Showing { system: mapping.system(system).name.to_string(), seen: seen.map(ToString::to_string), state, confirmed })
    };
    let entity = &history.loaded.entity;
    let Some(link) = entity.link(system) else { return told(None, false, no_record(history, system)) };
    match &link.shadows[usize::from(field.0)] {
        Shadow::NoCell => None,
        Shadow::Unknown => told(None, false, "not read yet".to_owned()),
        Shadow::Known(known) => {
            let state = state(mapping, history, field, system, link, known, access);
            told(Some(&known.seen), known.confirmed, state)
        }
    }
}

fn no_record(history: &History, system: SystemIx) -> String {
    let create = history.loaded.entries.iter().find(|entry| entry.op.system == system);
    let letter = history.dead_letters.iter().find(|letter| !letter.closed && letter.letter.system == system);
    match (letter, create) {
        (Some(letter), _) => format!("no record: it refused one ({})", letter.id),
        (None, Some(_)) => "no record yet: one is being made".to_owned(),
        (None, None) => "no record".to_owned(),
    }
}

fn state(mapping: &Mapping, history: &History, field: FieldIx, system: SystemIx, link: &Link, known: &Known, access: Access) -> String {
    let Some(fact) = history.loaded.entity.fact(field) else { return "nothing is agreed yet".to_owned() };
    if !link.state.is_live() {
        return "its record is gone".to_owned();
    }
    if matches!(&known.stands_for, Standing::For(value) if mapping.same(field, value, &fact.value)) {
        return if mapping.same(field, &known.seen, &fact.value) { "as agreed".to_owned() } else { "as agreed, in its own form".to_owned() };
    }
    let asked = history.loaded.reviews.iter().find(|review| review.about.field() == Some(field));
    let refused = known.refused.as_ref().is_some_and(|refused| mapping.same(field, refused, &fact.value));
    let open = |state| {
        let writes = |entry: &&crate::sync::op::Entry| entry.op.system == system && entry.op.fields.iter().any(|write| write.field == field);
        history.loaded.entries.iter().filter(writes).any(|entry| entry.state == state)
    };
    if let Some(review) = asked {
        format!("held: {} waits for a person", review.id)
    } else if access == Access::ReadOnly {
        "differs, and is never written there".to_owned()
    } else if refused {
        let letter = history.dead_letters.iter().find(|letter| !letter.closed && letter.letter.system == system);
        letter.map_or_else(|| "refused".to_owned(), |letter| format!("refused ({})", letter.id))
    } else if open(EntryState::Sent) || open(EntryState::InDoubt) {
        "in doubt: sent, not known to have landed".to_owned()
    } else if link.asleep {
        "outside `where`: not written until it fits again".to_owned()
    } else if link.beyond {
        "beyond `only`: not written".to_owned()
    } else {
        "owed".to_owned()
    }
}

fn writes(mapping: &Mapping, history: &History, field: FieldIx) -> Vec<Wrote> {
    let mut all = Vec::new();
    for one in &history.entries {
        let op = &one.entry.op;
        for write in op.fields.iter().filter(|write| write.field == field) {
            all.push(Wrote {
                run: one.entry.run.to_string(),
                system: mapping.system(op.system).name.to_string(),
                kind: op.kind.word().to_owned(),
                key: op.key.as_ref().map(ToString::to_string),
                replaced: write.pre.as_ref().map(ToString::to_string),
                wrote: write.want.to_string(),
                reason: write.reason.sentence(mapping, Some(field)),
                sent_at: one.entry.first_sent_at,
                settled_at: one.settled_at,
                answer: words::outcome(one),
                refusal: refusal_of(mapping, history, one).filter(|refusal| refusal.fields.contains(&mapping.field(field).name.to_string())),
            });
        }
    }
    all
}
