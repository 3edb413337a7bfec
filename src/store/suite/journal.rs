//! Entries, reviews, conflicts, dead letters, runs.

use std::sync::Arc;

use super::look::settled_as;
use super::sample::*;
use crate::id::{EntityId, EntryId, RecordKey};
use crate::store::{
    Adoption, Answer, Conflict, DeadLetter, Decided, Fate, Feed, Ledger, Loser, MovedCursor, NewReview, ReviewAbout, RunEnd, RunState, Spoke, Store,
    StoreError, StuckWhy, Wake,
};
use crate::sync::entity::{Cause, Interval, Known, Origin, Shadow};
use crate::sync::op::{EntryState, OpKind};
use crate::sync::reason::Reason;
use crate::system::Cursor;
use crate::value::Value;

pub async fn entries_live_from_ready_to_done(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut look = merged(None, settled(1));
    let kinds = [OpKind::Update, OpKind::Archive(Cause::Deleted(CRM)), OpKind::Delete(Cause::Wall)];
    let mut entries: Vec<_> = kinds.into_iter().zip(1..).map(|(kind, n)| entry(n, ids.1, EntityId(1), ERP, kind)).collect();
    look.entries = entries.clone();
    commit(&store, ids, vec![look]).await;
    assert_eq!(store.unsettled(ids.0).await.expect("reads"), entries);
    assert_eq!(load(&store, ids.0, EntityId(1)).await.entries, entries);
    store.mark_sent(&[entries[0].id, entries[1].id], at(20), at(80)).await.expect("marks");
    for sent in &mut entries[..2] {
        (sent.state, sent.attempt, sent.first_sent_at, sent.deadline) = (EntryState::Sent, 1, Some(at(20)), Some(at(80)));
    }
    assert_eq!(store.unsettled(ids.0).await.expect("reads"), entries);
    assert_eq!(store.totals(ids.0).await.expect("counts").in_doubt, 2);
    store.mark_sent(&[entries[0].id], at(30), at(90)).await.expect("marks");
    (entries[0].attempt, entries[0].deadline) = (2, Some(at(90)));
    let done = settled_as(2, EntryState::Done, Some(settled(1)), settled(1));
    let ghost = settled_as(3, EntryState::Ghost, Some(settled(1)), settled(1));
    store.settle(ids.0, vec![done, ghost]).await.expect("settles");
    assert_eq!(store.unsettled(ids.0).await.expect("reads"), entries[..1]);
    entries[2].state = EntryState::Ghost;
    assert_eq!(load(&store, ids.0, EntityId(1)).await.entries, [entries[0].clone(), entries[2].clone()], "a ghost is open");
    let mut look = merged(Some(settled(1)), settled(1));
    look.entry_states = vec![(entries[0].id, EntryState::Superseded)];
    commit(&store, ids, vec![look]).await;
    assert_eq!(store.unsettled(ids.0).await.expect("reads"), []);
    let again = store.mark_sent(&[entries[0].id], at(1), at(2)).await;
    assert!(matches!(again, Err(StoreError::Unknown { .. })), "what is closed is not sent");
}

pub async fn open_creates_claim_records(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut look = merged(None, settled(1));
    let create = entry(1, ids.1, EntityId(1), ERP, OpKind::Create);
    look.entries = vec![create.clone(), entry(2, ids.1, EntityId(1), CRM, OpKind::Create), entry(3, ids.1, EntityId(1), ERP, OpKind::Update)];
    commit(&store, ids, vec![look]).await;
    assert_eq!(store.open_creates(ids.0, ERP).await.expect("reads"), [create]);
    store.settle(ids.0, vec![settled_as(1, EntryState::Refused, Some(settled(1)), settled(1))]).await.expect("settles");
    assert_eq!(store.open_creates(ids.0, ERP).await.expect("reads"), []);
}

pub async fn dead_letters_close_when_nothing_is_refused(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let mut look = merged(None, settled(1));
    look.entries = vec![entry(1, ids.1, EntityId(1), ERP, OpKind::Update)];
    commit(&store, ids, vec![look]).await;
    let mut refused = settled(1);
    let known = Known { refused: Some(Value::Integer(101)), ..Known::settled(Value::Integer(101)) };
    refused.links[1].as_mut().expect("is linked").shadows[1] = Shadow::Known(known);
    let letter = DeadLetter {
        mapping: ids.0,
        entity: EntityId(1),
        system: ERP,
        entry: EntryId(uuid::Uuid::from_u128(1)),
        code: "INVALID".into(),
        message: "amount too big".into(),
        fields: vec![AMOUNT],
        at: at(200),
    };
    let mut result = settled_as(1, EntryState::Refused, Some(settled(1)), refused.clone());
    result.dead_letter = Some(letter.clone());
    store.settle(ids.0, vec![result]).await.expect("settles");
    assert_eq!(store.dead_letters(Some(ids.0), 10).await.expect("lists"), std::slice::from_ref(&letter));
    commit(&store, ids, vec![merged(Some(refused.clone()), refused.clone())]).await;
    assert_eq!(store.dead_letters(None, 10).await.expect("lists"), [letter]);
    commit(&store, ids, vec![merged(Some(refused), settled(1))]).await;
    assert_eq!(store.dead_letters(None, 10).await.expect("lists"), []);
    assert_eq!(store.totals(ids.0).await.expect("counts").dead_letters, 0);
}

