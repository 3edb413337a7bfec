//! A mapping's first match: complete lists of all its systems, kept in a scratch file and matched there, in bounded memory.

use std::sync::Arc;

use super::RunError;
use super::alike::Same;
use super::ground::{Ground, Laid};
use super::observe::Which;
use super::observe::{self, Gathered};
use super::prepare;
use super::progress::{Progress, Step};
use super::source::{self, Slice};
use super::unlinked::{Desk, Loose};
use super::{Request, alike, kept, keys};
use crate::bounds::{FIRST_SLICE_RECORDS, SLICE_RECORDS};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{Observation, SystemIx};
use crate::store::stage::{Mark, Stage, StagedRecord};
use crate::store::{Feed, MovedCursor, Touch, Touched};
use crate::sync::alike::Alike;
use crate::sync::guard::Listing;
use crate::system::side_by_side::{Readers, Told};
use crate::system::{Cursor, Page};

/// The lists of a first match, ready to be gone through twice.
pub struct FirstMatch {
    stage: Stage,
    /// The store knew nothing of the mapping when the run began.
    blank: bool,
    /// Groups that all show the same may go by without a look.
    alike: Option<Arc<Alike>>,
    /// Set again at the start of each pass, so that both give the same ids.
    ids: std::ops::Range<i64>,
    used: u64,
    mark: Mark,
    slice: Option<Slice>,
    /// Where each feed is once all of this is committed.
    cursors: Vec<MovedCursor>,
    /// Records that were linked already: an earlier first run was cut short, or the mapping changed.
    linked: Vec<Slice>,
    next_linked: usize,
}

impl FirstMatch {
    /// Lists every system, side by side.
    pub async fn read(ground: &Ground, laid: &Laid, request: &Request, progress: &dyn Progress) -> Result<(Self, Gathered), RunError> {
        let mut gathered = Gathered::default();
        // Nothing is linked, and nothing waits: neither is looked up, record by record.
        let blank = ground.store.counts(laid.id).await?.0 == 0 && ground.store.totals(laid.id).await?.waiting == 0;
        let mut stage = Stage::create(&ground.store.scratch())?;
        let mut cursors = Vec::new();
        let desk = Desk::open(ground, laid).await?;
        let mut readers = Readers::new();
        let mut hints = Vec::new();
        for system in laid.mapping.systems_ix() {
            ground.pin(laid, system, request.commits()).await??;
            start(ground, laid, system, &mut readers).await?;
        }
        let mut count = 0;
        while let Some(told) = readers.next().await {
            match told {
                Told::Page((system, which), page) => {
                    progress.step(Step::Read { system, records: page.records.len() });
                    gathered.read += page.records.len() as u64;
                    gathered.books.of(system).read += page.records.len() as u64;
                    remember(laid, system, which, &page, &mut cursors);
                    let (fresh, known) = sort_out(ground, laid, &desk, system, page, blank, &mut gathered).await?;
                    count += fresh.len() as u64;
                    stage.put(fresh)?;
                    hints.extend(known);
                }
                Told::End(..) => {}
                Told::Failed((system, Which::Gone), error) => {
                    gathered.down.entry(system).or_insert(error);
                }
                // A match on half a list would make twins of the other half.
                Told::Failed((system, _), error) => {
                    let before = ground.store.counts(laid.id).await?.1[system.0 as usize];
                    gathered.listings.push(Listing { system, before, now: 0, cut_short: true });
                    return Err(RunError::Incomplete { system: laid.mapping.system(system).name.clone(), source: error });
                }
            }
        }
        stage.finish()?;
        let ids = match request.commits() {
            true => ground.store.reserve(count).await?,
            false => -(count as i64)..0,
        };
        let linked = source::slices_of(ground, laid, request, &mut gathered, hints).await?;
        let asked = !desk.reviews.is_empty() || laid.mapping.systems_ix().any(|system| desk.may_be_ours(system));
        let alike = if blank && !asked { Alike::of(&*laid.mapping).map(Arc::new) } else { None };
        let first = Self { stage, blank, alike, ids, used: 0, mark: Mark::default(), slice: None, cursors, linked, next_linked: 0 };
        Ok((first, gathered))
    }

    /// The next slice; after the last, the next call begins anew.
    pub async fn next(&mut self, ground: &Ground, laid: &Laid) -> Result<Option<&Slice>, RunError> {
        if self.next_linked < self.linked.len() {
            self.next_linked += 1;
            return Ok(Some(&self.linked[self.next_linked - 1]));
        }
        let mut pass = self.stage.groups_from(std::mem::take(&mut self.mark), FIRST_SLICE_RECORDS);
        let Some(groups) = pass.next().transpose()? else {
            self.used = 0;
            self.next_linked = 0;
            self.slice = None;
            return Ok(None);
        };
        self.mark = pass.mark();
        let mut loose = Vec::new();
        let mut same = Vec::new();
        for (at, group) in groups.into_iter().enumerate() {
            if let Some(alike) = &self.alike
                && alike::is_same(alike, laid, &group)?
            {
                same.push(Same { id: EntityId(self.ids.start + self.used as i64), group });
                self.used += 1;
                continue;
            }
            for member in &group.members {
                let (observation, read_at) = kept::read(member.body())?;
                let touch = touch(laid, member.system, &observation);
                let (system, keys) = (member.system, Some(member.match_keys()));
                loose.push(Loose { group: at as u32, system, observation, read_at, keys, record: None, hint: (touch, None), predecessor_of: None });
            }
        }
        let slice = if loose.is_empty() { Slice::default() } else { self.place(ground, laid, loose).await? };
        self.slice = Some(Slice { same, alike: self.alike.clone(), ..slice });
        Ok(self.slice.as_ref())
    }

