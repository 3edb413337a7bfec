//! `plan --offline`: the store alone tells what an edited mapping would change; no system is asked, and the store stays as it is.

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

#[test]
fn an_edited_mapping_is_planned_without_a_request() {
    let world = LookAlikes::start(12, 3);
    let mut program = Program::of_example("partner-deals");
    let before = program.run(&["plan", "--offline"]).with(&[2]);
    assert!(before.err.contains("no run was ever made"), "{}", before.err);
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    program.agree();
    program.settle();

    let asked = || ["crm", "prm", "erp"].map(|system| world.asked(system));
    let (requests, stored) = (asked(), std::fs::read(program.path("syncline.db")).expect("a store"));
    let unchanged = program.run(&["plan", "--offline", "deals"]).with(&[0]).out;
    assert!(unchanged.contains("deals  nothing to write"), "{unchanged}");

    program.edit("mappings/deals.yaml", "\nfields:\n", "\nfields:\n  shout: { crm: { write: { NextStep: shout } }, formula: \"name | upper\" }\n");
    let planned = program.run(&["plan", "--offline", "deals", "--limit", "3"]).with(&[0]).out;
    assert!(planned.contains("update deals crm") && planned.contains("computed: formula (mappings/deals.yaml:"), "{planned}");
    assert!(planned.contains("not known: records that were made or edited since the last run"), "{planned}");
    let lines: Vec<serde_json::Value> =
        program.run(&["plan", "--offline", "deals", "--json"]).with(&[0]).out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.last().expect("totals")["totals"][0]["entities"].as_u64() > Some(0), "{lines:?}");

    assert_eq!(asked(), requests, "no system was asked");
    assert_eq!(std::fs::read(program.path("syncline.db")).expect("a store"), stored, "the store is as it was");
    program.run(&["plan", "--offline", "--out", "x.plan"]).with(&[2]);
}
