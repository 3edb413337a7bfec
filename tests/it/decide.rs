//! What people ask and decide, through the real program: why a value is what it is, what lost, what was refused; and what they say is done.

use serde_json::{Value, json};

use super::support::daemon::{Daemon, eventually};
use super::support::program::Program;
use super::support::systems::LookAlikes;

const SYSTEMS: [(&str, &str); 3] = [("prm", "http://127.0.0.1:8702"), ("crm", "http://127.0.0.1:8701"), ("erp", "http://127.0.0.1:8703")];

/// The example in agreement.
struct Desk {
    systems: LookAlikes,
    program: Program,
}

impl Desk {
    fn new(seed: u64, edited: impl FnOnce(&Program)) -> Self {
        let systems = LookAlikes::start(8, seed);
        let mut program = Program::of_example("partner-deals");
        SYSTEMS.iter().for_each(|(system, at)| systems.join(&mut program, system, at));
        program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
        edited(&program);
        program.run(&["plan", "--out", "first.plan"]).with(&[0, 3]);
        program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
        Self { systems, program }
    }

    /// What a command answers a script.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.program.run(&[arguments, &["--json"]].concat()).with(&[0]);
        serde_json::from_str(&ran.out).expect("one JSON object")
    }

    /// Runs until that is so.
    #[track_caller]
    fn runs_until(&self, mapping: &str, enough: impl Fn() -> bool) {
        for _ in 0..60 {
            self.program.run(&["run", mapping]).with(&[0, 3]);
            if enough() {
                return;
            }
            self.systems.http.pause(std::time::Duration::from_millis(500));
        }
        panic!("60 runs of {mapping} were not enough");
    }

    fn amount(&self, deal: &str, opportunity: &str) -> (f64, f64) {
        let prm = self.systems.record("prm", "deals", deal)["fields"]["amount"].as_f64().expect("an amount");
        let crm = self.systems.record("crm", "Opportunity", opportunity)["fields"]["Amount"].as_f64().expect("an amount");
        // The portal counts in cents.
        (prm / 100.0, crm)
    }

    /// Two people type different amounts; one loses.
    fn disagree(&self, deal: &str, opportunity: &str) -> Value {
        self.systems.type_in("prm", "deals", deal, &json!({ "amount": 4_100_000 }));
        self.systems.type_in("crm", "Opportunity", opportunity, &json!({ "Amount": 42_000 }));
        self.systems.http.pause(std::time::Duration::from_millis(1_500));
        // Other deals disagreed from the beginning.
        let of = |conflict: &Value| conflict["records"].as_array().is_some_and(|records| records.contains(&json!(format!("prm {deal}"))));
        let typed = |conflict: &Value| conflict.to_string().contains("41000") && conflict.to_string().contains("42000");
        let logged = || {
            let all = self.json(&["conflicts", "deals", "--field", "amount"]);
            all["conflicts"].as_array().expect("a list").iter().find(|one| of(one) && typed(one)).cloned()
        };
        self.runs_until("deals", || logged().is_some());
        let conflict = logged().expect("it was there");
        let won: f64 = conflict["won"]["value"].as_str().and_then(|value| value.split(' ').next()).and_then(|value| value.parse().ok()).expect("an amount");
        self.runs_until("deals", || self.amount(deal, opportunity) == (won, won));
        conflict
    }
}

