//! Entities that turn out to be one thing, and records that waited for an entity with their keys.

use super::*;
use crate::id::EntityId;
use crate::run::commit::touch_of;
use crate::store::{Answer, Review, ReviewAbout};

/// A deal begins in either system and is made in the CRM once it has a name.
const EITHER: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, create: name != '' }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, required: true }
  name:   { prm: name, crm: Name, wins: prm }
  status: { prm: stage, crm: Stage }
";

impl Bench {
    async fn entities(&self) -> Vec<EntityId> {
        self.ground.store.entities(self.ground.mappings[0].id, None, 100).await.expect("entities")
    }

    async fn asked(&self) -> Vec<Review> {
        let open = self.ground.store.reviews(None, true).await.expect("reviews");
        open.into_iter().filter(|review| matches!(review.about, ReviewAbout::Join { .. })).collect()
    }

    async fn say(&self, review: &Review, answer: Answer) {
        let laid = &self.ground.mappings[0];
        let now = self.clock.now();
        self.ground.store.answer(review.id, answer, now).await.expect("an answer that fits");
        let loaded = self.ground.store.load(laid.id, &[review.entity.expect("it is about an entity")]).await.expect("loads");
        let touch = touch_of(laid, &loaded[0].entity).expect("it is linked");
        self.ground.store.touch(vec![touch], None, now).await.expect("touches");
    }

    /// Two entities, each in one system, that get one number.
    async fn two(&self) -> (RecordKey, RecordKey) {
        let deal = self.deal("1", "Acme", "open");
        let opportunity = self.opportunity("2", "Acme Inc", "won");
        self.run().await;
        assert_eq!(self.entities().await.len(), 2);
        self.edit("crm", &opportunity, "Number", "1");
        (deal, opportunity)
    }
}

#[tokio::test]
async fn two_entities_that_get_one_key_become_one() {
    let bench = Bench::new(&DEALS.replace("status == 'won'", "never")).await;
    let (deal, opportunity) = bench.two().await;
    bench.run().await;
    let before = bench.entities().await;
    let ended = bench.run().await;
    assert_eq!((ended.end.linked, ended.end.created), (1, 0), "{ended:?}");
    assert_eq!(bench.entities().await, vec![before[0]], "the elder id stays");
    assert_eq!(bench.ground.store.resolve_alias(before[1]).await.expect("follows"), before[0]);
    bench.run().await;
    assert_eq!(bench.shows("prm", &deal, "stage").as_deref(), Some("won"), "the CRM owns the stage");
    assert_eq!(bench.shows("prm", &deal, "name"), bench.shows("crm", &opportunity, "Name"));
    let lost = bench.ground.store.conflicts(None, 10).await.expect("conflicts");
    assert!(lost.iter().all(|lost| lost.entity == before[0]) && !lost.is_empty(), "{lost:?}");
    let writes = bench.crm.writes() + bench.prm.writes();
    bench.run().await;
    assert_eq!(bench.crm.writes() + bench.prm.writes(), writes, "and then it is quiet");
    assert!(bench.asked().await.is_empty());
}

#[tokio::test]
async fn a_plan_joins_nothing() {
    let bench = Bench::new(&DEALS.replace("status == 'won'", "never")).await;
    bench.two().await;
    bench.run().await;
    bench.run_as(Intent::Plan).await;
    assert_eq!(bench.entities().await.len(), 2);
    bench.run().await;
    assert_eq!(bench.entities().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_made_beside_the_record_that_a_new_key_leads_to() {
    let bench = Bench::new(EITHER).await;
    // Without a number nothing is made of it in the CRM, and nothing matches it.
    let deal = bench.deal("", "Acme", "open");
    let opportunity = bench.opportunity("7", "", "open");
    bench.run().await;
    assert_eq!(bench.entities().await.len(), 2);
    bench.edit("prm", &deal, "number", "7");
    for _ in 0..3 {
        bench.run().await;
    }
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1, "no second one");
    assert_eq!(bench.entities().await.len(), 1);
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme"));
}

#[tokio::test]
async fn two_whole_entities_with_one_key_are_asked_about_until_one_record_is_gone() {
    let bench = Bench::new(DEALS).await;
    for (number, name) in [("1", "Acme"), ("2", "Birch")] {
        bench.deal(number, name, "open");
        bench.opportunity(number, name, "open");
    }
    bench.run().await;
    let second = bench.prm.keys(&object("prm"))[1].clone();
    bench.edit("prm", &second, "number", "1");
    for _ in 0..3 {
        bench.run().await;
    }
    let asked = bench.asked().await;
    assert_eq!((bench.entities().await.len(), asked.len()), (2, 1), "{asked:?}");
    let ReviewAbout::Join { other, why } = &asked[0].about else { panic!("{asked:?}") };
    assert!(why.contains("each has a record in"), "{why}");
    // Said all the same: it cannot be, and is asked anew.
    bench.say(&asked[0], Answer::Link(*other)).await;
    bench.run().await;
    let again = bench.asked().await;
    assert_eq!((bench.entities().await.len(), again.len()), (2, 1), "{again:?}");
    assert_ne!(again[0].id, asked[0].id);
    bench.say(&again[0], Answer::Leave).await;
    for _ in 0..2 {
        bench.run().await;
    }
    let left = bench.asked().await;
    assert!(matches!(&left[..], [Review { answer: Some(Answer::Leave), .. }]), "not asked again: {left:?}");
}

#[tokio::test]
async fn a_third_one_makes_it_a_question_and_a_person_joins() {
    let three = EITHER.replace("  crm:", "  erp: { object: orders }\n  crm:").replace("create: name != ''", "create: never");
    let three = three.replace("crm: Number,", "crm: Number, erp: no,");
    let bench = Bench::of(&three, &["erp"], abilities()).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("2", "Acme", "open");
    let order = bench.others[0].put(&object("erp"), record(&[("no", "3")]));
    bench.run().await;
    bench.edit("prm", &deal, "number", "9");
    bench.edit("crm", &opportunity, "Number", "9");
    assert!(bench.others[0].edit(&object("erp"), &order, &path("no"), Value::text("9")));
    for _ in 0..3 {
        bench.run().await;
    }
    let asked = bench.asked().await;
    assert_eq!((bench.entities().await.len(), asked.len()), (3, 2), "{asked:?}");
    for review in asked {
        let ReviewAbout::Join { other, .. } = review.about.clone() else { panic!("{review:?}") };
        bench.say(&review, Answer::Link(other)).await;
        bench.run().await;
    }
    assert_eq!(bench.entities().await.len(), 1);
    assert!(bench.asked().await.is_empty());
}

#[tokio::test]
async fn a_record_that_starts_nothing_joins_the_entity_that_gets_its_key() {
    let bench = Bench::new(&EITHER.replace("prm: { object: deals }", "prm: { object: deals, starts: never }")).await;
    let deal = bench.deal("1", "Acme", "open");
    let later = bench.deal("2", "Birch", "open");
    let opportunity = bench.opportunity("1", "", "open");
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme"), "in the first match, although its system comes first");
    let second = bench.opportunity("9", "", "open");
    bench.run().await;
    bench.edit("crm", &second, "Number", "2");
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &second, "Name").as_deref(), Some("Birch"));
    assert_eq!((bench.entities().await.len(), bench.shows("prm", &later, "name").as_deref()), (2, Some("Birch")));
    assert!(bench.shows("prm", &deal, "name").is_some());
}
