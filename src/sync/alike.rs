//! The fast way in: records met together for the first time that all show the same are one entity, and a look has nothing to decide about it.

use jiff::{SignedDuration, Timestamp};

use super::entity::{FieldIx, Interval, Link, SystemIx};
use super::evidence::shifted;
use super::policy::{Candidate, Choice, From, How, Part, Question};
use super::terms::{Access, Terms};
use crate::id::RecordKey;
use crate::mapping::{Keeps, Wins};
use crate::value::{Str, Value};

/// What of a mapping such records need to be told, worked out once.
pub struct Alike {
    /// Per field, which values a look would have nothing to say about.
    keeps: Vec<Keeps>,
    /// Per field, the first field with the same policy: who a value is of, is asked once for all of them.
    policy: Vec<FieldIx>,
}

/// A record as met.
#[derive(Clone, Debug)]
pub struct Met {
    pub system: SystemIx,
    pub key: RecordKey,
    pub identity: RecordKey,
    pub version: Option<Str>,
    pub time: Option<Timestamp>,
    pub read_at: Timestamp,
    /// The vendor's read lag, and its clock less ours.
    pub lag: SignedDuration,
    pub offset: SignedDuration,
}

/// Who a field's value came from, and when it changed at the latest.
pub type Provenance = (SystemIx, Interval);

impl Alike {
    /// `None`: something in the mapping is for a look to tell, whatever the records show.
    pub fn of(terms: &dyn Terms) -> Option<Self> {
        let asks = terms.match_rules().iter().any(|rule| rule.ask);
        let follows = terms.fields().any(|field| matches!(terms.wins(field), Wins::Lines(_)));
        if asks || follows || !terms.formulas().is_empty() || terms.systems().any(|system| terms.walled(system)) {
            return None;
        }
        let keeps = terms.fields().map(|field| keeps(terms, field)).collect();
        let policy = terms.fields().map(|field| terms.fields().find(|first| terms.wins(*first) == terms.wins(field)).unwrap_or(field)).collect();
        Some(Self { keeps, policy })
    }

    /// Whether records of these systems, in this order, may be an entity to which no other is owed.
    pub fn fits(&self, terms: &dyn Terms, systems: &[SystemIx]) -> bool {
        let in_order = systems.windows(2).all(|pair| pair[0] < pair[1]);
        let starts = systems.first().is_some_and(|first| terms.starts(*first));
        in_order && starts && terms.systems().all(|system| systems.contains(&system) || !terms.creates(system))
    }

    /// Whether a field that shows the same in all of them is decided by that.
    pub fn keeps(&self, field: FieldIx, blank: bool) -> bool {
        self.keeps[field.0 as usize] >= if blank { Keeps::Blank } else { Keeps::All }
    }

    /// Who a field's value is of: `shows` are those records whose system has a cell for it, at least one.
    pub fn provenance(&self, terms: &dyn Terms, field: FieldIx, blank: bool, shows: &[&Met], known: &mut Known) -> Provenance {
        if blank {
            return (shows[0].system, Interval { after: None, until: shows[0].read_at });
        }
        let heard = shows.iter().fold(0u64, |heard, met| heard | 1 << (met.system.0 % 64));
        let policy = self.policy[field.0 as usize];
        if let Some((.., provenance)) = known.0.iter().find(|(one, who, _)| (*one, *who) == (policy, heard)) {
            return *provenance;
        }
        let provenance = choose(terms, field, shows);
        known.0.push((policy, heard, provenance));
        provenance
    }
}

/// The policy's choice among equals, by the same rules as any.
fn choose(terms: &dyn Terms, field: FieldIx, shows: &[&Met]) -> Provenance {
    let candidate = |met: &&Met| {
        let until = met.time.map_or(met.read_at, |time| shifted(time, -met.offset));
        let from = From::System { system: met.system, how: How::Adoption };
        // Any value will do: they are all the same.
        Candidate { from, value: Value::Boolean(true), changed: Interval { after: None, until }, shadow: None, actor: None }
    };
    let part = |system: SystemIx| if shows.iter().any(|met| met.system == system) { Part::Present } else { Part::Absent };
    let parts: Vec<Part> = terms.systems().map(part).collect();
    let candidates = shows.iter().map(candidate).collect();
    let question = Question { terms, field, agreed: None, wins: terms.wins(field), before: None, required: terms.required(field), parts: &parts, candidates };
    let Choice::Takes { winner, .. } = question.choose() else { unreachable!("some one of equal values that were met is always taken") };
    (winner.system().expect("nothing was agreed before"), winner.changed)
}

/// Choices made for one entity: all its fields of one policy and one set of systems have the same.
#[derive(Default)]
pub struct Known(Vec<(FieldIx, u64, Provenance)>);

/// What all systems together keep of a field's values.
fn keeps(terms: &dyn Terms, field: FieldIx) -> Keeps {
    if terms.is_set(field) || terms.certain(field) {
        return Keeps::Nothing;
    }
    let here = |system| match terms.access(field, system) {
        Access::None => Keeps::All,
        // It is owed whatever is agreed, a blank too.
        Access::WriteOnly => Keeps::Nothing,
        Access::Both | Access::ReadOnly => terms.keeps(field, system),
    };
    terms.systems().map(here).min().unwrap_or(Keeps::Nothing)
}

/// The link of a record as a look leaves it that shows nothing but agreed values: no shadows are spelt out.
pub fn link(met: Met) -> Link {
    let mut link = Link::adopted(met.key, met.identity, Vec::new());
    link.inside = true;
    link.version = met.version;
    link.changed_at = met.time;
    link.unchanged_at = Some(shifted(met.read_at, -met.lag).max(Timestamp::UNIX_EPOCH));
    link
}
