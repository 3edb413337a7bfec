//! A create in doubt at a system that offers no way to find out: a person is told what to look for, and says what became of it.

use super::*;
use crate::daemon::resolve::{ResolveError, Said, resolve};
use crate::report::Kept;
use crate::report::logs::Narrow;
use crate::report::review::{self, Question, Which};
use crate::system::CreateClass;

impl Bench {
    /// A won deal of which nobody knows whether the CRM made a record.
    async fn doubtful(lost: Fault) -> (Self, RecordKey) {
        let bench = Self::with(DEALS, Abilities { create: vec![CreateClass::None], ..abilities() }).await;
        let deal = bench.deal("1", "Acme", "won");
        bench.crm.fail(lost);
        for _ in 0..3 {
            bench.run().await;
            bench.clock.advance(Duration::from_secs(2 * 3600));
        }
        (bench, deal)
    }

    async fn question(&self) -> Question {
        let laid = &self.ground.mappings[0];
        let kept = [Kept { mapping: laid.mapping.clone(), id: laid.id }];
        let (mut all, _) = review::open(&*self.ground.store, &kept, &Narrow { limit: 10, ..Narrow::default() }, Which::Open).await.expect("lists");
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

#[tokio::test]
async fn it_is_held_for_a_person_with_what_to_look_at() {
    let (bench, _) = Bench::doubtful(Fault::LostRequest).await;
    let question = bench.question().await;
    assert_eq!(question.kind, "in doubt");
    for part in ["Did crm make a record for", "It was sent at 2026-11-20T10:01:00Z by run-1", "`number` '1'", "`name` 'Acme'", "nothing like it was found"] {
        assert!(question.asks.contains(part), "{part}: {}", question.asks);
    }
    assert!(bench.crm.keys(&object("crm")).is_empty(), "it is not sent again by itself");
    resolve(&bench.ground, question.review, Said::New).await.expect("it takes that");
    bench.run().await;
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    assert!(bench.ground.store.reviews(None, true).await.expect("reviews").is_empty());
}

#[tokio::test]
async fn the_record_that_a_person_names_is_it() {
    // It landed under another number, so that no match field finds it.
    let (bench, deal) = Bench::doubtful(Fault::LostRequest).await;
    let made = bench.opportunity("1 of CRM", "Acme", "won");
    let question = bench.question().await;
    let nowhere = resolve(&bench.ground, question.review, Said::Record("r999999".into())).await;
    assert!(matches!(nowhere, Err(ResolveError::NoSuchRecord { .. })), "{nowhere:?}");
    resolve(&bench.ground, question.review, Said::Record(made.as_str().into())).await.expect("it takes that");
    for _ in 0..2 {
        bench.run().await;
    }
    let laid = &bench.ground.mappings[0];
    let both = bench.ground.store.linked(laid.id, crate::mapping::SystemIx(1), std::slice::from_ref(&made)).await.expect("links");
    let own = bench.ground.store.linked(laid.id, crate::mapping::SystemIx(0), std::slice::from_ref(&deal)).await.expect("links");
    assert!(both[0].is_some() && both == own, "{both:?} {own:?}");
    assert_eq!(bench.shows("crm", &made, "Number").as_deref(), Some("1"), "and is brought into agreement");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    assert!(bench.ground.store.reviews(None, true).await.expect("reviews").is_empty());
}
