//! What people say by themselves: a refused op is planned anew, a lost value is brought back.

use super::*;
use crate::daemon::bring_back::{Taking, bring_back};
use crate::daemon::resolve::ResolveError;
use crate::daemon::retry::retry;
use crate::id::{ConflictId, DeadLetterId};
use crate::report::Kept;
use crate::report::explain::{Explained, explain};
use crate::store::{Letter, Page};

impl Bench {
    async fn letters(&self) -> Vec<Letter> {
        self.ground.store.dead_letter_log(self.ground.mappings[0].id, Page { limit: 10, ..Page::default() }).await.expect("lists")
    }

    async fn why(&self) -> Explained {
        let laid = &self.ground.mappings[0];
        let entity = self.ground.store.entities(laid.id, None, 1).await.expect("lists")[0];
        let kept = Kept { mapping: laid.mapping.clone(), id: laid.id };
        explain(&*self.ground.store, &kept, entity, None).await.expect("explains")
    }
}

fn refused(path: &str) -> Fault {
    Fault::Refused { code: "INVALID".into(), fields: vec![super::path(path)] }
}

#[tokio::test]
async fn a_refused_update_is_planned_anew_from_what_is_read_then() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.crm.fail(refused("Name"));
    bench.run().await;
    let letters = bench.letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme"), "by itself it is not sent again");
    let why = bench.why().await;
    let name = why.fields.iter().find(|field| field.field == "name").expect("it is mapped");
    assert_eq!(name.systems[1].state, format!("refused ({})", letters[0].id), "{name:?}");
    assert_eq!(name.writes[0].refusal.as_ref().map(|refusal| refusal.code.as_str()), Some("INVALID"), "{name:?}");

    bench.edit("prm", &deal, "name", "Acme Group");
    bench.crm.fail(refused("Name"));
    bench.run().await;
    let letters = bench.letters().await;
    assert_eq!(letters.len(), 1, "another value was tried, and the old letter is closed: {letters:?}");
    let retried = retry(&bench.ground, &[letters[0].id, DeadLetterId(77)]).await.expect("keeps it");
    assert_eq!((retried.letters, retried.not_open), (vec![letters[0].id], vec![DeadLetterId(77)]));
    bench.edit("prm", &deal, "name", "Acme plc");
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme plc"), "what is owed by then is sent, not what was refused");
    assert_eq!(bench.letters().await, []);
    assert_eq!(bench.ground.store.totals(bench.ground.mappings[0].id).await.expect("counts").reviews, 0);
}

#[tokio::test]
async fn a_refused_create_is_made_once_it_is_retried_and_never_twice() {
    let bench = Bench::new(DEALS).await;
    bench.deal("1", "Acme", "won");
    bench.crm.fail(refused("Name"));
    bench.run().await;
    let first = bench.letters().await;
    assert_eq!(first.len(), 1, "{first:?}");
    let why = bench.why().await;
    assert_eq!(why.fields[0].systems[1].state, format!("no record: it refused one ({})", first[0].id), "{why:?}");
    assert_eq!((why.ops[0].kind.as_str(), why.ops[0].refusal.is_some()), ("create", true), "{why:?}");
    bench.run().await;
    assert!(bench.crm.keys(&object("crm")).is_empty());

    retry(&bench.ground, &[first[0].id]).await.expect("keeps it");
    bench.crm.fail(refused("Name"));
    bench.run().await;
    let second = bench.letters().await;
    assert!(second.len() == 1 && second[0].id != first[0].id, "refused anew, and told once: {second:?}");
    retry(&bench.ground, &[second[0].id]).await.expect("keeps it");
    for _ in 0..3 {
        bench.run().await;
    }
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    assert_eq!(bench.letters().await, []);
}

#[tokio::test]
async fn a_value_that_lost_is_a_persons_word_once_it_is_brought_back() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    let why = bench.why().await;
    assert!(why.fields.iter().all(|field| field.agreed == "agreed when first met" && field.decisions.is_empty()), "{why:?}");
    bench.edit("prm", &deal, "name", "First");
    bench.clock.advance(Duration::from_secs(60));
    bench.edit("crm", &opportunity, "Name", "Second");
    bench.run().await;
    let wrong = bring_back(&bench.ground, ConflictId(1), Taking::From("erp".into())).await;
    assert!(matches!(&wrong, Err(ResolveError::NotLost { losers, .. }) if losers == "prm"), "{wrong:?}");
    bring_back(&bench.ground, ConflictId(1), Taking::From("prm".into())).await.expect("keeps it");
    for _ in 0..3 {
        bench.run().await;
    }
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("First"));
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("First"));
    let why = bench.why().await;
    let name = why.fields.iter().find(|field| field.field == "name").expect("it is mapped");
    assert_eq!((name.origin.as_deref(), name.decisions[0].was.as_deref()), (Some("a person"), Some("Second")), "{name:?}");
    bench.edit("crm", &opportunity, "Name", "Third");
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Third"), "a later edit supersedes it");
}

#[tokio::test]
async fn an_edit_that_is_put_back_is_told_beside_the_decision_that_stands() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("crm", &opportunity, "Stage", "paid");
    bench.run().await;
    bench.edit("prm", &deal, "stage", "lost");
    bench.run().await;
    let why = bench.why().await;
    let status = why.fields.iter().find(|field| field.field == "status").expect("it is mapped");
    assert!(status.agreed.starts_with("edited in crm"), "{status:?}");
    let fates: Vec<_> = status.decisions.iter().flat_map(|decision| decision.said.iter().map(|said| (said.by.as_str(), said.fate.as_str()))).collect();
    assert_eq!(fates, [("prm", "put back"), ("crm", "taken")], "{status:?}");
    assert_eq!((status.lost[0].by.as_str(), status.lost[0].value.as_str()), ("prm", "lost"), "{status:?}");
}

#[tokio::test]
async fn who_typed_what_is_told_where_the_vendor_tells() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    assert!(bench.why().await.fields.iter().all(|field| field.actor.is_none()), "nobody is known to have typed what was met");
    bench.edit("prm", &deal, "name", "First");
    bench.clock.advance(Duration::from_secs(60));
    bench.edit("crm", &opportunity, "Name", "Second");
    bench.run().await;
    let why = bench.why().await;
    let name = why.fields.iter().find(|field| field.field == "name").expect("it is mapped");
    assert_eq!(name.actor.as_deref(), Some("somebody"), "{name:?}");
    assert!(name.decisions[0].said.iter().all(|said| said.actor.as_deref() == Some("somebody")), "{name:?}");
    let conflict = bench.ground.store.conflicts(None, 10).await.expect("conflicts").remove(0);
    assert_eq!((conflict.winner_actor.as_deref(), conflict.losers[0].actor.as_deref()), (Some("somebody"), Some("somebody")), "{conflict:?}");
    assert!(why.fields.iter().filter(|field| field.field != "name").all(|field| field.actor.is_none()), "the rest was not typed then");
}
