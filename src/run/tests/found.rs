//! Whole runs that simulated histories came upon, each as short as it goes.

use super::{Bench, DEALS, object, path};
use crate::id::RecordKey;
use crate::mapping::SystemIx;
use crate::store::{Answer, RunState, Touch, Touched};
use crate::system::{Abilities, CreateClass, UpsertBy};
use crate::trial::memory::abilities;

fn upserting() -> Abilities {
    Abilities { create: vec![CreateClass::Upsert { by: UpsertBy::Paths(vec![path("Number")]) }], ..abilities() }
}

/// Two entities came to have one external id. The upsert's look-up found the other one's record, linked it twice, and every run failed from then on.
#[tokio::test]
async fn an_external_id_that_is_taken_is_a_question() {
    let bench = Bench::with(DEALS, upserting()).await;
    bench.deal("1", "Acme", "won");
    let other = bench.deal("2", "Birch", "open");
    bench.run().await;
    bench.edit("prm", &other, "number", "1");
    bench.edit("prm", &other, "stage", "won");
    let ended = bench.run().await;
    assert_eq!(ended.end.state, RunState::Done, "{ended:?}");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    assert_eq!(bench.run().await.end.state, RunState::Done);
}

/// Two records with one key: a person said to leave both alone, and was asked again at their next touch.
#[tokio::test]
async fn what_is_left_alone_stays_so_until_its_key_moves() {
    let bench = Bench::new(DEALS).await;
    bench.deal("1", "Acme", "open");
    let twins = [bench.opportunity("1", "Acme", "open"), bench.opportunity("1", "Acme again", "open")];
    bench.run().await;
    let open = || async { bench.ground.store.reviews(None, true).await.expect("reviews") };
    for review in open().await {
        let laid = &bench.ground.mappings[0];
        bench.ground.store.answer(review.id, Answer::Leave, bench.clock.now()).await.expect("an answer");
        let touch = |key: &RecordKey| Touch { mapping: laid.id, system: SystemIx(1), key: key.clone(), identity: key.clone(), why: Touched::Person };
        bench.ground.store.touch(twins.iter().map(touch).collect(), None, bench.clock.now()).await.expect("touches");
    }
    bench.run().await;
    for review in open().await {
        bench.ground.store.answer(review.id, Answer::Leave, bench.clock.now()).await.expect("an answer");
    }
    bench.run().await;
    bench.edit("crm", &twins[1], "Name", "Acme once more");
    bench.edit("crm", &twins[0], "Name", "Acme Ltd");
    let before = open().await.len();
    bench.run().await;
    assert_eq!(open().await.len(), before, "nobody is asked twice");
    bench.edit("crm", &twins[1], "Number", "2");
    bench.run().await;
    let entities = bench.ground.store.entities(bench.ground.mappings[0].id, None, 10).await.expect("entities");
    assert_eq!(entities.len(), 2, "under another key it is another thing: {entities:?}");
}
