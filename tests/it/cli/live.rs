//! `check --live`: what the systems say of the files.

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

#[test]
fn live_checks_find_what_only_the_systems_know() {
    let world = LookAlikes::start(5, 1);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    let right = program.run(&["check", "--live"]).with(&[0]);
    assert!(!right.out.contains("error"), "{}", right.out);
    program.edit("mappings/deals.yaml", "Closed Lost", "Closed Lots");
    program.edit("mappings/deals.yaml", "crm: Amount", "crm: Amuont");
    let wrong = program.run(&["check", "--live"]).with(&[2]);
    for part in [
        "crm Opportunity shows us no `Amuont`",
        "did you mean `Amount`?",
        "`Closed Lots` is no value of crm Opportunity.StageName",
        "did you mean `Closed Lost`?",
    ] {
        assert!(wrong.out.contains(part), "{part} in:\n{}", wrong.out);
    }
}

#[test]
fn live_checks_need_credentials() {
    let program = Program::of_example("partner-deals");
    let ran = program.run(&["check", "--live"]).with(&[2]);
    assert!(ran.out.contains("error: The environment variable `SANDBOX_CRM_CLIENT_SECRET` is not set"), "{}", ran.out);
}

#[test]
fn discover_lists_objects_and_fields_and_knows_a_near_miss() {
    let world = LookAlikes::start(5, 1);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    assert!(program.run(&["discover", "crm"]).with(&[0]).out.contains("Opportunity"));
    assert!(program.run(&["discover", "crm", "Opportunity"]).with(&[0]).out.contains("StageName"));
    let missed = program.run(&["discover", "crm", "Oportunity"]).with(&[2]);
    assert!(missed.err.contains("There is no object `Oportunity`") && missed.err.contains("did you mean `Opportunity`?"), "{}", missed.err);
}
