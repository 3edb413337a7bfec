//! Mappings at work: records in, agreed values, forms and cells out.

use super::fixture::{Entity, Known, places, record, sound, written};
use super::form::cut;
use super::observe::Seen;
use super::spell::Spelling;
use super::summary::summary;
use super::world::{Access, FieldFacts, Shows};
use super::*;
use crate::id::{EntityId, RecordKey};
use crate::value::money::{Currency, Money};
use crate::value::record::Form;
use crate::value::{Name, Value};

mod hangs;
mod round_trip;

const CRM: SystemIx = SystemIx(0);
const PRM: SystemIx = SystemIx(1);

const CONTACTS: &str = "\
mapping: contacts
systems:
  crm: { object: Contact }
  prm: { object: members, create: always }
match:
  - [email]
fields:
  email: { crm: Email, prm: email, type: email, required: true }
  name:  { crm: { first: FirstName, last: LastName }, prm: full_name, type: name, wins: crm }
  phone: { crm: Phone, prm: phone, type: phone, wins: crm }
";

pub(super) const DEALS: &str = "\
mapping: partners
systems: { crm: { object: Account }, prm: { object: partnerships } }
match: [[number]]
fields:
  number: { crm: Number__c, prm: number }
  tier: { crm: Tier__c, prm: tier }
