//! Observations as bytes: how a first match keeps what it listed in a scratch file.

use jiff::Timestamp;

use crate::id::RecordKey;
use crate::mapping::{Observation, Seen};
use crate::value::record::{Closed, Gate};
use crate::value::{Path, Str, Value, fingerprint};

/// Why bytes are no observation: the scratch file was damaged while the run used it.
#[derive(Debug, thiserror::Error)]
#[error("the scratch file of the run is damaged")]
pub struct Damaged;

/// Writes all that a look needs of an observation.
pub fn write(observation: &Observation) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 * observation.fields.len() + 64);
    put(&mut bytes, Some(observation.key.as_str()));
    put(&mut bytes, Some(observation.identity.as_str()));
    put(&mut bytes, observation.version.as_deref());
    put(&mut bytes, observation.trouble.as_deref());
    let time = observation.time.map_or(i64::MIN, |time| time.as_microsecond());
    bytes.extend(time.to_le_bytes());
    bytes.push(observation.takes_part.map_or(2, u8::from));
    bytes.push(u8::from(observation.locked) | u8::from(observation.archived) << 1);
    put_gate(&mut bytes, &observation.gate);
    bytes.extend((observation.fields.len() as u16).to_le_bytes());
    for seen in &observation.fields {
        put_seen(&mut bytes, seen);
    }
    bytes.extend(observation.fingerprint.to_le_bytes());
    bytes
}

/// Reads an observation back.
///
/// # Errors
/// When the bytes are not what [`write`] wrote.
pub fn read(mut bytes: &[u8]) -> Result<Observation, Damaged> {
    let from = &mut bytes;
    let key = RecordKey::new(text(from)?.ok_or(Damaged)?);
    let identity = RecordKey::new(text(from)?.ok_or(Damaged)?);
    let version = text(from)?.map(Str::from);
    let trouble = text(from)?.map(Str::from);
    let time = match i64::from_le_bytes(take(from)?) {
        i64::MIN => None,
        at => Some(Timestamp::from_microsecond(at).map_err(|_| Damaged)?),
    };
    let takes_part = match byte(from)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    };
    let flags = byte(from)?;
    let gate = gate(from)?;
    let count = u16::from_le_bytes(take(from)?);
    let fields = (0..count).map(|_| seen(from)).collect::<Result<_, _>>()?;
    let fingerprint = u64::from_le_bytes(take(from)?);
    let (locked, archived) = (flags & 1 != 0, flags & 2 != 0);
    Ok(Observation { key, identity, version, time, fields, takes_part, locked, gate, archived, trouble, fingerprint })
}

fn put(bytes: &mut Vec<u8>, text: Option<&str>) {
    bytes.extend(text.map_or(u32::MAX, |text| text.len() as u32).to_le_bytes());
    bytes.extend(text.unwrap_or_default().as_bytes());
}

fn put_seen(bytes: &mut Vec<u8>, seen: &Seen) {
    match seen {
        Seen::NoCell => bytes.push(0),
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
        Seen::Value(value) => {
            bytes.push(6);
            fingerprint::canonical(value, bytes);
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
        0 => Seen::NoCell,
        1 => Seen::Unread,
        2 => Seen::Unresolved(RecordKey::new(text(from)?.ok_or(Damaged)?)),
        3 => Seen::UnresolvedBy(value(from)?),
        4 => {
            let count = u16::from_le_bytes(take(from)?);
            let keys = (0..count).map(|_| Ok(RecordKey::new(text(from)?.ok_or(Damaged)?)));
            Seen::UnresolvedSet(keys.collect::<Result<_, Damaged>>()?)
        }
        5 => Seen::Unfit(Str::from(text(from)?.ok_or(Damaged)?)),
        6 => Seen::Value(value(from)?),
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

fn byte(from: &mut &[u8]) -> Result<u8, Damaged> {
    take::<1>(from).map(|[byte]| byte)
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (bytes, rest) = from.split_first_chunk::<N>().ok_or(Damaged)?;
    *from = rest;
    Ok(*bytes)
}
