//! Conflicts, dead letters and decisions as bytes.

use jiff::Timestamp;

use super::{Broken, Reader, Terms, Writer, hub, reason};
use crate::id::{EntityId, RunId};
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{Conflict, DeadLetter, Decided, Fate, Loser, Spoke};
use crate::sync::entity::Interval;
use crate::value::{Str, Value};

pub fn write(conflict: &Conflict, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    let system = |out: &mut Writer, at: SystemIx| out.number(terms.system(at).into());
    out.number(terms.field(conflict.field).into());
    out.instant(conflict.at);
    out.number(conflict.losers.len() as u64);
    for loser in &conflict.losers {
        out.option(loser.system, system);
        out.value(&loser.value);
        out.option(loser.shadow.as_ref(), Writer::value);
        out.option(loser.until, Writer::instant);
    }
    out.value(&conflict.winner);
    out.option(conflict.winner_system, system);
    out.text(&conflict.policy);
    out.option(conflict.grade.as_deref(), Writer::text);
    out.option(conflict.winner_until, Writer::instant);
    out.option(conflict.winner_actor.as_deref(), Writer::text);
    conflict.losers.iter().for_each(|loser| out.option(loser.actor.as_deref(), Writer::text));
    out.0
}

/// `None`: the field left the mapping. The record of the conflict stays on disk.
pub fn read(entity: EntityId, run: RunId, body: &[u8], terms: &Terms) -> Result<Option<Conflict>, Broken> {
    let mut input = Reader::begin(body, "conflict")?;
    let field = terms.field_ix(input.small()?);
    let at = input.instant()?;
    let mut losers = Vec::new();
    for _ in 0..input.number()? {
        losers.push(Loser {
            system: read_system(&mut input, terms)?,
            value: input.value()?,
            shadow: input.option(Reader::value)?,
            until: input.option(Reader::instant)?,
            actor: None,
        });
    }
    let winner = input.value()?;
    let winner_system = read_system(&mut input, terms)?;
    let policy = input.text()?.to_owned();
    let grade = input.option(Reader::text)?.map(str::to_owned);
    // Before the winner's time was kept, a conflict ended here.
    let winner_until = if input.is_done() { None } else { input.option(Reader::instant)? };
    // Or here, before it was kept who typed what.
    let winner_actor = read_actor(&mut input)?;
    for loser in &mut losers {
        loser.actor = read_actor(&mut input)?;
    }
    Ok(field.map(|field| Conflict { entity, field, run, at, losers, winner, winner_system, winner_until, winner_actor, policy, grade }))
}

fn read_actor(input: &mut Reader) -> Result<Option<Str>, Broken> {
    if input.is_done() { Ok(None) } else { Ok(input.option(Reader::text)?.map(Str::from)) }
}

fn read_system(input: &mut Reader, terms: &Terms) -> Result<Option<SystemIx>, Broken> {
    Ok(input.option(Reader::small)?.and_then(|number| terms.system_ix(number)))
}

pub fn write_dead_letter(letter: &DeadLetter, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    out.text(&letter.code);
    out.text(&letter.message);
    out.number(letter.fields.len() as u64);
    letter.fields.iter().for_each(|field| out.number(terms.field(*field).into()));
    out.0
}

/// Code, message and fields.
pub fn read_dead_letter(body: &[u8], terms: &Terms) -> Result<(String, String, Vec<FieldIx>), Broken> {
    let mut input = Reader::begin(body, "dead letter")?;
    let (code, message) = (input.text()?.to_owned(), input.text()?.to_owned());
    let mut fields = Vec::new();
    for _ in 0..input.number()? {
        fields.extend(terms.field_ix(input.small()?));
    }
    Ok((code, message, fields))
}

