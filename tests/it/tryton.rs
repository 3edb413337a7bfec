//! Three systems end to end, with a real Tryton server as the ERP: the project of examples/partner-deals-tryton.
//!
//! tests/all starts the server and names it in SYNCLINE_TRYTON; without that there is nothing to test against.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

mod between;
mod server;

use between::Between;
use server::Tryton;

/// Longer than the feeds of all three stay behind (30 s), with some runs.
const ARRIVES_WITHIN: Duration = Duration::from_secs(150);

struct Ground {
    program: Program,
    world: LookAlikes,
    erp: Tryton,
    between: Between,
}

impl Ground {
    fn lay(erp: &str) -> Self {
        let world = LookAlikes::start(30, 7);
        let erp = Tryton::sign_in(erp, &world.http);
        let between = Between::start(&world.http, erp.url());
        let mut program = Program::of_example("partner-deals-tryton");
        world.join(&mut program, "prm", "http://127.0.0.1:8702");
        world.join(&mut program, "crm", "http://127.0.0.1:8701");
        erp.join(&mut program, &between.url);
        Self { program, world, erp, between }
    }

    /// Runs until something has arrived; feeds stay behind their vendor's clock, so the first run may be too early.
    #[expect(clippy::disallowed_methods, reason = "the server outside goes by the wall's time, and so does the patience with it")]
    #[track_caller]
    fn until(&self, what: &str, arrived: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !arrived(self) {
            assert!(begun.elapsed() < ARRIVES_WITHIN, "{what} did not arrive");
            self.program.agree();
        }
    }

    fn sales(&self) -> Vec<Value> {
        self.erp.all(&self.world.http, "sale.sale", &["reference", "description", "sale_date", "state", "comment", "party", "party.code", "_timestamp"])
    }

    fn sale(&self, reference: &str) -> Value {
        self.sales().into_iter().find(|sale| sale["reference"] == reference).expect("the sale is there")
    }

    fn parties(&self) -> Vec<Value> {
        self.erp.all(&self.world.http, "party.party", &["code", "name", "website", "_timestamp"])
    }

    fn opportunities(&self) -> impl Iterator<Item = (String, Value)> {
        let all = self.world.records("crm", "Opportunity").into_iter().filter(|deal| deal["fields"]["AccountId"].is_string());
        all.filter_map(|deal| Some((deal["fields"]["PRM_Deal_Key__c"].as_str()?.to_owned(), deal)))
    }

    /// Won deals of the CRM that the portal knows, too: reference of the sale, and the opportunity.
    fn won(&self) -> BTreeMap<String, Value> {
        self.opportunities().filter(|(_, deal)| deal["fields"]["StageName"] == "Closed Won").collect()
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "who starts the server tells its address by the environment")]
fn three_systems_agree_with_a_real_erp() {
    let Ok(erp) = std::env::var("SYNCLINE_TRYTON") else {
        println!("left out: no Tryton server (tests/all starts one, and names it in SYNCLINE_TRYTON)");
        return;
    };
    let ground = Ground::lay(&erp);
    what_a_sale_needs_is_told(&ground.program);
    let parties = ground.parties().len();
    let planned = ground.program.plan();
    assert!(planned.contains("create accounts erp"), "{planned}");
    assert_eq!(ground.parties().len(), parties, "a plan writes nothing");
    ground.program.settle();
    won_deals_are_sales(&ground);
    a_run_without_news_writes_nothing(&ground);
    edits_flow_both_ways(&ground);
    a_deal_won_in_the_portal_is_sold(&ground);
    a_quicker_person_loses_nothing(&ground);
    a_sale_that_is_no_draft_is_left_alone(&ground);
    won_deals_are_sales(&ground);
    a_run_without_news_writes_nothing(&ground);
}

/// The server tells what it requires, and in another answer what it fills in by itself.
fn what_a_sale_needs_is_told(program: &Program) {
    let right = program.run(&["check", "--live"]).with(&[0]);
    assert!(!right.out.contains("requires"), "{}", right.out);
    program.edit("mappings/deals.yaml", "crm: AccountId, erp: party,", "crm: AccountId,");
    let lacking = program.run(&["check", "--live"]).with(&[0]);
    assert!(lacking.out.contains("warning: erp requires `party` of a new sale.sale, and nothing sets it"), "{}", lacking.out);
    assert_eq!(lacking.out.matches("requires").count(), 1, "{}", lacking.out);
    program.edit("mappings/deals.yaml", "crm: AccountId,", "crm: AccountId, erp: party,");
}

