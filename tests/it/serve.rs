//! `serve`, as an operator meets it: the real program over HTTP, commands handed to it, a signed webhook, a second one refused, a stop.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::support::program::Program;
use super::support::systems::LookAlikes;

/// A daemon of a project; killed if its test fails.
struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    fn start(program: &Program) -> Self {
        let mut child = program.start(&["serve", "--json", "--log-level", "error"]);
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        let told: Value = serde_json::from_str(&line).expect("one JSON object on one line");
        let url = format!("http://{}", told["listening"].as_str().expect("an address"));
        Self { child, url }
    }

    fn ask(&self, systems: &LookAlikes, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().build().expect("a plain client can be built");
        systems.http.wait(async {
            let answer = client.get(format!("{}{path}", self.url)).send().await.expect("it listens");
            (answer.status().as_u16(), answer.text().await.expect("its answer ends"))
        })
    }

    fn deliver(&self, systems: &LookAlikes, body: &Value, secret: &str) -> u16 {
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let client = reqwest::Client::builder().build().expect("a plain client can be built");
        let request = client.post(format!("{}/hooks/prm", self.url)).header("x-partnerstack-signature", signature).body(body);
        systems.http.wait(async { request.send().await.expect("it listens").status().as_u16() })
    }

    fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(told.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        self.child.kill().ok();
    }
}

fn eventually(systems: &LookAlikes, what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        systems.http.wait(async { tokio::time::sleep(Duration::from_millis(50)).await });
    }
    panic!("it never came to be: {what}");
}

#[test]
fn a_daemon_is_approved_hears_a_webhook_and_stops() {
    let systems = LookAlikes::start(12, 3);
    let mut program = Program::of_example("partner-deals");
    for (system, at) in [("prm", "http://127.0.0.1:8702"), ("crm", "http://127.0.0.1:8701"), ("erp", "http://127.0.0.1:8703")] {
        systems.join(&mut program, system, at);
    }
    program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
    let daemon = Daemon::start(&program);
    assert_eq!(daemon.ask(&systems, "/healthz").0, 200);
    // A mapping with nothing to write is not held.
    let held = |page: &str| page.contains("waits for a person") && !page.contains("has not run yet");
    eventually(&systems, "the first runs are held", || held(&daemon.ask(&systems, "/readyz").1));
    assert_eq!(daemon.ask(&systems, "/readyz").0, 503);

    let second = program.run(&["serve"]).with(&[1]);
    assert!(second.err.contains("holds") && second.err.contains("syncline.db"), "{}", second.err);

    program.run(&["plan", "--out", "first.plan"]).with(&[0, 3]);
    program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
    eventually(&systems, "it is ready", || daemon.ask(&systems, "/readyz").0 == 200);

    let deal = linked_deal(&systems);
    let opportunity = deal["opportunity"].as_str().expect("a key").to_owned();
    let key = deal["key"].as_str().expect("a key");
    systems.type_in("prm", "deals", key, &json!({ "close_date": "2027-05-17" }));
    let told = json!({ "event": "deal.updated", "key": key });
    assert_eq!(daemon.deliver(&systems, &told, "forged"), 401);
    assert_eq!(daemon.deliver(&systems, &told, systems.config("prm", "webhook_secret")), 200);
    let there = || systems.record("crm", "Opportunity", &opportunity)["fields"]["CloseDate"] == json!("2027-05-17");
    eventually(&systems, "the date arrives in the CRM, long before the next poll", there);

    let metrics = daemon.ask(&systems, "/metrics").1;
    for line in [r#"syncline_deliveries_total{connection="prm",outcome="accepted"} 1"#, r#"syncline_deliveries_total{connection="prm",outcome="refused"} 1"#] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    assert_eq!(daemon.stop(), Some(0));
    program.run(&["run"]).with(&[0, 3]);
}

/// A deal of the portal that is an opportunity, too.
fn linked_deal(systems: &LookAlikes) -> Value {
    let deals = systems.records("prm", "deals");
    let opportunities = systems.records("crm", "Opportunity");
    let pairs = opportunities.iter().filter_map(|opportunity| {
        let deal = deals.iter().find(|deal| deal["key"] == opportunity["fields"]["PRM_Deal_Key__c"] && deal["fields"]["stage"] != json!("closed_won"))?;
        Some(json!({ "key": deal["key"], "opportunity": opportunity["key"] }))
    });
    pairs.last().expect("the world has deals in both")
}
