//! One look at one entity, in its fixed order.

use jiff::Timestamp;

use super::decide::{self, Decision, Facts};
use super::entity::{Entity, FieldIx, Link, Shadow, SystemIx};
use super::neighbours::View;
use super::reason::Reason;
use super::scene::{Look, NoteKind, Scene, Sight, Silence};
use super::terms::Access;
use super::{existence, merge, pace, plan, quiet, settle, silence, undo, wall};
use crate::mapping::{Observation, Seen};
use crate::plant::planted;
use crate::value::Value;

/// What a field shows, references resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Glimpse {
    /// No cell, or not told.
    Silent,
    /// Told, and not understood: a reference without a link, a value that does not fit. No vote, no write over it.
    Unclear,
    Value(Value),
}

/// One system's part in this look.
#[derive(Clone, Debug, Default)]
pub(super) struct Stand {
    /// `None`: read, trusted, awake, inside its wall. It votes and may be written.
    pub silence: Option<Silence>,
    /// Read as gone in this very look.
    pub read_gone: bool,
    /// Came back in this look: restored or woken.
    pub restored: bool,
    /// Alive and changed although a delete of ours is in doubt.
    pub moved_under_delete: bool,
    /// Its first look: nothing is known but what it shows.
    pub fresh: bool,
    /// Fields that show an edit, or a value never agreed, judged by the hub before this look.
    pub edits: Vec<(FieldIx, Value)>,
    /// A changed value that cannot be understood, or a field never seen: nobody knows what a delete would lose.
    pub unclear: bool,
    /// Part of that was not read, or cannot be understood: it had no vote in this look either.
    pub unheard: bool,
    /// A create may be under way there.
    pub create_open: bool,
    /// A write of ours may still land: U2 and U3 wait until then.
    pub blocked: Option<Timestamp>,
}

/// The state of a look under way.
pub(super) struct Work<'a> {
    pub scene: Scene<'a>,
    pub entity: Entity,
    pub glimpses: Vec<Vec<Glimpse>>,
    pub stands: Vec<Stand>,
    /// Systems whose delete is under review: their walls are not up.
    pub forgiven: Vec<SystemIx>,
    /// Systems about whose own wall a person is asked.
    pub asked: Vec<SystemIx>,
    /// Fields that wait or are asked about: nobody is written them.
    pub frozen: Vec<bool>,
    /// Why a field is what it is, where this look decided it.
    pub reasons: Vec<Option<Reason>>,
    /// Edits put back in this look, by field and system.
    pub put_back: Vec<(FieldIx, SystemIx)>,
    /// What a person took back, by field: it decides.
    pub back: Vec<Option<Value>>,
    pub look: Look,
}

/// Looks at one entity: reads in, decisions out. Nothing was stored or sent when it returns.
pub fn look(scene: &Scene) -> Look {
    if let Some(look) = quiet::quiet(scene) {
        return look;
    }
    let mut work = Work::new(scene);
    silence::silence(&mut work);
    settle::settle(&mut work);
    existence::existence(&mut work);
    work.find_edits();
    wall::before(&mut work);
    pace::freeze(&mut work);
    undo::fields(&mut work);
    merge::merge(&mut work);
    wall::after(&mut work);
    undo::records(&mut work);
    plan::plan(&mut work);
    pace::hold(&mut work);
    work.finish()
}

impl<'a> Work<'a> {
    fn new(scene: &Scene<'a>) -> Self {
        let fields = scene.terms.field_count();
        let mut work = Work {
            scene: *scene,
            entity: scene.entity.clone(),
            glimpses: Vec::new(),
            stands: vec![Stand::default(); scene.terms.system_count()],
            forgiven: Vec::new(),
            asked: Vec::new(),
            frozen: vec![false; fields],
            reasons: vec![None; fields],
            put_back: Vec::new(),
            back: vec![None; fields],
            look: Look::default(),
        };
        for system in scene.terms.systems() {
            let glimpses = scene.terms.fields().map(|field| work.glimpse(field, system)).collect();
            work.glimpses.push(glimpses);
        }
        work
    }

