//! A link's shadows as bytes: only what differs from the hub.
//!
//! A field without a row is seen = stands_for = the agreed value, confirmed. Where nothing is agreed yet, no row means unknown. Every other
//! state is a row. A link that was written before a cell got its present meaning is unknown in that cell, whatever its rows say.

use super::{Broken, Reader, Terms, Writer};
use crate::mapping::{FieldIx, SystemIx};
use crate::sync::entity::{Agreed, Known, Shadow, Standing};
use crate::value::Value;

// Those above the seventh bit take a second byte, so the rare ones stand there.
const UNKNOWN: u16 = 1;
const SEEN: u16 = 2;
const UNCONFIRMED: u16 = 4;
const UNCHANGED_AT: u16 = 8;
const STANDS_FOR_NOTHING: u16 = 16;
const STANDS_FOR_SEEN: u16 = 32;
const STANDS_FOR_OTHER: u16 = 64;
const REFUSED: u16 = 128;
const REFUSED_AGREED: u16 = 256;

/// The rows of these shadows beside this hub; `None` where every field is as agreed, and nothing is built then.
pub fn write(shadows: &[Shadow], hub: &[Agreed], system: SystemIx, terms: &Terms) -> Option<Vec<u8>> {
    let mut out: Option<Writer> = None;
    for (at, (shadow, agreed)) in shadows.iter().zip(hub).enumerate() {
        if terms.since[usize::from(system.0)][at].is_none() {
            continue;
        }
        let agreed = match agreed {
            Agreed::Unset => None,
            Agreed::Set(fact) => Some(&fact.value),
        };
        if is_default(shadow, agreed) {
            continue;
        }
        let out = out.get_or_insert_with(Writer::begin);
        out.number(terms.fields[at].into());
        row(out, shadow, agreed);
    }
    out.map(|out| out.0)
}

fn is_default(shadow: &Shadow, agreed: Option<&Value>) -> bool {
    match (shadow, agreed) {
        (Shadow::NoCell | Shadow::Unknown, None) => true,
        (Shadow::Known(known), Some(agreed)) => {
            let plain = known.confirmed && known.refused.is_none() && known.unchanged_at.is_none();
            plain && known.seen == *agreed && matches!(&known.stands_for, Standing::For(v) if v == agreed)
        }
        (Shadow::NoCell | Shadow::Unknown, Some(_)) | (Shadow::Known(_), None) => false,
    }
}

fn row(out: &mut Writer, shadow: &Shadow, agreed: Option<&Value>) {
    let known = match shadow {
        // A cell that was only now added reads as never observed.
        Shadow::Unknown | Shadow::NoCell => return out.number(UNKNOWN.into()),
        Shadow::Known(known) => known,
    };
    let mut flags = 0u16;
    let seen = agreed != Some(&known.seen);
    if seen {
        flags |= SEEN;
    }
    if !known.confirmed {
        flags |= UNCONFIRMED;
    }
    let stands_for = match &known.stands_for {
        Standing::Nothing => {
            flags |= STANDS_FOR_NOTHING;
            None
        }
        Standing::For(value) if agreed == Some(value) => None,
        Standing::For(value) if *value == known.seen => {
            flags |= STANDS_FOR_SEEN;
            None
        }
        Standing::For(value) => {
            flags |= STANDS_FOR_OTHER;
            Some(value)
        }
    };
    let refused = match &known.refused {
        None => None,
        Some(value) if agreed == Some(value) => {
            flags |= REFUSED_AGREED;
            None
        }
        Some(value) => {
            flags |= REFUSED;
            Some(value)
        }
    };
    if known.unchanged_at.is_some() {
        flags |= UNCHANGED_AT;
    }
    out.number(flags.into());
    if let Some(at) = known.unchanged_at {
        out.instant(at);
    }
    for value in [seen.then_some(&known.seen), stands_for, refused].into_iter().flatten() {
        out.value(value);
    }
}

/// Builds the full shadows of a link that was last written in `epoch`.
pub fn read(body: Option<&[u8]>, epoch: u32, hub: &[Agreed], system: SystemIx, terms: &Terms) -> Result<Vec<Shadow>, Broken> {
    let since = &terms.since[usize::from(system.0)];
    let mut shadows: Vec<Shadow> = since.iter().zip(hub).map(|(since, agreed)| by_default(*since, epoch, agreed)).collect();
    let Some(body) = body else { return Ok(shadows) };
    let mut input = Reader::begin(body, "shadows")?;
    while !input.is_done() {
        let number = input.small()?;
        let place = terms.field_ix(number).map(|FieldIx(at)| usize::from(at));
        let agreed = place.and_then(|at| match &hub[at] {
            Agreed::Unset => None,
            Agreed::Set(fact) => Some(&fact.value),
        });
        // A field that left the mapping is read to get past it; its agreed value is gone with it.
        let shadow = read_row(&mut input, agreed, place.is_none())?;
        if let Some(at) = place
            && since[at].is_some_and(|since| since <= epoch)
        {
            shadows[at] = shadow;
        }
    }
    Ok(shadows)
}

fn by_default(since: Option<u32>, epoch: u32, agreed: &Agreed) -> Shadow {
    match (since, agreed) {
        (None, _) => Shadow::NoCell,
        (Some(since), Agreed::Set(fact)) if since <= epoch => Shadow::Known(Known::settled(fact.value.clone())),
        (Some(_), _) => Shadow::Unknown,
    }
}

fn read_row(input: &mut Reader, agreed: Option<&Value>, past: bool) -> Result<Shadow, Broken> {
    let flags: u16 = input.small()?;
    if flags & UNKNOWN != 0 {
        return Ok(Shadow::Unknown);
    }
    let unchanged_at = if flags & UNCHANGED_AT != 0 { Some(input.instant()?) } else { None };
    let broken = input.broken();
    let blank = Value::Blank;
    let agreed = || if past { Ok(&blank) } else { agreed.ok_or(broken) };
    let seen = if flags & SEEN != 0 { input.value()? } else { agreed()?.clone() };
    let stands_for = if flags & STANDS_FOR_NOTHING != 0 {
        Standing::Nothing
    } else if flags & STANDS_FOR_SEEN != 0 {
        Standing::For(seen.clone())
    } else if flags & STANDS_FOR_OTHER != 0 {
        Standing::For(input.value()?)
    } else {
        Standing::For(agreed()?.clone())
    };
    let refused = if flags & REFUSED != 0 {
        Some(input.value()?)
    } else if flags & REFUSED_AGREED != 0 {
        Some(agreed()?.clone())
    } else {
        None
    };
    Ok(Shadow::Known(Known { seen, stands_for, confirmed: flags & UNCONFIRMED == 0, refused, unchanged_at }))
}
