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

const DATED: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals, only: \"due is blank or due >= today\", leaves: archive }
  crm: { object: Opportunity, create: \"due <= today\" }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number }
  due:    { prm: due, crm: Due, type: date }
  state:  { crm: Stage, formula: [ { late: due < today }, { open: otherwise } ] }
";

#[tokio::test]
async fn what_hangs_on_the_date_is_looked_at_when_the_day_turns_and_only_then() {
    let bench = Bench::new(DATED).await;
    let put = |number, due| bench.prm.put(&object("prm"), record(&[("number", number), ("due", due)]));
    let (today, tomorrow, never) = (put("1", "2026-11-20"), put("2", "2026-11-21"), put("3", "2027-05-01"));
    bench.run().await;
    bench.run().await;
    let made = bench.crm.keys(&object("crm"));
    assert_eq!(made.len(), 1, "only what is due is wanted in the CRM");
    assert_eq!(bench.shows("crm", &made[0], "Stage").as_deref(), Some("open"));
    let plan = || async { bench.run_at_once(Intent::Plan).await.counts };
    assert!(plan().await.is_empty());

    // An hour later it is the same day: nothing is looked at.
    bench.clock.advance(Duration::from_secs(3600));
    let ended = bench.run().await;
    assert_eq!(ended.end.ledger.iter().map(|ledger| ledger.read).sum::<u64>(), 0, "no record is read: {ended:?}");
    bench.clock.advance(Duration::from_secs(24 * 3600));
    assert!(!plan().await.is_empty(), "a plan knows of the new day, too");
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &made[0], "Stage").as_deref(), Some("late"));
    assert!(bench.prm.archived(&object("prm"), &today), "its wall fell with the day");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 2, "and the next one became due");
    assert!(!bench.prm.archived(&object("prm"), &tomorrow) && !bench.prm.archived(&object("prm"), &never));
}

const TIERS: &str = "
mapping: partners
adopt: automatic
systems: { prm: { object: partners }, crm: { object: Account } }
match: [ [name] ]
fields:
  name: { prm: name, crm: Name }
  tier: { prm: tier, crm: Tier }
  city: { prm: city, crm: City }
