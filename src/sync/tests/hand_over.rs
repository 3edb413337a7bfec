//! Ownership that follows the record, and computed fields.

use super::table::{Form, Table};
use super::world::{World, at, shown};
use crate::sync::NoteKind;
use crate::sync::entity::{FieldIx, Origin};
use crate::sync::reason::Reason;
use crate::sync::terms::Access;

/// `f` is anybody's; `g` is prm's while `f` is `n`, else crm's. All agree on `n` and `g`.
fn followed(systems: usize) -> World {
    World::agreed(Table::new(systems, &["latest", "prm ? f=n | crm ?"]), &["n", "g"])
}

/// Edits as `crm f w`, each a hundred seconds after the other; then the plan.
#[track_caller]
fn check(world: &mut World, edits: &[(usize, usize, &str)], plan: &str) {
    for (nth, (system, field, value)) in edits.iter().enumerate() {
        world.edit(*system, *field, value, 3_100 + 100 * nth as i64);
    }
    let look = world.step();
    assert_eq!(world.print(&look), plan, "{edits:?}");
}

const F: usize = 0;
const G: usize = 1;
const CRM: usize = 0;
const PRM: usize = 1;

#[test]
fn the_owner_is_who_the_first_line_that_holds_names() {
    check(&mut followed(2), &[(CRM, G, "c")], "crm g=g; lost crm:c");
    check(&mut followed(2), &[(PRM, G, "p")], "crm g=p");
    let mut world = followed(2);
    world.edit(CRM, F, "w", 3_050);
    world.settle(3);
    world.now = at(3_090);
    check(&mut world, &[(PRM, G, "p")], "prm g=g; lost prm:p");
    check(&mut world, &[(CRM, G, "c")], "prm g=c");
}

#[test]
fn in_the_look_of_a_hand_over_edits_of_both_owners_count() {
    check(&mut followed(2), &[(CRM, F, "w"), (CRM, G, "c"), (PRM, G, "p")], "prm f=w g=c; lost prm:p");
    check(&mut followed(2), &[(CRM, F, "w"), (PRM, G, "p")], "crm g=p; prm f=w");
    check(&mut followed(2), &[(CRM, F, "w"), (CRM, G, "c")], "prm f=w g=c");
    check(&mut followed(2), &[(CRM, F, "w")], "prm f=w");
}

#[test]
fn a_clear_of_the_new_owner_is_an_edit_like_any_other() {
    check(&mut followed(2), &[(CRM, F, "w"), (CRM, G, "0"), (PRM, G, "p")], "prm f=w g=0; lost prm:p");
}

#[test]
fn who_never_owned_the_field_is_put_back_in_a_hand_over_too() {
    check(&mut followed(3), &[(CRM, F, "w"), (PRM, G, "p"), (2, G, "e")], "crm g=p; prm f=w; erp f=w g=p; lost erp:e");
    check(&mut followed(3), &[(CRM, F, "w"), (2, G, "e")], "prm f=w; erp f=w g=g; lost erp:e");
}

#[test]
fn the_reason_says_that_the_field_came_to_another() {
    let mut world = followed(2);
    world.edit(CRM, F, "w", 3_100);
    world.edit(PRM, G, "p", 3_200);
    let look = world.peek();
    let decided = look.decided.iter().find(|decided| decided.field == FieldIx(1)).expect("it was decided");
    assert!(matches!(decided.reason, Reason::HandOver { .. }));
    assert_eq!(
        decided.reason.sentence(&world.table, Some(FieldIx(1))),
        "prm decided until this look, in which the field came to crm: wins: [prm: f=n | crm: ] (mappings/deals.yaml:7)"
    );
}

#[test]
fn a_new_owner_without_a_record_leaves_it_to_the_old_one() {
    let table = Table::new(3, &["latest", "prm ? f=n | erp ?"]);
    let mut world = World::new(table, &[&["n", "g"], &["n", "g"]]);
    world.settle(5);
    world.now = at(3_000);
    check(&mut world, &[(CRM, F, "w"), (CRM, G, "c"), (PRM, G, "p")], "crm g=p; prm f=w; lost crm:c");
    // From the next look on nobody owns it who has a record, and the newest edit counts.
    check(&mut world, &[(CRM, G, "d")], "prm g=d");
}

#[test]
fn a_new_owner_that_was_never_read_is_waited_for() {
    let mut world = followed(2);
    world.entity.links[CRM].as_mut().expect("a link").shadows[G] = crate::sync::entity::Shadow::Unknown;
    world.unread.push((CRM, G));
    check(&mut world, &[(CRM, F, "w"), (PRM, G, "p")], "prm f=w");
    world.unread.clear();
    check(&mut world, &[], "prm g=g; lost prm:p");
}

#[test]
fn at_a_first_match_the_values_met_name_the_owner() {
    let world = |values: &[&[&str]]| World::new(Table::new(2, &["latest", "prm ? f=n | crm ?"]), values);
    check(&mut world(&[&["n", "c"], &["n", "p"]]), &[], "crm g=p; lost crm:c");
    check(&mut world(&[&["w", "c"], &["w", "p"]]), &[], "prm g=c; lost prm:p");
    check(&mut world(&[&["w", "0"], &["w", "p"]]), &[], "crm g=p");
}