fn won_deals_are_sales(ground: &Ground) {
    let (won, sales) = (ground.won(), ground.sales());
    assert!(!won.is_empty(), "the world has won deals");
    let references: BTreeSet<_> = sales.iter().map(|sale| sale["reference"].as_str().expect("each of ours carries the deal's key")).collect();
    assert_eq!(references.len(), sales.len(), "no deal has two sales");
    assert_eq!(references, won.keys().map(String::as_str).collect(), "each won deal has its sale, and nothing else has");
    for sale in &sales {
        let deal = &won[sale["reference"].as_str().expect("checked above")]["fields"];
        let account = ground.world.record("crm", "Account", deal["AccountId"].as_str().expect("checked above"));
        assert_eq!(sale["description"], deal["Name"]);
        assert_eq!(sale["party."]["code"], account["fields"]["ERP_Number__c"], "the sale is that account's");
        assert!(sale["comment"].as_str().is_some_and(|text| text.contains(sale["reference"].as_str().unwrap_or("-"))));
        if sale["state"] == "draft" {
            assert_eq!(date(&sale["sale_date"]), deal["CloseDate"]);
        }
    }
}

fn a_run_without_news_writes_nothing(ground: &Ground) {
    let stamps = |ground: &Ground| (ground.sales(), ground.parties(), ground.world.writes("crm"), ground.world.writes("prm"));
    let before = stamps(ground);
    ground.program.agree();
    assert_eq!(stamps(ground), before);
}

/// One person in the CRM and one in the ERP, at the same time.
fn edits_flow_both_ways(ground: &Ground) {
    let (reference, deal) = ground.won().into_iter().next().expect("there are won deals");
    let key = deal["key"].as_str().expect("a record has a key");
    let account = deal["fields"]["AccountId"].as_str().expect("a won deal has an account");
    let sale = ground.sale(&reference);
    let http = &ground.world.http;
    ground.world.type_in("crm", "Opportunity", key, &json!({ "Name": "Renamed in the CRM" }));
    ground.erp.write(http, "party.party", number(&sale["party"]), &json!({ "name": "Renamed in the ERP" }));
    ground.erp.write(http, "sale.sale", number(&sale["id"]), &json!({ "sale_date": { "__class__": "date", "year": 2027, "month": 3, "day": 9 } }));
    ground.until("a name typed in the CRM", |ground| ground.sale(&reference)["description"] == "Renamed in the CRM");
    ground.until("a name typed in the ERP", |ground| ground.world.record("crm", "Account", account)["fields"]["Name"] == "Renamed in the ERP");
    ground.until("a date typed in the ERP", |ground| ground.world.record("crm", "Opportunity", key)["fields"]["CloseDate"] == "2027-03-09");
    ground.until("and it goes on to the portal", |ground| ground.world.record("prm", "deals", &reference)["fields"]["close_date"] == "2027-03-09");
}

fn a_deal_won_in_the_portal_is_sold(ground: &Ground) {
    let (key, deal) = ground.opportunities().find(|(_, deal)| deal["fields"]["StageName"] == "Proposal").expect("the world has deals under way");
    ground.world.type_in("prm", "deals", &key, &json!({ "stage": "closed_won" }));
    let opportunity = deal["key"].as_str().expect("a record has a key");
    ground.until("a deal won", |ground| ground.world.record("crm", "Opportunity", opportunity)["fields"]["StageName"] == "Closed Won");
    ground.until("its sale", |ground| ground.sales().iter().any(|sale| sale["reference"] == key.as_str()));
}

/// Somebody types into a sale after Syncline has read it and before it writes: the write is refused, and both edits stand in the end.
fn a_quicker_person_loses_nothing(ground: &Ground) {
    let (reference, deal) = ground.won().into_iter().nth(1).expect("there are won deals");
    let key = deal["key"].as_str().expect("a record has a key");
    let sale = number(&ground.sale(&reference)["id"]);
    let values = json!({ "sale_date": { "__class__": "date", "year": 2027, "month": 4, "day": 1 } });
    ground.between.be_quicker(ground.erp.quicker("sale.sale", sale, &values));
    let refused = ground.between.stale();
    ground.world.type_in("crm", "Opportunity", key, &json!({ "Name": "Renamed while another typed" }));
    ground.until("a name", |ground| ground.sale(&reference)["description"] == "Renamed while another typed");
    assert_eq!(ground.between.stale(), refused + 1, "the server refused the write by its `_timestamp`");
    ground.until("the quicker date", |ground| ground.world.record("crm", "Opportunity", key)["fields"]["CloseDate"] == "2027-04-01");
    assert_eq!(date(&ground.sale(&reference)["sale_date"]), "2027-04-01");
}

fn a_sale_that_is_no_draft_is_left_alone(ground: &Ground) {
    let (reference, deal) = ground.won().into_iter().nth(2).expect("there are won deals");
    let key = deal["key"].as_str().expect("a record has a key");
    ground.erp.press(&ground.world.http, "sale.sale", "cancel", number(&ground.sale(&reference)["id"]));
    let cancelled = ground.sale(&reference);
    ground.world.type_in("crm", "Opportunity", key, &json!({ "CloseDate": "2027-06-30" }));
    ground.until("a date, in the portal", |ground| ground.world.record("prm", "deals", &reference)["fields"]["close_date"] == "2027-06-30");
    assert_eq!(ground.sale(&reference), cancelled);
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("Tryton's ids are numbers")
}

/// Tryton's date as the CRM writes it.
fn date(value: &Value) -> Value {
    let part = |name: &str| value[name].as_i64().expect("a date has its parts");
    json!(format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day")))
}
