//! The books of a run: each record that was read is in one class.

use super::*;
use crate::store::Ledger;

/// What became of the records of a system: unchanged, written, agreed, filtered, held, dead-lettered.
fn classes(ended: &Ended, system: &str) -> (u64, [u64; 6]) {
    let ledger = ended.end.ledger.iter().find(|ledger| ledger.system == system).expect("every system has one");
    assert_eq!(ledger.gap(), 0, "{ledger:?}");
    (ledger.read, ledger.classes().map(|(_, count)| count))
}

#[tokio::test]
async fn every_record_read_is_in_one_class() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.deal("2", "Birch", "won");
    bench.deal("3", "Cedar", "open");
    bench.deal("3", "Cedar again", "open");
    let ended = bench.run().await;
    assert_eq!(classes(&ended, "prm"), (4, [0, 0, 2, 0, 2, 0]), "two are met, twins wait for a person: {ended:?}");
    assert_eq!(classes(&ended, "crm"), (1, [0, 0, 1, 0, 0, 0]), "what is made was never read: {ended:?}");

    bench.edit("prm", &deal, "name", "Acme Ltd");
    let ended = bench.run().await;
    assert_eq!(classes(&ended, "prm").1[2], 1, "taken in: {ended:?}");
    assert_eq!(classes(&ended, "crm").1[1], 1, "read by key and written: {ended:?}");

    bench.edit("prm", &deal, "name", "Acme Group");
    bench.crm.fail(Fault::Refused { code: "INVALID".into(), fields: vec![path("Name")] });
    let ended = bench.run().await;
    assert_eq!(classes(&ended, "crm").1[5], 1, "{ended:?}");
    bench.edit("prm", &deal, "stage", "lost");
    bench.crm.fail(Fault::Locked);
    let ended = bench.run().await;
    assert_eq!(classes(&ended, "prm").1[1], 1, "an edit that is put back is written: {ended:?}");
    assert!(bench.crm.delete(&object("crm"), &opportunity));
    bench.run().await;
    let record = &bench.ground.store.runs(None, 1).await.expect("lists")[0];
    assert_eq!(record.end.ledger.iter().map(Ledger::gap).sum::<i64>(), 0, "kept with the run: {record:?}");
    assert_eq!(record.end.ledger.len(), 2);
}

#[tokio::test]
async fn what_a_held_run_read_is_held() {
    let bench = Bench::new(&DEALS.replace("adopt: automatic\n", "")).await;
    bench.deal("1", "Acme", "won");
    let ended = bench.run().await;
    assert_eq!(classes(&ended, "prm"), (1, [0, 0, 0, 0, 1, 0]), "{ended:?}");
}

#[test]
fn a_record_in_no_class_is_a_gap() {
    let ledger = Ledger { read: 5, unchanged: 2, written: 1, held: 1, ..Ledger::default() };
    assert_eq!(ledger.gap(), 1);
}
