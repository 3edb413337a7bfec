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
