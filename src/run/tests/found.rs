//! Whole runs that simulated histories came upon, each as short as it goes.

use super::{Bench, DEALS, object, path};
use crate::store::RunState;
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
