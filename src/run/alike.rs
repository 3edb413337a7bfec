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

/// What each system's records are told apart by in time: the vendor's read lag, and its clock less ours.
pub struct Clocks(Vec<(SignedDuration, SignedDuration)>);

impl Clocks {
    pub fn of(laid: &Laid) -> Self {
        let clock = |system: SystemIx| {
            let seat = laid.seat(system);
            let lag = SignedDuration::try_from(seat.abilities.read_lag).unwrap_or(SignedDuration::MAX);
            (lag, SignedDuration::try_from_secs_f64(seat.system.clock_offset()).unwrap_or_default())
        };
        Self(laid.mapping.systems_ix().map(clock).collect())
    }
}

/// The entity that the group is.
pub fn begin(alike: &Alike, laid: &Laid, clocks: &Clocks, same: &Same) -> Result<Begun, Damaged> {
    let mut glances = glances(&same.group)?.ok_or(Damaged)?;
    let met: Vec<Met> = same.group.members.iter().zip(&glances).map(|(member, glance)| met(member.system, clocks, glance)).collect();
    let first = &same.group.members[0];
    let mut begun = Begun { id: same.id, links: Vec::new(), agreed: Vec::new(), bytes: Vec::with_capacity(first.body().len()), keys: first.key_hashes() };
    let mut known = Known::default();
    let mut shows = Vec::with_capacity(met.len());
    for field in laid.mapping.fields_ix() {
        shows.clear();
        let mut agreed = None;
        for (met, glance) in met.iter().zip(&mut glances) {
            if let Told::Value(value) = glance.next()?.ok_or(Damaged)? {
                agreed = Some(value);
                shows.push(met);
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
    begun.links = met.into_iter().map(|met| (met.system, alike::link(met))).collect();
    Ok(begun)
}

fn met(system: SystemIx, clocks: &Clocks, glance: &Glance) -> Met {
    let (lag, offset) = clocks.0[usize::from(system.0)];
    Met {
        system,
        key: RecordKey::new(glance.key),
        identity: RecordKey::new(glance.identity),
        version: glance.version.map(Str::from),
        time: glance.time,
        read_at: glance.read_at,
        lag,
        offset,
    }
}