pub async fn reviews_are_asked_once_and_answered(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    commit(&store, ids, vec![merged(None, settled(1))]).await;
    let key = || RecordKey::new("SO9");
    let all = [
        ReviewAbout::Match { system: ERP, key: key(), identity: key(), label: "Acme".into(), hits: vec![EntityId(1)], also: vec![(CRM, key())] },
        ReviewAbout::Conflict { field: NAME, values: vec![(None, Value::Blank), (Some(ERP), Value::text("x"))] },
        ReviewAbout::Delete { system: ERP, deleter: Some(CRM), why: "edited".into(), shown: vec![(ERP, AMOUNT, Value::Integer(4))] },
        ReviewAbout::InDoubt { entry: EntryId(uuid::Uuid::from_u128(5)), hits: vec![key()] },
        ReviewAbout::PingPong { system: CRM, field: Some(AMOUNT), other: Some("0055g".into()) },
        ReviewAbout::PingPong { system: CRM, field: None, other: None },
        ReviewAbout::Stuck { system: ERP, why: StuckWhy::Failing { answer: "stale".into(), attempts: 8, since: at(3) } },
        ReviewAbout::Stuck { system: CRM, why: StuckWhy::Locked { since: at(4) } },
        ReviewAbout::Join { other: EntityId(2), why: "each has a record in erp".into() },
        ReviewAbout::Refused { system: ERP, entry: EntryId(uuid::Uuid::from_u128(6)), fields: vec![AMOUNT] },
    ];
    let mut opened = Vec::new();
    for about in &all {
        let new = NewReview { entity: Some(EntityId(1)), about: about.clone() };
        let id = store.open_review(ids.0, new.clone(), at(1)).await.expect("opens");
        assert_eq!(store.open_review(ids.0, new, at(2)).await.expect("opens"), id, "the same question is asked once");
        opened.push(id);
    }
    let unlinked = NewReview { entity: None, about: all[0].clone() };
    let unlinked = store.open_review(ids.0, unlinked, at(3)).await.expect("opens");
    assert_ne!(unlinked, opened[0]);
    let found = load(&store, ids.0, EntityId(1)).await.reviews;
    assert_eq!(found.iter().map(|r| r.about.clone()).collect::<Vec<_>>(), all);
    let answers = [
        Answer::Link(EntityId(1)),
        Answer::Value { value: Value::text("y"), at: at(8) },
        Answer::Keep,
        Answer::New,
        Answer::Leave,
        Answer::Delete,
        Answer::Again,
    ];
    for (id, answer) in opened.iter().zip(&answers) {
        store.answer(*id, answer.clone(), at(9)).await.expect("answers");
    }
    let found = load(&store, ids.0, EntityId(1)).await.reviews;
    assert!(found.iter().zip(&answers).all(|(review, answer)| review.answer.as_ref() == Some(answer)), "an answer waits to be used");
    let mut look = merged(Some(settled(1)), settled(1));
    look.closed_reviews = opened.clone();
    look.reviews = vec![NewReview { entity: Some(EntityId(1)), about: all[1].clone() }];
    commit(&store, ids, vec![look]).await;
    let open = store.reviews(None, true).await.expect("lists");
    assert_eq!(open.iter().map(|r| r.about.clone()).collect::<Vec<_>>(), [all[0].clone()], "what a look opens and closes at once is closed");
    assert_eq!(store.reviews(Some(ids.0), false).await.expect("lists").len(), 11);
    store.close_review(unlinked).await.expect("closes");
    assert!(matches!(store.answer(unlinked, Answer::New, at(9)).await, Err(StoreError::Unknown { .. })));
    assert_eq!(store.totals(ids.0).await.expect("counts").reviews, 0);
}

