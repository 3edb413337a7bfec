//! Subscriptions that the daemon orders at vendors by itself, keeps alive, and orders again, through the real program.

use std::fs;
use std::net::TcpListener;

use serde_json::json;

use super::support::daemon::{Daemon, eventually};
use super::support::program::Program;
use super::support::systems::LookAlikes;

const ERP: &str = include_str!("../../connectors/business-central.yaml");
const PRM: &str = include_str!("../../connectors/partnerstack.yaml");

/// The example in agreement, on an address that vendors can reach. Mappings hardly run by themselves, so that what flows was told.
fn lay(seed: u64) -> (LookAlikes, Program) {
    let systems = LookAlikes::start(12, seed);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        systems.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port on loopback");
    program.edit("syncline.yaml", "{ listen: 127.0.0.1:8080 }", &format!("{{ listen: \"{free}\", public_url: \"http://{free}\" }}"));
    for mapping in ["accounts", "deals"] {
        let path = program.path(&format!("mappings/{mapping}.yaml"));
        let text = fs::read_to_string(&path).expect("the example has it");
        let often = text.lines().find(|line| line.starts_with("schedule:")).map(str::to_owned);
        let rarely = match often {
            Some(line) => text.replace(&line, "schedule: every 12h"),
            None => format!("{text}schedule: every 12h\n"),
        };
        fs::write(&path, rarely).expect("the project can be written");
    }
    program.settle();
    (systems, program)
}

/// The shipped connector, which sees to its subscriptions every second or two.
fn hurried(program: &Program, name: &str, text: &str, periods: &[(&str, &str)]) {
    let mut text = text.to_owned();
    for (was, is) in periods {
        assert!(text.contains(was), "{name} says `{was}`");
        text = text.replacen(was, is, 1);
    }
    fs::create_dir_all(program.path("connectors")).expect("the project can be written");
    fs::write(program.path(&format!("connectors/{name}.yaml")), text).expect("the project can be written");
}

/// A running daemon whose first runs have ended: what is typed from now on is told by webhooks alone.
fn ready(systems: &LookAlikes, program: &Program) -> Daemon {
    let daemon = Daemon::start(program);
    let ran = |mapping: &str, metrics: &str| metrics.contains(&format!("syncline_runs_total{{mapping=\"{mapping}\",outcome=\"done\"}}"));
    eventually(systems, "the first runs have ended", || {
        let metrics = daemon.ask(systems, "/metrics").1;
        ran("accounts", &metrics) && ran("deals", &metrics)
    });
    daemon
}

/// A person moves a customer in the ERP, and the CRM shows it.
#[track_caller]
fn moves(systems: &LookAlikes, street: &str) {
    let (customers, accounts) = (systems.records("erp", "customers"), systems.records("crm", "Account"));
    let pair = customers.iter().find_map(|customer| {
        let account =
            accounts.iter().find(|account| account["fields"]["ERP_Number__c"] == customer["fields"]["number"] && account["fields"]["Type"] == "Customer")?;
        Some((customer["key"].as_str()?, account["key"].as_str()?))
    });
    let (customer, account) = pair.expect("a customer in both");
    systems.type_in("erp", "customers", customer, &json!({ "addressLine1": street }));
    eventually(systems, "the ERP's webhook brings the edit to the CRM", || systems.record("crm", "Account", account)["fields"]["BillingStreet"] == street);
}

#[test]
fn business_central_is_subscribed_renewed_and_ordered_again() {
    let (systems, program) = lay(41);
    hurried(&program, "business-central", ERP, &[("every: 1d", "every: 2s"), ("every: 1h", "every: 1s")]);
    systems.webhooks("erp", &json!({ "gather_ms": 50 }));
    let ordered = || systems.requests("erp", "POST", "/subscriptions").into_iter().filter(|status| *status == 201).count();
    let daemon = ready(&systems, &program);
    eventually(&systems, "every object that a mapping reads is subscribed to, with the handshake", || ordered() == 3);
    moves(&systems, "1 Handshake Street");

    let forged =
        json!({ "value": [{ "subscriptionId": "s", "clientState": "guessed", "changeType": "updated", "resource": "api/v2.0/companies(x)/customers(y)" }] });
    assert_eq!(daemon.post(&systems, "/hooks/erp", &[], forged.to_string().into_bytes()), 503, "any other refusal would end the subscription at the vendor's");
    let metrics = daemon.ask(&systems, "/metrics").1;
    assert!(metrics.contains(r#"syncline_deliveries_total{connection="erp",outcome="refused"} 1"#), "{metrics}");

    let renewed = || systems.requests("erp", "PATCH", "')").into_iter().filter(|status| *status == 200).count();
    eventually(&systems, "each is renewed before it expires", || renewed() >= 3);
    assert_eq!(ordered(), 3, "and none is ordered twice");

    // As after a wrong answer of a proxy, or three days without us.
    systems.webhooks("erp", &json!({ "drop": true }));
    eventually(&systems, "they are ordered again", || ordered() == 6);
    moves(&systems, "2 Again Avenue");
    assert_eq!(daemon.stop(), Some(0));

    // A store from a backup knows nothing of them.
    let store = rusqlite::Connection::open(program.path("syncline.db")).expect("the store is there");
    store.execute("DELETE FROM subscription", []).expect("it can be written");
    drop(store);
    let before = renewed();
    let daemon = ready(&systems, &program);
    eventually(&systems, "what is there is taken over", || renewed() >= before + 3);
    assert_eq!(ordered(), 6, "and not ordered twice");
    moves(&systems, "3 Backup Boulevard");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn partnerstack_tells_of_all_objects_through_one_webhook() {
    let (systems, program) = lay(42);
    hurried(&program, "partnerstack", PRM, &[("every: 1h", "every: 1s")]);
    let ordered = || systems.requests("prm", "POST", "/webhooks").into_iter().filter(|status| *status == 200).count();
    let daemon = ready(&systems, &program);
    eventually(&systems, "it is ordered", || ordered() == 1);
    let arrives = |day: &str| {
        let (deal, opportunity) = systems.open_deals().pop().expect("the world has open deals in both");
        systems.type_in("prm", "deals", &deal, &json!({ "close_date": day }));
        eventually(&systems, "the portal's webhook brings the edit to the CRM", || {
            systems.record("crm", "Opportunity", &opportunity)["fields"]["CloseDate"] == day
        });
    };
    arrives("2027-05-17");
    assert_eq!(ordered(), 1, "one for all objects");

    systems.webhooks("prm", &json!({ "drop": true }));
    eventually(&systems, "it is ordered again", || ordered() == 2);
    arrives("2027-06-18");
    assert_eq!(ordered(), 2);
    assert_eq!(daemon.stop(), Some(0));
}
