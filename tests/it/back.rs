//! Taking back, and proving agreement, through the real program: `undo`, `audit`, a restored backup, and an edit to a mapping that changes what it means.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::daemon::{Daemon, eventually};
use crate::support::program::{Ended, Program};
use crate::support::systems::LookAlikes;

/// Three systems in agreement.
fn agreed() -> (LookAlikes, Program) {
    let world = LookAlikes::start(12, 3);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    program.edit("syncline.yaml", "127.0.0.1:8080", "127.0.0.1:0");
    program.settle();
    (world, program)
}

/// The last line that a command printed for scripts.
fn told(ended: &Ended) -> Value {
    let last = ended.out.lines().last().expect("it printed something");
    serde_json::from_str(last).expect("one object a line")
}

/// Runs the deals once; the run's name.
fn run(program: &Program) -> String {
    let ended = program.run(&["run", "deals", "--json"]).with(&[0, 3]);
    told(&ended)["runs"][0]["run"].as_str().expect("runs have names").to_owned()
}

fn store(program: &Program) -> Connection {
    Connection::open(program.path("syncline.db")).expect("the store is there")
}

/// The close date of a deal, in the portal and in the CRM.
fn dates(world: &LookAlikes, deal: &(String, String)) -> (Value, Value) {
    (world.record("prm", "deals", &deal.0)["fields"]["close_date"].clone(), world.record("crm", "Opportunity", &deal.1)["fields"]["CloseDate"].clone())
}

/// A customer in both: its key in the ERP and in the CRM. Both tell versions, so that what was just written can be read at once.
fn customer(world: &LookAlikes) -> (String, String) {
    let customers = world.records("erp", "customers");
    let pairs = world.records("crm", "Account").into_iter().filter_map(|account| {
        let number = &account["fields"]["ERP_Number__c"];
        let customer = customers.iter().find(|customer| !number.is_null() && customer["fields"]["number"] == *number)?;
        Some((customer["key"].as_str()?.to_owned(), account["key"].as_str()?.to_owned()))
    });
    pairs.min().expect("the world has customers in both")
}

#[test]
fn an_undo_is_shown_then_applied_and_taken_back_itself() {
    let (world, program) = agreed();
    let (customer, account) = customer(&world);
    let streets = || {
        (
            world.record("erp", "customers", &customer)["fields"]["addressLine1"].clone(),
            world.record("crm", "Account", &account)["fields"]["BillingStreet"].clone(),
        )
    };
    let (before, moved) = (streets(), (json!("1 New Way"), json!("1 New Way")));
    world.type_in("erp", "customers", &customer, &json!({ "addressLine1": "1 New Way" }));
    let ended = program.run(&["run", "accounts", "--json"]).with(&[0, 3]);
    let edited = told(&ended)["runs"][0]["run"].as_str().expect("runs have names").to_owned();
    assert_eq!(streets(), moved);

    let shown = program.run(&["undo", &edited]).with(&[3]);
    assert!(shown.out.contains("street") && shown.out.contains("taken back, as a person asked") && shown.out.contains("--yes"), "{}", shown.out);
    assert_eq!(streets(), moved, "showing writes nothing");
    program.run(&["undo", &edited, "--yes"]).with(&[0, 3]);
    assert_eq!(streets(), before, "the owner of the field, too");
    let undo = told(&program.run(&["status", "accounts", "--json"]).with(&[0]))["mappings"][0]["last"].clone();
    assert_eq!(undo["message"], json!(format!("takes back {edited}")));
    program.run(&["run"]).with(&[0, 3]);
    assert_eq!(streets(), before, "nothing flips back");

    let again = program.run(&["undo", &edited]).with(&[0]);
    assert!(again.out.contains("Nothing is left to be taken back"), "{}", again.out);
    let undo = undo["run"].as_str().expect("runs have names");
    let planned = program.run(&["undo", undo, "--out", "back.plan"]).with(&[0]);
    let ended = program.run(&["undo", undo, "--plan", "back.plan"]).with(&[0, 3]);
    assert_eq!(streets(), moved, "{}\n{}", planned.out, ended.out);

    let unknown = program.run(&["undo", "run-9999"]).with(&[2]);
    assert!(unknown.err.contains("There is no run-9999") && unknown.err.contains("90 days"), "{}", unknown.err);
    let day = 24 * 3_600 * 1_000_i64;
    store(&program).execute("UPDATE run SET started_at = started_at - ?1 WHERE id = ?2", (91 * day, edited.trim_start_matches("run-"))).expect("it is there");
    let old = program.run(&["undo", &edited]).with(&[2]);
    assert!(old.err.contains("is not known any more"), "{}", old.err);
}

