//! Mappings as people write them, read whole.

use super::*;
use crate::diag::render::{Paint, render_all};
use crate::spec::shared;

pub(in crate::spec) const DEALS: &str = "\
mapping: deals
about: A partner's registered deal, from claim to close.
schedule: every 2m                   # or cron
systems:
  prm: { object: deals, create: \"partner is not blank\", only: \"not deleted('crm')\", leaves: archive }
  crm:
    object: Opportunity
    where: RecordType.DeveloperName == 'Partner'
    create: status in ['approved', 'won']
    new: { RecordTypeId: \"${partner_record_type}\", Amount: 1.50, Tags: [a, { b: null }] }
  erp: { object: opportunity }
match:
  - [deal_id]
  - [name, close_date]
  - { ask: [name] }
fields:
  deal_id:    { prm: key,            crm: PRM_Deal_Id__c, wins: prm }
  name:       { prm: account_name,   crm: Name,           erp: title, required: true }
  amount:     { prm: amount,         crm: Amount,         erp: { amount: total, currency: currency.refName }, type: money, wins: [erp, crm] }
  close_date: { prm: close_date,     crm: CloseDate,      type: date, wins: { latest: [crm, prm] }, evidence: certain }
  account:    { crm: AccountId,      erp: { path: entity, key: number }, type: ref(accounts) }
  domain:     { prm: { read: \"email | domain\" }, crm: { read: Website, write: { Website: domain } }, type: domain }
  status:
    prm: stage
    crm: StageName
    wins: highest
    values:
      submitted: { prm: pending,     crm: Qualification }
      approved:  { prm: approved,    crm: [Proposal, Negotiation] }
      NO:        { prm: 1.0,         crm: Closed Won, was: won }
      lost:      { prm: closed_lost, crm: [] }
limits: { deletes: 2%, updates: 20%, creates: 500 }
tests:
  - about: closing in the CRM closes it for the partner
    given: { name: Acme, status: approved, amount: { amount: 10.50, currency: EUR } }
    others: { accounts: [ { as: a1, name: Acme } ] }
    edit:   { crm: { StageName: Closed Won } }
    expect: { prm: { stage: closed_won }, agreed: { status: won }, absent: [erp], writes: 1 }
";

/// The mappings of some files, joined; and what is said about them.
fn joined(mappings: &[&str], shared_files: &[&str]) -> (Vec<MappingSpec>, String) {
    let mut files = Files::new();
    let (mut parts, mut shared, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (index, text) in mappings.iter().enumerate() {
        let file = files.add(format!("mappings/m{index}.yaml"), *text);
        let (specs, problems) = read(&files, file);
        parts.extend(specs);
        found.extend(problems);
    }
    for (index, text) in shared_files.iter().enumerate() {
        let file = files.add(format!("shared/s{index}.yaml"), *text);
        let (specs, problems) = shared::read(&files, file);
        shared.extend(specs);
        found.extend(problems);
    }
    let (whole, problems) = join(parts, &shared);
    found.extend(problems);
    (whole, render_all(&found, &files, Paint::Plain))
}

fn clean(text: &str) -> MappingSpec {
    let (mut whole, said) = joined(&[text], &[]);
    assert_eq!(said, "");
    whole.remove(0)
}

#[test]
fn the_smallest_mapping_is_ten_lines() {
    let mapping = clean(
        "\
mapping: contacts
systems:
  crm: { object: Contact }
  prm: { object: members, create: always }
match:
  - [email]
fields:
  email: { crm: Email, prm: email, type: email, required: true }
  name:  { crm: { first: FirstName, last: LastName }, prm: full_name, type: name }
  phone: { crm: Phone, prm: phone, type: phone, wins: crm }
",
    );
    assert_eq!(mapping.systems.keys().collect::<Vec<_>>(), ["crm", "prm"]);
    assert_eq!(mapping.systems.get("crm").expect("crm").creation(), Creation::Never);
    assert_eq!(mapping.systems.get("prm").expect("prm").creation(), Creation::Always);
    assert!(matches!(&mapping.matching[..], [MatchRule::Link(fields)] if fields[0].text() == "email"));
    assert!(mapping.fields.get("email").expect("email").required);
    let Some(Cell::Parts(parts)) = mapping.fields.get("name").and_then(|name| name.cells.get("crm")) else { panic!("parts") };
    assert_eq!(parts.given().iter().map(|(part, path)| (*part, path.text())).collect::<Vec<_>>(), [("first", "FirstName"), ("last", "LastName")]);
    let wins = mapping.fields.get("phone").and_then(|phone| phone.wins.as_ref()).expect("wins");
    assert!(matches!(&wins.policy(), Policy::Rank(names) if names[0].text() == "crm"));
}

#[test]
fn the_example_of_the_product_page_is_read_whole() {
    let mapping = clean(DEALS);
    let amount = mapping.fields.get("amount").expect("amount");
    assert_eq!(amount.cells.keys().collect::<Vec<_>>(), ["prm", "crm", "erp"]);
    let Some(Values::Rows(rows)) = mapping.fields.get("status").and_then(|status| status.values.as_ref()) else { panic!("rows") };
    assert_eq!(rows.keys().collect::<Vec<_>>(), ["submitted", "approved", "NO", "lost"]);
    let no = rows.get("NO").expect("a text is a text");
    assert_eq!(no.cells.get("prm").expect("prm").spellings()[0].text(), "1.0");
    assert_eq!(no.cells.keys().collect::<Vec<_>>(), ["prm", "crm"]);
    assert!(rows.get("lost").and_then(|row| row.cells.get("crm")).expect("crm").spellings().is_empty());
    let create = mapping.systems.get("crm").and_then(|crm| crm.create.clone()).expect("create");
    let at = create.text().find("'won'").expect("it is in the text");
    assert_eq!(&DEALS[create.locate(at..at + 5).range()], "'won'");
    let example = &mapping.tests[0];
    let expect = example.expect.as_ref().expect("expect");
    assert_eq!(expect.writes.map(|writes| writes.value), Some(1));
    assert_eq!(expect.records.keys().collect::<Vec<_>>(), ["prm"]);
    assert_eq!(example.others.get("accounts").expect("accounts")[0].label.text(), "a1");
}

#[test]
fn files_of_one_name_are_one_mapping() {
    let first = "mapping: accounts\nsystems: { crm: { object: Account } }\nwins: crm\nfields: { name: { crm: Name, warehouse: name } }\n";
    let second = "mapping: accounts\nsystems: { warehouse: { object: firmographics, starts: never } }\nfields: { employees: { crm: NumberOfEmployees, warehouse: { read: count } } }\n---\nmapping: deals\nsystems: { crm: { object: Opportunity } }\nfields: { name: { crm: Name } }\n";
    let (whole, said) = joined(&[first, second], &[]);
    assert_eq!(said, "");
    assert_eq!(whole.len(), 2);
    assert_eq!(whole[0].systems.keys().collect::<Vec<_>>(), ["crm", "warehouse"]);
    assert_eq!(whole[0].fields.keys().collect::<Vec<_>>(), ["name", "employees"]);
    assert_eq!(whole[0].files.len(), 2);
}

#[test]
fn the_same_entry_in_two_files_names_both_lines() {
    let text = "mapping: deals\nschedule: off\nsystems: { crm: { object: Opportunity } }\nfields:\n  amount: { crm: Amount }\n";
    let again = "mapping: deals\nschedule: every 5m\nfields: { amount: { crm: Total } }\n";
    insta::assert_snapshot!(joined(&[text, again], &[]).1);
}

#[test]
fn shared_fields_and_rows_come_in_without_the_columns_that_are_not_here() {
    let mapping = "mapping: partners\ninclude: [firm]\nsystems: { prm: { object: partnerships }, crm: { object: Account } }\nfields: { tier: { prm: group, crm: Tier__c, values: tier } }\n";
    let shared =
        "shared: common\nvalues: { tier: { gold: { prm: gold, crm: Gold, mkt: g } } }\nfields: { firm: { website: { crm: Website, mkt: site, type: url } } }\n";
    let (whole, said) = joined(&[mapping], &[shared]);
    assert_eq!(said, "");
    assert_eq!(whole[0].fields.get("website").expect("included").cells.keys().collect::<Vec<_>>(), ["crm"]);
    let Some(Values::Rows(rows)) = whole[0].fields.get("tier").and_then(|tier| tier.values.as_ref()) else { panic!("rows") };
    assert_eq!(rows.get("gold").expect("gold").cells.keys().collect::<Vec<_>>(), ["prm", "crm"]);
}

#[test]
fn what_joining_refuses() {
    let mapping = "\
mapping: partners
include: [frim, firm]
systems: { prm: { object: partnerships }, crm: { object: Account }, latest: { object: x } }
fields:
  tier: { prm: group, crm: Tier__c, values: tier, wnis: prm, mkt: tier }
  rank: { prm: rank, values: teir }
  website: { prm: site }
  state: { prm: state, values: { open: { prm: o, cmr: O } } }
tests:
  - { given: {}, expect: { agred: {} } }
---
mapping: empty
";
    let shared = "shared: common\nvalues: { tier: { gold: { prm: gold } } }\nfields: { firm: { website: { crm: Website } } }\n";
    insta::assert_snapshot!(joined(&[mapping], &[shared, "shared: more\nvalues: { tier: {} }\n"]).1);
}
