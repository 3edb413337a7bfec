//! Every call of the store: handed on, and checked before it or after it.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use syncline::id::{ConnectionName, EntityId, EntryId, ObjectName, RecordKey, ReviewId, RunId};
use syncline::mapping::SystemIx;
use syncline::mapping::matching::MatchKey;
use syncline::store::{
    Accepted, Adoption, Answer, Begun, Conflict, DeadLetter, Decided, Delivery, Feed, History, Hit, Hub, LeaseHolder, Letter, Loaded, Logged, MappingId,
    MappingShape, Merged, MovedCursor, NewReview, Old, Page, Review, Run, RunEnd, RunRecord, Settled, Store, StoreError, Totals, Touch, TouchedRecord, Tried,
    Values, Waiting, WaitingWhy, Wake,
};
use syncline::sync::op::Entry;
use syncline::system::Cursor;

use super::super::check::feed;
use super::super::ledger::{Change, Start};
use super::Watch;

/// A call that is handed on as it is.
macro_rules! handed_on {
    ($self:ident, $name:ident $(, $arg:ident)*) => {{
        $self.before(stringify!($name)).await?;
        let answer = $self.inner.$name($($arg),*).await;
        tokio::task::yield_now().await;
        answer
    }};
}

#[async_trait]
impl Store for Watch {
    fn instance(&self) -> &str {
        self.inner.instance()
    }

    fn scratch(&self) -> std::path::PathBuf {
        self.inner.scratch()
    }

    async fn register(&self, shape: MappingShape) -> Result<MappingId, StoreError> {
        let place = {
            let world = self.world();
            world.mappings.iter().position(|mapping| mapping.name == shape.name).expect("only the history's mappings are registered")
        };
        let id = self.inner.register(shape).await?;
        self.places.lock().expect("no holder of this lock goes on after a panic").insert(id.0, place);
        Ok(id)
    }