#[test]
fn a_daemon_takes_back_and_audits_on_its_schedule() {
    let (world, program) = agreed();
    let deal = world.open_deals().pop().expect("the world has deals in both");
    let before = dates(&world, &deal);
    world.type_in("prm", "deals", &deal.0, &json!({ "close_date": "2027-05-17" }));
    let edited = run(&program);
    program.edit("syncline.yaml", "store:", "audit: every 1s\nstore:");
    let daemon = Daemon::start(&program);
    program.run(&["undo", &edited, "--yes"]).with(&[0, 3]);
    assert_eq!(dates(&world, &deal), before);
    eventually(&world, "it compared all systems", || daemon.ask(&world, "/metrics").1.contains(r#"syncline_audit_unexplained{mapping="deals"} 0"#));
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn an_audit_counts_every_difference_and_repairs_what_polls_missed() {
    let (world, program) = agreed();
    let sound = told(&program.run(&["audit", "--json"]).with(&[0]));
    assert_eq!(sound["unexplained"], json!(0), "{sound}");
    assert!(sound["compared"].as_u64() > Some(50) && sound["agree"].as_u64() <= sound["compared"].as_u64(), "{sound}");
    for mapping in sound["mappings"].as_array().expect("a list") {
        let by_class: u64 = mapping["classes"].as_object().expect("classes").values().filter_map(Value::as_u64).sum();
        let systems = mapping["systems"].as_array().expect("a list").iter();
        let counts = systems
            .flat_map(|system| ["fields", "apart"].map(|which| system[which].as_object().expect("counts").values().filter_map(Value::as_u64).sum::<u64>()));
        assert_eq!(by_class, counts.sum::<u64>(), "every difference has a class: {mapping}");
    }
    let sample = told(&program.run(&["audit", "deals", "--sample", "50%", "--json"]).with(&[0]));
    assert!(sample["compared"].as_u64() < sound["compared"].as_u64(), "{sample}");
    program.run(&["audit", "--sample", "0%"]).with(&[2]);

    // An edit that the feed never tells, and that is no news any more.
    let deal = world.open_deals().pop().expect("the world has deals in both");
    store(&program).execute_batch("UPDATE cursor SET place = replace(place, '2026-', '2036-')").expect("it is there");
    world.type_in("crm", "Opportunity", &deal.1, &json!({ "CloseDate": "2027-05-17" }));
    let fresh = told(&program.run(&["audit", "deals", "--json"]).with(&[0]));
    assert_eq!(fresh["mappings"][0]["classes"]["owed"], json!(1), "just typed, the next run reads it: {fresh}");
    run(&program);
    assert_ne!(dates(&world, &deal).0, json!("2027-05-17"), "no poll reads it");
    store(&program).execute_batch("UPDATE run SET started_at = started_at + 600000").expect("it is there");
    let found = program.run(&["audit", "deals"]).with(&[3]);
    assert!(found.out.contains("unexplained: 1") && found.out.contains("`close_date` is not as agreed"), "{}", found.out);
    let repaired = program.run(&["audit", "deals", "--repair"]).with(&[3]);
    assert!(repaired.out.contains("1 record touched"), "{}", repaired.out);
    run(&program);
    assert_eq!(dates(&world, &deal).0, json!("2027-05-17"));
    program.run(&["audit", "deals"]).with(&[0]);
}

/// Puts yesterday's store in the place of today's.
fn restore(program: &Program) {
    for end in ["", "-wal", "-shm"] {
        let file = program.path(&format!("syncline.db{end}"));
        if file.exists() {
            std::fs::remove_file(file).expect("the project can be written");
        }
    }
    std::fs::copy(program.path("backup.db"), program.path("syncline.db")).expect("the backup is there");
}

#[test]
fn a_restored_backup_writes_nothing_until_a_person_has_looked() {
    let (world, program) = agreed();
    store(&program).execute_batch(&format!("VACUUM INTO '{}'", program.path("backup.db").display())).expect("a backup");
    let deal = world.open_deals().pop().expect("the world has deals in both");
    world.type_in("prm", "deals", &deal.0, &json!({ "close_date": "2027-05-17" }));
    run(&program);
    world.type_in("prm", "deals", &deal.0, &json!({ "close_date": "2027-06-18" }));
    restore(&program);

    let writes = (world.writes("crm"), world.writes("prm"), world.writes("erp"));
    let held = program.run(&["run"]).with(&[3]);
    assert!(held.out.contains("restored from a backup") && held.out.contains("syncline verify --accept"), "{}", held.out);
    assert!(!held.out.contains("run --plan"), "no plan approves it: {}", held.out);
    program.plan();
    program.run(&["run", "--plan", "plan.json"]).with(&[3]);
    let daemon = Daemon::start(&program);
    eventually(&world, "it says why it is not ready", || daemon.ask(&world, "/readyz").1.contains("restored from a backup"));
    assert_eq!(daemon.ask(&world, "/readyz").0, 503);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!((world.writes("crm"), world.writes("prm"), world.writes("erp")), writes, "nothing is written before a person has looked");

    let looked = program.run(&["verify"]).with(&[3]);
    assert!(looked.out.contains("restored from a backup") && looked.out.contains("in doubt: 0 ops"), "{}", looked.out);
    program.run(&["verify", "--accept"]).with(&[0]);
    let counted = |object: &str| world.records("crm", object).len();
    let before = (counted("Opportunity"), counted("Account"), counted("Lead"));
    program.run(&["run"]).with(&[0, 3]);
    program.run(&["run"]).with(&[0, 3]);
    assert_eq!(dates(&world, &deal), (json!("2027-06-18"), json!("2027-06-18")), "what happened since is read anew, the last edit included");
    assert_eq!((counted("Opportunity"), counted("Account"), counted("Lead")), before, "nothing is doubled");
    assert_eq!(told(&program.run(&["audit", "--json"]).with(&[0]))["unexplained"], json!(0));
    let over = program.run(&["verify"]).with(&[0]);
    assert!(over.out.contains("was not restored"), "{}", over.out);
}

#[test]
fn a_store_without_its_mark_and_one_that_a_person_calls_restored_are_held_too() {
    let (_world, program) = agreed();
    std::fs::remove_file(program.path("syncline.db.mark")).expect("it stands beside the store");
    let held = program.run(&["run"]).with(&[3]);
    assert!(held.out.contains("restored from a backup"), "{}", held.out);
    program.run(&["verify", "--accept"]).with(&[0]);
    program.run(&["run"]).with(&[0, 3]);
    program.run(&["verify", "--restored"]).with(&[3]);
    let held = program.run(&["run"]).with(&[3]);
    assert!(held.out.contains("restored from a backup"), "{}", held.out);
}

#[test]
fn an_edit_that_changes_what_a_mapping_means_is_previewed_and_held_over_its_limits() {
    let (world, program) = agreed();
    program.edit("mappings/deals.yaml", "crm: Proposal }", "crm: SWAP }");
    program.edit("mappings/deals.yaml", "crm: Negotiation }", "crm: Proposal }");
    program.edit("mappings/deals.yaml", "crm: SWAP }", "crm: Negotiation }");
    program.edit("mappings/deals.yaml", "match:", "limits: { updates: 2 }\nmatch:");
    let writes = (world.writes("crm"), world.writes("prm"));
    let planned = program.run(&["plan", "deals"]).with(&[0]).out;
    assert!(planned.contains("  status ") && !planned.contains("  close_date "), "only what was touched is derived anew: {planned}");
    let held = program.run(&["run", "deals"]).with(&[3]);
    assert!(held.out.contains("held") && held.out.contains("syncline run --plan"), "{}", held.out);
    assert_eq!((world.writes("crm"), world.writes("prm")), writes, "held, it wrote nothing");
    program.run(&["plan", "deals", "--out", "meant.plan"]).with(&[0]);
    program.run(&["run", "--plan", "meant.plan"]).with(&[0, 3]);
    let rest = program.run(&["plan", "deals"]).with(&[0]).out;
    assert!(rest.contains("nothing to write"), "{rest}");
    program.run(&["audit", "deals"]).with(&[0]);
}