    fn glimpse(&mut self, field: FieldIx, system: SystemIx) -> Glimpse {
        let Sight::Live(observation) = &self.scene.sights[system.0 as usize] else { return Glimpse::Silent };
        let seen = &observation.fields[field.0 as usize];
        match seen {
            Seen::Unread if planted!("unread-as-blank") => Glimpse::Value(Value::Blank),
            Seen::NoCell | Seen::Unread => Glimpse::Silent,
            Seen::Value(value) => Glimpse::Value(value.clone()),
            Seen::Unfit(why) => {
                self.look.note(system, Some(field), NoteKind::Unfit(why.clone()));
                Glimpse::Unclear
            }
            Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_) => match self.scene.neighbours.meant(field, system, seen) {
                Some(value) => Glimpse::Value(value),
                None => {
                    self.look.note(system, Some(field), NoteKind::Unresolved);
                    Glimpse::Unclear
                }
            },
        }
    }

    pub fn stand(&self, system: SystemIx) -> &Stand {
        &self.stands[system.0 as usize]
    }

    pub fn stand_mut(&mut self, system: SystemIx) -> &mut Stand {
        &mut self.stands[system.0 as usize]
    }

    pub fn shown(&self, field: FieldIx, system: SystemIx) -> &Glimpse {
        &self.glimpses[system.0 as usize][field.0 as usize]
    }

    /// The value shown, where the system may be believed at all.
    pub fn value(&self, field: FieldIx, system: SystemIx) -> Option<&Value> {
        match self.shown(field, system) {
            Glimpse::Value(value) if self.scene.terms.access(field, system).reads() => Some(value),
            Glimpse::Value(_) | Glimpse::Silent | Glimpse::Unclear => None,
        }
    }

    pub fn observation(&self, system: SystemIx) -> Option<&'a Observation> {
        match &self.scene.sights[system.0 as usize] {
            Sight::Live(observation) => Some(observation),
            Sight::Unread | Sight::Silent(_) | Sight::Gone => None,
        }
    }

    pub fn votes(&self, system: SystemIx) -> bool {
        self.stand(system).silence.is_none() && self.entity.live(system).is_some()
    }

    pub fn silenced(&mut self, system: SystemIx, why: Silence) {
        self.stand_mut(system).silence = Some(why);
    }

    pub fn shadow(&self, field: FieldIx, system: SystemIx) -> &Shadow {
        match self.entity.link(system) {
            Some(link) => &link.shadows[field.0 as usize],
            None => &Shadow::NoCell,
        }
    }

    pub fn set_shadow(&mut self, field: FieldIx, system: SystemIx, shadow: Shadow) {
        if let Some(link) = self.entity.link_mut(system) {
            link.shadows[field.0 as usize] = shadow;
        }
    }

    pub fn view<'v>(&'v self, forgiven: &'v [SystemIx]) -> View<'v> {
        View { entity: &self.entity, neighbours: self.scene.neighbours, today: self.scene.today, forgiven }
    }

    pub fn same(&self, field: FieldIx, a: &Value, b: &Value) -> bool {
        self.scene.terms.same(field, a, b)
    }

    pub fn form(&self, field: FieldIx, system: SystemIx, value: &Value) -> Option<Value> {
        self.scene.terms.form(field, system, value, &self.view(&self.forgiven))
    }

    /// The decision for one field and system, by the hub as it is now.
    pub fn decide(&self, field: FieldIx, system: SystemIx) -> Decision {
        decide::decide(self.facts(field, system))
    }

    pub fn facts(&self, field: FieldIx, system: SystemIx) -> Facts {
        let agreed = self.entity.fact(field).map(|fact| &fact.value);
        decide::facts(self.value(field, system), self.shadow(field, system), agreed, |a, b| self.same(field, a, b), |value| self.form(field, system, value))
    }

    /// What each read shows beyond its shadow, by the hub before this look. Links beyond their wall are asked too: a delete may hang on it.
    fn find_edits(&mut self) {
        for system in self.scene.terms.systems() {
            if !self.votes(system) {
                continue;
            }
            let moved = self.has_moved(system);
            for field in self.scene.terms.fields() {
                if !self.scene.terms.access(field, system).reads() {
                    continue;
                }
                let never = matches!(self.shadow(field, system), Shadow::Unknown);
                match (self.shown(field, system), self.decide(field, system)) {
                    (Glimpse::Unclear, _) => {
                        self.unheard(system);
                        if self.is_unresolved(field, system) {
                            self.look.wait(pace::later(self));
                        }
                    }
                    (Glimpse::Silent, _) => {
                        if never || moved {
                            self.unheard(system);
                        }
                        // What was typed there meanwhile shows in no feed once the field is told again.
                        if !never {
                            self.look.wait(pace::later(self));
                        }
                    }
                    (Glimpse::Value(value), Decision::EditOnTop | Decision::EditBeside) => {
                        let edit = (field, value.clone());
                        self.stand_mut(system).edits.push(edit);
                    }
                    (Glimpse::Value(value), Decision::Adoption) => {
                        let edit = (!value.is_blank()).then(|| (field, value.clone()));
                        let stand = self.stand_mut(system);
                        stand.unclear = true;
                        stand.edits.extend(edit);
                    }
                    (
                        Glimpse::Value(_),
                        Decision::Silent
                        | Decision::Agrees
                        | Decision::Quiet
                        | Decision::Converged
                        | Decision::Owed
                        | Decision::Respelt
                        | Decision::ConvergedItself,
                    ) => {}
                }
            }
        }
    }

    fn unheard(&mut self, system: SystemIx) {
        let stand = self.stand_mut(system);
        (stand.unclear, stand.unheard) = (true, true);
    }

    /// Whether the record may have changed since the last look.
    fn has_moved(&self, system: SystemIx) -> bool {
        let (Some(seen), Some(link)) = (self.observation(system), self.scene.entity.link(system)) else { return true };
        match (&seen.version, &link.version) {
            (Some(seen), Some(known)) => seen != known,
            _ => seen.time.is_none() || seen.time != link.changed_at,
        }
    }

    fn is_unresolved(&self, field: FieldIx, system: SystemIx) -> bool {
        let seen = self.observation(system).map(|observation| &observation.fields[field.0 as usize]);
        matches!(seen, Some(Seen::Unresolved(_) | Seen::UnresolvedBy(_) | Seen::UnresolvedSet(_)))
    }

    /// Notes what each trusted read showed of the record itself, and drops the entity where nothing is worth storing.
    fn finish(mut self) -> Look {
        for system in self.scene.terms.systems() {
            self.remember_read(system);
            if let Some(silence) = self.stand(system).silence
                && self.entity.live(system).is_some()
            {
                self.look.note(system, None, NoteKind::Silent(silence));
            }
        }
        let links = || self.entity.links.iter().flatten();
        self.entity.closed = links().next().is_some() && !links().any(|link| link.state.is_live());
        let touched: Vec<SystemIx> = self.look.ops.iter().map(|(op, _)| op.system).collect();
        let calm = |system: &SystemIx| self.votes(*system) && !touched.contains(system);
        self.look.counts.unchanged = self.scene.terms.systems().filter(calm).count() as u32;
        if !quiet::same_but_times(&self.entity, self.scene.entity) {
            self.look.entity = Some(self.entity);
        }
        self.look
    }

    fn remember_read(&mut self, system: SystemIx) {
        let at = system.0 as usize;
        let Some(observation) = self.observation(system) else { return };
        let trusted = matches!(self.stands[at].silence, None | Some(Silence::Wall | Silence::Asleep | Silence::InDoubt));
        if !trusted || self.entity.live(system).is_none() {
            return;
        }
        let spoke = self.stands[at].silence.is_none();
        let lag = jiff::SignedDuration::try_from(self.scene.abilities[at].read_lag).unwrap_or(jiff::SignedDuration::MAX);
        let read_at = super::evidence::shifted(self.scene.read_at[at], -lag);
        let glimpses = &self.glimpses[at];
        let terms = self.scene.terms;
        let Some(link) = self.entity.links[at].as_mut() else { return };
        link.key.clone_from(&observation.key);
        link.version.clone_from(&observation.version);
        if observation.time.is_some() {
            link.changed_at = observation.time;
        }
        if spoke {
            // An edit that nobody could decide on yet is not unchanged.
            let unchanged = |field: FieldIx, seen: &Value| matches!(&glimpses[field.0 as usize], Glimpse::Value(shown) if terms.same(field, shown, seen));
            keep_times(link, read_at, |field, seen| terms.access(field, system) != Access::WriteOnly && unchanged(field, seen));
        }
    }
}

/// Moves the link's time on; a field that was silent, or shows an edit that waits, keeps the old one for itself.
fn keep_times(link: &mut Link, read_at: Timestamp, was_read: impl Fn(FieldIx, &Value) -> bool) {
    let before = link.unchanged_at.unwrap_or(Timestamp::UNIX_EPOCH);
    for (at, shadow) in link.shadows.iter_mut().enumerate() {
        if let Shadow::Known(known) = shadow {
            let own = if was_read(FieldIx(at as u16), &known.seen) { None } else { Some(known.unchanged_at.unwrap_or(before)) };
            known.unchanged_at = own;
        }
    }
    link.unchanged_at = Some(read_at.max(before));
}
