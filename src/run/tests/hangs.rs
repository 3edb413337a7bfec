//! Values that hang on another path of the record, and computed fields, from the first match on.

use super::*;

const BY: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, create: always, new: { Type: Partner } }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  status:
    prm: stage
    crm: { path: Stage, by: Type }
    wins: prm
    values:
      open: { prm: open, crm: { Partner: Registered, Direct: New } }
      won:  { prm: won,  crm: { Partner: [Closed, Signed], Direct: Done } }
      lost: { prm: lost, crm: { Partner: Gone } }
";

#[tokio::test]
async fn each_record_is_written_what_its_own_kind_calls_it() {
    let bench = Bench::new(BY).await;
    let there = |number: &str, kind: &str, stage: &str| bench.crm.put(&object("crm"), record(&[("Number", number), ("Type", kind), ("Stage", stage)]));
    let (partner, direct, signed) = (there("1", "Partner", "Registered"), there("2", "Direct", "New"), there("3", "Partner", "Signed"));
    let deals = ["1", "2", "3", "4"].map(|number| bench.deal(number, "Acme", "won"));
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &partner, "Stage").as_deref(), Some("Closed"));
    assert_eq!(bench.shows("crm", &direct, "Stage").as_deref(), Some("Done"));
    assert_eq!(bench.shows("crm", &signed, "Stage").as_deref(), Some("Signed"), "it is the same row");
    let made = bench.crm.keys(&object("crm")).into_iter().find(|key| ![&partner, &direct, &signed].contains(&key)).expect("the fourth is made");
    assert_eq!(bench.shows("crm", &made, "Stage").as_deref(), Some("Closed"));

    // No row of a direct deal says `lost`: it is left alone, and told.
    bench.edit("prm", &deals[1], "stage", "lost");
    let ended = bench.run().await;
    assert_eq!(bench.shows("crm", &direct, "Stage").as_deref(), Some("Done"));
    assert!(ended.remarks.iter().any(|remark| remark.contains("no form for the agreed value")), "{:?}", ended.remarks);
    // As a partner's deal it has one.
    bench.edit("crm", &direct, "Type", "Partner");
    bench.edit("crm", &direct, "Stage", "Closed");
    bench.run().await;
    assert_eq!(bench.shows("crm", &direct, "Stage").as_deref(), Some("Gone"));
}

const COMPUTED: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, create: always, only: \"size == 'big'\" }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  name:   { prm: name, crm: Name }
  size:   { prm: stage, formula: [ { big: name is not blank }, { small: otherwise } ] }
";

#[tokio::test]
async fn a_wall_may_ask_for_what_is_computed() {
    let bench = Bench::new(COMPUTED).await;
    let small = bench.deal("1", "", "typed");
    bench.deal("2", "Acme", "big");
    bench.opportunity("3", "Birch", "");
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("prm", &small, "stage").as_deref(), Some("small"), "what was typed there is put back");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 2, "the small one is not made");
    let (entities, _) = bench.ground.store.counts(bench.ground.mappings[0].id).await.expect("counts");
    assert_eq!(entities, 3, "a record of the CRM starts an entity by its own name");
    bench.edit("prm", &small, "name", "Cedar");
    bench.run().await;
    assert_eq!(bench.shows("prm", &small, "stage").as_deref(), Some("big"));
    assert_eq!(bench.crm.keys(&object("crm")).len(), 3);
}

#[tokio::test]
async fn records_that_show_the_same_at_a_first_match_have_computed_fields_too() {
    let bench = Bench::new(&COMPUTED.replace(", only: \"size == 'big'\"", "").replace("prm: stage, formula", "formula")).await;
    bench.deal("1", "Acme", "");
    bench.opportunity("1", "Acme", "");
    bench.run().await;
    let laid = &bench.ground.mappings[0];
    let ids = bench.ground.store.entities(laid.id, None, 10).await.expect("entities");
    let loaded = bench.ground.store.load(laid.id, &ids).await.expect("an entity");
    assert_eq!((loaded.len(), loaded[0].entity.agreed(crate::mapping::FieldIx(2)).clone()), (1, Value::text("big")));
}
