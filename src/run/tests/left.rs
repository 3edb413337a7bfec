//! A question that a person leaves as it is stays left until it is another one.

use super::*;
use crate::daemon::resolve::{Said, resolve};
use crate::report::Kept;
use crate::report::logs::Narrow;
use crate::report::review::{self, Which};

impl Bench {
    /// The questions that wait, and how many were left.
    async fn waiting(&self) -> (Vec<Review>, usize) {
        let laid = &self.ground.mappings[0];
        let all = self.ground.store.reviews(Some(laid.id), true).await.expect("reviews");
        let (open, left): (Vec<Review>, Vec<Review>) = all.into_iter().partition(|review| review.answer.is_none());
        let kept = [Kept { mapping: laid.mapping.clone(), id: laid.id }];
        let narrow = Narrow { limit: 10, ..Narrow::default() };
        let told = |which| review::open(&*self.ground.store, &kept, &narrow, which);
        assert_eq!(told(Which::Open).await.expect("lists").0.len(), open.len());
        assert!(told(Which::Left).await.expect("lists").0.iter().all(|question| question.left && !question.answered));
        assert_eq!(self.ground.store.totals(laid.id).await.expect("counts").reviews, open.len() as u64, "what is left waits for nobody");
        (open, left.len())
    }

    async fn leave_all(&self) {
        for review in self.waiting().await.0 {
            resolve(&self.ground, review.id, Said::Leave).await.expect("it takes that");
        }
        self.run().await;
    }

    async fn counted(&self) -> (usize, usize) {
        let (open, left) = self.waiting().await;
        (open.len(), left)
    }
}

#[tokio::test]
async fn twins_that_were_left_are_asked_about_again_when_there_is_another() {
    let bench = Bench::new(DEALS).await;
    bench.deal("1", "Acme", "open");
    let twins = [bench.opportunity("1", "Acme", "open"), bench.opportunity("1", "Acme again", "open")];
    bench.run().await;
    bench.leave_all().await;
    assert_eq!(bench.counted().await, (0, 1));
    for twin in &twins {
        bench.edit("crm", twin, "Name", "Acme, edited");
        bench.run().await;
        assert_eq!(bench.counted().await, (0, 1), "the same would be asked");
    }
    bench.opportunity("1", "A third", "open");
    bench.edit("crm", &twins[0], "Name", "Acme, edited twice");
    bench.run().await;
    assert!(bench.counted().await.0 > 0, "another twin makes another question");
    assert_eq!(bench.ground.store.counts(bench.ground.mappings[0].id).await.expect("counts").0, 1);
}

#[tokio::test]
async fn a_conflict_that_was_left_is_asked_about_again_when_a_value_is_another() {
    let bench = Bench::new(&DEALS.replace("crm: Name }", "crm: Name, wins: ask }")).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.edit("crm", &opportunity, "Name", "Acme Inc");
    bench.run().await;
    assert_eq!(bench.counted().await, (1, 0));
    bench.leave_all().await;
    bench.edit("crm", &opportunity, "Stage", "won");
    bench.run().await;
    assert_eq!(bench.counted().await, (0, 1), "another field is another matter");
    assert_eq!((bench.shows("prm", &deal, "name"), bench.shows("prm", &deal, "stage")), (Some("Acme Ltd".into()), Some("won".into())));
    bench.edit("crm", &opportunity, "Name", "Acme plc");
    bench.run().await;
    let (open, left) = bench.waiting().await;
    let ReviewAbout::Conflict { values, .. } = &open[0].about else { panic!("{open:?}") };
    assert!(left == 0 && values.iter().any(|(_, value)| *value == Value::text("Acme plc")), "{open:?}");
    // A question that nobody answered yet asks about what is there now, too.
    bench.edit("crm", &opportunity, "Name", "Acme AG");
    bench.run().await;
    let (open, _) = bench.waiting().await;
    let ReviewAbout::Conflict { values, .. } = &open[0].about else { panic!("{open:?}") };
    assert!(open.len() == 1 && values.iter().any(|(_, value)| *value == Value::text("Acme AG")), "{open:?}");
}

#[tokio::test]
async fn a_delete_that_was_left_is_asked_about_again_when_somebody_edits() {
    let bench = Bench::new(DEALS).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    assert!(bench.crm.delete(&object("crm"), &opportunity));
    bench.run().await;
    assert_eq!(bench.counted().await, (1, 0));
    bench.leave_all().await;
    for _ in 0..2 {
        bench.run().await;
        let laid = &bench.ground.mappings[0];
        let touch = Touch { mapping: laid.id, system: crate::mapping::SystemIx(0), key: deal.clone(), identity: deal.clone(), why: Touched::Person };
        bench.ground.store.touch(vec![touch], None, bench.clock.now()).await.expect("touches");
    }
    assert_eq!(bench.counted().await, (0, 1));
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Ltd"), "it is there still");
    bench.edit("prm", &deal, "name", "Acme plc");
    bench.run().await;
    assert_eq!(bench.counted().await, (1, 0));
    let (open, _) = bench.waiting().await;
    resolve(&bench.ground, open[0].id, Said::Delete).await.expect("it takes that");
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "name"), None);
}
