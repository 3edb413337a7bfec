//! An entity's agreed values as bytes: one group per provenance, since most fields of an entity came together.

use super::{Broken, Reader, Terms, Writer};
use crate::mapping::FieldIx;
use crate::store::Begun;
use crate::sync::entity::{Agreed, Fact, Interval, Origin};

pub fn write(hub: &[Agreed], terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    let mut written = 0u128;
    for (first, agreed) in hub.iter().enumerate() {
        let Agreed::Set(fact) = agreed else { continue };
        if first < 128 && written & (1 << first) != 0 {
            continue;
        }
        let same = |other: &Agreed| matches!(other, Agreed::Set(o) if o.origin == fact.origin && o.changed == fact.changed);
        // Fields past the 128th each stand in a group of their own.
        let group = |at: usize| at == first || (first < 128 && at < 128 && same(&hub[at]));
        let members = (first..hub.len()).filter(|at| group(*at));
        origin(&mut out, fact.origin, terms);
        out.option(fact.changed.after, Writer::instant);
        out.instant(fact.changed.until);
        out.number(members.clone().count() as u64);
        for at in members {
            let Agreed::Set(fact) = &hub[at] else { continue };
            out.number(terms.fields[at].into());
            out.value(&fact.value);
            if at < 128 {
                written |= 1 << at;
            }
        }
    }
    out.0
}

/// The same of values that were never taken apart: their canonical form is the stored one.
pub fn write_begun(begun: &Begun, terms: &Terms) -> Vec<u8> {
    let mut out = Writer::begin();
    out.0.reserve(begun.bytes.len() + 32);
    for (system, changed, values) in &begun.agreed {
        origin(&mut out, Origin::System(*system), terms);
        out.option(changed.after, Writer::instant);
        out.instant(changed.until);
        out.number(values.len() as u64);
        for (field, bytes) in values {
            out.number(terms.fields[usize::from(field.0)].into());
            out.0.extend_from_slice(&begun.bytes[bytes.clone()]);
        }
    }
    out.0
}

pub fn read(bytes: &[u8], terms: &Terms) -> Result<Vec<Agreed>, Broken> {
    let mut hub = vec![Agreed::Unset; terms.fields.len()];
    let mut input = Reader::begin(bytes, "agreed values")?;
    while !input.is_done() {
        let origin = read_origin(&mut input, terms)?;
        let after = input.option(Reader::instant)?;
        let changed = Interval { after, until: input.instant()? };
        for _ in 0..input.number()? {
            let number = input.small()?;
            let value = input.value()?;
            if let Some(FieldIx(at)) = terms.field_ix(number) {
                hub[usize::from(at)] = Agreed::Set(Fact { value, origin, changed });
            }
        }
    }
    Ok(hub)
}

pub fn origin(out: &mut Writer, origin: Origin, terms: &Terms) {
    out.number(match origin {
        Origin::Person => 0,
        Origin::Rule => 1,
        Origin::Formula => 2,
        Origin::System(at) => 3 + u64::from(terms.system(at)),
    });
}

pub fn read_origin(input: &mut Reader, terms: &Terms) -> Result<Origin, Broken> {
    Ok(match input.number()? {
        0 => Origin::Person,
        1 => Origin::Rule,
        2 => Origin::Formula,
        number => {
            let number = u16::try_from(number - 3).map_err(|_| input.broken())?;
            // A system that left the mapping ranks nowhere, as a rule does.
            terms.system_ix(number).map_or(Origin::Rule, Origin::System)
        }
    })
}