    async fn place(&mut self, ground: &Ground, laid: &Laid, loose: Vec<Loose>) -> Result<Slice, RunError> {
        let desk = Desk::open(ground, laid).await?.ignoring(self.ids.clone()).blank(self.blank);
        let mut ids = (self.ids.start + self.used as i64..self.ids.end).map(EntityId);
        let mut placed = desk.place_all(loose, &mut ids).await?;
        self.used = (ids.next().map_or(self.ids.end, |id| id.0) - self.ids.start) as u64;
        let mut prepared: Vec<prepare::Prepared> = std::mem::take(&mut placed.entities);
        prepare::read_rest(ground, laid, &Gathered::default(), &mut prepared).await?;
        if self.blank {
            placed.found.clear();
        }
        let slice = Slice::of(ground, laid, prepared, &placed, self.blank).await?;
        Ok(Slice { placed, ..slice })
    }

    /// Everything of the lists is committed: cursors move, and the mapping is adopted.
    pub async fn adopt(self, ground: &Ground, laid: &Laid) -> Result<(), RunError> {
        ground.store.adopt(laid.id, self.cursors).await?;
        Ok(())
    }
}

/// A feed that was never read begins with everything; one that others read already is left where it is, and listed beside.
async fn start(ground: &Ground, laid: &Laid, system: SystemIx, readers: &mut Readers<(SystemIx, Which)>) -> Result<(), RunError> {
    let seat = laid.seat(system);
    let connection = &laid.mapping.system(system).connection;
    match ground.store.cursor(connection, &seat.object, Feed::Changes).await? {
        None => readers.start((system, Which::Changes), seat.system.changes(seat.read(), None)),
        Some(_) => readers.start((system, Which::Sweep), seat.system.list(seat.read())),
    }
    if ground.store.cursor(connection, &seat.object, Feed::Gone).await?.is_none()
        && let Some(pages) = seat.system.gone(seat.read(), None)
    {
        readers.start((system, Which::Gone), pages);
    }
    Ok(())
}

fn remember(laid: &Laid, system: SystemIx, which: Which, page: &Page, cursors: &mut Vec<MovedCursor>) {
    let feed = match which {
        Which::Changes => Feed::Changes,
        Which::Gone => Feed::Gone,
        Which::Sweep => return,
    };
    let Some(cursor) = page.cursor.clone() else {
        return;
    };
    let (connection, object) = (laid.mapping.system(system).connection.clone(), laid.seat(system).object.clone());
    cursors.retain(|moved| (&moved.connection, &moved.object, moved.feed) != (&connection, &object, feed));
    cursors.push(MovedCursor { connection, object, feed, cursor: Cursor(cursor.0) });
}

type Hints = Vec<prepare::Hint>;

/// New records go to the scratch file; linked ones are looked at as in any run; what a create of ours may be behind waits for its recovery.
async fn sort_out(
    ground: &Ground,
    laid: &Laid,
    desk: &Desk<'_>,
    system: SystemIx,
    page: Page,
    blank: bool,
    gathered: &mut Gathered,
) -> Result<(Vec<StagedRecord>, Hints), RunError> {
    let seat = laid.seat(system);
    let read_at = ground.clock.now();
    let mut staged = Vec::with_capacity(page.records.len());
    let mut hints = Hints::new();
    for records in observe::chunks(page.records, SLICE_RECORDS) {
        let identities: Vec<RecordKey> = records.iter().map(|record| record.identity.clone()).collect();
        let linked = if blank { vec![None; records.len()] } else { ground.store.linked(laid.id, system, &identities).await? };
        let mut fresh = Vec::with_capacity(records.len());
        for (record, entity) in records.into_iter().zip(linked) {
            let observation = laid.mapping.observe(system, &record, &seat.positions);
            if entity.is_some() {
                let at = (system, observation.identity.clone());
                hints.push((touch(laid, system, &observation), None));
                let again = gathered.fresh.insert(at, observation).is_some();
                gathered.books.of(system).unchanged += u64::from(again);
            } else if !desk.claims(system, &observation, &record) {
                let hint = (touch(laid, system, &observation), None);
                fresh.push(Loose { group: 0, system, observation, read_at, keys: None, record: None, hint, predecessor_of: None });
            } else {
                gathered.books.of(system).held += 1;
            }
        }
        // References in match keys are entities, not record keys.
        desk.resolve(&mut fresh).await?;
        staged.extend(fresh.into_iter().map(|loose| StagedRecord {
            system,
            keys: keys::shown(laid, &loose.observation),
            bytes: kept::write(&loose.observation, loose.read_at),
        }));
    }
    Ok((staged, hints))
}

fn touch(laid: &Laid, system: SystemIx, observation: &Observation) -> Touch {
    Touch { mapping: laid.id, system, key: observation.key.clone(), identity: observation.identity.clone(), why: Touched::Changed }
}