/// Puts new decisions over the last ones of the same fields; `old` is what is stored. An edit that was put back leaves the decision that stands.
pub fn write_decided(old: Option<&[u8]>, new: &[Decided], run: RunId, at: Timestamp, terms: &Terms) -> Result<Vec<u8>, Broken> {
    let mut out = Writer::begin();
    for decided in new {
        write_one(&mut out, decided, run, at, terms);
    }
    if let Some(old) = old {
        let over = |new: &Decided, old: &Decided| new.field == old.field && (!new.puts_back() || old.puts_back());
        for (run, at, decided) in read_decided(old, terms)? {
            if !new.iter().any(|new| over(new, &decided)) {
                write_one(&mut out, &decided, run, at, terms);
            }
        }
    }
    Ok(out.0)
}

fn write_one(out: &mut Writer, decided: &Decided, run: RunId, at: Timestamp, terms: &Terms) {
    let mut body = Writer::default();
    body.number(terms.field(decided.field).into());
    body.signed(run.0);
    body.instant(at);
    body.value(&decided.value);
    reason::write(&mut body, &decided.reason, terms);
    body.option(decided.was.as_ref(), Writer::value);
    body.number(decided.spoke.len() as u64);
    for spoke in &decided.spoke {
        hub::origin(&mut body, spoke.from, terms);
        body.byte(fate(spoke.fate) | if spoke.as_agreed { AS_AGREED } else { 0 });
        body.option((spoke.value != decided.value).then_some(&spoke.value), Writer::value);
        body.option(spoke.before.as_ref(), Writer::value);
        body.option(spoke.changed.after, Writer::instant);
        body.instant(spoke.changed.until);
    }
    decided.spoke.iter().for_each(|spoke| body.option(spoke.actor.as_deref(), Writer::text));
    out.number(body.0.len() as u64);
    out.0.extend_from_slice(&body.0);
}

const AS_AGREED: u8 = 8;

fn fate(fate: Fate) -> u8 {
    match fate {
        Fate::Taken => 0,
        Fate::Agrees => 1,
        Fate::Lost => 2,
        Fate::PutBack => 3,
    }
}

pub fn read_decided(body: &[u8], terms: &Terms) -> Result<Vec<(RunId, Timestamp, Decided)>, Broken> {
    let mut input = Reader::begin(body, "decisions")?;
    let mut all = Vec::new();
    while !input.is_done() {
        let length = input.small()?;
        all.extend(read_one(Reader::plain(input.take(length)?, "decision"), terms)?);
    }
    Ok(all)
}

/// `None`: the field, or a system that the reason names, left the mapping.
fn read_one(mut input: Reader, terms: &Terms) -> Result<Option<(RunId, Timestamp, Decided)>, Broken> {
    let field = terms.field_ix(input.small()?);
    let (run, at) = (RunId(input.signed()?), input.instant()?);
    let value: Value = input.value()?;
    let why = reason::read(&mut input, terms)?;
    // Before it was kept who spoke, a decision ended here.
    let (mut was, mut spoke) = (None, Vec::new());
    if !input.is_done() {
        was = input.option(Reader::value)?;
        for _ in 0..input.number()? {
            spoke.push(read_spoke(&mut input, &value, terms)?);
        }
        for spoke in &mut spoke {
            spoke.actor = read_actor(&mut input)?;
        }
    }
    Ok(field.zip(why).map(|(field, reason)| (run, at, Decided { field, value, reason, was, spoke })))
}

fn read_spoke(input: &mut Reader, decided: &Value, terms: &Terms) -> Result<Spoke, Broken> {
    let from = hub::read_origin(input, terms)?;
    let flags = input.byte()?;
    let fate = match flags & !AS_AGREED {
        0 => Fate::Taken,
        1 => Fate::Agrees,
        2 => Fate::Lost,
        3 => Fate::PutBack,
        _ => return Err(input.broken()),
    };
    let value = input.option(Reader::value)?.unwrap_or_else(|| decided.clone());
    let before = input.option(Reader::value)?;
    let changed = Interval { after: input.option(Reader::instant)?, until: input.instant()? };
    Ok(Spoke { from, as_agreed: flags & AS_AGREED != 0, value, before, changed, actor: None, fate })
}
