//! What is looked back at for a time is gone after it; what is still needed is not.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Bench {
    async fn kept(&self) -> (usize, usize, usize) {
        let (store, id) = (&self.ground.store, self.ground.mappings[0].id);
        let entities = store.entities(id, None, 10).await.expect("entities");
        let tried = store.tried(id, &entities, jiff::Timestamp::UNIX_EPOCH).await.expect("the journal");
        let conflicts = store.conflicts(Some(id), 10).await.expect("conflicts").len();
        (tried.iter().map(Vec::len).sum(), conflicts, store.runs(Some(id), 100).await.expect("runs").len())
    }
}

#[tokio::test]
async fn journal_conflicts_and_runs_are_kept_for_three_months() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme Inc", "open");
    bench.run().await;
    let (written, conflicts, _) = bench.kept().await;
    assert_eq!((written, conflicts), (1, 1));
    bench.clock.advance(DAY * 89);
    bench.run().await;
    assert_eq!(bench.kept().await, (1, 1, 2));
    bench.clock.advance(DAY * 2);
    bench.run().await;
    assert_eq!(bench.kept().await, (0, 0, 2), "the last two runs are young");
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"), "and all goes on as before");
}

#[tokio::test]
async fn a_record_that_comes_back_after_a_tombstone_s_time_is_a_new_one() {
    let bench = Bench::new(&DEALS.replace("leaves: delete", "leaves: stop")).await;
    bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.crm.delete(&object("crm"), &opportunity);
    bench.run().await;
    let laid = &bench.ground.mappings[0];
    let linked = || async { bench.ground.store.linked(laid.id, crate::mapping::SystemIx(1), std::slice::from_ref(&opportunity)).await.expect("looks up")[0] };
    bench.clock.advance(DAY * 29);
    bench.run().await;
    assert!(linked().await.is_some(), "a restore is still recognised");
    bench.clock.advance(DAY * 2);
    bench.run().await;
    assert_eq!(linked().await, None);
    let ended = bench.run().await;
    assert_eq!((ended.end.created, ended.end.linked), (0, 0), "the tombstone still stands in the way of a create: {ended:?}");
}
