//! `serve`, as an operator meets it: the real program over HTTP, commands handed to it, a signed webhook, a second one refused, a stop.

use serde_json::json;

use super::support::daemon::{Daemon, eventually};
use super::support::program::Program;
use super::support::systems::LookAlikes;

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

    let (key, opportunity) = systems.open_deals().pop().expect("the world has deals in both");
    systems.type_in("prm", "deals", &key, &json!({ "close_date": "2027-05-17" }));
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
