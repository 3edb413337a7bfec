//! What goes wrong outside, met through the real program: each trouble is told with what, where and what to do, and once it is over a run brings
//! agreement.

use serde_json::{Value, json};

use super::support::program::Program;
use super::support::systems::LookAlikes;

const SYSTEMS: [(&str, &str); 3] = [("prm", "http://127.0.0.1:8702"), ("crm", "http://127.0.0.1:8701"), ("erp", "http://127.0.0.1:8703")];

/// The example in agreement, with one edit at the portal that has not been seen yet.
struct Bed {
    systems: LookAlikes,
    program: Program,
    opportunity: String,
}

impl Bed {
    fn new(seed: u64) -> Self {
        Self::with(seed, |_| {})
    }

    fn with(seed: u64, edited: impl FnOnce(&Program)) -> Self {
        let systems = LookAlikes::start(8, seed);
        let mut program = Program::of_example("partner-deals");
        SYSTEMS.iter().for_each(|(system, at)| systems.join(&mut program, system, at));
        edited(&program);
        program.run(&["plan", "--out", "first.plan"]).with(&[0, 3]);
        program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
        let deals = systems.records("prm", "deals");
        let of = |opportunity: &Value| {
            let deal = deals.iter().find(|deal| deal["key"] == opportunity["fields"]["PRM_Deal_Key__c"] && deal["fields"]["stage"] != json!("closed_won"))?;
            Some((deal["key"].as_str()?.to_owned(), opportunity["key"].as_str()?.to_owned()))
        };
        let (deal, opportunity) = systems.records("crm", "Opportunity").iter().find_map(of).expect("a deal in both");
        systems.type_in("prm", "deals", &deal, &json!({ "close_date": "2027-05-17" }));
        Self { systems, program, opportunity }
    }

    /// A run that meets the trouble says all this.
    #[track_caller]
    fn told(&self, parts: &[&str]) {
        let ran = self.program.run(&["run", "deals"]).with(&[1]);
        for part in parts {
            assert!(ran.out.contains(part) || ran.err.contains(part), "`{part}` in\n{}{}", ran.out, ran.err);
        }
    }

    /// The CRM tells of a second only once it is over, so what was just typed may take some runs.
    #[track_caller]
    fn runs_until(&self, mapping: &str, enough: impl Fn(&str) -> bool) -> String {
        for _ in 0..60 {
            let ran = self.program.run(&["run", mapping]).with(&[0, 3]);
            if enough(&ran.out) {
                return ran.out;
            }
        }
        panic!("60 runs of {mapping} were not enough");
    }

    fn arrived(&self) -> bool {
        self.systems.record("crm", "Opportunity", &self.opportunity)["fields"]["CloseDate"] == json!("2027-05-17")
    }

    /// With the trouble gone, nothing is lost.
    #[track_caller]
    fn agrees(&self) {
        for _ in 0..60 {
            self.program.run(&["run", "deals"]).with(&[0, 3]);
            if self.arrived() {
                return;
            }
            // What a silent system was owed is looked at again a little later.
            self.systems.http.pause(std::time::Duration::from_secs(1));
        }
        panic!("the edit never arrived");
    }
}

#[test]
fn an_unreachable_host() {
    let bed = Bed::new(11);
    let at = bed.systems.url("prm").to_owned();
    bed.program.edit("syncline.yaml", &at, "http://127.0.0.1:1");
    bed.told(&["prm cannot be reached now: no connection"]);
    bed.program.edit("syncline.yaml", "http://127.0.0.1:1", &at);
    bed.agrees();
}

#[test]
fn wrong_credentials() {
    let mut bed = Bed::new(12);
    let secret = bed.systems.config("crm", "client_secret").to_owned();
    bed.program.set("SANDBOX_CRM_CLIENT_SECRET", "not-the-secret");
    bed.told(&["crm is stopped: the sign-in was refused: invalid_client", "check the client id and secret"]);
    bed.program.set("SANDBOX_CRM_CLIENT_SECRET", secret);
    bed.agrees();
}

#[test]
fn html_instead_of_json() {
    let bed = Bed::new(13);
    bed.systems.faults("crm", &json!({ "html_instead_of_json": { "probability": 1.0, "path": "/query" } }));
    bed.told(&["crm cannot be reached now: the answer is not JSON"]);
    bed.systems.faults("crm", &json!({}));
    bed.agrees();
}

#[test]
fn a_page_that_never_ends() {
    let bed = Bed::new(14);
    bed.systems.faults("prm", &json!({ "endless_pages": { "probability": 1.0 } }));
    bed.told(&["prm answered what cannot be used", "same page"]);
    bed.systems.faults("prm", &json!({}));
    bed.agrees();
}

