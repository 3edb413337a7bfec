//! What is asked of a person, and the answer, as bytes.

use super::{Broken, Reader, Terms, Writer};
use crate::id::{EntityId, EntryId, RecordKey};
use crate::mapping::{FieldIx, SystemIx};
use crate::store::{Answer, ReviewAbout, StuckWhy};
use crate::value::{Str, Value};

pub fn write(about: &ReviewAbout, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    let system = |out: &mut Writer, at: SystemIx| out.number(terms.system(at).into());
    match about {
        ReviewAbout::Match { system: at, key, identity, label, hits, also } => {
            out.byte(0);
            system(&mut out, *at);
            out.text(key.as_str());
            out.text(identity.as_str());
            out.text(label);
            out.number(hits.len() as u64);
            hits.iter().for_each(|hit| out.signed(hit.0));
            out.number(also.len() as u64);
            for (at, key) in also {
                system(&mut out, *at);
                out.text(key.as_str());
            }
        }
        ReviewAbout::Conflict { field, values } => {
            out.byte(1);
            out.number(terms.field(*field).into());
            out.number(values.len() as u64);
            for (at, value) in values {
                out.option(*at, system);
                out.value(value);
            }
        }
        ReviewAbout::Delete { system: at, deleter, why, shown } => {
            out.byte(2);
            system(&mut out, *at);
            out.option(*deleter, system);
            out.text(why);
            write_shown(&mut out, shown, terms);
        }
        ReviewAbout::InDoubt { entry, hits } => {
            out.byte(3);
            out.0.extend_from_slice(entry.0.as_bytes());
            out.number(hits.len() as u64);
            hits.iter().for_each(|hit| out.text(hit.as_str()));
        }
        ReviewAbout::PingPong { system: at, field, other } => {
            out.byte(4);
            system(&mut out, *at);
            out.option(*field, |out, field| out.number(terms.field(field).into()));
            out.option(other.as_deref(), Writer::text);
        }
        ReviewAbout::Stuck { system: at, why } => {
            out.byte(6);
            system(&mut out, *at);
            write_stuck(&mut out, why);
        }
        ReviewAbout::Join { other, why } => {
            out.byte(7);
            out.signed(other.0);
            out.text(why);
        }
        ReviewAbout::Refused { system: at, entry, fields } => {
            out.byte(8);
            system(&mut out, *at);
            out.0.extend_from_slice(entry.0.as_bytes());
            out.number(fields.len() as u64);
            fields.iter().for_each(|field| out.number(terms.field(*field).into()));
        }
    }
    out.0
}

fn write_shown(out: &mut Writer, shown: &[(SystemIx, FieldIx, Value)], terms: &Terms) {
    out.number(shown.len() as u64);
    for (at, field, value) in shown {
        out.number(terms.system(*at).into());
        out.number(terms.field(*field).into());
        out.value(value);
    }
}

fn write_stuck(out: &mut Writer, why: &StuckWhy) {
    match why {
        StuckWhy::Failing { answer, attempts, since } => {
            out.byte(0);
            out.text(answer);
            out.number(u64::from(*attempts));
            out.instant(*since);
        }
        StuckWhy::Locked { since } => {
            out.byte(1);
            out.instant(*since);
        }
    }
}

