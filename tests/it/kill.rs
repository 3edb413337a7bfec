//! `kill -9` of the real program: a run in the middle of its writes, and a daemon that has just accepted webhooks.

mod load;

use std::collections::BTreeMap;
use std::process::Child;

use serde_json::{Value, json};

use super::support::daemon::{Daemon, eventually};
use super::support::program::{PLAN, Program};
use super::support::systems::LookAlikes;

const OBJECTS: [(&str, &[&str]); 3] =
    [("crm", &["Account", "Lead", "Opportunity"]), ("prm", &["deals", "leads", "partnerships"]), ("erp", &["customers", "salesOrders", "vendors"])];

/// How often the run is killed before it may end.
const KILLS: usize = 6;

/// Edits told before the kill: fewer than `limits` holds.
const TOLD: usize = 8;

/// The same world each time, and the project that is to bring it into agreement.
fn lay() -> (LookAlikes, Program) {
    let world = LookAlikes::start(40, 11);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
    (world, program)
}

/// Records of each object.
fn counts(world: &LookAlikes) -> BTreeMap<&'static str, usize> {
    let all = OBJECTS.iter().flat_map(|(system, objects)| objects.iter().map(move |object| (*system, *object)));
    all.map(|(system, object)| (object, world.records(system, object).len())).collect()
}

fn writes(world: &LookAlikes) -> u64 {
    OBJECTS.iter().map(|(system, _)| world.writes(system).as_u64().expect("a number")).sum()
}

fn slow(world: &LookAlikes, faults: &Value) {
    for (system, _) in OBJECTS {
        world.faults(system, faults);
    }
}

/// Kills a run once a write has landed whose answer is still on its way; whether it lived that long.
fn killed_after_a_write(world: &LookAlikes, mut run: Child) -> bool {
    let before = writes(world);
    while writes(world) == before {
        if run.try_wait().expect("it is our child").is_some() {
            return false;
        }
    }
    run.kill().expect("it is our child");
    run.wait().expect("it ends");
    true
}

#[test]
fn a_run_killed_in_the_middle_doubles_nothing() {
    let (calm, undisturbed) = lay();
    undisturbed.settle();

    let (world, program) = lay();
    slow(&world, &json!({ "latency_ms": { "probability": 1, "ms": 400, "method": "POST" } }));
    let mut killed = 0;
    for _ in 0..KILLS {
        program.plan();
        killed += usize::from(killed_after_a_write(&world, program.start(&["run", "--plan", PLAN])));
    }
    assert!(killed >= 3, "only {killed} runs were killed amid their writes");
    slow(&world, &json!({}));
    program.settle();

    assert_eq!(counts(&world), counts(&calm), "after {killed} kills there are as many records as without");
    assert_eq!(standing(&program, "in_doubt"), 0);
}

/// A number of `status`, of all mappings together.
fn standing(program: &Program, number: &str) -> usize {
    let status: Value = serde_json::from_str(&program.run(&["status", "--json"]).with(&[0]).out).expect("one JSON object");
    let all = status["mappings"].as_array().expect("a list").iter();
    all.map(|mapping| mapping[number].as_u64().and_then(|number| usize::try_from(number).ok()).expect("a number")).sum()
}

#[test]
fn a_daemon_killed_after_accepted_webhooks_loses_none() {
    let (world, program) = lay();
    program.settle();
    let daemon = Daemon::start(&program);
    eventually(&world, "it is ready", || daemon.ask(&world, "/readyz").0 == 200);

    // The portal is down for all but its webhooks, so nothing can be done with them before the kill.
    world.faults("prm", &json!({ "server_error": { "probability": 1, "status": 503 } }));
    let mut pairs = world.open_deals();
    assert!(pairs.len() >= TOLD, "the world has open deals in both");
    pairs.truncate(TOLD);
    for (deal, _) in &pairs {
        world.type_in("prm", "deals", deal, &json!({ "close_date": "2027-05-17" }));
        let told = json!({ "event": "deal.updated", "key": deal });
        assert_eq!(daemon.deliver(&world, &told, world.config("prm", "webhook_secret")), 200);
    }
    daemon.kill();
    assert!(standing(&program, "touched") >= pairs.len(), "what was accepted is kept until it is used");

    world.faults("prm", &json!({}));
    let daemon = Daemon::start(&program);
    for (_, opportunity) in &pairs {
        let there = || world.record("crm", "Opportunity", opportunity)["fields"]["CloseDate"] == json!("2027-05-17");
        eventually(&world, "an edit that was told before the kill arrives after it", there);
    }
    assert_eq!(daemon.stop(), Some(0));
}