#[test]
fn a_lost_value_is_told_explained_and_brought_back() {
    let desk = Desk::new(21, |_| {});
    let (deal, opportunity) = desk.systems.open_deals().pop().expect("a deal in both");
    let met = desk.json(&["explain", "prm", "deals", &deal, "deal_key"]);
    assert_eq!(met["explained"][0]["fields"][0]["agreed"], json!("agreed when first met"), "{met}");

    let conflict = desk.disagree(&deal, &opportunity);
    let lost = &conflict["lost"].as_array().expect("a list").iter().find(|lost| lost["by"] != json!("agreed")).expect("a system lost").clone();
    assert_ne!(lost["by"], conflict["won"]["by"], "{conflict}");
    assert!(lost["until"].is_string() && conflict["won"]["until"].is_string(), "both times are told: {conflict}");
    assert!(conflict["policy"] == json!("latest") && conflict["evidence"].is_string(), "{conflict}");
    for narrowed in [["--field", "partner"], ["--since", "2099-01-01"], ["--entity", "e999999"]] {
        assert_eq!(desk.json(&["conflicts", narrowed[0], narrowed[1]])["conflicts"], json!([]), "{narrowed:?}");
    }

    // The CRM tells who; the portal does not.
    let sides = [&conflict["won"], lost];
    let actor = |by: &str| sides.iter().find(|side| side["by"] == json!(by)).map(|side| side["actor"].clone());
    assert!(actor("crm").is_some_and(|actor| actor.as_str().is_some_and(|actor| actor.starts_with("005"))), "{conflict}");
    assert_eq!(actor("prm"), Some(Value::Null), "{conflict}");
    // The object is in two mappings, and one of them has the field.
    assert_eq!(desk.json(&["explain", "crm", "Opportunity", &opportunity, "status"])["explained"].as_array().map(Vec::len), Some(1));
    let wrong = desk.program.run(&["explain", "crm", "Opportunity", &opportunity, "stats"]).with(&[2]);
    assert!(wrong.err.contains("did you mean `status`"), "{}", wrong.err);
    let swapped = desk.program.run(&["explain", "crm", "deals", &deal]).with(&[2]);
    assert!(swapped.err.contains(&format!("syncline explain prm deals {deal}")), "{}", swapped.err);

    let asked = desk.systems.asked("crm") + desk.systems.asked("prm");
    let why = desk.json(&["explain", "crm", "Opportunity", &opportunity, "amount"]);
    let of = &why["explained"][0];
    assert_eq!(desk.systems.asked("crm") + desk.systems.asked("prm"), asked, "no system is asked");
    let field = &of["fields"][0];
    assert_eq!((&field["origin"], &field["value"]), (&conflict["won"]["by"], &conflict["won"]["value"]), "{field}");
    assert!(field["rule"].as_str().is_some_and(|rule| rule.starts_with("wins: latest (mappings/deals.yaml:")), "{field}");
    let decision = &field["decisions"][0];
    let said = |fate: &str| decision["said"].as_array().expect("a list").iter().find(|said| said["fate"] == json!(fate)).expect("somebody").clone();
    assert_eq!((&said("taken")["by"], &said("lost")["by"]), (&conflict["won"]["by"], &lost["by"]), "{decision}");
    assert_eq!(decision["run"], conflict["run"]);
    let wrote = field["writes"].as_array().expect("a list");
    assert!(wrote.iter().any(|wrote| wrote["system"] == lost["by"] && wrote["wrote"] == field["value"] && wrote["answer"] == json!("done")), "{field}");
    assert!(field["systems"].as_array().expect("a list").iter().all(|shows| shows["state"] == json!("as agreed")), "{field}");
    let told = desk.program.run(&["explain", "prm", "deals", &deal]).with(&[0]).out;
    assert!(told.contains("lost") && told.contains("wins: latest (mappings/deals.yaml:"), "{told}");

    let id = conflict["conflict"].as_str().expect("an id");
    let nobody = desk.program.run(&["resolve", id, "--take", "erp"]).with(&[1]);
    assert!(nobody.err.contains("lost no value there"), "{}", nobody.err);
    desk.program.run(&["resolve", id, "--take", lost["by"].as_str().expect("a system")]).with(&[0]);
    let value: f64 = lost["value"].as_str().and_then(|value| value.split(' ').next()).and_then(|value| value.parse().ok()).expect("an amount");
    desk.runs_until("deals", || desk.amount(&deal, &opportunity) == (value, value));
    let why = desk.json(&["explain", "prm", "deals", &deal, "amount"]);
    let field = &why["explained"][0]["fields"][0];
    assert_eq!(field["origin"], json!("a person"), "{field}");
    assert!(field["agreed"].as_str().is_some_and(|agreed| agreed.starts_with("a person decided")), "{field}");
    let planned = desk.program.run(&["plan", "deals"]).with(&[0, 3]).out;
    assert!(planned.contains("nothing to write"), "nothing flips back:\n{planned}");
}