/// `None`: what is asked is about a field or system that left the mapping, so nobody needs to answer.
pub fn read(bytes: &[u8], terms: &Terms) -> Result<Option<ReviewAbout>, Broken> {
    let mut input = Reader::begin(bytes, "review")?;
    let input = &mut input;
    Ok(match input.byte()? {
        0 => read_match(input, terms)?,
        1 => {
            let field = terms.field_ix(input.small()?);
            let mut values = Vec::new();
            for _ in 0..input.number()? {
                let at = input.option(Reader::small)?;
                let value = input.value()?;
                match at.map(|number| terms.system_ix(number)) {
                    Some(None) => {}
                    Some(at) => values.push((at, value)),
                    None => values.push((None, value)),
                }
            }
            field.map(|field| ReviewAbout::Conflict { field, values })
        }
        2 => {
            let system = terms.system_ix(input.small()?);
            let deleter = input.option(Reader::small)?.and_then(|number| terms.system_ix(number));
            let why = input.text()?.to_owned();
            let mut shown = Vec::new();
            for _ in 0..input.number()? {
                let place = (terms.system_ix(input.small()?), terms.field_ix(input.small()?));
                let value = input.value()?;
                if let (Some(at), Some(field)) = place {
                    shown.push((at, field, value));
                }
            }
            system.map(|system| ReviewAbout::Delete { system, deleter, why, shown })
        }
        3 => {
            let entry = EntryId(uuid::Uuid::from_slice(input.take(16)?).map_err(|_| input.broken())?);
            let hits = (0..input.number()?).map(|_| input.text().map(RecordKey::new)).collect::<Result<_, _>>()?;
            Some(ReviewAbout::InDoubt { entry, hits })
        }
        4 => {
            let system = terms.system_ix(input.small()?);
            let field = input.option(Reader::small)?;
            let field: Option<Option<FieldIx>> = field.map_or(Some(None), |number| terms.field_ix(number).map(Some));
            // Before it was kept who else wrote it, a question ended here.
            let other = if input.is_done() { None } else { input.option(Reader::text)?.map(Str::from) };
            system.zip(field).map(|(system, field)| ReviewAbout::PingPong { system, field, other })
        }
        // Before the reason was kept, too.
        5 => Some(ReviewAbout::Join { other: EntityId(input.signed()?), why: String::new() }),
        6 => {
            let system = terms.system_ix(input.small()?);
            let why = match input.byte()? {
                0 => {
                    let answer = input.text()?.to_owned();
                    let attempts = u32::try_from(input.number()?).map_err(|_| input.broken())?;
                    StuckWhy::Failing { answer, attempts, since: input.instant()? }
                }
                1 => StuckWhy::Locked { since: input.instant()? },
                _ => return Err(input.broken()),
            };
            system.map(|system| ReviewAbout::Stuck { system, why })
        }
        7 => {
            let other = EntityId(input.signed()?);
            Some(ReviewAbout::Join { other, why: input.text()?.to_owned() })
        }
        8 => read_refused(input, terms)?,
        _ => return Err(input.broken()),
    })
}

fn read_refused(input: &mut Reader, terms: &Terms) -> Result<Option<ReviewAbout>, Broken> {
    let system = terms.system_ix(input.small()?);
    let entry = EntryId(uuid::Uuid::from_slice(input.take(16)?).map_err(|_| input.broken())?);
    let mut fields = Vec::new();
    for _ in 0..input.number()? {
        fields.extend(terms.field_ix(input.small()?));
    }
    Ok(system.map(|system| ReviewAbout::Refused { system, entry, fields }))
}

fn read_match(input: &mut Reader, terms: &Terms) -> Result<Option<ReviewAbout>, Broken> {
    let system = terms.system_ix(input.small()?);
    let key = RecordKey::new(input.text()?);
    let identity = RecordKey::new(input.text()?);
    let label = input.text()?.to_owned();
    let hits = (0..input.number()?).map(|_| input.signed().map(EntityId)).collect::<Result<_, _>>()?;
    let mut also = Vec::new();
    for _ in 0..input.number()? {
        let at = terms.system_ix(input.small()?);
        let key = RecordKey::new(input.text()?);
        also.extend(at.map(|at| (at, key)));
    }
    Ok(system.map(|system| ReviewAbout::Match { system, key, identity, label, hits, also }))
}

pub fn write_answer(answer: &Answer) -> Vec<u8> {
    let mut out = Writer::begin();
    match answer {
        Answer::Link(entity) => {
            out.byte(0);
            out.signed(entity.0);
        }
        Answer::New => out.byte(1),
        Answer::Leave => out.byte(2),
        Answer::Value { value, at } => {
            out.byte(3);
            out.value(value);
            out.instant(*at);
        }
        Answer::Delete => out.byte(4),
        Answer::Keep => out.byte(5),
        Answer::Again => out.byte(6),
        Answer::Record(key) => {
            out.byte(7);
            out.text(key.as_str());
        }
    }
    out.0
}

pub fn read_answer(bytes: &[u8]) -> Result<Answer, Broken> {
    let mut input = Reader::begin(bytes, "answer to a review")?;
    Ok(match input.byte()? {
        0 => Answer::Link(EntityId(input.signed()?)),
        1 => Answer::New,
        2 => Answer::Leave,
        3 => Answer::Value { value: input.value()?, at: input.instant()? },
        4 => Answer::Delete,
        5 => Answer::Keep,
        6 => Answer::Again,
        7 => Answer::Record(RecordKey::new(input.text()?)),
        _ => return Err(input.broken()),
    })
}