pub async fn conflicts_and_decisions_are_kept(store: Arc<dyn Store>) {
    let ids = registered(&store).await;
    let loser = Loser { system: Some(ERP), value: Value::text("lost"), shadow: Some(Value::Blank), until: Some(at(4)), actor: Some("sam".into()) };
    let conflict = |field| Conflict {
        entity: EntityId(1),
        field,
        run: ids.1,
        at: at(5),
        losers: vec![loser.clone(), Loser { system: None, value: Value::Blank, shadow: None, until: None, actor: None }],
        winner: Value::text("won"),
        winner_system: Some(CRM),
        winner_until: Some(at(6)),
        winner_actor: Some("kim".into()),
        policy: "latest".into(),
        grade: Some("possible".into()),
    };
    let changed = Interval { after: Some(at(1)), until: at(3) };
    let spoke = |from, fate, value: &str| Spoke {
        from,
        as_agreed: fate == Fate::Lost,
        value: Value::text(value),
        before: Some(Value::Blank),
        changed,
        actor: (fate == Fate::Taken).then(|| "sam".into()),
        fate,
    };
    let spoke = vec![spoke(Origin::System(ERP), Fate::Taken, "v"), spoke(Origin::Person, Fate::Lost, "w")];
    let decided = |field, reason| Decided { field, value: Value::text("v"), reason, was: Some(Value::text("u")), spoke: spoke.clone() };
    let mut look = merged(None, settled(1));
    look.conflicts = vec![conflict(NAME), conflict(AMOUNT)];
    look.decided = vec![decided(NAME, Reason::Agreed), decided(AMOUNT, Reason::Leaves { cause: Cause::Deleted(ERP) })];
    commit(&store, ids, vec![look]).await;
    assert_eq!(store.conflicts(Some(ids.0), 9).await.expect("lists"), [conflict(AMOUNT), conflict(NAME)]);
    assert_eq!(store.conflicts(None, 1).await.expect("lists"), [conflict(AMOUNT)]);
    assert_eq!(store.totals(ids.0).await.expect("counts").conflicts, 2);
    let mut look = merged(Some(settled(1)), settled(1));
    look.decided = vec![decided(NAME, Reason::Highest { winner: None })];
    commit(&store, ids, vec![look]).await;
    let last = store.decided(ids.0, EntityId(1)).await.expect("reads");
    let kept: Vec<_> = last.into_iter().map(|(_, _, decided)| decided).collect();
    assert_eq!(kept, [decided(NAME, Reason::Highest { winner: None }), decided(AMOUNT, Reason::Leaves { cause: Cause::Deleted(ERP) })]);
    for system in [CRM, ERP] {
        let mut look = merged(Some(settled(1)), settled(1));
        look.decided = vec![decided(NAME, Reason::PutBack { in_system: system })];
        commit(&store, ids, vec![look]).await;
    }
    let last = store.decided(ids.0, EntityId(1)).await.expect("reads");
    let names: Vec<_> = last.iter().filter(|(_, _, decided)| decided.field == NAME).map(|(_, _, decided)| decided.reason).collect();
    assert_eq!(names, [Reason::PutBack { in_system: ERP }, Reason::Highest { winner: None }], "an edit that was put back leaves the decision that stands");
}

pub async fn runs_end_and_adopt(store: Arc<dyn Store>) {
    let mapping = store.register(shape()).await.expect("registers");
    let held = store.new_run(mapping, Wake::Start, at(1));
    store.begin_run(held).await.expect("begins");
    assert_eq!(store.runs(None, 1).await.expect("lists")[0].ended_at, None, "it shows as running");
    let ledger = vec![Ledger { system: "crm".into(), read: 5, unchanged: 3, held: 2, ..Ledger::default() }];
    let end = |state| RunEnd { state, ledger: ledger.clone(), read: 5, waiting: 9, message: Some("why".into()), ..RunEnd::default() };
    store.end_run(held, end(RunState::Held), at(2)).await.expect("ends");
    assert_eq!(store.adoption(mapping).await.expect("reads"), Adoption::First, "a run that ended adopts nothing by itself");
    // One that never began is stored by its end.
    let done = store.new_run(mapping, Wake::Delivery, at(3));
    assert!(done.id > held.id);
    store.end_run(done, end(RunState::Done), at(4)).await.expect("ends");
    let cursor = MovedCursor { connection: "crm".into(), object: "Opportunity".into(), feed: Feed::Gone, cursor: Cursor("c".into()) };
    store.adopt(mapping, vec![cursor]).await.expect("adopts");
    assert_eq!(store.adoption(mapping).await.expect("reads"), Adoption::Done);
    assert_eq!(store.cursor(&"crm".into(), &"Opportunity".into(), Feed::Gone).await.expect("reads"), Some(Cursor("c".into())));
    let mut edited = shape();
    edited.fields[0].meaning[0] = Some(99);
    store.register(edited).await.expect("registers");
    assert_eq!(store.adoption(mapping).await.expect("reads"), Adoption::Edited);
    let runs = store.runs(Some(mapping), 10).await.expect("lists");
    assert_eq!(runs.iter().map(|run| (run.id, run.wake)).collect::<Vec<_>>(), [(done.id, Wake::Delivery), (held.id, Wake::Start)]);
    assert_eq!((runs[0].started_at, runs[0].ended_at, runs[0].mapping.as_str()), (at(3), Some(at(4)), "deals"));
    assert_eq!(runs[1].end, end(RunState::Held));
    assert_eq!(store.runs(None, 1).await.expect("lists").len(), 1);
}
