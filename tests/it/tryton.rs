//! Three systems end to end, with a real Tryton server as the ERP: the project of examples/partner-deals-tryton.
//!
//! tests/all starts the server and names it in SYNCLINE_TRYTON; without that there is nothing to test against.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

mod server;

use server::Tryton;

/// Longer than the feeds of all three stay behind (30 s), with some runs.
const ARRIVES_WITHIN: Duration = Duration::from_secs(150);

struct Ground {
    program: Program,
    world: LookAlikes,
    erp: Tryton,
}

impl Ground {
    fn lay(erp: &str) -> Self {
        let world = LookAlikes::start(30, 7);
        let erp = Tryton::sign_in(erp, &world.http);
        let mut program = Program::of_example("partner-deals-tryton");
        world.join(&mut program, "prm", "http://127.0.0.1:8702");
        world.join(&mut program, "crm", "http://127.0.0.1:8701");
        erp.join(&mut program);
        Self { program, world, erp }
    }

    /// Runs until something has arrived; feeds stay behind their vendor's clock, so the first run may be too early.
    #[expect(clippy::disallowed_methods, reason = "the server outside goes by the wall's time, and so does the patience with it")]
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

    fn parties(&self) -> Vec<Value> {
        self.erp.all(&self.world.http, "party.party", &["code", "name", "website", "_timestamp"])
    }

    /// Won deals of the CRM that the portal knows, too: reference of the sale, and the opportunity.
    fn won(&self) -> BTreeMap<String, Value> {
        let opportunities = self.world.records("crm", "Opportunity").into_iter();
        let won = opportunities.filter(|deal| deal["fields"]["StageName"] == "Closed Won" && deal["fields"]["AccountId"].is_string());
        won.filter_map(|deal| Some((deal["fields"]["PRM_Deal_Key__c"].as_str()?.to_owned(), deal))).collect()
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
    ground.program.run(&["check"]).with(&[0]);
    ground.program.settle();
    won_deals_are_sales(&ground);
    a_run_without_news_writes_nothing(&ground);
    edits_flow(&ground);
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
        assert_eq!(sale["state"], "draft");
        assert_eq!(sale["description"], deal["Name"]);
        assert_eq!(date(&sale["sale_date"]), deal["CloseDate"]);
        assert_eq!(sale["party."]["code"], account["fields"]["ERP_Number__c"], "the sale is that account's");
        assert!(sale["comment"].as_str().is_some_and(|text| text.contains(sale["reference"].as_str().unwrap_or("-"))));
    }
}

fn a_run_without_news_writes_nothing(ground: &Ground) {
    let stamps = |ground: &Ground| (ground.sales(), ground.parties(), ground.world.writes("crm"), ground.world.writes("prm"));
    let before = stamps(ground);
    ground.program.agree();
    assert_eq!(stamps(ground), before);
}

fn edits_flow(ground: &Ground) {
    let (reference, deal) = ground.won().into_iter().next().expect("there are won deals");
    let key = deal["key"].as_str().expect("a record has a key");
    ground.world.type_in("crm", "Opportunity", key, &json!({ "Name": "Renamed in the CRM" }));
    let sale = |ground: &Ground| ground.sales().into_iter().find(|sale| sale["reference"] == json!(reference)).expect("it is still there");
    ground.until("a name typed in the CRM", |ground| sale(ground)["description"] == "Renamed in the CRM");

    let party = sale(ground)["party"].as_i64().expect("a sale has a party");
    ground.erp.write(&ground.world.http, "party.party", party, &json!({ "name": "Renamed in the ERP" }));
    let account = deal["fields"]["AccountId"].as_str().expect("a won deal has an account");
    ground.until("a name typed in the ERP", |ground| ground.world.record("crm", "Account", account)["fields"]["Name"] == "Renamed in the ERP");
    won_deals_are_sales(ground);
}

/// Tryton's date as the CRM writes it.
fn date(value: &Value) -> Value {
    let part = |name: &str| value[name].as_i64().expect("a date has its parts");
    json!(format!("{:04}-{:02}-{:02}", part("year"), part("month"), part("day")))
}