#[test]
fn a_record_without_its_key() {
    let bed = Bed::new(18);
    bed.systems.faults("prm", &json!({ "keyless_records": { "probability": 1.0, "path": "/deals" } }));
    bed.told(&["prm answered what cannot be used", "a record of `deals` has no key"]);
    bed.systems.faults("prm", &json!({}));
    bed.agrees();
}

#[test]
fn a_full_disk_stops_a_run_and_costs_nothing() {
    let bed = Bed::new(19);
    // Full at the first byte, amid the run, and when all is done but the tidying up.
    let mut failed = 0;
    for blocks in [0, 40, 80, 160, 320] {
        let run = bed.program.start_with_disk(blocks, &["run", "deals"]).wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&run.stderr).into_owned();
        println!("{blocks} blocks: {:?}, arrived: {}\n{told}", run.status, bed.arrived());
        if run.status.code() != Some(0) {
            failed += 1;
            assert_eq!(run.status.code(), Some(1), "{told}");
            for part in ["syncline.db cannot be written", "free the disk or mend its rights, then start again"] {
                assert!(told.contains(part), "`{part}` in\n{told}");
            }
        }
    }
    assert!(failed >= 2, "only {failed} runs met a full disk");
    bed.agrees();
    let status: Value = serde_json::from_str(&bed.program.run(&["status", "--json"]).with(&[0, 3]).out).expect("one JSON object");
    let doubts = status["mappings"].as_array().expect("a list").iter().map(|mapping| mapping["in_doubt"].as_u64().expect("a number"));
    assert_eq!(doubts.sum::<u64>(), 0);
}

#[test]
fn a_value_on_one_side_only_is_left_alone_and_told() {
    let row = "      negotiating: { prm: negotiation, crm: Negotiation }\n";
    let bed = Bed::with(15, |program| program.edit("mappings/deals.yaml", row, ""));
    bed.systems.type_in("crm", "Opportunity", &bed.opportunity, &json!({ "StageName": "Negotiation" }));
    let ran = bed.program.run(&["run", "deals"]).with(&[0, 3]);
    for part in ["left alone: crm `status`, one record (such as crm ", "add it to the field's `values`"] {
        assert!(ran.out.contains(part), "`{part}` in\n{}", ran.out);
    }
    assert!(!ran.out.contains("Negotiation"), "a value is nobody else's business: {}", ran.out);
    let shown = bed.systems.record("crm", "Opportunity", &bed.opportunity);
    assert_eq!(shown["fields"]["StageName"], json!("Negotiation"), "and nobody writes over it");
    assert!(bed.arrived(), "the other fields of the record flow");
}

#[test]
fn a_value_that_is_too_long_is_a_dead_letter_until_it_is_shorter() {
    let street = |length: usize| json!({ "addressLine1": "x".repeat(length) });
    let owned = "street:     { crm: BillingStreet,     erp: addressLine1, wins: erp }";
    let bed = Bed::with(16, |program| program.edit("mappings/accounts.yaml", owned, &owned.replace(", wins: erp", "")));
    let customers = bed.systems.records("erp", "customers");
    let accounts = bed.systems.records("crm", "Account");
    let both = |account: &&Value| {
        account["fields"]["Type"] == json!("Customer") && customers.iter().any(|customer| customer["fields"]["number"] == account["fields"]["ERP_Number__c"])
    };
    let account = accounts.iter().find(both).expect("a customer in both")["key"].as_str().expect("a key").to_owned();
    bed.systems.type_in("crm", "Account", &account, &json!({ "BillingStreet": "x".repeat(150) }));
    let refused = bed.runs_until("accounts", |ran| ran.contains("refused"));
    assert!(refused.contains("syncline status"), "{refused}");
    let status = bed.program.run(&["status"]).with(&[0, 3]);
    assert!(status.out.contains("street"), "the field is named:\n{}", status.out);
    bed.systems.type_in("crm", "Account", &account, &json!({ "BillingStreet": street(20)["addressLine1"] }));
    let agreed = || bed.systems.records("erp", "customers").iter().any(|customer| customer["fields"]["addressLine1"] == street(20)["addressLine1"]);
    bed.runs_until("accounts", |_| agreed());
}

#[test]
fn a_store_of_a_newer_version_is_refused_untouched() {
    let bed = Bed::new(17);
    let version = |number: u32| {
        let store = rusqlite::Connection::open(bed.program.path("syncline.db")).expect("the store is there");
        let was: u32 = store.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("it has a version");
        store.pragma_update(None, "user_version", number).expect("it can be written");
        was
    };
    let was = version(99);
    bed.told(&["syncline.db was written by a newer Syncline (schema 99", "restore a backup"]);
    version(was);
    bed.agrees();
}
