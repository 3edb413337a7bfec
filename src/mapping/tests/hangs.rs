//! Values that hang on another path of the record, and fields that hang on other fields.

use super::*;

const STAGES: &str = "\
mapping: deals
systems:
  crm: { object: Opportunity, create: always, where: RecordType.Name == 'Partner' }
  prm: { object: deals, create: always, new: { pipeline: main } }
match: [[key]]
fields:
  key:    { crm: Key__c, prm: key }
  status:
    crm: { path: StageName, by: RecordType.Name }
    prm: { path: stage, by: pipeline }
    values:
      new: { crm: { Partner: [Registered, Early], Direct: New }, prm: { main: open, second: begun } }
      won: { crm: { Partner: Done, Direct: Done }, prm: { main: won } }
      old: { crm: { Direct: Early }, prm: [] }
";

#[test]
fn values_hang_on_another_path_of_the_record() {
    let mapping = sound(STAGES, &Known::default());
    let crm = |by: &str, stage: &str| seen(&mapping, CRM, "status", &[("StageName", Value::text(stage)), ("RecordType.Name", Value::text(by))]);
    assert_eq!(crm("Partner", "Early"), Seen::Value(Value::text("new")));
    assert_eq!(crm("Direct", "Early"), Seen::Value(Value::text("old")));
    assert_eq!(crm("Direct", "Done"), Seen::Value(Value::text("won")));
    let Seen::Unfit(why) = crm("Other", "Done") else { panic!("no row") };
    assert_eq!(why, "`Done` in crm, in a record of `Other`, is read as no row of `status`");
    assert_eq!(seen(&mapping, CRM, "status", &[("StageName", Value::text("Early"))]), Seen::Unread);
    let observed =
        mapping.observe(PRM, &record(&mapping, PRM, &[("stage", Value::text("begun")), ("pipeline", Value::text("second"))]), &places(&mapping, PRM));
    assert_eq!(observed.by, ToldBy::of(vec![(at(&mapping, "status"), "second".into())]));
}

#[test]
fn what_is_written_hangs_on_it_too() {
    let mapping = sound(STAGES, &Known::default());
    let status = at(&mapping, "status");
    let told = |by: Option<&'static str>| Entity { told_by: by, ..Entity::default() };
    let spelt = |by, system, value: &str| {
        let cells = mapping.spell(system, &[(status, Value::text(value))], &told(by), Spelling::Update);
        cells.map(|cells| cells[0].value.to_string()).map_err(|problem| problem.why.to_string())
    };
    let form = |by, system, value: &str| mapping.form(status, system, &Value::text(value), &told(by));
    assert_eq!(spelt(Some("Partner"), CRM, "new").as_deref(), Ok("Registered"));
    assert_eq!(spelt(Some("Direct"), CRM, "new").as_deref(), Ok("New"));
    assert_eq!(spelt(Some("second"), PRM, "new").as_deref(), Ok("begun"));
    assert_eq!(form(Some("second"), PRM, "won"), None);
    assert_eq!(form(Some("Partner"), CRM, "old"), None);
    assert_eq!(form(Some("Direct"), CRM, "old"), Some(Value::text("old")));
    // A record that we make shows what `where` asks for, or what `new` gives it.
    assert_eq!(spelt(None, CRM, "new").as_deref(), Ok("Registered"));
    assert_eq!(spelt(None, PRM, "new").as_deref(), Ok("open"));
    assert_eq!(mapping.keeps(status, CRM), Keeps::Blank);
}

#[test]
fn formulas_give_values_of_their_type() {
    let text = "\
mapping: deals
systems: { crm: { object: Opportunity } }
fields:
  amount: { crm: Amount, type: money }
  name:   { crm: Name }
  big:    { type: boolean, formula: amount.value > 1000 }
  size:
    values: { small: { crm: [] }, large: { crm: [] } }
    formula: [ { large: big }, { small: otherwise } ]
  label:  { formula: \"name | upper ~ '!'\" }
";
    let mapping = sound(text, &Known { currency: Some("EUR"), ..Known::default() });
    assert_eq!(mapping.formulas, [at(&mapping, "big"), at(&mapping, "size"), at(&mapping, "label")]);
    let mut entity = Entity::of(&mapping, &[("amount", eur(2000)), ("name", Value::text("acme"))]);
    let computed = |entity: &Entity, field| mapping.computed(at(&mapping, field), entity).expect("a formula");
    assert_eq!(computed(&entity, "big"), Ok(Value::Boolean(true)));
    assert_eq!(computed(&entity, "size"), Ok(Value::text("small")), "`big` is agreed only when it was computed");
    entity.agreed.insert(at(&mapping, "big").0, Value::Boolean(true));
    assert_eq!(computed(&entity, "size"), Ok(Value::text("large")));
    assert!(mapping.computed(at(&mapping, "name"), &entity).is_none());
}
