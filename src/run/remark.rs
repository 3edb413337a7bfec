//! What a run left alone and why, for people: by system and field, with one record to look at. Never a value.

use std::collections::BTreeMap;

use super::ground::Laid;
use super::prepare::Prepared;
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::sync::scene::{Look, NoteKind, Sight};
use crate::sync::undo::NotBack;

/// Counted, so that a thousand records with the same trouble are one line.
#[derive(Default)]
pub struct Remarks(BTreeMap<(SystemIx, Option<FieldIx>, &'static str), (u64, String)>);

impl Remarks {
    pub fn add(&mut self, laid: &Laid, prepared: &Prepared, look: &Look) {
        for note in &look.notes {
            let Some(what) = worth_telling(&note.what) else { continue };
            let (count, _) = self.0.entry((note.system, note.field, what)).or_insert_with(|| (0, record(laid, prepared, note.system)));
            *count += 1;
        }
    }

    pub fn sentences(self, mapping: &Mapping) -> Vec<String> {
        let one = |((system, field, what), (count, example)): ((SystemIx, Option<FieldIx>, &str), (u64, String))| {
            let field = field.map_or(String::new(), |field| format!(" `{}`", mapping.field(field).name));
            let records = if count == 1 { "one record".to_owned() } else { format!("{count} records") };
            format!("{}{field}, {records} (such as {example}): {what}", mapping.system(system).name)
        };
        self.0.into_iter().map(one).collect()
    }
}

/// A record that shows it: there, or else wherever the entity has one.
fn record(laid: &Laid, prepared: &Prepared, system: SystemIx) -> String {
    let systems = std::iter::once(system).chain(laid.mapping.systems_ix());
    let named = |at: SystemIx| match &prepared.sights[at.0 as usize] {
        Sight::Live(seen) => Some(format!("{} {}", laid.mapping.system(at).name, seen.key)),
        Sight::Unread | Sight::Silent(_) | Sight::Gone => None,
    };
    systems.filter_map(named).next().unwrap_or_else(|| prepared.entity.id.to_string())
}

fn worth_telling(what: &NoteKind) -> Option<&'static str> {
    Some(match what {
        NoteKind::Unfit(_) => {
            "what it shows does not fit the field and is left alone; correct it there, or add it to the field's `values` or change its `type`"
        }
        NoteKind::NotComputed(_) => {
            "its formula fails on these values, so that the field stays as it was and is not written; change the formula, or the values"
        }
        NoteKind::NoForm => "it has no form for the agreed value, which is not written; add a cell to the row in `values`, or say `unknown:`",
        NoteKind::Lossy => "it shows a cut, rounded or folded form of what was written; shorten the value, or map another path",
        NoteKind::Refused => "it refused the value for good and is not asked again; `syncline status` tells why, another value is tried",
        NoteKind::Shut(_) => "the record is closed for this write; open it there",
        NoteKind::CannotLeave => "the connector can neither archive nor delete this object; `leaves: stop` keeps it",
        NoteKind::CannotWrite => "the connector cannot write this object",
        NoteKind::StaysArchived => {
            "the connector cannot bring it back from the archive, and a new record is made where `create` says so; say how in `archive: { restores: … }`"
        }
        NoteKind::RequiredBlank => "no record is made while this required field is blank",
        NoteKind::RequiredUnlinked => {
            "no record is made before the record that this required field refers to is linked; once its own mapping has run, this one can be planned"
        }
        NoteKind::CreateUnlinked => {
            "`create` asks for the record that this field refers to, which is not linked yet; once its own mapping has run, this one can be planned"
        }
        NoteKind::NotBack(why) => not_back(*why),
        NoteKind::Unresolved | NoteKind::Deferred | NoteKind::PutBack | NoteKind::Waits | NoteKind::Asked | NoteKind::Locked | NoteKind::Silent(_) => {
            return None;
        }
    })
}

/// Why something that was asked to be taken back stays.
fn not_back(why: NotBack) -> &'static str {
    match why {
        NotBack::WrittenSince => "not taken back: a later run wrote it again; take that one back first",
        NotBack::EditedSince => "not taken back: it was edited there since",
        NotBack::AgreedSince => "not taken back: another value was agreed since",
        NotBack::NotSettled => "not taken back: nobody knows yet whether the write landed; `syncline run` finds out",
        NotBack::NotRead => "not taken back: it could not be read; ask again when the system answers",
        NotBack::TooSoon => "not taken back: it was written a moment ago, and a read shows something else, which may be what was before; ask again in a minute",
        NotBack::Soon => "agreed again, and brought back there by a run in a minute: it was written a moment ago",
        NotBack::NeverRead => "not taken back: what was there before was never read",
        NotBack::Differed => "not taken back: the systems showed different values before; type the right one in one of them",
        NotBack::Required => "not taken back: it was blank, and the field is required",
        NotBack::Asked => "not taken back: a question about it is open; answer it with `syncline resolve`",
        NotBack::Stays => "the record that the run made stays: `leaves` is `stop`; say `leaves: archive` or `leaves: delete`, or remove it there",
        NotBack::CannotGo => "the record that the run made stays: the connector cannot remove it as `leaves` says; remove it there",
        NotBack::LeftForCause => "the record that the run removed stays away: its delete or `only` decided that; make `only` hold, or restore it there",
    }
}
