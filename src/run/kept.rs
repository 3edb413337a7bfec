//! Observations as bytes: how a first match keeps what it listed in a scratch file.

use jiff::Timestamp;

use crate::id::RecordKey;
use crate::mapping::{FieldIx, Observation, Seen, ToldBy};
use crate::value::record::{Closed, Gate};
use crate::value::{Path, Str, Value, fingerprint};

/// Why bytes are no observation: the scratch file was damaged while the run used it.
#[derive(Debug, thiserror::Error)]
#[error("the scratch file of the run is damaged")]
pub struct Damaged;

const NO_CELL: u8 = 0;
const VALUE: u8 = 6;

/// Writes all that a look needs of an observation.
pub fn write(observation: &Observation, read_at: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 * observation.fields.len() + 64);
    bytes.extend(read_at.as_nanosecond().to_le_bytes());
    put(&mut bytes, Some(observation.key.as_str()));
    put(&mut bytes, Some(observation.identity.as_str()));
    put(&mut bytes, observation.version.as_deref());
    put(&mut bytes, observation.trouble.as_deref());
    put(&mut bytes, observation.actor.as_deref());
    let time = observation.time.map_or(i128::MIN, |time| time.as_nanosecond());
    bytes.extend(time.to_le_bytes());
    bytes.push(observation.takes_part.map_or(2, u8::from));
    bytes.push(u8::from(observation.locked) | u8::from(observation.archived) << 1);
    put_gate(&mut bytes, &observation.gate);
    bytes.extend((observation.fields.len() as u16).to_le_bytes());
    for seen in &observation.fields {
        put_seen(&mut bytes, seen);
    }
    let by = || observation.by.iter().flat_map(|told| told.iter());
    bytes.extend((by().count() as u16).to_le_bytes());
    for (field, told) in by() {
        bytes.extend(field.0.to_le_bytes());
        put(&mut bytes, Some(told));
    }
    bytes
}

/// Reads an observation back.
///
/// # Errors
/// When the bytes are not what [`write`] wrote.
pub fn read(mut bytes: &[u8]) -> Result<(Observation, Timestamp), Damaged> {
    let from = &mut bytes;
    let read_at = instant(from)?.ok_or(Damaged)?;
    let key = RecordKey::new(text(from)?.ok_or(Damaged)?);
    let identity = RecordKey::new(text(from)?.ok_or(Damaged)?);
    let version = text(from)?.map(Str::from);
    let trouble = text(from)?.map(Str::from);
    let actor = text(from)?.map(Str::from);
    let time = instant(from)?;
    let takes_part = match byte(from)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    let flags = byte(from)?;
    let gate = gate(from)?;
    let count = u16::from_le_bytes(take(from)?);
    let fields = (0..count).map(|_| seen(from)).collect::<Result<_, _>>()?;
    let told = u16::from_le_bytes(take(from)?);
    let by = (0..told).map(|_| Ok((FieldIx(u16::from_le_bytes(take(from)?)), Str::from(text(from)?.ok_or(Damaged)?)))).collect::<Result<Vec<_>, Damaged>>()?;
    let by = ToldBy::of(by);
    let (locked, archived) = (flags & 1 != 0, flags & 2 != 0);
    Ok((Observation { key, identity, version, time, actor, fields, by, takes_part, locked, gate, archived, trouble }, read_at))
}

/// The same bytes without their values being read: enough to see that records are alike.
pub struct Glance<'a> {
    pub read_at: Timestamp,
    pub key: &'a str,
    pub identity: &'a str,
    pub version: Option<&'a str>,
    pub time: Option<Timestamp>,
    fields: &'a [u8],
}

/// `None`: the record is not plainly there, and taking part.
pub fn glance(mut bytes: &[u8]) -> Result<Option<Glance<'_>>, Damaged> {
    let from = &mut bytes;
    let read_at = instant(from)?.ok_or(Damaged)?;
    let key = text(from)?.ok_or(Damaged)?;
    let identity = text(from)?.ok_or(Damaged)?;
    let version = text(from)?;
    let trouble = text(from)?.is_some();
    text(from)?;
    let time = instant(from)?;
    let takes_part = byte(from)? == 1;
    let archived = byte(from)? & 2 != 0;
    gate(from)?;
    take::<2>(from)?;
    let plain = takes_part && !archived && !trouble;
    Ok(plain.then_some(Glance { read_at, key, identity, version, time, fields: bytes }))
}

/// A field at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    NoCell,
    /// A value's canonical bytes.
    Value(&'a [u8]),
}

impl<'a> Glance<'a> {
    /// The next field in turn; `None` for what only a look can judge, after which there is no next.
    pub fn next(&mut self) -> Result<Option<Told<'a>>, Damaged> {
        Ok(match byte(&mut self.fields)? {
            NO_CELL => Some(Told::NoCell),
            VALUE => {
                let length = u32::from_le_bytes(take(&mut self.fields)?) as usize;
                let (value, rest) = self.fields.split_at_checked(length).ok_or(Damaged)?;
                self.fields = rest;
                Some(Told::Value(value))
            }
            _ => None,
        })
    }
}

