//! Groups of a first match whose records all show the same: seen by their bytes, they become entities without being read or looked at.

use jiff::SignedDuration;

use super::ground::Laid;
use super::kept::{self, Damaged, Glance, Told};
use crate::id::{EntityId, RecordKey};
use crate::mapping::SystemIx;
use crate::store::Begun;
use crate::store::stage::Group;
use crate::sync::alike::{self, Alike, Known, Met};
use crate::value::{Str, fingerprint};

/// A group that needs no look, and the entity that it will be.
pub struct Same {
    pub id: EntityId,
    pub group: Group,
}

/// Whether there is nothing to decide about the group.
pub fn is_same(alike: &Alike, laid: &Laid, group: &Group) -> Result<bool, Damaged> {
    let systems: Vec<SystemIx> = group.members.iter().map(|member| member.system).collect();
    let joined = group.members[1..].iter().all(|member| member.has_keys_of(&group.members[0]));
    if group.ambiguous || !joined || !alike.fits(&*laid.mapping, &systems) {
        return Ok(false);
    }
    let Some(mut glances) = glances(group)? else { return Ok(false) };
    for field in laid.mapping.fields_ix() {
        let mut agreed = None;
        for glance in &mut glances {
            match (glance.next()?, agreed) {
                (None, _) => return Ok(false),
                (Some(Told::NoCell), _) => {}
                (Some(Told::Value(value)), None) => {
                    if !alike.keeps(field, fingerprint::is_blank(value)) {
                        return Ok(false);
                    }
                    agreed = Some(value);
                }
                (Some(Told::Value(value)), Some(agreed)) if value == agreed => {}
                (Some(Told::Value(_)), Some(_)) => return Ok(false),
            }
        }
    }
    Ok(true)
}

fn glances(group: &Group) -> Result<Option<Vec<Glance<'_>>>, Damaged> {
    group.members.iter().map(|member| kept::glance(member.body())).collect()
}

/// The entity that the group is.
pub fn begin(alike: &Alike, laid: &Laid, same: &Same) -> Result<Begun, Damaged> {
    let systems: Vec<SystemIx> = same.group.members.iter().map(|member| member.system).collect();
    let mut glances = glances(&same.group)?.ok_or(Damaged)?;
    let met: Vec<Met> = systems.iter().zip(&glances).map(|(system, glance)| met(laid, *system, glance)).collect();
    let links = systems.iter().copied().zip(met.iter().cloned().map(alike::link)).collect();
    let keys = same.group.members[0].match_keys();
    let mut begun = Begun { id: same.id, links, agreed: Vec::new(), bytes: Vec::with_capacity(same.group.members[0].body().len()), keys };
    let mut known = Known::default();
    for field in laid.mapping.fields_ix() {
        let mut shows = Vec::with_capacity(systems.len());
        let mut agreed = None;
        for (at, glance) in glances.iter_mut().enumerate() {
            if let Told::Value(value) = glance.next()?.ok_or(Damaged)? {
                agreed = Some(value);
                shows.push(&met[at]);
            }
        }
        let Some(value) = agreed else { continue };
        let (system, changed) = alike.provenance(&*laid.mapping, field, fingerprint::is_blank(value), &shows, &mut known);
        let from = begun.bytes.len();
        begun.bytes.extend_from_slice(value);
        let value = (field, from..begun.bytes.len());
        match begun.agreed.iter_mut().find(|(origin, at, _)| (*origin, *at) == (system, changed)) {
            Some((.., values)) => values.push(value),
            None => begun.agreed.push((system, changed, vec![value])),
        }
    }
    Ok(begun)
}

fn met(laid: &Laid, system: SystemIx, glance: &Glance) -> Met {
    let seat = laid.seat(system);
    Met {
        system,
        key: RecordKey::new(glance.key),
        identity: RecordKey::new(glance.identity),
        version: glance.version.map(Str::from),
        time: glance.time,
        read_at: glance.read_at,
        lag: SignedDuration::try_from(seat.abilities.read_lag).unwrap_or(SignedDuration::MAX),
        offset: SignedDuration::try_from_secs_f64(seat.system.clock_offset()).unwrap_or_default(),
    }
}
