//! Examples of small mappings, played through the real run.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::*;
use crate::mapping::fixture::{Known, compiled};

const DEALS: &str = "\
mapping: partners
systems: { crm: { object: Account }, prm: { object: partnerships } }
match: [[number]]
fields:
  number: { crm: Number__c, prm: number }
  name: { crm: Name, prm: name }
---
mapping: deals
systems:
  prm: { object: deals, create: \"partner is not blank\", only: \"not deleted('crm')\", leaves: archive }
  crm:
    object: Opportunity
    where: RecordType.DeveloperName == 'Partner'
    create: status in ['approved', 'won']
    new: { RecordTypeId: \"${record_type}\" }
match: [[key]]
fields:
  key:     { prm: key, crm: Key__c, wins: prm }
  name:    { prm: account_name, crm: Name, required: true }
  amount:  { prm: amount, crm: Amount, type: money, wins: crm }
  partner: { prm: partner_key, crm: Partner__c, type: ref(partners), wins: crm }
  close_date: { prm: close_date, crm: CloseDate, type: date }
  rating:  { prm: rating, crm: Rating, wins: ask }
  status:
    prm: stage
    crm: StageName
    values:
      submitted: { prm: pending, crm: Qualification }
      approved:  { prm: approved, crm: [Proposal, Negotiation] }
      won:       { prm: closed_won, crm: Closed Won }
tests:
";

fn played(examples: &str) -> Vec<Vec<String>> {
    let (mappings, said) = compiled(&format!("{DEALS}{examples}"), &Known { currency: Some("EUR"), ..Known::default() });
    let mappings: Vec<Arc<Mapping>> = mappings.into_iter().map(|mapping| Arc::new(mapping.unwrap_or_else(|| panic!("{said}")))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let results = runtime.block_on(run_examples(&mappings, &TimeZone::UTC));
    results.into_iter().map(|result| result.failures).collect()
}

#[track_caller]
fn passes(examples: &str) {
    for failures in played(examples) {
        assert_eq!(failures, Vec::<String>::new());
    }
}

#[test]
fn closing_in_the_crm_closes_it_for_the_partner() {
    passes(
        "  - { given: { name: Acme, status: approved }, edit: { crm: { StageName: Closed Won } }, expect: { prm: { stage: closed_won }, agreed: { status: won }, writes: 1 } }\n",
    );
}

#[test]
fn what_is_given_is_at_rest() {
    passes(
        "  - { given: { name: Acme, status: approved, amount: 10.50 EUR, close_date: 2026-05-01, partner: p1 }, others: { partners: [ { as: p1, number: P1, name: One } ] }, expect: { writes: 0, prm: { stage: approved, amount: 10.5, partner_key: p1, close_date: 2026-05-01 }, crm: { StageName: Proposal } } }\n",
    );
}

#[test]
fn a_record_is_made_when_create_comes_to_hold() {
    passes(
        "  - { given: { name: Acme, status: submitted, key: K1 }, edit: { prm: { stage: approved } }, expect: { crm: { Name: Acme, StageName: Proposal, RecordTypeId: 012xx, Key__c: K1 }, writes: 1 } }\n  - { given: { name: Acme, status: submitted }, expect: { absent: [crm], writes: 0 } }\n",
    );
}

#[test]
fn an_edit_that_may_not_decide_is_put_back() {
    passes(
        "  - { given: { name: Acme, status: approved, amount: 5 EUR }, edit: { prm: { amount: 7 } }, expect: { prm: { amount: 5 }, agreed: { amount: 5 EUR }, writes: 1 } }\n",
    );
}

#[test]
fn a_person_is_asked_where_the_mapping_says_so() {
    passes(
        "  - { given: { name: Acme, status: approved, rating: A }, edit: { prm: { rating: B }, crm: { rating: A, Rating: C } }, expect: { review: [rating], writes: 0 } }\n",
    );
}

#[test]
fn somebody_makes_a_record_where_nothing_was() {
    passes(
        "  - { edit: { prm: { account_name: New, key: K9, stage: approved } }, expect: { crm: { Name: New, StageName: Proposal }, agreed: { status: approved } } }\n",
    );
}

#[test]
fn what_is_not_so_is_said() {
    let failures = played(
        "  - { given: { name: Acme, status: approved }, expect: { prm: { stage: won }, agreed: { status: won }, absent: [crm], review: [name], writes: 3 } }\n",
    );
    assert_eq!(
        failures,
        [[
            "prm stage is `approved`, and `won` was expected",
            "the agreed `status` is `approved`, and `won` was expected",
            "crm holds a record of it, and none was expected",
            "`name` does not wait for a person",
            "0 records were written, and 3 were expected",
        ]]
    );
    let failures = played(
        "  - { given: { status: wonn }, expect: {} }\n  - { given: { partner: p7 }, expect: {} }\n  - { given: { status: submitted }, edit: { crm: { Name: x } }, expect: {} }\n",
    );
    assert_eq!(
        failures,
        [
            ["`status` cannot be read: it has no row `wonn`"],
            ["`partner` cannot be read: no entity under `others` is called `p7`"],
            ["crm holds no record of what is given, so nobody can edit it there"]
        ]
    );
}

const FOLLOWED: &str = "\
mapping: deals
systems:
  prm: { object: deals, create: always }
  crm: { object: Opportunity, create: \"status in ['approved', 'won']\", new: { Type: Partner } }
match: [[key]]
fields:
  key:    { prm: key, crm: Key__c, wins: prm }
  amount:
    prm: amount
    crm: Amount
    type: money
    wins:
      - prm: status == 'submitted'
      - crm: otherwise
  status:
    prm: stage
    crm: { path: StageName, by: Type }
    values:
      submitted: { prm: pending, crm: { Partner: Registered } }
      approved:  { prm: approved, crm: { Partner: [Proposal, Legal], Direct: Early } }
      won:       { prm: closed_won, crm: { Partner: Closed Won } }
  size:
    prm: size
    formula:
      - large: amount.value >= 1000
      - small: otherwise
tests:
";

fn played_in(mapping: &str, examples: &str) -> Vec<Vec<String>> {
    let (mappings, said) = compiled(&format!("{mapping}{examples}"), &Known { currency: Some("EUR"), ..Known::default() });
    let mappings: Vec<Arc<Mapping>> = mappings.into_iter().map(|mapping| Arc::new(mapping.unwrap_or_else(|| panic!("{said}")))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run_examples(&mappings, &TimeZone::UTC)).into_iter().map(|result| result.failures).collect()
}

#[test]
fn steps_follow_a_record_through_its_hand_over() {
    let failures = played_in(
        FOLLOWED,
        "  - about: the partner's amount counts until the deal is approved
    given: { key: K1, status: submitted, amount: 500 EUR }
    steps:
      - { at: 2026-03-02 09:00, expect: { absent: [crm], agreed: { size: small }, prm: { size: small }, writes: 0 } }
      - { edit: { prm: { amount: 1500 } }, expect: { agreed: { amount: 1500 EUR, size: large }, prm: { size: large }, writes: 1 } }
      - { at: +24h, edit: { prm: { stage: approved, amount: 1600 } }, expect: { crm: { StageName: Proposal, Amount: 1600, Type: Partner } } }
      - { at: +10m, edit: { prm: { amount: 1700 } }, expect: { prm: { amount: 1600 }, agreed: { amount: 1600 EUR } } }
      - { edit: { crm: { Amount: 900 } }, expect: { prm: { amount: 900, size: small } } }
      - { edit: { prm: { size: huge } }, expect: { prm: { size: small }, writes: 1 } }
      - { edit: { crm: { StageName: Legal } }, expect: { writes: 0 } }
      - { edit: { crm: { Type: Direct, StageName: Early } }, expect: { agreed: { status: approved }, writes: 0 } }
",
    );
    assert_eq!(failures, [Vec::<String>::new()]);
}

#[test]
fn a_step_that_is_not_so_is_named() {
    let failures = played_in(
        FOLLOWED,
        "  - { given: { key: K1, status: submitted, amount: 500 EUR }, steps: [ { expect: { writes: 0 } }, { edit: { prm: { amount: 7 } }, expect: { agreed: { amount: 8 EUR } } } ] }
  - { given: { key: K1, status: submitted }, steps: [ { expect: {} }, { at: 2026-01-01 09:00, expect: {} } ] }
  - { given: { key: K1, status: submitted }, steps: [ { at: 2026-03-02 09:00, expect: {} }, { at: 2026-03-01 09:00, expect: {} } ] }
",
    );
    assert_eq!(failures[0], ["step 2: the agreed `amount` is `7 EUR`, and `8 EUR` was expected"]);
    assert_eq!(failures[1], Vec::<String>::new());
    assert!(failures[2][0].starts_with("step 2: it begins at 2026-03-01T09:00:00Z, and the runs of the step before end at"), "{failures:?}");
}