    async fn adopt(&self, mapping: MappingId, cursors: Vec<MovedCursor>) -> Result<(), StoreError> {
        self.before("adopt").await?;
        for moved in &cursors {
            self.world().check_cursor(moved.connection.as_str(), moved.object.as_str(), moved.feed, &moved.cursor);
        }
        self.inner.adopt(mapping, cursors.clone()).await?;
        let place = self.place(mapping);
        self.world().adopted.insert(place);
        for moved in &cursors {
            self.moved(&moved.connection, &moved.object, moved.feed, &moved.cursor).await;
        }
        tokio::task::yield_now().await;
        Ok(())
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
        self.before("commit_page").await?;
        if let Some(cursor) = &cursor {
            self.world().check_cursor(connection.as_str(), object.as_str(), feed, cursor);
        }
        self.inner.commit_page(connection, object, feed, cursor.clone(), touched, now).await?;
        if let Some(cursor) = &cursor {
            self.moved(connection, object, feed, cursor).await;
        }
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn commit_merged(&self, mapping: MappingId, run: RunId, merged: Vec<Merged>, now: Timestamp) -> Result<(), StoreError> {
        self.before("commit_merged").await?;
        let changes: Vec<Change> = merged.iter().map(Change::merged).collect();
        let place = self.place(mapping);
        changes.iter().for_each(|change| self.world().check_look(place, run, change));
        let answered: Vec<(Touch, i64)> = merged.iter().flat_map(|merged| merged.untouch.iter().cloned()).collect();
        let hints = feed::touched(&*self.inner, mapping).await;
        self.inner.commit_merged(mapping, run, merged, now).await?;
        feed::check_kept(self, mapping, &hints, &answered).await;
        self.committed(mapping, changes);
        *self.world().merges.entry(place).or_default() += 1;
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn mark_sent(&self, entries: &[EntryId], at: Timestamp, deadline: Timestamp) -> Result<(), StoreError> {
        self.before("mark_sent").await?;
        self.inner.mark_sent(entries, at, deadline).await?;
        self.world().ledger.sent(entries, deadline);
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn settle(&self, mapping: MappingId, settled: Vec<Settled>) -> Result<(), StoreError> {
        self.before("settle").await?;
        let changes: Vec<Change> = settled.iter().map(Change::settled).collect();
        let place = self.place(mapping);
        for change in &changes {
            self.world().check_told(place, change);
            self.world().check_standing(place, change);
        }
        self.inner.settle(mapping, settled).await?;
        self.committed(mapping, changes);
        tokio::task::yield_now().await;
        Ok(())
    }

    fn new_run(&self, mapping: MappingId, wake: Wake, started_at: Timestamp) -> Run {
        self.inner.new_run(mapping, wake, started_at)
    }

    async fn begin(&self, mapping: MappingId, begun: Vec<Begun>) -> Result<(), StoreError> {
        self.before("begin").await?;
        let starts: Vec<Start> = begun.iter().map(Start::of).collect();
        self.inner.begin(mapping, begun).await?;
        let place = self.place(mapping);
        let mut world = self.world();
        let now_us = world.clock.us();
        for start in starts {
            world.note(format_args!("begin {} {}", start.entity, start.links.iter().map(|(_, link)| link.key.to_string()).collect::<Vec<_>>().join(" ")));
            let fields = world.mappings[place].fields.len();
            world.ledger.begin(place, fields, start, now_us);
        }
        Ok(())
    }

    async fn take_lease(&self, holder: &LeaseHolder) -> Result<(), StoreError> {
        handed_on!(self, take_lease, holder)
    }

    async fn written(&self, mapping: MappingId, runs: &[RunId], after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError> {
        handed_on!(self, written, mapping, runs, after, limit)
    }

    async fn journalled(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Vec<Entry>>, StoreError> {
        handed_on!(self, journalled, mapping, entities)
    }

    async fn history(&self, mapping: MappingId, entity: EntityId, limit: usize) -> Result<History, StoreError> {
        handed_on!(self, history, mapping, entity, limit)
    }

    async fn conflict_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Logged>, StoreError> {
        handed_on!(self, conflict_log, mapping, page)
    }

    async fn dead_letter_log(&self, mapping: MappingId, page: Page) -> Result<Vec<Letter>, StoreError> {
        handed_on!(self, dead_letter_log, mapping, page)
    }

    async fn waits(&self, mapping: MappingId, system: SystemIx, identity: &RecordKey) -> Result<Option<WaitingWhy>, StoreError> {
        handed_on!(self, waits, mapping, system, identity)
    }

    async fn say(&self, mapping: MappingId, said: Vec<(NewReview, Answer)>, touched: Vec<Touch>, at: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, say, mapping, said, touched, at)
    }

    fn restored(&self) -> Option<Timestamp> {
        self.inner.restored()
    }

    async fn note_restored(&self, at: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, note_restored, at)
    }

    async fn confirm_restored(&self) -> Result<(), StoreError> {
        handed_on!(self, confirm_restored)
    }

    async fn renew_lease(&self, now: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, renew_lease, now)
    }

    async fn release_lease(&self) -> Result<(), StoreError> {
        handed_on!(self, release_lease)
    }

    async fn adoption(&self, mapping: MappingId) -> Result<Adoption, StoreError> {
        handed_on!(self, adoption, mapping)
    }

    async fn derived(&self, mapping: MappingId) -> Result<Option<String>, StoreError> {
        handed_on!(self, derived, mapping)
    }

    async fn hasten(&self, mapping: MappingId) -> Result<(), StoreError> {
        handed_on!(self, hasten, mapping)
    }

    async fn keep_derived(&self, mapping: MappingId, by: &str) -> Result<(), StoreError> {
        handed_on!(self, keep_derived, mapping, by)
    }

    async fn counts(&self, mapping: MappingId) -> Result<(u64, Vec<u64>), StoreError> {
        handed_on!(self, counts, mapping)
    }

    async fn cursor(&self, connection: &ConnectionName, object: &ObjectName, feed: Feed) -> Result<Option<Cursor>, StoreError> {
        handed_on!(self, cursor, connection, object, feed)
    }

    async fn touched(&self, mapping: MappingId, due: Timestamp, limit: usize) -> Result<Vec<TouchedRecord>, StoreError> {
        handed_on!(self, touched, mapping, due, limit)
    }

    async fn touched_count(&self, mapping: MappingId) -> Result<(u64, Option<Timestamp>), StoreError> {
        handed_on!(self, touched_count, mapping)
    }

    async fn untouch(&self, touched: Vec<(Touch, i64)>) -> Result<(), StoreError> {
        self.before("untouch").await?;
        let mut hints = Vec::new();
        for (mapping, _) in self.registered() {
            hints.push((mapping, feed::touched(&*self.inner, mapping).await));
        }
        self.inner.untouch(touched.clone()).await?;
        for (mapping, hints) in &hints {
            feed::check_kept(self, *mapping, hints, &touched).await;
        }
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn touch(&self, touched: Vec<Touch>, not_before: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, touch, touched, not_before, now)
    }

    async fn linked(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<EntityId>>, StoreError> {
        handed_on!(self, linked, mapping, system, identities)
    }

    async fn load(&self, mapping: MappingId, entities: &[EntityId]) -> Result<Vec<Loaded>, StoreError> {
        handed_on!(self, load, mapping, entities)
    }

    async fn agreed(&self, mapping: MappingId, system: SystemIx, identities: &[RecordKey]) -> Result<Vec<Option<Hub>>, StoreError> {
        handed_on!(self, agreed, mapping, system, identities)
    }

    async fn resolve_alias(&self, entity: EntityId) -> Result<EntityId, StoreError> {
        handed_on!(self, resolve_alias, entity)
    }

    async fn hits(&self, mapping: MappingId, keys: &[MatchKey]) -> Result<Vec<Vec<Hit>>, StoreError> {
        handed_on!(self, hits, mapping, keys)
    }

    async fn open_creates(&self, mapping: MappingId, system: SystemIx) -> Result<Vec<Entry>, StoreError> {
        handed_on!(self, open_creates, mapping, system)
    }

    async fn keys_of(&self, mapping: MappingId, system: SystemIx, entities: &[EntityId]) -> Result<Vec<Option<RecordKey>>, StoreError> {
        handed_on!(self, keys_of, mapping, system, entities)
    }

    async fn identities(
        &self,
        mapping: MappingId,
        system: SystemIx,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<(RecordKey, RecordKey, EntityId)>, StoreError> {
        handed_on!(self, identities, mapping, system, after, limit)
    }

    async fn entities(&self, mapping: MappingId, after: Option<EntityId>, limit: usize) -> Result<Vec<EntityId>, StoreError> {
        handed_on!(self, entities, mapping, after, limit)
    }

    async fn reserve(&self, count: u64) -> Result<Range<i64>, StoreError> {
        handed_on!(self, reserve, count)
    }

    async fn keep_waiting(&self, mapping: MappingId, add: Vec<Waiting>, remove: Vec<(SystemIx, RecordKey)>) -> Result<(), StoreError> {
        handed_on!(self, keep_waiting, mapping, add, remove)
    }

    async fn tried(&self, mapping: MappingId, entities: &[EntityId], since: Timestamp) -> Result<Vec<Vec<Tried>>, StoreError> {
        handed_on!(self, tried, mapping, entities, since)
    }

    async fn unsettled(&self, mapping: MappingId) -> Result<Vec<Entry>, StoreError> {
        handed_on!(self, unsettled, mapping)
    }

    async fn begin_run(&self, run: Run) -> Result<(), StoreError> {
        handed_on!(self, begin_run, run)
    }

    async fn end_run(&self, run: Run, end: RunEnd, at: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, end_run, run, end, at)
    }

    async fn runs(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<RunRecord>, StoreError> {
        handed_on!(self, runs, mapping, limit)
    }

    async fn reviews(&self, mapping: Option<MappingId>, open_only: bool) -> Result<Vec<Review>, StoreError> {
        handed_on!(self, reviews, mapping, open_only)
    }

    async fn answer(&self, review: ReviewId, answer: Answer, at: Timestamp) -> Result<(), StoreError> {
        handed_on!(self, answer, review, answer, at)
    }

    async fn open_review(&self, mapping: MappingId, review: NewReview, at: Timestamp) -> Result<ReviewId, StoreError> {
        handed_on!(self, open_review, mapping, review, at)
    }

    async fn close_review(&self, review: ReviewId) -> Result<(), StoreError> {
        handed_on!(self, close_review, review)
    }

    async fn dead_letters(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        handed_on!(self, dead_letters, mapping, limit)
    }

    async fn decided(&self, mapping: MappingId, entity: EntityId) -> Result<Vec<(RunId, Timestamp, Decided)>, StoreError> {
        handed_on!(self, decided, mapping, entity)
    }

    async fn conflicts(&self, mapping: Option<MappingId>, limit: usize) -> Result<Vec<Conflict>, StoreError> {
        handed_on!(self, conflicts, mapping, limit)
    }

    async fn totals(&self, mapping: MappingId) -> Result<Totals, StoreError> {
        handed_on!(self, totals, mapping)
    }

    async fn forget(&self, what: Old, before: Timestamp, after: i64) -> Result<Option<i64>, StoreError> {
        handed_on!(self, forget, what, before, after)
    }

    async fn forget_gone(&self, mapping: MappingId, before: Timestamp, after: i64, values: Values) -> Result<Option<i64>, StoreError> {
        handed_on!(self, forget_gone, mapping, before, after, values)
    }

    async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        handed_on!(self, accept, delivery)
    }

    async fn subscription(&self, connection: &ConnectionName, object: &ObjectName) -> Result<Option<String>, StoreError> {
        handed_on!(self, subscription, connection, object)
    }

    async fn keep_subscription(&self, connection: &ConnectionName, object: &ObjectName, state: Option<String>) -> Result<(), StoreError> {
        handed_on!(self, keep_subscription, connection, object, state)
    }

    async fn account(&self, connection: &ConnectionName) -> Result<Option<String>, StoreError> {
        handed_on!(self, account, connection)
    }

    async fn keep_account(&self, connection: &ConnectionName, account: &str) -> Result<(), StoreError> {
        handed_on!(self, keep_account, connection, account)
    }
}
