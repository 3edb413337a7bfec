//! The contract's methods, each one transaction of the files beside this one.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;

use super::fault::Fault;
use super::writer::Fence;
use super::{Sqlite, conflict, disk, entity, forget, hangs, inbox, journal, lease, load, look, mark, matched, register, review, runs, touched, waiting};
use crate::id::{ConnectionName, EntityId, EntryId, ObjectName, RecordKey, ReviewId, RunId};
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;
use crate::plant::planted;
use crate::store::stored::Terms;
use crate::store::{
    Accepted, Adoption, Answer, Begun, Conflict, DeadLetter, Decided, Delivery, Feed, History, Hit, Hub, LeaseHolder, Letter, Loaded, Logged, MappingId,
    MappingShape, Merged, MovedCursor, NewReview, Old, Page, Review, Run, RunEnd, RunRecord, Settled, Store, StoreError, Totals, Touch, TouchedRecord, Tried,
    Values, Waiting, WaitingWhy, Wake,
};
use crate::sync::op::Entry;
use crate::system::Cursor;

#[async_trait]
impl Store for Sqlite {
    fn instance(&self) -> &str {
        &self.instance
    }

    async fn take_lease(&self, holder: &LeaseHolder) -> Result<(), StoreError> {
        let (holder, file) = (holder.clone(), self.file.clone());
        let proof = self.relock()?;
        self.write_fenced("take the lease", Fence::Free, move |write| lease::take(write.conn, write.held, &holder, proof, &file)).await
    }

    async fn renew_lease(&self, now: Timestamp) -> Result<(), StoreError> {
        let mark = self.write("renew the lease", move |write| lease::renew(write, now).and_then(|()| mark::advance(write.conn))).await?;
        self.keep_mark(&mark)
    }

    async fn release_lease(&self) -> Result<(), StoreError> {
        let mark = self.write("release the lease", |write| lease::release(write).and_then(|()| mark::advance(write.conn))).await?;
        self.keep_mark(&mark)?;
        self.unlock();
        Ok(())
    }

    fn restored(&self) -> Option<Timestamp> {
        *self.restored.lock().expect("no holder of this lock can panic")
    }

    async fn note_restored(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write("note that it was restored", move |write| mark::restored(write.conn, now)).await?;
        self.restored.lock().expect("no holder of this lock can panic").get_or_insert(now);
        Ok(())
    }

    async fn confirm_restored(&self) -> Result<(), StoreError> {
        self.write("confirm a restored store", |write| mark::confirm(write.conn)).await?;
        *self.restored.lock().expect("no holder of this lock can panic") = None;
        Ok(())
    }

    async fn register(&self, shape: MappingShape) -> Result<MappingId, StoreError> {
        let terms = match self.writer {
            Some(_) => self.write("register a mapping", move |write| register::register(write, &shape)).await?,
            None => {
                let stranger = self.stranger();
                self.read("look up a mapping", move |conn| register::look_up(conn, &shape, stranger)).await?
            }
        };
        Ok(self.learn(terms))
    }

