//! The README's way from nothing to a first sync, command by command, with the look-alikes for vendors.

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

/// What a stranger does by hand after `init`: the addresses and the variables of this test's look-alikes.
fn made_their_own(program: &mut Program, world: &LookAlikes) {
    for (system, connector) in [("prm", "partnerstack"), ("crm", "salesforce")] {
        let named = format!("    connector: {connector}");
        program.edit("syncline.yaml", &named, &format!("    at: AT_{system}\n{named}"));
        world.join(program, system, &format!("AT_{system}"));
        let prefix = format!("${{{}_", system.to_uppercase());
        program.edit("syncline.yaml", &prefix, &prefix.replace("${", "${SANDBOX_"));
    }
}

/// A plan is made of what is linked now: of what hangs on another mapping it says so, and leaves nothing out without a word.
#[test]
fn a_first_plan_says_what_waits_for_another_mapping() {
    let world = LookAlikes::start(12, 3);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    let required = "erp `account`, 4 records (such as crm ";
    let planned = program.run(&["plan", "orders"]).with(&[0, 3]).out;
    assert!(planned.contains(required) && planned.contains("before the record that this required field refers to is linked"), "{planned}");

    program.edit("mappings/orders.yaml", "type: ref(accounts), required: true", "type: ref(accounts)");
    let planned = program.run(&["plan", "orders"]).with(&[0, 3]).out;
    assert!(
        planned.contains("create orders erp") && planned.contains("account     to be linked  written once the record that it refers to is there"),
        "{planned}"
    );

    program.edit("mappings/orders.yaml", "create: always", "create: account is not blank");
    let planned = program.run(&["plan", "orders"]).with(&[0, 3]).out;
    assert!(planned.contains("`create` asks for the record that this field refers to, which is not linked yet"), "{planned}");
}

#[test]
fn the_readme_leads_to_a_first_sync() {
    let world = LookAlikes::start(20, 5);
    let mut program = Program::empty();
    program.run(&["init", "--connectors", "prm=partnerstack,crm=salesforce"]).with(&[0]);
    made_their_own(&mut program, &world);
    let checked = program.run(&["check"]).with(&[0]);
    assert!(checked.out.trim_end().ends_with("no problems"), "{}", checked.out);

    let planned = program.run(&["plan", "--out", "first.plan"]).with(&[0]);
    assert!(planned.out.contains("update deals crm") || planned.out.contains("update leads crm"), "the world disagrees with itself at first: {}", planned.out);
    let ran = program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
    assert!(ran.out.contains("deals  done"), "{}", ran.out);

    // What a first plan could not know, since the mapping it refers to had not run yet, comes with the next run; then all is said.
    program.run(&["run"]).with(&[0, 3]);
    let again = program.run(&["plan"]).with(&[0]);
    assert_eq!(again.out.matches("nothing to write").count(), 3, "{}", again.out);
}