---
mapping: deals
systems:
  crm:
    object: Opportunity
    where: RecordType.DeveloperName == 'Partner'
    create: status in ['approved', 'won']
    new: { RecordTypeId: \"${record_type}\", LeadSource: \"From {{ partner.tier }}\", Tags: [\"{{ name }}\", fixed] }
    locked: IsClosed
  prm: { object: deals, create: \"partner is not blank\", only: \"not deleted('crm')\", leaves: archive }
match: [[key], [name, close_date]]
fields:
  key:        { crm: Key__c, prm: key, wins: prm }
  name:       { crm: Name, prm: account_name, type: company, required: true }
  amount:     { crm: { amount: Amount, currency: CurrencyIsoCode }, prm: amount, type: money, wins: [crm, prm] }
  close_date: { crm: CloseDate, prm: close_date, type: date }
  partner:    { crm: Partner__c, prm: { path: partner_number, key: number }, type: ref(partners), wins: crm }
  teams:      { crm: Teams__c, type: set(ref(partners)) }
  languages:  { crm: Languages__c, prm: languages, type: set(text), values: { de: { crm: German, prm: de }, en: { crm: English, prm: [] } } }
  domain:     { crm: { read: \"Website | lower\", write: { Website: domain } }, prm: domain, type: domain }
  status:
    crm: StageName
    prm: stage
    wins: highest
    unknown: approved
    values:
      submitted: { crm: Qualification, prm: pending }
      approved:  { crm: [Proposal, Negotiation], prm: approved }
      won:       { crm: Closed Won, prm: [] }
";

fn deals() -> Mapping {
    sound(DEALS, &Known { currency: Some("EUR"), zone: Some("Europe/Berlin"), ..Known::default() })
}

fn at(mapping: &Mapping, field: &str) -> FieldIx {
    mapping.field_ix(&FieldName::new(field)).expect("a field of the test")
}

fn seen(mapping: &Mapping, system: SystemIx, field: &str, cells: &[(&str, Value)]) -> Seen {
    let observed = mapping.observe(system, &record(mapping, system, cells), &places(mapping, system));
    observed.fields[at(mapping, field).0 as usize].clone()
}

fn eur(amount: i64) -> Value {
    Value::Money(Money::new(amount.into(), Currency::parse("EUR").expect("a currency")))
}

#[test]
fn the_smallest_mapping_is_ten_lines_and_says_what_it_does() {
    let mapping = sound(CONTACTS, &Known::default());
    assert_eq!(mapping.schedule, Schedule::Every(Duration::from_secs(300)));
    assert_eq!(mapping.field(FieldIx(2)).wins, Wins::Owner(CRM));
    let said: Vec<String> = summary(&mapping).into_iter().map(|(system, sentence)| format!("{system}: {sentence}")).collect();
    assert_eq!(said, ["crm: never made; never deleted", "prm: made whenever it is missing; never deleted"]);
}

#[test]
fn each_system_has_its_sentence() {
    let said: Vec<String> = summary(&deals()).into_iter().map(|(_, sentence)| sentence).collect();
    assert_eq!(
        said,
        [
            "takes part while RecordType.DeveloperName is Partner; made when status is approved or won; not written while IsClosed is set; never deleted",
            "made when the partner is known; archived when the CRM's record is deleted; never deleted",
        ]
    );
}

#[test]
fn records_are_read_into_agreed_terms() {
    let mapping = deals();
    let text = Value::text;
    for (system, field, cells, expected) in [
        (CRM, "status", vec![("StageName", text("Negotiation"))], Seen::Value(text("approved"))),
        (CRM, "status", vec![("StageName", Value::Blank)], Seen::Value(Value::Blank)),
        (CRM, "status", vec![], Seen::Unread),
        (CRM, "amount", vec![("Amount", Value::Integer(5)), ("CurrencyIsoCode", text("eur"))], Seen::Value(eur(5))),
        (CRM, "amount", vec![("Amount", Value::Integer(5))], Seen::Unread),
        (PRM, "amount", vec![("amount", Value::Integer(5))], Seen::Value(eur(5))),
        (PRM, "amount", vec![("amount", Value::Blank)], Seen::Value(Value::Blank)),
        (CRM, "partner", vec![("Partner__c", text("001"))], Seen::Unresolved(RecordKey::new("001"))),
        (PRM, "partner", vec![("partner_number", text("P7"))], Seen::UnresolvedBy(text("P7"))),
        (CRM, "teams", vec![("Teams__c", Value::List(vec![text("1"), text("2")]))], Seen::UnresolvedSet(vec![RecordKey::new("1"), RecordKey::new("2")])),
        (CRM, "languages", vec![("Languages__c", Value::List(vec![text("English"), text("German")]))], Seen::Value(Value::set([text("de"), text("en")]))),
        (CRM, "domain", vec![("Website", text("ACME.example"))], Seen::Value(text("acme.example"))),
        (PRM, "teams", vec![], Seen::NoCell),
    ] {
        assert_eq!(seen(&mapping, system, field, &cells), expected, "{field} {cells:?}");
    }
    let Seen::Unfit(why) = seen(&mapping, CRM, "status", &[("StageName", text("Lost"))]) else { panic!("no row") };
    assert_eq!(why, "`Lost` in crm is read as no row of `status`");
}

#[test]
fn an_amount_without_any_currency_is_no_money() {
    let mapping = sound(DEALS, &Known::default());
    let Seen::Unfit(why) = seen(&mapping, PRM, "amount", &[("amount", Value::Integer(5))]) else { panic!("no currency") };
    assert_eq!(why, "the amount has no currency; give the connection prm a `currency`");
}

#[test]
fn what_is_unread_never_takes_part_and_is_locked() {
    let mapping = deals();
    let observe = |cells: &[(&str, Value)]| mapping.observe(CRM, &record(&mapping, CRM, cells), &places(&mapping, CRM));
    let told = observe(&[("RecordType.DeveloperName", Value::text("Partner")), ("IsClosed", Value::Boolean(false))]);
    assert_eq!((told.takes_part, told.locked), (Some(true), false));
    let other = observe(&[("RecordType.DeveloperName", Value::text("Direct")), ("IsClosed", Value::Boolean(true))]);
    assert_eq!((other.takes_part, other.locked), (Some(false), true));
    let unread = observe(&[]);
    assert_eq!((unread.takes_part, unread.locked), (None, true));
    assert_eq!(unread.trouble, None);
}

#[test]
fn columns_may_stand_anywhere_in_a_shared_feed() {
    let mapping = deals();
    let mut shared = record(&mapping, PRM, &[("key", Value::text("k1"))]);
    let places: Vec<u16> = places(&mapping, PRM).iter().map(|place| place + 1).collect();
    shared.cells.insert(0, crate::value::record::Cell::Value(Value::text("of another mapping")));
    assert_eq!(mapping.observe(PRM, &shared, &places).fields[0], Seen::Value(Value::text("k1")));
}

#[test]
fn forms_are_what_a_system_would_show() {
    let mapping = deals();
    let mut entity = Entity::of(&mapping, &[]);
    entity.keys.insert((7, 0), "001");
    entity.held.insert((7, "number"), Value::text("P7"));
    let form = |system, field: &str, value: &Value| mapping.form(at(&mapping, field), system, value, &entity);
    let (won, approved, partner, stranger) = (Value::text("won"), Value::text("approved"), Value::Ref(EntityId(7)), Value::Ref(EntityId(8)));
    assert_eq!(form(CRM, "status", &won), Some(won.clone()));
    // No cell in the portal: the stand-in of `unknown`.
    assert_eq!(form(PRM, "status", &won), Some(approved));
    assert_eq!(form(CRM, "partner", &partner), Some(partner.clone()));
    assert_eq!(form(PRM, "partner", &partner), Some(partner.clone()));
    assert_eq!(form(CRM, "partner", &stranger), None);
    assert_eq!(form(PRM, "partner", &stranger), None);
    assert_eq!(form(CRM, "teams", &Value::set([partner.clone(), stranger])), None);
    assert_eq!(form(PRM, "languages", &Value::set([Value::text("de"), Value::text("en")])), Some(Value::set([Value::text("de")])));
    assert_eq!(form(PRM, "amount", &eur(5)), Some(eur(5)));
    let dollars = Value::Money(Money::new(5.into(), Currency::parse("USD").expect("a currency")));
    assert_eq!(form(PRM, "amount", &dollars), None, "a path in euros cannot hold dollars");
    assert_eq!(form(CRM, "amount", &dollars), Some(dollars.clone()));
    assert_eq!(form(PRM, "teams", &partner), None);
    // Written and read back through the cell's own expressions.
    assert_eq!(form(CRM, "domain", &Value::text("ACME.example")), Some(Value::text("acme.example")));
}

#[test]
fn a_stand_in_is_looked_up_by_its_first_match_field() {
    let text = DEALS.replace("type: ref(partners), wins: crm", "type: ref(partners), wins: crm, unknown: P0");
    let mapping = sound(&text, &Known::default());
    let mut entity = Entity { stand_in: Some(9), ..Entity::of(&mapping, &[]) };
    let form = |entity: &Entity| mapping.form(at(&mapping, "partner"), CRM, &Value::Ref(EntityId(8)), entity);
    assert_eq!(form(&entity), None, "the stand-in has no record there either");
    entity.keys.insert((9, 0), "009");
    assert_eq!(form(&entity), Some(Value::Ref(EntityId(9))));
    assert_eq!(*entity.asked.borrow(), ["P0", "P0"]);
}

#[test]
fn declared_lengths_scales_and_times_cut() {
    let shows = Shows { length: Some(4), scale: Some(1), ..Shows::default() };
    assert_eq!(cut(Value::text("Größen"), &shows), Value::text("Größ"));
    assert_eq!(cut(Value::Decimal("2.25".parse().expect("a number")), &shows), Value::Decimal("2.3".parse().expect("a number")));
    let facts = FieldFacts { form: Form::Text, access: Access::ReadWrite, required: false, shows, currency: None, values: None };
    let known = Known::default().fields("prm", "deals", &[("key", facts)]);
    let mapping = sound(DEALS, &known);
    let entity = Entity::of(&mapping, &[]);
    assert_eq!(mapping.form(at(&mapping, "key"), PRM, &Value::text("abcdef"), &entity), Some(Value::text("abcd")));
    assert_eq!(mapping.form(at(&mapping, "key"), CRM, &Value::text("abcdef"), &entity), Some(Value::text("abcdef")));
}

#[test]
fn a_name_in_one_text_is_read_back_by_its_last_word() {
    let mapping = sound(CONTACTS, &Known::default());
    let name = |first: &str, last: &str| Value::name(Name { first: first.into(), last: last.into() });
    let entity = Entity::of(&mapping, &[]);
    assert_eq!(mapping.form(at(&mapping, "name"), PRM, &name("Jan", "van der Berg"), &entity), Some(name("Jan van der", "Berg")));
    assert_eq!(mapping.form(at(&mapping, "name"), CRM, &name("Jan", "van der Berg"), &entity), Some(name("Jan", "van der Berg")));
}

#[test]
fn values_are_spelt_for_their_system() {
    let mapping = deals();
    let mut entity = Entity::of(&mapping, &[("name", Value::text("Acme")), ("domain", Value::text("acme.example")), ("partner", Value::Ref(EntityId(7)))]);
    entity.keys.insert((7, 0), "001");
    entity.held.extend([((7, "number"), Value::text("P7")), ((7, "tier"), Value::text("gold"))]);
    let fields: Vec<(FieldIx, Value)> = [
        ("amount", eur(5)),
        ("status", Value::text("approved")),
        ("partner", Value::Ref(EntityId(7))),
        ("languages", Value::set([Value::text("de")])),
        ("domain", Value::text("acme.example")),
    ]
    .into_iter()
    .map(|(name, value)| (at(&mapping, name), value))
    .collect();
    let spelt = |system, spelling| {
        let cells = mapping.spell(system, &fields, &entity, spelling).expect("all has a spelling");
        cells.iter().map(|cell| format!("{}={}", cell.path, cell.value)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(spelt(CRM, Spelling::Update), "Amount=5 CurrencyIsoCode=EUR StageName=Proposal Partner__c=001 Languages__c=[\"German\"] Website=acme.example");
    assert_eq!(spelt(PRM, Spelling::Update), "amount=5 EUR stage=approved partner_number=P7 languages=[\"de\"] domain=acme.example");
    assert_eq!(spelt(CRM, Spelling::Create).split(" RecordTypeId").nth(1), Some("=012xx LeadSource=From gold Tags=[\"Acme\",\"fixed\"]"));
    let crm = mapping.spell(CRM, &fields, &entity, Spelling::Update).expect("all has a spelling");
    let partner = crm.iter().find(|cell| cell.path.to_string() == "Partner__c").expect("the reference");
    assert_eq!(partner.target.as_ref().map(|object| object.as_str()), Some("Account"));
}

#[test]
fn a_reference_that_lost_its_link_is_not_spelt() {
    let mapping = deals();
    let problem = mapping.spell(CRM, &[(at(&mapping, "partner"), Value::Ref(EntityId(7)))], &Entity::default(), Spelling::Update);
    assert_eq!(problem.expect_err("no link").to_string(), "Partner__c cannot be written: what it refers to has no live record there");
}

#[test]
fn walls_and_creates_are_judged_on_the_entity() {
    let mapping = deals();
    let mut entity = Entity::of(&mapping, &[("status", Value::text("won")), ("partner", Value::Blank)]);
    assert!(mapping.create_wanted(CRM, &entity));
    assert!(!mapping.create_wanted(PRM, &entity));
    assert!(mapping.inside_wall(PRM, &entity));
    entity.deleted.push(0);
    assert!(!mapping.inside_wall(PRM, &entity));
    assert!(mapping.inside_wall(CRM, &entity));
}

#[test]
fn match_keys_need_every_field_and_fold_what_people_write_differently() {
    let mapping = deals();
    let keys = |name: &str, date: Option<&str>| {
        let (name, date) = (Value::text(name), date.map(|date| Value::Date(date.parse().expect("a date"))));
        let keys = mapping.keys(&|field| match mapping.field(field).name.as_str() {
            "name" => Some(&name),
            "close_date" => date.as_ref(),
            _ => None,
        });
        keys.into_iter().map(|key| (key.rule, key.hash)).collect::<Vec<_>>()
    };
    assert_eq!(keys("Acme GmbH", None), []);
    let key = keys("Acme GmbH", Some("2026-03-02"));
    assert_eq!(key.len(), 1);
    assert_eq!(key[0].0, 1);
    assert_eq!(keys("ACME", Some("2026-03-02")), key);
    assert_ne!(keys("Acme", Some("2026-03-03")), key);
}

#[test]
fn rows_compare_by_their_order_and_phones_by_their_number() {
    let mapping = deals();
    let status = at(&mapping, "status");
    let compare = |a: &str, b: &str| mapping.compare(status, &Value::text(a), &Value::text(b));
    assert_eq!(compare("submitted", "won"), Some(std::cmp::Ordering::Less));
    assert_eq!(compare("", "submitted"), Some(std::cmp::Ordering::Less));
    assert_eq!(compare("won", "gone"), None);
    let contacts = sound(CONTACTS, &Known::default());
    let phone = at(&contacts, "phone");
    assert!(contacts.same(phone, &Value::text("+49 30 901820"), &Value::text("030 901820")));
    assert!(!contacts.same(phone, &Value::text("+49 30 901820"), &Value::Blank));
}

#[test]
fn meaning_moves_with_the_path_and_stays_with_the_policy() {
    let meaning = |text: &str| sound(text, &Known::default()).fields[0].meaning.clone();
    let before = meaning(CONTACTS);
    assert_eq!(meaning(&CONTACTS.replace("required: true", "required: true, wins: crm")), before);
    let moved = meaning(&CONTACTS.replace("crm: Email", "crm: Email2"));
    assert_ne!(moved[0], before[0]);
    assert_eq!(moved[1], before[1]);
}

#[test]
fn a_renamed_row_is_the_row_it_was() {
    let renamed = DEALS.replace("submitted: { crm: Qualification, prm: pending }", "claimed: { was: submitted, crm: Qualification, prm: pending }");
    let (before, after) = (deals(), sound(&renamed, &Known { currency: Some("EUR"), zone: Some("Europe/Berlin"), ..Known::default() }));
    let status = at(&after, "status");
    let (old, new) = (Value::text("submitted"), Value::text("claimed"));
    assert!(after.same(status, &old, &new));
    assert_eq!(after.form(status, CRM, &old, &Entity::default()), Some(new));
    assert_eq!(after.field(status).meaning, before.field(status).meaning);
    assert!(!after.same(status, &old, &Value::text("won")));
}

#[test]
fn numbered_keys_and_picks_are_written_as_numbers() {
    let facts = |form| FieldFacts { form, access: Access::ReadWrite, required: false, shows: Shows::default(), currency: None, values: None };
    let known = Known::default().fields("crm", "Opportunity", &[("Partner__c", facts(Form::Integer)), ("StageName", facts(Form::Integer))]);
    let text = DEALS.replace("crm: [Proposal, Negotiation]", "crm: 12");
    let mapping = sound(&text, &known);
    let mut entity = Entity::default();
    entity.keys.insert((7, 0), "41");
    let fields = [(at(&mapping, "partner"), Value::Ref(EntityId(7))), (at(&mapping, "status"), Value::text("approved"))];
    let cells = mapping.spell(CRM, &fields, &entity, Spelling::Update).expect("numbers");
    assert_eq!(cells.into_iter().map(|cell| cell.value).collect::<Vec<_>>(), [Value::Integer(41), Value::Integer(12)]);
    assert_eq!(seen(&mapping, CRM, "status", &[("StageName", Value::Integer(12))]), Seen::Value(Value::text("approved")));
}

#[test]
fn a_path_holds_the_currency_its_connector_declares() {
    let usd = Currency::parse("USD").expect("a currency");
    let facts = FieldFacts { form: Form::Money, access: Access::ReadWrite, required: false, shows: Shows::default(), currency: Some(usd), values: None };
    let mapping = sound(DEALS, &Known { currency: Some("EUR"), ..Known::default() }.fields("prm", "deals", &[("amount", facts)]));
    let dollars = Value::Money(Money::new(5.into(), usd));
    assert_eq!(seen(&mapping, PRM, "amount", &[("amount", Value::Integer(5))]), Seen::Value(dollars.clone()));
    assert_eq!(mapping.form(at(&mapping, "amount"), PRM, &dollars, &Entity::default()), Some(dollars));
    assert_eq!(mapping.form(at(&mapping, "amount"), PRM, &eur(5), &Entity::default()), None);
}
