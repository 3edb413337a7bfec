//! What `check` says of mappings that are wrong: one row, one message.

use crate::mapping::fixture::{Known, compiled};
use crate::mapping::world::{Access, FieldFacts, GoneKnown, ObjectFacts, Shows, Updates};
use crate::mapping::{Adopt, Limit, Schedule, compile::together};
use crate::value::record::Form;

const HEAD: &str = "mapping: deals\nsystems:\n  crm: { object: Opportunity }\n  prm: { object: deals, create: always }\nmatch: [[key]]\nfields:\n  key: { crm: Key__c, prm: key }\n";

/// The sentences (and helps) said about a mapping of two systems with these further lines.
fn said_of(lines: &str, known: &Known) -> String {
    compiled(&format!("{HEAD}{lines}"), known).1
}

#[track_caller]
fn says(text: &str, known: &Known, expected: &[&str]) {
    let said = compiled(text, known).1;
    for part in expected {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
}

#[test]
fn a_good_mapping_has_nothing_said_about_it() {
    assert_eq!(said_of("", &Known::default()), "");
}

#[test]
fn every_wrong_line_has_its_message() {
    let known = Known::default();
    for (lines, expected) in [
        ("  amount: { crm: Amount, wnis: prm }\n", "Unknown key `wnis` in field `amount`|did you mean `wins`?"),
        ("  amount: { crm: Amount, elsewhere: x }\n", "Unknown key `elsewhere`|the systems of this mapping are `crm`, `prm`"),
        ("  amount: { crm: Amount, type: mony }\n", "`mony` is no type|did you mean `money`?"),
        ("  amount: { crm: Amount, type: money, values: { a: { crm: A } } }\n", "has `values` and is of type money"),
        ("  account: { crm: AccountId, type: ref(deal) }\n", "`ref(deal)` names no mapping|did you mean `deals`?"),
        ("  amount: { crm: Amount, wins: prm }\n", "`wins` names prm, but `amount` has no prm cell"),
        ("  amount: { crm: Amount, wins: erp }\n", "`wins` names `erp`, which is no system of this mapping|known here: `crm`, `prm`"),
        ("  about_it: { crm: Text__c, wins: highest }\n", "`about_it` has no order: `highest` has no meaning for type text"),
        ("  stage: { crm: Stage, prm: stage, values: { won: { crm: Won } } }\n", "Row `won` has no cell for prm|or `prm: []`"),
        ("  stage: { crm: Stage, values: { won: { crm: [Won, Done] }, closed: { crm: Done } } }\n", "`Done` in crm is read as two rows, `won` and `closed`"),
        ("  stage: { crm: Stage, unknown: one, values: { won: { crm: Won } } }\n", "'one' is no value of `stage`|known here: `won`"),
        ("  stage: { crm: Stage, unknown: won }\n", "`unknown` has no meaning for `stage`"),
        ("  stage: { crm: Stage, values: { won: { crm: Won, mkt: w } } }\n", "Row `won` names `mkt`, which is no system of this mapping"),
        ("  name: { crm: { street: A }, type: name }\n", "`street` is no part of type name|its parts are `first`, `last`"),
        ("  name: { crm: { first: A } }\n", "`first` is no part of type text|only money, name and address have parts"),
        ("  name: { crm: { path: Name, key: x } }\n", "`key` says by what a reference is held, and `name` is of type text"),
        ("  other: { crm: Key__c }\n", "`key` and `other` both write crm.Key__c"),
        ("  name: { crm: { read: A }, prm: name, wins: prm }\n", "The crm cell of `name` does nothing: it is read only, and `wins` does not let crm decide"),
        ("  name: { crm: { write: { A: name } }, prm: name, wins: crm }\n", "crm decides `name` and is never read"),
        ("  name: { crm: Name, prm: { first: f, last: l }, type: name }\n", "Writing to crm and reading back changes `name`|leave crm out of `wins`"),
        ("  name: { crm: Name, wins: [prm, crm], evidence: certain, prm: n }\n", "`evidence` says nothing here"),
        ("  name: { crm: { read: nam + }, prm: n }\n", "m.yaml:8"),
        ("  name: { crm: a..b }\n", "m.yaml:8"),
        (
            "tests: [ { given: { nam: x }, expect: { absent: [erp] } } ]\n",
            "An example names `nam`, which is no field|An example names `erp`, which is no system",
        ),
        ("  name: { crm: Name, prm: n, wins: [ { prm: key == 'a' } ] }\n", "`wins` of `name` has no `otherwise`|m.yaml:8|- prm: otherwise"),
        ("  name: { crm: Name, prm: n, wins: [ { prm: otherwise }, { crm: otherwise } ] }\n", "What stands below `otherwise` never holds"),
        ("  name: { crm: Name, prm: n, wins: [ { prm: ky == 'a' }, { crm: otherwise } ] }\n", "`ky` is not known here|did you mean `key`?"),
        ("  name: { crm: Name, prm: n, wins: [ { erp: key == 'a' }, { crm: otherwise } ] }\n", "`wins` names `erp`, which is no system of this mapping"),
        ("  name: { prm: n, wins: [ { prm: key == 'a' }, { crm: otherwise } ] }\n", "`wins` names crm, but `name` has no crm cell"),
        ("  name: { crm: Name, prm: n, wins: [ crm, { prm: otherwise } ] }\n", "`crm` has no condition, and the other lines of `wins` have"),
        ("  name: { crm: Name, prm: n, wins: [ { prm: key == 'a', crm: otherwise } ] }\n", "A line of `wins` has one condition, and here stands a second one"),
        ("  score: { crm: Score__c, type: integer, formula: keys + 1 }\n", "`keys` is not known here|did you mean `key`?|m.yaml:8"),
        ("  score: { crm: Score__c, type: integer, formula: key }\n", "a text|an integer"),
        ("  score: { crm: Score__c, formula: key, wins: crm }\n", "`score` is computed, and says who wins|drop `wins`"),
        ("  a: { formula: b ~ 'x' }\n  b: { formula: c ~ a }\n  c: { formula: key }\n", "A field hangs on itself: a → b → a|through this one"),
        ("  tier: { crm: T, values: { gold: { crm: G } }, formula: [ { golt: otherwise } ] }\n", "'golt' is no value of `tier`|`gold`"),
        ("  tier: { crm: T, values: { gold: { crm: G } }, formula: [ { gold: key == 'a' } ] }\n", "`formula` of `tier` has no `otherwise`"),
        ("  many: { crm: N, type: integer, formula: [ { some: otherwise } ] }\n", "`some` cannot be a value of `many`"),
        ("  deal: { crm: D, type: ref(deals), formula: deal }\n", "`deal` is a reference, and a formula gives none"),
        ("  score: { crm: { read: S }, formula: key }\n", "The crm cell of `score` does nothing: it is read only, and the field is computed"),
        ("  name: { crm: { path: Name, by: Type } }\n", "`by` says which values apply, and `name` has no `values`"),
        (
            "  stage: { crm: Stage, values: { won: { crm: { Partner: Won } } } }\n",
            "Row `won` has cells by value for crm, whose cell does not say by what|by: PATH",
        ),
        (
            "  stage: { crm: { path: Stage, by: Type }, values: { won: { crm: { A: [Won, Done], B: Done } }, lost: { crm: { B: [Done] } } } }\n",
            "`Done` in crm is read as two rows, `won` and `lost`",
        ),
        (
            "  stage: { prm: { path: stage, by: pipeline }, values: { won: { prm: { p1: Won } } } }\n",
            "`by: pipeline` is set by nothing|add it to `new`, with a plain text; give it a field",
        ),
        ("tests: [ { given: { key: x } } ]\n", "An example expects nothing"),
        ("tests: [ { given: { key: x }, steps: [ { at: soon, expect: {} } ] } ]\n", "`soon` is neither a time nor a wait|such as +24h"),
        ("  up: { crm: U, formula: key }\ntests: [ { given: { up: x }, expect: {} } ]\n", "`up` is computed, and cannot be given"),
    ] {
        let said = said_of(lines, &known);
        for part in expected.split('|') {
            assert!(said.contains(part), "{lines}: `{part}` is not in:\n{said}");
        }
    }
}

#[test]
fn systems_that_contradict_themselves_are_told() {
    let known = Known::default();
    let with = |systems: &str| {
        format!("mapping: deals\nsystems:\n{systems}match: [[key], [status]]\nfields:\n  key: {{ crm: Key__c, prm: key }}\n  status: {{ crm: Status }}\n")
    };
    for (systems, expected) in [
        ("  crm: { object: A, leaves: archive }\n  prm: { object: b, create: always }\n", "`leaves` of crm never applies"),
        ("  crm: { object: A }\n  prm: { object: b }\n", "note: Nothing creates records in any system"),
        ("  crm: { object: A, starts: never }\n  prm: { object: b, starts: never }\n", "No system starts an entity"),
        ("  crm: { object: A, connection: cmr }\n  prm: { object: b }\n", "The project has no connection `cmr`|did you mean `crm`?"),
        ("  latest: { object: A, connection: crm }\n  prm: { object: b }\n", "A system cannot be called `latest`"),
        ("  crm: { object: A, only: \"not deleted('pmr')\" }\n  prm: { object: b }\n", "did you mean `prm`?"),
        (
            "  crm: { object: A, create: Key__c is blank }\n  prm: { object: b }\n",
            "`Key__c` is a path of crm; an expression over an entity sees fields of this mapping: `key`",
        ),
        ("  crm: { object: A, create: statu is blank }\n  prm: { object: b }\n", "did you mean `status`?"),
        ("  crm: { object: A, where: \"deleted('prm')\" }\n  prm: { object: b }\n", "`deleted` speaks of an entity"),
        (
            "  crm: { object: A, where: LeadSource == 'Partner', create: always }\n  prm: { object: b }\n",
            "A record created in crm would not fit its `where`: nothing sets `LeadSource`|new: { LeadSource: … }",
        ),
        (
            "  crm: { object: A, where: LeadSource == 'Partner', create: always, new: { LeadSource: Direct } }\n  prm: { object: b }\n",
            "`new` sets it to something else",
        ),
        ("  crm: { object: A, create: always, new: { X: \"${qota}\" } }\n  prm: { object: b }\n", "`qota` is no variable of the project|did you mean `quota`?"),
        ("  crm: { object: A, create: \"var.qota > 3\" }\n  prm: { object: b }\n", "did you mean `quota`?"),
        ("  crm: { object: A }\n  prm: { object: b, create: always }\n", "Rule 2 of `match`, [status], never finds an entity: only one of its systems"),
        ("  crm: { object: A, was: prm }\n  prm: { object: b }\n", "`crm` was `prm`, but that name is in use"),
    ] {
        says(&with(systems), &known, &expected.split('|').collect::<Vec<_>>());
    }
}

#[test]
fn where_and_new_that_agree_are_let_alone() {
    let text = "mapping: deals\nsystems:\n  crm: { object: A, where: \"Source == 'Partner' and not Closed and RecordType.Name == 'P'\", create: always, new: { Source: Partner, RecordTypeId: \"${record_type}\" } }\n  prm: { object: b }\nmatch: [[key]]\nfields:\n  key: { crm: Key__c, prm: key }\n";
    assert_eq!(compiled(text, &Known::default()).1, "");
}

fn facts(form: Form) -> FieldFacts {
    FieldFacts { form, access: Access::ReadWrite, required: false, shows: Shows::default(), currency: None, values: None }
}

fn object(fields: &[(&str, FieldFacts)]) -> ObjectFacts {
    ObjectFacts { fields: fields.iter().map(|(path, facts)| ((*path).to_owned(), facts.clone())).collect(), ..ObjectFacts::default() }
}

#[test]
fn what_the_connector_says_of_an_object_is_held_against_the_mapping() {
    let base = |facts: ObjectFacts| Known::default().with("crm", "Opportunity", facts);
    let required = FieldFacts { required: true, ..facts(Form::Text) };
    let picks = FieldFacts { values: Some(vec!["Won".into(), "Lost".into()]), ..facts(Form::Enum) };
    let key = ("Key__c", facts(Form::Text));
    for (known, lines, expected) in [
        (
            base(ObjectFacts { offered: Some(false), names: vec!["Opportunities".into()], ..ObjectFacts::default() }),
            "",
            "crm has no object `Opportunity`|did you mean `Opportunities`?",
        ),
        (base(ObjectFacts { updates: Some(Updates::Whole), ..ObjectFacts::default() }), "", "is written whole and without a check|unguarded: true"),
        (base(ObjectFacts { updates: Some(Updates::None), ..ObjectFacts::default() }), "", "cannot be changed by us"),
        (base(ObjectFacts { complete: true, ..object(&[("Key_c", facts(Form::Text))]) }), "", "crm Opportunity has no `Key__c`|did you mean `Key_c`?"),
        (
            base(object(&[key.clone(), ("Amount", facts(Form::Boolean))])),
            "  amount: { crm: Amount, type: integer }\n",
            "crm.Amount holds a boolean, and `amount` is of type integer",
        ),
        (base(object(&[("At", facts(Form::Instant))])), "  at: { crm: At, type: date }\n", "crm.At is an instant, `at` a date, and crm has no time zone"),
        (
            base(object(&[("Stage", picks)])),
            "  stage: { crm: Stage, values: { won: { crm: Wonn } } }\n",
            "crm has no value `Wonn` in Stage|did you mean `Won`?|`Lost` of crm Stage is read as no row of `stage`",
        ),
        (Known::default().with("prm", "deals", object(&[("owner", required)])), "", "prm requires `owner` of new records of deals, and nothing sets it"),
        (
            Known::default().with("prm", "deals", ObjectFacts { creates: Some(false), ..ObjectFacts::default() }),
            "",
            "Records of prm deals cannot be made by us",
        ),
    ] {
        let said = said_of(lines, &known);
        for part in expected.split('|') {
            assert!(said.contains(part), "{lines}: `{part}` is not in:\n{said}");
        }
    }
}

#[test]
fn deletes_that_nothing_tells_of_cannot_be_a_wall() {
    let text = "mapping: deals\nsystems:\n  crm: { object: Opportunity, only: \"key is not blank and not deleted('prm')\", leaves: archive }\n  prm: { object: deals, create: always }\nmatch: [[key]]\nfields:\n  key: { crm: Key__c, prm: key }\n";
    assert_eq!(compiled(text, &Known::default()).1, "");
    let known = Known::default().with("prm", "deals", ObjectFacts { gone: GoneKnown::Never, ..ObjectFacts::default() });
    says(text, &known, &["`deleted('prm')` in `only` is never known", "m.yaml:3:63"]);
    let known = Known::default().with("crm", "Opportunity", ObjectFacts { archives: Some(false), ..ObjectFacts::default() });
    says(text, &known, &["Records of crm Opportunity cannot be archived"]);
}

#[test]
fn references_are_followed_through_the_system_on_the_same_connection() {
    let text = "mapping: accounts\nsystems: { crm: { object: Account } }\nfields: { number: { crm: Number__c } }\n---\nmapping: deals\nsystems: { crm: { object: Opportunity }, prm: { object: deals, create: \"account.number == account.nam\" } }\nmatch: [[account]]\nfields:\n  account: { crm: AccountId, prm: account, type: ref(accounts) }\n  owner: { crm: OwnerId, prm: { path: owner, key: numbr }, type: ref(accounts) }\n";
    says(
        text,
        &Known::default(),
        &["`accounts` has no system on prm: the ref cannot be followed there", "`numbr` is no field of `accounts`\n", "did you mean `number`?", "m.yaml:6"],
    );
}

#[test]
fn settings_have_their_defaults_and_take_what_is_written() {
    let (mappings, _) = compiled(HEAD, &Known::default());
    let mapping = mappings[0].as_ref().expect("sound");
    assert_eq!((mapping.adopt, mapping.limits.creates, mapping.limits.deletes), (Adopt::Ask, Limit::Share(0.1), Limit::Share(0.02)));
    let text = HEAD.replace("mapping: deals\n", "mapping: deals\nschedule: cron 0 */5 * * * *\nadopt: automatic\nlimits: { updates: 50 }\nwins: prm\n");
    let (mappings, said) = compiled(&text, &Known::default());
    let mapping = mappings[0].as_ref().unwrap_or_else(|| panic!("{said}"));
    assert_eq!(mapping.schedule, Schedule::Cron("0 */5 * * * *".to_owned()));
    assert_eq!((mapping.adopt, mapping.limits.updates), (Adopt::Automatic, Limit::Number(50)));
    assert_eq!(mapping.fields[0].wins, crate::mapping::Wins::Owner(crate::mapping::SystemIx(1)));
}

#[test]
fn two_mappings_on_one_path_must_be_kept_apart() {
    let both = |first: &str, second: &str| {
        let mapping =
            |name: &str, filter: &str| format!("mapping: {name}\nsystems: {{ crm: {{ object: Account{filter} }} }}\nfields: {{ name: {{ crm: Name }} }}\n");
        let (mappings, said) = compiled(&format!("{}---\n{}", mapping("accounts", first), mapping("partners", second)), &Known::default());
        assert!(mappings.iter().all(Option::is_some), "{said}");
        together(&mappings.into_iter().flatten().collect::<Vec<_>>()).len()
    };
    assert_eq!(both("", ""), 1);
    assert_eq!(both(", where: IsPartner", ""), 1);
    assert_eq!(both(", where: IsPartner", ", where: not IsPartner and not Hidden"), 0);
    assert_eq!(both(", where: \"Type == 'a'\"", ", where: \"Type == 'b'\""), 0);
    assert_eq!(both(", where: \"Type == 'a' or X\"", ", where: \"Type == 'b'\""), 1);
    assert_eq!(both(", where: Partner__c is blank", ", where: Partner__c is not blank"), 0);
}

#[test]
fn a_formula_that_hangs_on_itself_through_another_mapping_is_told() {
    let text = "mapping: accounts\nsystems: { crm: { object: Account } }\nfields:\n  number: { crm: N }\n  best: { crm: Best__c, type: ref(deals) }\n  score: { formula: best.score, type: integer }\n---\nmapping: deals\nsystems: { crm: { object: Opportunity } }\nfields:\n  account: { crm: AccountId, type: ref(accounts) }\n  score: { formula: account.score + 1, type: integer }\n";
    let (mappings, said) = compiled(text, &Known::default());
    assert!(mappings.iter().all(Option::is_some), "{said}");
    let found = together(&mappings.into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "A field hangs on itself: accounts.score → deals.score → accounts.score");

    let text = format!("{HEAD}  a: {{ formula: b }}\n  b: {{ formula: a }}\n");
    let mut files = crate::diag::Files::new();
    assert!(compiled(&text, &Known::default()).1.contains("A field hangs on itself: a → b → a"));
    let file = files.add("m.yaml", text.as_str());
    let (specs, _) = crate::spec::mapping::read(&files, file);
    let known = Known::default();
    let variables = std::collections::BTreeMap::new();
    let lost = crate::spec::lost::Lost::default();
    let zone = crate::value::time::Zone::utc();
    let world = crate::mapping::world::World { mappings: &specs, objects: &known, variables: &variables, lost: &lost, time_zone: zone, files: &files };
    let (sketch, _) = crate::mapping::compile::sketch(&specs[0], &world);
    assert!(together(&[sketch.expect("all but the ring is sound")]).is_empty(), "it was told when its mapping was compiled");
}

#[test]
fn records_made_under_a_value_that_no_row_knows_are_told() {
    let text = "mapping: deals\nsystems:\n  crm: { object: Opportunity, create: always, new: { Type: Partnr } }\nmatch: [[key]]\nfields:\n  key: { crm: Key__c }\n  stage: { crm: { path: Stage, by: Type }, values: { won: { crm: { Partner: Won } } } }\n";
    says(text, &Known::default(), &["Records made in crm are of `Partnr`, under which no row of `stage` has a value", "did you mean `Partner`?"]);
    assert_eq!(compiled(&text.replace("Partnr", "Partner"), &Known::default()).1, "");
}

#[test]
fn the_mappings_own_lines_are_told_of_once() {
    let text = HEAD.replace("mapping: deals\n", "mapping: deals\nwins: [ { prm: ky == 'a' }, { crm: otherwise } ]\n")
        + "  name: { crm: Name, prm: n }\n  only_here: { crm: Own__c }\n";
    let (_, said) = compiled(&text, &Known::default());
    assert_eq!(said.matches("`ky` is not known here").count(), 1, "{said}");
    let (mappings, said) = compiled(&text.replace("ky ==", "key =="), &Known::default());
    assert_eq!(said, "");
    assert!(matches!(&mappings[0].as_ref().expect("sound").fields[2].wins, crate::mapping::Wins::Lines(lines) if lines.len() == 2));
}

#[test]
fn a_changed_formula_is_a_changed_meaning_also_of_what_draws_on_it() {
    let compile = |formula: &str| {
        let text = format!("{HEAD}  half: {{ formula: {formula} }}\n  whole: {{ crm: Whole__c, formula: half ~ half }}\n  name: {{ crm: Name }}\n");
        let (mut mappings, said) = compiled(&text, &Known::default());
        mappings.remove(0).unwrap_or_else(|| panic!("{said}"))
    };
    let (before, after) = (compile("key"), compile("key ~ '-'"));
    assert_ne!(before.fields[2].meaning, after.fields[2].meaning);
    assert_eq!((&before.fields[0].meaning, &before.fields[3].meaning), (&after.fields[0].meaning, &after.fields[3].meaning));
}