    async fn adoption(&self, mapping: MappingId) -> Result<Adoption, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read a mapping", move |conn| runs::adoption(conn, &terms)).await
    }

    async fn adopt(&self, mapping: MappingId, cursors: Vec<MovedCursor>) -> Result<(), StoreError> {
        self.write("adopt a mapping", move |write| {
            for moved in &cursors {
                touched::move_cursor(write, &moved.connection, &moved.object, moved.feed, &moved.cursor)?;
            }
            runs::adopt(write, mapping)
        })
        .await
    }

    async fn derived(&self, mapping: MappingId) -> Result<Option<String>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read what was looked through", move |conn| hangs::derived(conn, &terms)).await
    }

    async fn keep_derived(&self, mapping: MappingId, by: &str) -> Result<(), StoreError> {
        let (terms, by) = (self.terms(mapping)?, by.to_owned());
        self.write("keep what was looked through", move |write| hangs::keep_derived(write, &terms, &by)).await
    }

    fn scratch(&self) -> std::path::PathBuf {
        match self.readers {
            Some(_) => std::path::Path::new(&self.file).parent().map(std::path::Path::to_owned).unwrap_or_default(),
            None => disk::scratch(),
        }
    }

    async fn counts(&self, mapping: MappingId) -> Result<(u64, Vec<u64>), StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read counts", move |conn| load::counts(conn, &terms)).await
    }

    async fn cursor(&self, connection: &ConnectionName, object: &ObjectName, feed: Feed) -> Result<Option<Cursor>, StoreError> {
        let (connection, object) = (connection.clone(), object.clone());
        self.read("read a cursor", move |conn| touched::cursor(conn, &connection, &object, feed)).await
    }

    async fn commit_page(
        &self,
        connection: &ConnectionName,
        object: &ObjectName,
        feed: Feed,
        cursor: Option<Cursor>,
        touched: Vec<Touch>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (connection, object) = (connection.clone(), object.clone());
        let touched = self.with_terms(touched, |touch| touch.mapping)?;
        self.write("commit a page", move |write| {
            for (terms, touch) in &touched {
                touched::touch(write, terms, touch, None, now)?;
            }
            cursor.map_or(Ok(()), |cursor| touched::move_cursor(write, &connection, &object, feed, &cursor))
        })
        .await
    }

    async fn touched(&self, mapping: MappingId, due: Timestamp, limit: usize) -> Result<Vec<TouchedRecord>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read touched records", move |conn| touched::due(conn, &terms, due, limit)).await
    }

    async fn touched_count(&self, mapping: MappingId) -> Result<(u64, Option<Timestamp>), StoreError> {
        let terms = self.terms(mapping)?;
        self.read("count touched records", move |conn| touched::count(conn, &terms)).await
    }

    async fn untouch(&self, touched: Vec<(Touch, i64)>) -> Result<(), StoreError> {
        let touched = self.with_terms(touched, |(touch, _)| touch.mapping)?;
        self.write("untouch", move |write| touched.iter().try_for_each(|(terms, (touch, seq))| touched::untouch(write, terms, touch, *seq))).await
    }

    async fn hasten(&self, mapping: MappingId) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        let shared = Arc::clone(&terms);
        match self.read("look for what waits", move |conn| touched::has_late(conn, &shared)).await? {
            true => self.write("hasten what waits", move |write| touched::hasten(write, &terms)).await,
            false => Ok(()),
        }
    }

    async fn touch(&self, touched: Vec<Touch>, not_before: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        let touched = self.with_terms(touched, |touch| touch.mapping)?;
        self.write("touch", move |write| touched.iter().try_for_each(|(terms, touch)| touched::touch(write, terms, touch, not_before, now))).await
    }

    async fn linked(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<EntityId>>, StoreError> {
        let terms = self.terms(mapping)?;
        let identities: Arc<[RecordKey]> = identities.into();
        self.look_up(&terms, vec![None; identities.len()], move |conn, terms| load::linked(conn, terms, system, &identities)).await
    }

    async fn load(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Loaded>, StoreError> {
        let (terms, entities) = (self.terms(mapping)?, entities.to_vec());
        self.read("load entities", move |conn| load::load(conn, &terms, &entities)).await
    }

    async fn agreed(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<Hub>>, StoreError> {
        let terms = self.terms(mapping)?;
        let identities: Arc<[RecordKey]> = identities.into();
        self.look_up(&terms, vec![None; identities.len()], move |conn, terms| load::agreed(conn, terms, system, &identities)).await
    }

    async fn resolve_alias(&self, entity: EntityId) -> Result<EntityId, StoreError> {
        self.read("follow an alias", move |conn| entity::follow(conn, entity)).await
    }

    async fn hits(&self, mapping: MappingId, keys: &[MatchKey]) -> Result<Vec<Vec<Hit>>, StoreError> {
        let terms = self.terms(mapping)?;
        let keys: Arc<[MatchKey]> = keys.into();
        self.look_up(&terms, vec![Vec::new(); keys.len()], move |conn, terms| matched::hits(conn, terms, &keys)).await
    }

    async fn open_creates(&self, mapping: MappingId, system: SystemIx) -> Result<Vec<Entry>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read open creates", move |conn| journal::open_creates(conn, &terms, system)).await
    }

    async fn keys_of(&self, mapping: MappingId, system: SystemIx, entities: &[EntityId]) -> Result<Vec<Option<RecordKey>>, StoreError> {
        let (terms, entities) = (self.terms(mapping)?, entities.to_vec());
        self.read("read record keys", move |conn| load::keys_of(conn, &terms, system, &entities)).await
    }

    async fn identities(
        &self,
        mapping: MappingId,
        system: SystemIx,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, RecordKey, EntityId)>, StoreError> {
        let terms = self.terms(mapping)?;
        let after: Arc<str> = after.map_or("", RecordKey::as_str).into();
        self.look_up(&terms, Vec::new(), move |conn, terms| load::identities(conn, terms, system, &after, limit)).await
    }

    async fn entities(&self, mapping: MappingId, after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("list entities", move |conn| load::entities(conn, &terms, after, limit)).await
    }

    async fn reserve(&self, count: u64) -> Result<Range<i64>, StoreError> {
        self.write("reserve entity ids", move |write| entity::reserve(write, count)).await
    }

    async fn keep_waiting(&self, mapping: MappingId, add: Vec<Waiting>, remove: Vec<(SystemIx, RecordKey)>) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        self.write("keep waiting records", move |write| waiting::keep(write, &terms, &add, &remove)).await
    }

    async fn begin(&self, mapping: MappingId, begun: Vec<Begun>) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        self.write("begin entities", move |write| look::begin(write, &terms, &begun)).await
    }

    async fn commit_merged(&self, mapping: MappingId, run: RunId, merged: Vec<Merged>, now: Timestamp) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        self.write("commit a merge", move |write| look::commit_merged(write, &terms, run, &merged, now)).await
    }

    async fn mark_sent(&self, entries: &[EntryId], at: Timestamp, deadline: Timestamp) -> Result<(), StoreError> {
        let entries = entries.to_vec();
        self.write("mark entries sent", move |write| journal::mark_sent(write, &entries, at, deadline)).await
    }

    async fn settle(&self, mapping: MappingId, settled: Vec<Settled>) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        self.write("settle entries", move |write| look::settle(write, &terms, &settled)).await
    }

    async fn tried(&self, mapping: MappingId, entities: &[EntityId], since: Timestamp) -> Result<Vec<Vec<Tried>>, StoreError> {
        let (terms, entities) = (self.terms(mapping)?, entities.to_vec());
        self.read("read what was tried", move |conn| entities.iter().map(|entity| journal::tried(conn, &terms, *entity, since)).collect()).await
    }

    async fn written(&self, mapping: MappingId, runs: &[RunId], after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError> {
        let (terms, runs) = (self.terms(mapping)?, runs.to_vec());
        self.read("read what runs wrote", move |conn| journal::written(conn, &terms, &runs, after, limit)).await
    }

    async fn journalled(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let (terms, entities) = (self.terms(mapping)?, entities.to_vec());
        self.read("read the journal", move |conn| entities.iter().map(|entity| journal::of(conn, &terms, *entity)).collect()).await
    }

    async fn unsettled(&self, mapping: MappingId) -> Result<Vec<Entry>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read unsettled entries", move |conn| journal::unsettled(conn, &terms)).await
    }

    fn new_run(&self, mapping: MappingId, wake: Wake, started_at: Timestamp) -> Run {
        let id = RunId(self.runs.fetch_add(1, Ordering::Relaxed) + 1);
        Run { id, mapping, wake, started_at }
    }

    async fn begin_run(&self, run: Run) -> Result<(), StoreError> {
        self.terms(run.mapping)?;
        self.write("begin a run", move |write| runs::begin(write, &run)).await
    }

    /// The first run that ends leaves the tables of identities and keys filled.
    async fn end_run(&self, run: Run, end: RunEnd, at: Timestamp) -> Result<(), StoreError> {
        let terms = self.terms(run.mapping)?;
        let shared = Arc::clone(&terms);
        let ended = self.write("end a run", move |write| {
            runs::end(write, &run, &end, at)?;
            matched::indexed(write.conn, &shared)
        });
        match ended.await? {
            matched::Indexed::No => self.build(&terms).await,
            matched::Indexed::Yes | matched::Indexed::Empty => Ok(()),
        }
    }

    async fn runs(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<RunRecord>, StoreError> {
        self.read("list runs", move |conn| runs::list(conn, mapping, limit)).await
    }

    async fn reviews(&self, mapping: Option<MappingId>, open_only: bool) -> Result<Vec<Review>, StoreError> {
        let all = self.terms_of(mapping)?;
        self.read("list reviews", move |conn| every(&all, |terms| review::list(conn, terms, open_only))).await
    }

    async fn answer(&self, review: ReviewId, answer: Answer, at: Timestamp) -> Result<(), StoreError> {
        self.write("keep an answer", move |write| review::answer(write, review, &answer, at)).await
    }

    async fn open_review(&self, mapping: MappingId, review: NewReview, at: Timestamp) -> Result<ReviewId, StoreError> {
        let terms = self.terms(mapping)?;
        self.write("open a review", move |write| review::open(write, &terms, &review, at)).await
    }

    async fn close_review(&self, review: ReviewId) -> Result<(), StoreError> {
        self.write("close a review", move |write| review::close(write, review)).await
    }

    async fn dead_letters(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let all = self.terms_of(mapping)?;
        self.read("list dead letters", move |conn| every(&all, |terms| conflict::dead_letters(conn, terms, limit))).await
    }

    async fn decided(&self, mapping: MappingId, entity: EntityId) -> Result<Vec<(RunId, Timestamp, Decided)>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read decisions", move |conn| conflict::decided(conn, &terms, entity)).await
    }

    async fn conflicts(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<Conflict>, StoreError> {
        let all = self.terms_of(mapping)?;
        self.read("list conflicts", move |conn| every(&all, |terms| conflict::list(conn, terms, limit))).await
    }

    async fn history(&self, mapping: MappingId, entity: EntityId, limit: usize) -> Result<History, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read a history", move |conn| load::history(conn, &terms, entity, limit)).await
    }

    async fn conflict_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Logged>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read the conflict log", move |conn| conflict::log(conn, &terms, page)).await
    }

    async fn dead_letter_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Letter>, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read dead letters", move |conn| conflict::open_letters(conn, &terms, page)).await
    }

    async fn waits(&self, mapping: MappingId, system: SystemIx, identity: &RecordKey) -> Result<Option<WaitingWhy>, StoreError> {
        let (terms, identity) = (self.terms(mapping)?, identity.clone());
        self.read("look for a waiting record", move |conn| waiting::why(conn, &terms, system, &identity)).await
    }

    async fn say(&self, mapping: MappingId, said: Vec<(NewReview, Answer)>, touched: Vec<Touch>, at: Timestamp) -> Result<(), StoreError> {
        let terms = self.terms(mapping)?;
        let touched = self.with_terms(touched, |touch| touch.mapping)?;
        self.write("keep what was said", move |write| {
            for (new, answer) in &said {
                let review = review::open(write, &terms, new, at)?;
                review::answer(write, review, answer, at)?;
            }
            touched.iter().try_for_each(|(terms, touch)| touched::touch(write, terms, touch, None, at))
        })
        .await
    }

    async fn totals(&self, mapping: MappingId) -> Result<Totals, StoreError> {
        let terms = self.terms(mapping)?;
        self.read("read totals", move |conn| runs::totals(conn, &terms)).await
    }

    async fn forget(&self, what: Old, before: Timestamp, after: i64) -> Result<Option<i64>, StoreError> {
        self.write("forget what is old", move |write| forget::forget(write, what, before, after)).await
    }

    async fn forget_gone(&self, mapping: MappingId, before: Timestamp, after: i64, values: Values) -> Result<Option<i64>, StoreError> {
        let terms = self.terms(mapping)?;
        let shared = Arc::clone(&terms);
        let gone = self.read("look for old tombstones", move |conn| forget::gone(conn, &shared, before, after)).await?;
        if !gone.due.is_empty() {
            self.write("forget tombstones", move |write| forget::forget_gone(write, &terms, &gone.due, before, values)).await?;
        }
        Ok(gone.next)
    }

    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        let touched = self.with_terms(delivery.touched.clone(), |touch| touch.mapping)?;
        self.write("accept a delivery", move |write| {
            let accepted = inbox::accept(write, &delivery)?;
            if accepted == Accepted::New && !planted!("delivery-not-touched") {
                for (terms, touch) in &touched {
                    touched::touch(write, terms, touch, None, delivery.received_at)?;
                }
            }
            Ok(accepted)
        })
        .await
    }

    async fn subscription(&self, connection: &ConnectionName, object: &ObjectName) -> Result<Option<String>, StoreError> {
        let (connection, object) = (connection.clone(), object.clone());
        self.read("read a subscription", move |conn| inbox::subscription(conn, &connection, &object)).await
    }

    async fn keep_subscription(&self, connection: &ConnectionName, object: &ObjectName, state: Option<String>) -> Result<(), StoreError> {
        let (connection, object) = (connection.clone(), object.clone());
        self.write("keep a subscription", move |write| inbox::keep_subscription(write, &connection, &object, state.as_deref())).await
    }

    async fn account(&self, connection: &ConnectionName) -> Result<Option<String>, StoreError> {
        let connection = connection.clone();
        self.read("read an account", move |conn| inbox::account(conn, &connection)).await
    }

    async fn keep_account(&self, connection: &ConnectionName, account: &str) -> Result<(), StoreError> {
        let (connection, account) = (connection.clone(), account.to_owned());
        self.write("keep an account", move |write| inbox::keep_account(write, &connection, &account)).await
    }
}

fn every<T>(all: &[Arc<Terms>], mut list: impl FnMut(&Terms) -> Result<Vec<T>, Fault>) -> Result<Vec<T>, Fault> {
    let mut found = Vec::new();
    for terms in all {
        found.extend(list(terms)?);
    }
    Ok(found)
}