#[test]
fn conditions_in_a_ring_come_to_rest() {
    for edits in [[(CRM, F, "x"), (PRM, G, "y")], [(PRM, F, "x"), (CRM, G, "x")], [(CRM, G, "y"), (PRM, F, "y")]] {
        let mut world = World::agreed(Table::new(2, &["prm ? g=x | crm ?", "crm ? f=y | prm ?"]), &["a", "b"]);
        for (nth, (system, field, value)) in edits.iter().enumerate() {
            world.edit(*system, *field, value, 3_100 + 100 * nth as i64);
        }
        world.settle(3);
        assert_eq!(world.shows(CRM, F), world.shows(PRM, F));
        assert_eq!(world.shows(CRM, G), world.shows(PRM, G));
    }
}

/// `g` is computed from `f`.
fn computed(access: Access) -> Table {
    let mut table = Table::new(2, &["latest", "latest"]);
    table.fields[G].formula = Some(FieldIx(0));
    table.fields[G].access[PRM] = access;
    table.formulas = vec![FieldIx(1)];
    table
}

#[test]
fn a_formula_is_computed_and_written() {
    let mut world = World::new(computed(Access::Both), &[&["a", "0"], &["a", "0"]]);
    check(&mut world, &[], "crm g=<a>; prm g=<a>");
    assert_eq!(world.settle(2), 0);
    check(&mut world, &[(CRM, F, "b")], "crm g=<b>; prm f=b g=<b>");
    check(&mut world, &[(CRM, F, "0")], "crm g=0; prm f=0 g=0");
    assert!(world.entity.fact(FieldIx(1)).is_some_and(|fact| fact.origin == Origin::Formula));
}

#[test]
fn an_edit_of_a_computed_field_is_put_back_whoever_makes_it() {
    let mut world = World::agreed(computed(Access::Both), &["a", "<a>"]);
    check(&mut world, &[(PRM, G, "typed")], "prm g=<a>; lost prm:typed");
    check(&mut world, &[(PRM, F, "b"), (PRM, G, "typed")], "crm f=b g=<b>; prm g=<b>; lost prm:typed");
    check(&mut world, &[(PRM, F, "c"), (PRM, G, "<c>")], "crm f=c g=<c>");
    let conflict = World::agreed(computed(Access::Both), &["a", "<a>"]);
    let mut world = conflict;
    world.edit(PRM, G, "typed", 3_100);
    assert_eq!(world.peek().conflicts[0].policy, "formula");
}

#[test]
fn a_computed_field_is_met_like_an_edit() {
    check(&mut World::new(computed(Access::Both), &[&["a", "old"], &["a", "<a>"]]), &[], "crm g=<a>; lost crm:old");
}

#[test]
fn write_only_cells_are_owed_what_a_formula_gives() {
    let mut world = World::new(computed(Access::WriteOnly), &[&["a", "<a>"], &["a", "0"]]);
    check(&mut world, &[], "prm g=<a>");
    world.settle(2);
    check(&mut world, &[(CRM, F, "b")], "crm g=<b>; prm f=b g=<b>");
}

#[test]
fn a_formula_that_fails_changes_nothing_and_is_told() {
    let mut world = World::agreed(computed(Access::Both), &["a", "<a>"]);
    world.edit(CRM, F, "bad", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=bad");
    assert!(look.notes.iter().any(|note| matches!(note.what, NoteKind::NotComputed(_))));
    assert_eq!(shown(world.entity.agreed(FieldIx(1))), "<a>");
    check(&mut world, &[(CRM, F, "c")], "crm g=<c>; prm f=c g=<c>");
}

#[test]
fn a_formula_names_the_owner_in_the_look_in_which_it_moves() {
    let mut table = Table::new(2, &["latest", "latest", "prm ? g=<n> | crm ?"]);
    table.fields[G].formula = Some(FieldIx(0));
    table.formulas = vec![FieldIx(1)];
    let mut world = World::agreed(table, &["n", "<n>", "h"]);
    check(&mut world, &[(CRM, F, "w"), (CRM, 2, "c"), (PRM, 2, "p")], "crm g=<w>; prm f=w g=<w> h=c; lost prm:p");
}

#[test]
fn a_lossy_system_shows_the_form_of_what_is_computed() {
    let mut table = computed(Access::Both);
    table.fields[G].forms[PRM] = Form::Cut(2);
    let mut world = World::new(table, &[&["abc", "0"], &["abc", "0"]]);
    check(&mut world, &[], "crm g=<abc>; prm g=<a");
    assert_eq!(world.settle(2), 0);
}

#[test]
fn what_a_formula_gives_now_is_computed_although_nobody_edited() {
    let mut table = Table::new(2, &["latest", "latest", "latest"]);
    table.fields[G].formula = Some(FieldIx(0));
    table.fields[G].access = vec![Access::None; 2];
    table.formulas = vec![FieldIx(1)];
    let mut world = World::agreed(table, &["a", "-", "b"]);
    assert!(world.peek().entity.is_none(), "it is at rest");
    world.table.fields[G].formula = Some(FieldIx(2));
    let look = world.step();
    assert_eq!((shown(world.entity.agreed(FieldIx(1))).as_str(), look.ops.len()), ("<b>", 0));
}

/// A planted bug, caught.
#[test]
fn a_third_pass_is_noticed() {
    crate::plant::caught_by("third-pass", in_the_look_of_a_hand_over_edits_of_both_owners_count);
}