---
mapping: deals
adopt: automatic
systems: { prm: { object: deals }, crm: { object: Opportunity, create: \"partner.tier == 'gold'\" } }
match: [ [number] ]
fields:
  number:  { prm: number, crm: Number }
  partner: { prm: partner, crm: Partner, type: ref(partners) }
  rate:    { prm: rate, formula: [ { high: \"partner.tier == 'gold'\" }, { low: otherwise } ] }
";

#[tokio::test]
async fn what_hangs_on_another_record_is_looked_at_when_that_one_moves_and_only_then() {
    let bench = Bench::new(TIERS).await;
    let (partners, accounts) = (ObjectName::new("partners"), ObjectName::new("Account"));
    let partner = |name: &str| {
        bench.crm.put(&accounts, record(&[("Name", name), ("Tier", "silver")]));
        bench.prm.put(&partners, record(&[("name", name), ("tier", "silver")]))
    };
    let (acme, birch) = (partner("Acme"), partner("Birch"));
    let deal = |number: &str, partner: &RecordKey| bench.prm.put(&object("prm"), record(&[("number", number), ("partner", partner.as_str())]));
    let (own, other) = (deal("1", &acme), deal("2", &birch));
    let both = || async {
        bench.clock.advance(Duration::from_secs(60));
        let first = bench.run_mapping(0, Intent::Apply).await;
        (first.spread, bench.run_mapping(1, Intent::Apply).await.end)
    };
    both().await;
    both().await;
    assert_eq!(bench.shows("prm", &own, "rate").as_deref(), Some("low"));
    let edit = |at: &str, to: &str| {
        bench.clock.advance(Duration::from_secs(5));
        assert!(bench.prm.edit(&partners, &acme, &path(at), Value::text(to)));
    };
    edit("city", "Oslo");
    let touched = || async { bench.ground.store.touched_count(bench.ground.mappings[1].id).await.expect("counts").0 };
    let (spread, _) = both().await;
    assert!(!spread, "nobody reads the city");
    edit("tier", "gold");
    bench.clock.advance(Duration::from_secs(60));
    bench.run_mapping(0, Intent::Apply).await;
    assert_eq!(touched().await, 1, "one deal hangs on it");
    let ended = bench.run_mapping(1, Intent::Apply).await;
    assert_eq!((ended.end.created, ended.end.updated), (1, 1), "{ended:?}");
    assert_eq!(bench.shows("prm", &own, "rate").as_deref(), Some("high"));
    assert_eq!(bench.shows("prm", &other, "rate").as_deref(), Some("low"));
    // A deal that is another partner's by now hangs on that one.
    bench.edit("prm", &own, "partner", birch.as_str());
    both().await;
    assert_eq!(bench.shows("prm", &own, "rate").as_deref(), Some("low"));
    edit("tier", "silver");
    bench.clock.advance(Duration::from_secs(60));
    bench.run_mapping(0, Intent::Apply).await;
    assert_eq!(touched().await, 0);
}

const TREE: &str = "
mapping: accounts
adopt: automatic
systems: { prm: { object: deals }, crm: { object: Opportunity, create: always } }
match: [ [name] ]
fields:
  name:   { prm: name, crm: Name }
  parent: { prm: parent, crm: ParentId, type: ref(accounts) }
  group:  { crm: Group, formula: parent.name }
";

#[tokio::test]
async fn a_mapping_may_refer_to_itself() {
    let bench = Bench::new(TREE).await;
    let head = bench.prm.put(&object("prm"), record(&[("name", "Acme")]));
    bench.run().await;
    let branch = bench.prm.put(&object("prm"), record(&[("name", "Acme North"), ("parent", head.as_str())]));
    bench.run().await;
    let find = |name: &str| bench.crm.keys(&object("crm")).into_iter().find(|key| bench.shows("crm", key, "Name").as_deref() == Some(name));
    let (there, below) = (find("Acme").expect("made"), find("Acme North").expect("made"));
    bench.run().await;
    assert_eq!(bench.shows("crm", &below, "ParentId").as_deref(), Some(there.as_str()));
    assert_eq!(bench.shows("crm", &below, "Group").as_deref(), Some("Acme"));
    bench.edit("prm", &head, "name", "Acme Group");
    bench.run().await;
    bench.run().await;
    assert_eq!(bench.shows("crm", &below, "Group").as_deref(), Some("Acme Group"), "within the next run");
    assert_eq!(bench.shows("prm", &branch, "parent").as_deref(), Some(head.as_str()));
}

#[tokio::test]
async fn a_reference_that_waits_is_filled_within_a_run_of_what_it_refers_to() {
    let bench = Bench::new(&TIERS.replace("type: ref(partners) }", "type: ref(partners), required: true }")).await;
    let (partners, accounts) = (ObjectName::new("partners"), ObjectName::new("Account"));
    let acme = bench.prm.put(&partners, record(&[("name", "Acme"), ("tier", "gold")]));
    let deal = bench.prm.put(&object("prm"), record(&[("number", "1"), ("partner", acme.as_str())]));
    let both = || async {
        bench.run_mapping(0, Intent::Apply).await;
        bench.run_mapping(1, Intent::Apply).await
    };
    for _ in 0..4 {
        bench.clock.advance(Duration::from_secs(3 * 3600));
        both().await;
    }
    assert!(bench.crm.keys(&object("crm")).is_empty(), "no deal is made in the CRM before its partner is there");
    bench.clock.advance(Duration::from_secs(60));
    bench.crm.put(&accounts, record(&[("Name", "Acme"), ("Tier", "gold")]));
    let ended = both().await;
    assert_eq!(ended.end.created, 1, "{ended:?}");
    assert_eq!(bench.shows("prm", &deal, "rate").as_deref(), Some("high"));
}

#[tokio::test]
async fn an_edit_of_a_rule_is_looked_at_everywhere_once() {
    let plain = DEALS.replace(
        "number: { prm: number, crm: Number, wins: prm }",
        "number: { prm: number, crm: Number, wins: prm }\n  big:    { type: boolean, formula: number == '5' }",
    );
    let mut bench = Bench::new(&plain).await;
    let (one, nine) = (bench.deal("1", "Acme", "open"), bench.deal("9", "Birch", "open"));
    bench.run().await;
    assert!(bench.crm.keys(&object("crm")).is_empty(), "only what is won is wanted there");
    // A formula without cells, a create and a wall.
    let edited = plain.replace("number == '5'", "number == '9'").replace("status == 'won'", "big").replace("not deleted('crm')", "not deleted('crm') and big");
    bench.lay(&edited).await;
    let planned = bench.run_as(Intent::Plan).await;
    assert_eq!((planned.counts.systems[0].deletes, planned.counts.systems[1].creates), (1, 1), "{planned:?}");
    bench.run().await;
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    assert_eq!((bench.shows("prm", &one, "name"), bench.shows("prm", &nine, "name").as_deref()), (None, Some("Birch")));
    bench.run().await;
    let ended = bench.run().await;
    assert_eq!(ended.end.ledger.iter().map(|ledger| ledger.read).sum::<u64>(), 0, "nothing is looked at any more: {ended:?}");
    // Over its limits it waits for a person.
    let all = edited
        .replace("not deleted('crm') and big", "not deleted('crm') and number == '99'")
        .replace("adopt: automatic", "adopt: automatic\nlimits: { deletes: 0 }");
    bench.lay(&all).await;
    assert_eq!(bench.run().await.end.state, RunState::Held);
    assert!(bench.shows("prm", &nine, "name").is_some());
}
