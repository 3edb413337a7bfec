//! The files that come with the program compile clean, and wrong ones are told what is wrong.

use std::time::Duration;

use super::class::abilities;
use super::*;
use crate::diag::render::{Paint, render_all};
use crate::system::{CreateClass, FindBy, GoneBy, Guarded, UpdateClass, UpsertBy};
use crate::value::Path;

fn built_in() -> Catalog {
    let mut files = Files::new();
    let (catalog, found) = Catalog::built_in(&mut files);
    assert!(found.is_empty(), "{}", render_all(&found, &files, Paint::Plain));
    catalog
}

/// What is said to a connector that differs from a right one by `text`.
fn said(text: &str) -> String {
    let mut files = Files::new();
    let found = Catalog::default().add(&mut files, "connectors/acme.yaml", text);
    found.iter().map(|one| format!("{}\n", one.what)).collect()
}

const ACME: &str = r#"connector: acme
title: Acme
checked: 2026-11-20
config:
  token: { kind: secret }
base_url: https://api.acme.example
hosts: [api.acme.example]
auth: [ { type: bearer, token: "{{ config.token }}" } ]
account: { call: GET /me, id: body.id }
each_object:
  key: record.id
  time: record.changed
  list: { call: "GET /{{ object.name }}", records: body.items, page: { size: 100, next: body.next } }
  changes: { type: full_read }
  gone: { sweep: list }
objects:
  deals: {}
"#;

#[test]
fn every_file_that_is_shipped_compiles_clean() {
    let catalog = built_in();
    assert_eq!(catalog.names().collect::<Vec<_>>(), ["business-central", "partnerstack", "salesforce", "tryton"]);
}

#[test]
fn classes_are_what_the_blocks_show() {
    let catalog = built_in();
    let of =
        |connector: &str, object: &str| abilities(catalog.get(connector).expect("shipped").object(object).expect("an object of it"), Duration::from_secs(60));
    let salesforce = of("salesforce", "Account");
    assert_eq!(salesforce.create, [CreateClass::Upsert { by: UpsertBy::Unique }, CreateClass::Find { by: FindBy::AnyField }]);
    assert_eq!((salesforce.update, salesforce.delete, salesforce.gone), (Some(UpdateClass::Version), Some(Guarded::LookedAt), GoneBy::Feed));
    assert_eq!((salesforce.create_batch, salesforce.update_batch, salesforce.get_batch), (200, 25, 200));
    let deals = of("partnerstack", "deals");
    assert_eq!(deals.create[0], CreateClass::Marker { path: Path::member("external_key") });
    assert_eq!((deals.update, deals.archive, deals.gone), (Some(UpdateClass::Fields), Some(Guarded::LookedAt), GoneBy::Sweep));
    let customers = of("business-central", "customers");
    assert_eq!((deals.restore, customers.restore), (None, Some(Guarded::Version)), "a call that archives has no contrary");
    assert_eq!((customers.update, customers.delete, customers.archive), (Some(UpdateClass::Version), Some(Guarded::Version), Some(Guarded::Version)));
    assert_eq!(of("tryton", "party.party").update, Some(UpdateClass::Version));
    assert_eq!(of("tryton", "stock.move").create, [], "read only");
}

#[test]
fn a_right_file_is_silent() {
    assert_eq!(said(ACME), "");
}

/// What is changed in a right file, and what is said then.
const WRONG: &[(&str, &str, &str)] = &[
    ("records: body.items", "records: bdy.items", "bdy"),
    ("key: record.id", "key: \"{{ record.id }}\"", "takes an expression"),
    ("  changes: { type: full_read }\n", "", "`changes` of `deals` is missing"),
    ("  gone: { sweep: list }\n", "", "`deals` says nothing about `gone`"),
    ("deals: {}", "deals: { parents: [deal] }", "names parent `deal`; there is no such object"),
    ("deals: {}", "deals: { parents: [leads] }\n  leads: { parents: [deals] }", "parents form a ring: deals, leads, deals"),
    ("  token: { kind: secret }", "  token: { kind: secret }\n  spare: { kind: text }", "`config.spare` is declared and never used"),
    ("GET /{{ object.name }}", "GET /{{ object.name }}?t={{ config.token }}", "the secret `config.token` stands in `call` or `query`"),
    ("GET /{{ object.name }}", "/{{ object.name }}", "does not begin with a method"),
    ("page: { size: 100, next: body.next }", "rate: serch", "`serch` is no pool"),
    ("page: { size: 100, next: body.next }", "sorted_by: time", "`sorted_by: time` alone loses records"),
    ("page: { size: 100, next: body.next }", "query: { q: \"id > {{ after.key }}\" }", "uses `after` but `sorted_by` is not set"),
    ("page: { size: 100, next: body.next }", "query: { q: \"id > {{ after.key }}\" }, sorted_by: key, first_key: \"0\"", "without `quoted`"),
    ("objects:\n", "wire: { instant: \"%Y-%m-%d %H:%M\" }\nobjects:\n", "`instant` has no zone in its form"),
    ("objects:\n", "verdicts: [ { code: A, is: retry }, { code: A, status: 400, is: refused } ]\nobjects:\n", "verdict 2 can never fit"),
    ("deals: {}", "deals: { create: { call: POST /x, json: { t: \"{{ op.token }}\" } } }", "say how long the vendor `remembers` it"),
    ("deals: {}", "deals: { update: { batch: 5, call: POST /x } }", "nothing says what became of each op"),
];

#[test]
fn wrong_files_are_told_what_is_wrong() {
    for (right, wrong, expected) in WRONG {
        assert!(ACME.contains(right), "{right}");
        let told = said(&ACME.replacen(right, wrong, 1));
        assert!(told.contains(expected), "{wrong}\n  expected: {expected}\n  said: {told}");
    }
}

#[test]
fn a_broken_part_hides_no_problem_of_the_rest() {
    let broken = ACME.replacen("title: Acme", "title: Acme\ncolour: red", 1).replacen("objects:\n", "objects:\n  plans: { list: { cal: GET /plans } }\n", 1);
    for (right, wrong, expected) in WRONG.iter().filter(|(.., expected)| !expected.contains("never used")) {
        let told = said(&broken.replacen(right, wrong, 1));
        assert!(told.contains(expected), "{wrong}\n  expected: {expected}\n  said: {told}");
    }
}

#[test]
fn nothing_is_said_of_what_follows_from_something_lost() {
    let cases = [
        ("gone: { sweep: list }", "gone: { swep: list }"),
        ("changes: { type: full_read }", "changes: { type: ful_read }"),
        ("records: body.items", "records: [body.items]"),
        ("type: bearer", "type: bearr"),
        ("token: { kind: secret }", "token: { kind: secrt }"),
        ("deals: {}", "deals: { parents: [leads] }\n  leads: { colour: red }"),
    ];
    for (right, wrong) in cases {
        assert!(ACME.contains(right), "{right}");
        let told = said(&ACME.replacen(right, wrong, 1));
        assert_eq!(told.lines().count(), 1, "{wrong}: {told}");
    }
}
