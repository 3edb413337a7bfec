//! What is said about a file that does not fit: one text in, all messages out.

use crate::diag::render::{Paint, render_all};
use crate::diag::{Diagnostic, Files};
use crate::spec::{UNDECODED, connector, mapping, project};

fn said(files: &Files, found: &[Diagnostic]) -> String {
    render_all(found, files, Paint::Plain)
}

fn check_mapping(text: &str) -> String {
    let mut files = Files::new();
    let file = files.add("mappings/deals.yaml", text);
    let (_, found) = mapping::read(&files, file);
    said(&files, &found)
}

fn check_project(text: &str) -> String {
    let mut files = Files::new();
    let file = files.add("syncline.yaml", text);
    let (_, found) = project::read(&files, file);
    said(&files, &found)
}

fn check_connector(text: &str) -> String {
    let mut files = Files::new();
    let file = files.add("connectors/acme.yaml", text);
    let (_, found) = connector::read(&files, file);
    said(&files, &found)
}

#[test]
fn all_problems_of_a_mapping_come_at_once() {
    let text = "\
mapping: deals
shedule: every 2m
adopt: later
limits: { deletes: lots, updates: 20% }
systems:
  crm: { create: always, leaves: archived, wher: x, unguarded: yes }
  prm: deals
match: [domain, { ask: name }]
fields:
  name: { crm: { pth: Name }, prm: [a], type: }
";
    insta::assert_snapshot!(check_mapping(text));
}

#[test]
fn later_keys_are_refused_by_name() {
    let text = "\
mapping: deals
systems:
  crm: { object: Opportunity, lines: items }
  won: { entities: deals, each: [a] }
fields:
  won: { rollup: { of: deals, take: count } }
  tier: { formula: a + b, confidential: true }
  owner: { crm: { path: OwnerId, by: Type } }
  status:
    crm: StageName
    wins: [ { crm: otherwise } ]
    values: { new: { crm: { Partner: New } } }
  expired: { crm: Expired__c, wins: rules }
rules: {}
metrics: {}
tests:
  - { given: {}, steps: [], expect: { held: [crm] } }
";
    insta::assert_snapshot!(check_mapping(text));
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    let said = check_project("connections: { crm: { connector: salesforce } }\nserver: { token: hunter2 }\n");
    assert!(!said.contains("hunter2"));
    insta::assert_snapshot!(said);
}

#[test]
fn a_project_names_what_is_not_in_this_version() {
    let text = "\
connections:
  crm: { connector: salesforce, at: https://crm.example, audience: partner, currency: euro }
  latest: { connector: x }
store: postgres://db/x
notify: {}
";
    insta::assert_snapshot!(check_project(text));
}

#[test]
fn a_connector_says_what_its_blocks_lack() {
    let text = "\
connector: acme
title: Acme
checked: today
base_url: https://api.acme.example
hosts: api.acme.example
auth:
  - { type: baisc, user: a }
  - { type: oauth2, grant: authorization_code, token_url: x }
  - { token: x }
account: { id: '{{ body.id }}' }
each_object:
  changes: { type: cursor, cursor: x }
  list: { call: GET /a, pagination: {}, bulk: {} }
  update: { batch: many }
verdicts: [ { status: 409, is: conflict }, { status: [412, x], is: stale, wait: soon } ]
objects:
  deals: { actions: {}, lines: {}, gone: {}, fields: { a: text, b: { kind: money, acess: read_only } } }
";
    insta::assert_snapshot!(check_connector(text));
}

#[test]
fn an_empty_file_and_an_empty_key_are_named() {
    assert!(check_mapping("# nothing\n").contains("The file is empty"));
    assert!(check_mapping("mapping: deals\nschedule:\n").contains("`schedule` has no value"));
    assert!(check_mapping("mapping: deals\nadopt:\n").contains("`adopt` has no value"));
}

/// Words that are right somewhere and wrong elsewhere.
const WORDS: [&str; 28] = [
    "~",
    "[]",
    "{}",
    "true",
    "12",
    "-1",
    "1.5",
    "\"\"",
    "text",
    "latest",
    "never",
    "list",
    "position",
    "[~]",
    "{ a: ~ }",
    "[[x]]",
    "2m",
    "2%",
    "{ read: x }",
    "{ path: x, first: y }",
    "{ type: window }",
    "{ type: [] }",
    "[{ when: x }]",
    "99999999999999999999",
    "{ amount: a, zone: b }",
    "{ file: x }",
    "x: y",
    "{ ask: [] }",
];

proptest::proptest! {
    /// What the check lets pass, the types take: after any one change to a good file.
    #[test]
    fn the_check_sees_all_that_the_types_refuse(at in 0usize..4_000, word in 0usize..WORDS.len(), which in 0usize..2) {
        let good = [connector::tests::ACME, mapping::tests::DEALS][which];
        let places: Vec<usize> = good.match_indices(": ").map(|(at, _)| at + 2).collect();
        let start = places[at % places.len()];
        let end = start + good[start..].find([',', '\n', '}']).unwrap_or(0);
        let text = format!("{}{}{}", &good[..start], WORDS[word], &good[end..]);
        let mut files = Files::new();
        let file = files.add("a.yaml", text);
        let found = if which == 0 { connector::read(&files, file).1 } else { mapping::read(&files, file).1 };
        let gaps: Vec<_> = found.iter().filter(|found| found.code == UNDECODED).collect();
        assert!(gaps.is_empty(), "{}\n{gaps:?}", files.text(file));
    }
}
