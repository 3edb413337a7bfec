//! Writes that never get through, records that are locked, values that flap: each ends with a question, and stops nothing else.

use super::*;
use crate::run::commit::touch_of;
use crate::store::{Answer, Review, ReviewAbout, StuckWhy};

impl Bench {
    async fn open(&self) -> Vec<Review> {
        self.ground.store.reviews(None, true).await.expect("reviews")
    }

    async fn go_on(&self) {
        let review = self.open().await.pop().expect("an open review");
        let now = self.clock.now();
        self.ground.store.answer(review.id, Answer::Again, now).await.expect("an answer that fits");
        let laid = &self.ground.mappings[0];
        let loaded = self.ground.store.load(laid.id, &[review.entity.expect("it is about an entity")]).await.expect("loads");
        let touch = touch_of(laid, &loaded[0].entity).expect("it is linked");
        self.ground.store.touch(vec![touch], None, now).await.expect("touches");
    }

    /// Runs once an hour, so that no wait is in the way.
    async fn hours(&self, hours: u32) {
        for _ in 0..hours {
            self.clock.advance(Duration::from_secs(3600));
            self.run().await;
        }
    }
}

#[tokio::test]
async fn a_write_that_never_gets_through_goes_to_a_person_and_blocks_nothing_else() {
    let bench = Bench::new(DEALS).await;
    let (first, second) = (bench.deal("1", "Acme", "open"), bench.deal("2", "Birch", "open"));
    let (acme, birch) = (bench.opportunity("1", "Acme", "open"), bench.opportunity("2", "Birch", "open"));
    bench.run().await;
    bench.edit("prm", &first, "name", "Acme Ltd");
    for _ in 0..8 {
        bench.crm.fail(Fault::Stale);
    }
    bench.hours(9).await;
    let reviews = bench.open().await;
    let why = reviews.iter().map(|review| &review.about).next();
    assert!(matches!(why, Some(ReviewAbout::Stuck { why: StuckWhy::Failing { attempts: 8, .. }, .. })), "{reviews:?}");
    assert_eq!(bench.shows("crm", &acme, "Name").as_deref(), Some("Acme"), "and it is not tried any more");
    bench.edit("prm", &second, "name", "Birch Ltd");
    bench.edit("crm", &acme, "Stage", "lost");
    bench.run().await;
    assert_eq!(bench.shows("crm", &birch, "Name").as_deref(), Some("Birch Ltd"));
    assert_eq!(bench.shows("prm", &first, "stage").as_deref(), Some("lost"), "its other system is written");
    bench.go_on().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &acme, "Name").as_deref(), Some("Acme Ltd"));
    assert!(bench.open().await.is_empty());
}

#[tokio::test]
async fn attempts_are_spaced_out() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    for _ in 0..30 {
        bench.crm.fail(Fault::NotDone);
    }
    for _ in 0..7 {
        bench.run().await;
    }
    let tried = bench.tried().await;
    assert!((3..=4).contains(&tried), "{tried} attempts in seven minutes");
    assert!(bench.open().await.is_empty());
}

impl Bench {
    async fn tried(&self) -> usize {
        let id = self.ground.mappings[0].id;
        let entities = self.ground.store.entities(id, None, 10).await.expect("entities");
        let tried = self.ground.store.tried(id, &entities, jiff::Timestamp::UNIX_EPOCH).await.expect("what was tried");
        tried.iter().map(Vec::len).sum()
    }
}

#[tokio::test]
async fn a_record_locked_for_a_day_is_told_and_written_once_it_is_open() {
    let locked = DEALS.replace("status == 'won' }", "status == 'won', locked: Stage == 'closed' }");
    let bench = Bench::new(&locked).await;
    let deal = bench.deal("1", "Acme", "closed");
    let opportunity = bench.opportunity("1", "Acme", "closed");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.hours(20).await;
    assert!(bench.open().await.is_empty(), "it may be open again tomorrow");
    bench.hours(6).await;
    let reviews = bench.open().await;
    assert!(matches!(&reviews[..], [Review { about: ReviewAbout::Stuck { why: StuckWhy::Locked { .. }, .. }, .. }]), "{reviews:?}");
    bench.edit("crm", &opportunity, "Stage", "open");
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    assert!(bench.open().await.is_empty(), "the question closed itself");
}

