//! Plans made of the store alone: what an edited mapping would change, and what nobody can tell without a read.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::mapping::fixture::sound;
use crate::run::offline::{self, Known as Told};
use crate::run::plan::{PlanSink, PlannedOp};

const DEALS: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, create: always }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  name:   { prm: name, crm: Name }
  status: { prm: stage, crm: Stage }
";

#[derive(Default)]
struct Lines(Vec<String>);

impl PlanSink for Lines {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        let fields: Vec<String> = op.fields.iter().map(|field| format!("{} {}→{}", field.field, field.from.as_deref().unwrap_or("?"), field.to)).collect();
        self.0.push(format!("{} {}: {}", op.kind, op.system, fields.join(", ")));
        Ok(())
    }

    fn questions(&mut self, _: usize) {}
}

/// Three deals in agreement, and what a plan without a read says of the mapping as it is edited.
async fn edited(mapping: &str) -> (Vec<String>, Told) {
    let bench = Bench::of(DEALS, &["erp"], abilities()).await;
    for (number, stage) in [("1", "won"), ("2", "open"), ("3", "open")] {
        bench.deal(number, &format!("Deal {number}"), stage);
    }
    bench.run().await;
    bench.run().await;
    planned(&bench, mapping).await
}

async fn planned(bench: &Bench, mapping: &str) -> (Vec<String>, Told) {
    bench.crm.set_down(true);
    bench.prm.set_down(true);
    let systems = bench.ground.systems.clone();
    let mapping = Arc::new(sound(mapping, &Known::default()));
    let ground = Ground::lay(bench.ground.store.clone(), bench.clock.clone() as Arc<dyn Clock>, TimeZone::UTC, systems, vec![mapping]).await.expect("ground");
    let mut lines = Lines::default();
    let told = offline::plan(&ground, &ground.mappings[0], &mut lines).await.expect("a plan");
    (lines.0, told)
}

#[tokio::test]
async fn an_unchanged_mapping_has_nothing_to_write() {
    let (lines, told) = edited(DEALS).await;
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!((told.entities, told.held.len()), (3, 0));
    assert_eq!(told.unknown, ["records that were made or edited since the last run, and those that are linked to nothing"]);
}

#[tokio::test]
async fn a_formula_that_is_new_or_other_is_planned_without_a_read() {
    let with = |formula: &str| format!("{DEALS}  label: {{ crm: {{ write: {{ Label: label }} }}, formula: \"{formula}\" }}\n");
    let (lines, _) = edited(&with("name ~ '!'")).await;
    assert_eq!(lines, ["update crm: label ?→Deal 1!", "update crm: label ?→Deal 2!", "update crm: label ?→Deal 3!"]);

    let read = |formula: &str| format!("{DEALS}  label: {{ crm: Label, formula: \"{formula}\" }}\n");
    let bench = Bench::new(&read("name ~ '!'")).await;
    bench.deal("1", "Deal 1", "won");
    bench.run().await;
    bench.run().await;
    let (lines, told) = planned(&bench, &read("name ~ '?'")).await;
    assert_eq!(lines, ["update crm: label Deal 1!→Deal 1?"]);
    assert_eq!(told.unknown.len(), 1, "{told:?}");
}

#[tokio::test]
async fn what_was_never_read_is_said_and_not_guessed() {
    let (lines, told) = edited(&format!("{DEALS}  owner: {{ crm: Owner, prm: owner }}\n")).await;
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!(
        told.unknown[..2],
        ["prm `owner`, 3 records: never read, or not since its meaning changed", "crm `owner`, 3 records: never read, or not since its meaning changed"]
    );
    let (lines, told) =
        edited(&DEALS.replace("  crm: {", "  erp: { object: orders, create: always }\n  crm: {").replace("crm: Name }", "crm: Name, erp: name }")).await;
    assert_eq!(lines, Vec::<String>::new(), "an order may be there already");
    assert!(told.unknown[0].starts_with("erp: none of its records is known"), "{told:?}");
}

#[tokio::test]
async fn walls_and_creates_are_judged_on_what_is_known() {
    let (lines, told) = edited(&DEALS.replace("create: always", "create: always, only: \"status == 'won'\", leaves: delete")).await;
    assert_eq!(lines, ["delete crm: ", "delete crm: "]);
    assert_eq!(told.counts.systems[1].deletes, 2);
    let bench = Bench::new(&DEALS.replace("create: always", "create: status == 'won'")).await;
    bench.deal("1", "Deal 1", "won");
    bench.deal("2", "Deal 2", "open");
    bench.run().await;
    bench.run().await;
    let (lines, _) = planned(&bench, DEALS).await;
    assert_eq!(lines, ["create crm: number ?→2, name ?→Deal 2, status ?→open"]);
}

#[tokio::test]
async fn a_mapping_that_never_ran_says_so() {
    let bench = Bench::new(DEALS).await;
    let (lines, told) = planned(&bench, DEALS).await;
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!(told.unknown, ["no run ever linked a record of it: the store knows nothing to plan with"]);
}
