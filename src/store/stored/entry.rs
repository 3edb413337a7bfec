//! A journal entry's op and class as bytes; what changes in an entry's life is kept in columns beside them.

use super::{Broken, Reader, Terms, Writer, link, reason};
use crate::id::{EntityId, EntryId, RecordKey, RunId};
use crate::mapping::SystemIx;
use crate::sync::op::{Entry, EntryClass, EntryState, FieldWrite, Op, OpKind};
use crate::value::{Path, Str};

/// The columns beside the body.
pub struct Columns {
    pub id: EntryId,
    pub run: RunId,
    pub entity: EntityId,
    pub system: SystemIx,
    pub state: EntryState,
    pub attempt: u32,
    pub first_sent_at: Option<jiff::Timestamp>,
    pub deadline: Option<jiff::Timestamp>,
}

pub fn write(entry: &Entry, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    write_kind(&mut out, &entry.op.kind, terms);
    out.option(entry.op.key.as_ref(), |out, key| out.text(key.as_str()));
    out.option(entry.op.version.as_ref(), |out, version| out.text(version));
    reason::write(&mut out, &entry.op.reason, terms);
    write_class(&mut out, &entry.class);
    out.number(entry.op.fields.len() as u64);
    for field in &entry.op.fields {
        out.number(terms.field(field.field).into());
        out.option(field.pre.as_ref(), Writer::value);
        out.value(&field.want);
        out.option((field.stands_for != field.want).then_some(&field.stands_for), Writer::value);
        reason::write(&mut out, &field.reason, terms);
    }
    out.number(entry.op.deferred.len() as u64);
    entry.op.deferred.iter().for_each(|field| out.number(terms.field(*field).into()));
    out.0
}

/// Reads an entry; fields that left the mapping are no part of it any more, and a reason that names a system which left is told as `unknown`.
pub fn read(columns: Columns, body: &[u8], terms: &Terms) -> Result<Entry, Broken> {
    let mut input = Reader::begin(body, "journal entry")?;
    let kind = read_kind(&mut input, terms)?;
    let key = input.option(Reader::text)?.map(RecordKey::new);
    let version = input.option(Reader::text)?.map(Str::from);
    let why = reason::read(&mut input, terms)?.unwrap_or(reason::SYSTEM_LEFT);
    let class = read_class(&mut input)?;
    let mut fields = Vec::new();
    for _ in 0..input.number()? {
        let number = input.small()?;
        let pre = input.option(Reader::value)?;
        let want = input.value()?;
        let stands_for = input.option(Reader::value)?.unwrap_or_else(|| want.clone());
        let why = reason::read(&mut input, terms)?.unwrap_or(reason::SYSTEM_LEFT);
        if let Some(field) = terms.field_ix(number) {
            fields.push(FieldWrite { field, pre, want, stands_for, reason: why });
        }
    }
    let mut deferred = Vec::new();
    for _ in 0..input.number()? {
        deferred.extend(terms.field_ix(input.small()?));
    }
    let Columns { id, run, entity, system, state, attempt, first_sent_at, deadline } = columns;
    let op = Op { entity, system, kind, key, version, fields, deferred, reason: why };
    Ok(Entry { id, run, op, class, state, attempt, first_sent_at, deadline })
}

pub const CREATE: i64 = 0;

/// The kind column; [`CREATE`] is what open creates are found by.
pub fn kind(kind: &OpKind) -> i64 {
    match kind {
        OpKind::Create => CREATE,
        OpKind::Update => 1,
        OpKind::Archive(_) => 2,
        OpKind::Delete(_) => 3,
        OpKind::Restore => 4,
    }
}

fn write_kind(out: &mut Writer, op: &OpKind, terms: &Terms) {
    out.byte(kind(op) as u8);
    match op {
        OpKind::Create | OpKind::Update | OpKind::Restore => {}
        OpKind::Archive(cause) | OpKind::Delete(cause) => link::write_cause(out, *cause, terms),
    }
}

fn read_kind(input: &mut Reader, terms: &Terms) -> Result<OpKind, Broken> {
    Ok(match input.byte()? {
        0 => OpKind::Create,
        1 => OpKind::Update,
        2 => OpKind::Archive(link::read_cause(input, terms)?),
        3 => OpKind::Delete(link::read_cause(input, terms)?),
        4 => OpKind::Restore,
        _ => return Err(input.broken()),
    })
}

fn write_class(out: &mut Writer, class: &EntryClass) {
    let by = |out: &mut Writer, tag: u8, path: &Path, value| {
        out.byte(tag);
        out.text(&path.to_string());
        out.value(value);
    };
    match class {
        EntryClass::Token { until_secs } => {
            out.byte(0);
            out.signed(*until_secs);
        }
        EntryClass::Upsert { path, value } => by(out, 1, path, value),
        EntryClass::Marker { path, value } => by(out, 2, path, value),
        EntryClass::Find { path, value } => by(out, 3, path, value),
        EntryClass::None => out.byte(4),
        EntryClass::Guarded => out.byte(5),
        EntryClass::LookedAt => out.byte(6),
    }
}

fn read_class(input: &mut Reader) -> Result<EntryClass, Broken> {
    let tag = input.byte()?;
    Ok(match tag {
        0 => EntryClass::Token { until_secs: input.signed()? },
        1..=3 => {
            let path = Path::parse(input.text()?).map_err(|_| input.broken())?;
            let value = input.value()?;
            match tag {
                1 => EntryClass::Upsert { path, value },
                2 => EntryClass::Marker { path, value },
                _ => EntryClass::Find { path, value },
            }
        }
        4 => EntryClass::None,
        5 => EntryClass::Guarded,
        6 => EntryClass::LookedAt,
        _ => return Err(input.broken()),
    })
}

/// The state column; below [`OPEN`] is open, below [`UNSETTLED`] is to be settled first.
pub fn state(state: EntryState) -> i64 {
    match state {
        EntryState::Ready => 0,
        EntryState::Sent => 1,
        EntryState::InDoubt => 2,
        EntryState::Ghost => 3,
        EntryState::Review => 4,
        EntryState::Done => 5,
        EntryState::Superseded => 6,
        EntryState::Refused => 7,
    }
}

pub fn read_state(column: i64) -> Result<EntryState, Broken> {
    Ok(match column {
        0 => EntryState::Ready,
        1 => EntryState::Sent,
        2 => EntryState::InDoubt,
        3 => EntryState::Ghost,
        4 => EntryState::Review,
        5 => EntryState::Done,
        6 => EntryState::Superseded,
        7 => EntryState::Refused,
        _ => return Err(Broken { what: "state of a journal entry" }),
    })
}
