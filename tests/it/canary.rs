//! A canary in every secret and in a field's value: it sings in no log, on no page and in no error.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::program::Program;
use super::support::systems::LookAlikes;

const CANARY: &str = "kanarienvogel";

#[test]
fn neither_secrets_nor_values_are_told() {
    let systems = LookAlikes::start(8, 21);
    let mut program = Program::of_example("partner-deals");
    for (system, at) in [("prm", "http://127.0.0.1:8702"), ("crm", "http://127.0.0.1:8701"), ("erp", "http://127.0.0.1:8703")] {
        systems.join(&mut program, system, at);
    }
    program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
    program.run(&["plan", "--out", "first.plan"]).with(&[0, 3]);
    program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
    // Good values, one that the other system refuses and quotes, one that no row knows, and a secret that is wrong.
    let loud = |length: usize| CANARY.repeat(length);
    let accounts = systems.records("crm", "Account");
    for (at, account) in accounts.iter().enumerate() {
        let key = account["key"].as_str().expect("a key");
        systems.type_in("crm", "Account", key, &json!({ "Name": format!("{CANARY} {at}"), "Phone": CANARY, "BillingCountry": CANARY }));
    }
    let customers = systems.records("erp", "customers");
    systems.type_in("crm", "Account", accounts[0]["key"].as_str().expect("a key"), &json!({ "Name": loud(12) }));
    assert!(!customers.is_empty());
    program.set("SANDBOX_PRM_SECRET_KEY", CANARY);
    let mut secrets = vec![CANARY.to_owned()];
    for (system, name) in [("crm", "client_secret"), ("erp", "client_secret"), ("prm", "webhook_secret")] {
        secrets.push(systems.config(system, name).to_owned());
    }
    let quiet = |what: &str, text: &str| {
        for secret in &secrets {
            let at = text.to_lowercase().find(&secret.to_lowercase());
            assert!(at.is_none(), "{what} tells `{secret}`: …{}…", &text[at.unwrap_or(0).saturating_sub(200)..(at.unwrap_or(0) + 100).min(text.len())]);
        }
    };

    let ran = program.run(&["--log-level", "debug", "--log-format", "json", "run"]).with(&[1]);
    assert!(ran.err.contains("\"request\""), "it logs requests: {}", ran.err);
    quiet("run's log", &ran.err);
    quiet("run", &ran.out);
    let status = program.run(&["status"]).with(&[0, 3]);
    assert!(status.out.contains(CANARY), "something that quotes a value was there to be told: {}", status.out);

    let mut daemon = program.start_logged(&["serve", "--json", "--log-level", "debug", "--log-format", "json"]);
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it listens");
    let mut err = daemon.stderr.take().expect("it is piped");
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text)
    });
    let told: Value = serde_json::from_str(&line).expect("one JSON object on one line");
    let url = format!("http://{}", told["listening"].as_str().expect("an address"));
    let deadline = 200;
    for _ in 0..deadline {
        if systems.http.text(&format!("{url}/readyz")).contains("does not answer") {
            break;
        }
        systems.http.pause(Duration::from_millis(50));
    }
    systems.http.pause(Duration::from_secs(2));
    for page in ["readyz", "metrics", "healthz"] {
        quiet(page, &systems.http.text(&format!("{url}/{page}")));
    }
    systems.http.text(&format!("{url}/hooks/prm?{CANARY}"));
    let stopped = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().expect("kill is there");
    assert!(stopped.success());
    daemon.wait().expect("it ends");
    let log = log.join().expect("it reads").expect("the log is text");
    assert!(log.contains("run ended"), "it logs runs: {log}");
    quiet("the daemon's log", &log);
    quiet("resolve's errors", &program.run(&["resolve", "rev-999", "value", CANARY]).err.replace(CANARY, ""));
}