fn put(bytes: &mut Vec<u8>, text: Option<&str>) {
    bytes.extend(text.map_or(u32::MAX, |text| text.len() as u32).to_le_bytes());
    bytes.extend(text.unwrap_or_default().as_bytes());
}

fn put_seen(bytes: &mut Vec<u8>, seen: &Seen) {
    match seen {
        Seen::NoCell => bytes.push(NO_CELL),
        Seen::Unread => bytes.push(1),
        Seen::Unresolved(key) => {
            bytes.push(2);
            put(bytes, Some(key.as_str()));
        }
        Seen::UnresolvedBy(value) => {
            bytes.push(3);
            fingerprint::canonical(value, bytes);
        }
        Seen::UnresolvedSet(keys) => {
            bytes.push(4);
            bytes.extend((keys.len() as u16).to_le_bytes());
            keys.iter().for_each(|key| put(bytes, Some(key.as_str())));
        }
        Seen::Unfit(why) => {
            bytes.push(5);
            put(bytes, Some(why));
        }
        // Its length goes before it, so that a glance can pass over it.
        Seen::Value(value) => {
            bytes.push(VALUE);
            let at = bytes.len();
            bytes.extend([0; 4]);
            fingerprint::canonical(value, bytes);
            let length = (bytes.len() - at - 4) as u32;
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn put_gate(bytes: &mut Vec<u8>, gate: &Gate) {
    let closed = |bytes: &mut Vec<u8>, closed: &Closed| match closed {
        Closed::Wait => put(bytes, None),
        Closed::Refused(why) => put(bytes, Some(why)),
    };
    match gate {
        Gate::Open => bytes.push(0),
        Gate::Only(paths, why) => {
            bytes.push(1);
            bytes.extend((paths.len() as u16).to_le_bytes());
            paths.iter().for_each(|path| put(bytes, Some(&path.to_string())));
            closed(bytes, why);
        }
        Gate::Shut(why) => {
            bytes.push(2);
            closed(bytes, why);
        }
    }
}

fn seen(from: &mut &[u8]) -> Result<Seen, Damaged> {
    Ok(match byte(from)? {
        NO_CELL => Seen::NoCell,
        1 => Seen::Unread,
        2 => Seen::Unresolved(RecordKey::new(text(from)?.ok_or(Damaged)?)),
        3 => Seen::UnresolvedBy(value(from)?),
        4 => {
            let count = u16::from_le_bytes(take(from)?);
            let keys = (0..count).map(|_| Ok(RecordKey::new(text(from)?.ok_or(Damaged)?)));
            Seen::UnresolvedSet(keys.collect::<Result<_, Damaged>>()?)
        }
        5 => Seen::Unfit(Str::from(text(from)?.ok_or(Damaged)?)),
        VALUE => {
            take::<4>(from)?;
            Seen::Value(value(from)?)
        }
        _ => return Err(Damaged),
    })
}

fn gate(from: &mut &[u8]) -> Result<Gate, Damaged> {
    let closed = |from: &mut &[u8]| Ok::<_, Damaged>(text(from)?.map_or(Closed::Wait, |why| Closed::Refused(Str::from(why))));
    Ok(match byte(from)? {
        0 => Gate::Open,
        1 => {
            let count = u16::from_le_bytes(take(from)?);
            let path = |from: &mut &[u8]| Path::parse(text(from)?.ok_or(Damaged)?).map_err(|_| Damaged);
            let paths = (0..count).map(|_| path(from)).collect::<Result<_, _>>()?;
            Gate::Only(paths, closed(from)?)
        }
        2 => Gate::Shut(closed(from)?),
        _ => return Err(Damaged),
    })
}

fn value(from: &mut &[u8]) -> Result<Value, Damaged> {
    let (value, rest) = fingerprint::decode(from).map_err(|_| Damaged)?;
    *from = rest;
    Ok(value)
}

fn text<'a>(from: &mut &'a [u8]) -> Result<Option<&'a str>, Damaged> {
    let length = u32::from_le_bytes(take(from)?);
    if length == u32::MAX {
        return Ok(None);
    }
    let (text, rest) = from.split_at_checked(length as usize).ok_or(Damaged)?;
    *from = rest;
    std::str::from_utf8(text).map(Some).map_err(|_| Damaged)
}

fn instant(from: &mut &[u8]) -> Result<Option<Timestamp>, Damaged> {
    match i128::from_le_bytes(take(from)?) {
        i128::MIN => Ok(None),
        at => Timestamp::from_nanosecond(at).map(Some).map_err(|_| Damaged),
    }
}

fn byte(from: &mut &[u8]) -> Result<u8, Damaged> {
    take::<1>(from).map(|[byte]| byte)
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (bytes, rest) = from.split_first_chunk::<N>().ok_or(Damaged)?;
    *from = rest;
    Ok(*bytes)
}