#[tokio::test]
async fn a_field_that_flaps_is_frozen_until_a_person_says_so() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    for _ in 0..10 {
        // A workflow of the portal knows better, every time.
        bench.edit("prm", &deal, "stage", "closed");
        bench.run().await;
    }
    let reviews = bench.open().await;
    assert!(
        matches!(&reviews[..], [Review { about: ReviewAbout::PingPong { field: Some(_), other: Some(other), .. }, .. }] if &**other == "somebody"),
        "{reviews:?}"
    );
    assert_eq!(bench.shows("prm", &deal, "stage").as_deref(), Some("closed"), "it is not put back any more");
    assert_eq!(bench.tried().await, 6);
    bench.edit("crm", &opportunity, "Name", "Acme Group");
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Group"), "other fields go on");
    bench.go_on().await;
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "stage").as_deref(), Some("open"));
    assert!(bench.open().await.is_empty());
}

#[tokio::test]
async fn one_record_is_not_written_without_end() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    for n in 0..30 {
        bench.edit("prm", &deal, "name", &format!("Acme {n}"));
        bench.run().await;
    }
    let reviews = bench.open().await;
    assert!(matches!(&reviews[..], [Review { about: ReviewAbout::PingPong { field: None, .. }, .. }]), "{reviews:?}");
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme 19"), "twenty an hour");
    bench.go_on().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme 29"));
}

#[tokio::test]
async fn an_outage_of_writes_makes_no_record_stuck_and_is_told_of_the_system() {
    for fault in [Fault::NotDone, Fault::LostRequest] {
        let bench = Bench::new(DEALS).await;
        let deals: Vec<RecordKey> = (0..3).map(|n| bench.deal(&n.to_string(), "Acme", "open")).collect();
        let opportunities: Vec<RecordKey> = (0..3).map(|n| bench.opportunity(&n.to_string(), "Acme", "open")).collect();
        bench.run().await;
        bench.crm.fail_all(Some(fault.clone()));
        for deal in &deals {
            bench.edit("prm", deal, "name", "Acme Ltd");
        }
        bench.hours(60).await;
        assert!(bench.open().await.is_empty(), "{fault:?}");
        let pauses = bench.ground.breakers.pauses(bench.clock.now());
        assert_eq!((pauses.len(), pauses[0].object.as_str()), (1, "Opportunity"), "{fault:?}");
        let ended = bench.run().await;
        assert!(ended.end.message.as_deref().is_some_and(|told| told.contains("crm Opportunity takes no writes since")), "{ended:?}");
        // Only a person can tell what a record did to deserve it; the system is well again by itself.
        bench.crm.fail_all(None);
        bench.hours(2).await;
        for opportunity in &opportunities {
            assert_eq!(bench.shows("crm", opportunity, "Name").as_deref(), Some("Acme Ltd"), "{fault:?}");
        }
        assert!(bench.ground.breakers.pauses(bench.clock.now()).is_empty());
        assert_eq!(bench.run().await.end.message, None);
    }
}

#[tokio::test]
async fn while_writes_are_paused_nothing_is_sent_and_a_plan_still_shows_what_is_owed() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.crm.fail_all(Some(Fault::NotDone));
    for _ in 0..3 {
        bench.run().await;
    }
    let (tried, before) = (bench.tried().await, bench.ground.breakers.pauses(bench.clock.now()));
    bench.clock.advance(Duration::from_secs(1));
    bench.edit("prm", &deal, "name", "Acme Inc");
    let plan = bench.run_at_once(Intent::Plan).await;
    assert_eq!(plan.counts.systems[1].updates, 1, "{plan:?}");
    assert!(before[0].until > bench.clock.now(), "{before:?}");
    bench.run_at_once(Intent::Apply).await;
    assert_eq!(bench.tried().await, tried, "nothing left, nothing is in the journal");
}