#[test]
fn a_dead_letter_is_planned_anew_and_never_sent_again_as_it_was() {
    let owned = "street:     { crm: BillingStreet,     erp: addressLine1, wins: erp }";
    let desk = Desk::new(16, |program| program.edit("mappings/accounts.yaml", owned, &owned.replace(", wins: erp", "")));
    let customers = desk.systems.records("erp", "customers");
    let both = |account: &&Value| {
        account["fields"]["Type"] == json!("Customer") && customers.iter().any(|customer| customer["fields"]["number"] == account["fields"]["ERP_Number__c"])
    };
    let accounts = desk.systems.records("crm", "Account");
    let account = accounts.iter().find(both).expect("a customer in both")["key"].as_str().expect("a key").to_owned();
    let letters = |narrow: &[&str]| desk.json(&[&["dead-letters"], narrow].concat())["dead_letters"].as_array().expect("a list").clone();
    desk.systems.type_in("crm", "Account", &account, &json!({ "BillingStreet": "x".repeat(150) }));
    desk.runs_until("accounts", || !letters(&[]).is_empty());
    let letter = letters(&["accounts", "--system", "erp", "--field", "street"]).pop().expect("a dead letter");
    assert!(letter["message"].as_str().is_some_and(|message| !message.is_empty()) && letter["age_s"].is_number(), "{letter}");
    assert!(letters(&["--system", "crm"]).is_empty());
    let id = letter["dead_letter"].as_str().expect("an id").to_owned();
    let why = desk.json(&["explain", "crm", "accounts", &account, "street"]);
    let erp =
        |why: &Value| why["explained"][0]["fields"][0]["systems"].as_array().expect("a list").iter().find(|shows| shows["system"] == json!("erp")).cloned();
    assert_eq!(erp(&why).expect("it takes part")["state"], json!(format!("refused ({id})")), "{why}");
    let wrote = &why["explained"][0]["fields"][0]["writes"][0];
    assert_eq!((&wrote["refusal"]["message"], &wrote["answer"]), (&letter["message"], &json!("refused")), "{why}");

    // Not mended: it is planned from what is there now, refused anew, and told once.
    let sent = desk.systems.writes("erp");
    desk.program.run(&["retry", &id]).with(&[0]);
    let other = || letters(&[]).iter().map(|letter| letter["dead_letter"].as_str().expect("an id").to_owned()).collect::<Vec<_>>();
    desk.runs_until("accounts", || other() != [id.clone()] && !other().is_empty());
    assert_eq!(other().len(), 1, "the first one is closed");
    assert_eq!(desk.systems.writes("erp"), sent, "what is refused counts as no write");
    let gone = desk.program.run(&["retry", &id]).with(&[1]);
    assert!(gone.err.contains("is not open"), "{}", gone.err);

    desk.systems.type_in("crm", "Account", &account, &json!({ "BillingStreet": "1 Short Street" }));
    desk.program.run(&["retry", "--mapping", "accounts"]).with(&[0]);
    let agreed = || desk.systems.records("erp", "customers").iter().any(|customer| customer["fields"]["addressLine1"] == json!("1 Short Street"));
    desk.runs_until("accounts", agreed);
    desk.runs_until("accounts", || letters(&[]).is_empty());
    assert!(desk.program.run(&["retry", "--all"]).with(&[0]).out.contains("Nothing to try again"));
}

#[test]
fn beside_a_daemon_people_ask_the_store_and_what_they_say_is_handed_over() {
    let desk = Desk::new(23, |_| {});
    let (deal, opportunity) = desk.systems.open_deals().pop().expect("a deal in both");
    let conflict = desk.disagree(&deal, &opportunity);
    let daemon = Daemon::start(&desk.program);
    eventually(&desk.systems, "it is ready", || daemon.ask(&desk.systems, "/readyz").0 == 200);
    assert!(desk.program.run(&["explain", "prm", "deals", &deal]).with(&[0]).out.contains("amount"));
    let id = conflict["conflict"].as_str().expect("an id");
    assert_eq!(desk.json(&["conflicts"])["conflicts"][0]["conflict"], json!(id));
    assert_eq!(desk.json(&["dead-letters"])["dead_letters"], json!([]));
    let said = desk.program.run(&["resolve", id, "value", "43000 USD"]).with(&[0]).out;
    assert!(said.contains("The daemon uses it now"), "{said}");
    eventually(&desk.systems, "the value a person gave is everywhere", || desk.amount(&deal, &opportunity) == (43_000.0, 43_000.0));
    let none = desk.program.run(&["retry", "dl-999"]).with(&[1]);
    assert!(none.err.contains("dl-999 is not open"), "{}", none.err);
    assert_eq!(daemon.stop(), Some(0));
}
