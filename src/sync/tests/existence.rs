//! Deletes, restores, sleep, walls, creates.

use super::table::{Table, Wall};
use super::world::{World, abilities, at, shown};
use crate::mapping::system::Leaves;
use crate::sync::NoteKind;
use crate::sync::entity::{Cause, FieldIx, LinkState, SystemIx};
use crate::sync::review::Answer;
use crate::system::Abilities;
use crate::value::Value;

const CRM: usize = 0;
const PRM: usize = 1;

fn following(leaves: Leaves) -> World {
    let mut table = Table::new(2, &["latest", "crm"]);
    table.systems[PRM].wall = Wall::NotDeleted(Some(SystemIx(0)));
    table.systems[PRM].leaves = leaves;
    table.systems[PRM].creates = true;
    World::agreed(table, &["g", "h"])
}

fn delete(world: &mut World, system: usize) {
    world.records[system] = None;
    world.now += jiff::SignedDuration::from_secs(100);
}

#[track_caller]
fn step(world: &mut World, plan: &str) {
    let look = world.step();
    assert_eq!(world.print(&look), plan);
}

#[test]
fn a_delete_does_nothing_elsewhere_unless_the_wall_names_it() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    delete(&mut world, CRM);
    step(&mut world, "");
    assert!(matches!(world.entity.links[CRM].as_ref().expect("a tombstone").state, LinkState::GoneByUser { .. }));
    world.table.systems[CRM].creates = true;
    step(&mut world, "");
    world.edit(PRM, 0, "a", 3_300);
    step(&mut world, "");
}

#[test]
fn leaves_says_what_becomes_of_the_rest() {
    for (leaves, plan) in [(Leaves::Stop, ""), (Leaves::Archive, "prm archive"), (Leaves::Delete, "prm delete"), (Leaves::Ask, "ask: `leaves: ask`")] {
        let mut world = following(leaves);
        delete(&mut world, CRM);
        step(&mut world, plan);
        step(&mut world, "");
        if leaves == Leaves::Archive || leaves == Leaves::Delete {
            let link = world.entity.links[PRM].as_ref().expect("a tombstone");
            assert!(matches!(link.state, LinkState::GoneByUs { cause: Cause::Deleted(SystemIx(0)), .. }));
            assert!(world.entity.closed);
        }
    }
}

#[test]
fn an_edit_beside_a_delete_asks_and_merges_meanwhile() {
    let mut world = following(Leaves::Delete);
    delete(&mut world, CRM);
    world.edit(PRM, 0, "a", 3_300);
    step(&mut world, "ask: `f` was edited in prm");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "a");
    world.edit(PRM, 0, "b", 3_400);
    step(&mut world, "");
    world.answer(Answer::Delete);
    step(&mut world, "prm delete");
    assert!(world.reviews.is_empty());
}

#[test]
fn a_new_edit_after_the_answer_asks_again() {
    let mut world = following(Leaves::Delete);
    delete(&mut world, CRM);
    world.edit(PRM, 0, "a", 3_300);
    step(&mut world, "ask: `f` was edited in prm");
    step(&mut world, "");
    world.answer(Answer::Delete);
    world.edit(PRM, 0, "b", 3_400);
    step(&mut world, "ask: `f` was edited in prm");
}

#[test]
fn kept_means_the_delete_is_forgiven_and_the_record_made_anew_where_create_says_so() {
    let mut world = following(Leaves::Delete);
    world.table.systems[CRM].creates = true;
    delete(&mut world, CRM);
    world.edit(PRM, 0, "a", 3_300);
    step(&mut world, "ask: `f` was edited in prm");
    world.answer(Answer::Keep);
    step(&mut world, "crm create f=a g=h");
    let link = world.entity.links[CRM].as_ref().expect("a new record");
    assert_eq!(link.predecessors.len(), 1);
    assert_eq!(world.settle(3), 0);
}

#[test]
fn who_deleted_what_it_had_not_seen_is_asked() {
    let mut world = following(Leaves::Archive);
    world.edit(PRM, 0, "a", 3_100);
    world.look();
    delete(&mut world, CRM);
    step(&mut world, "ask: crm had not seen the agreed `f` when it was deleted");
}

#[test]
fn a_restored_record_is_owed_what_it_missed_and_its_owner_speaks_again() {
    let mut world = following(Leaves::Stop);
    let record = world.records[CRM].clone();
    delete(&mut world, CRM);
    step(&mut world, "");
    world.table.systems[PRM].wall = Wall::None;
    world.edit(PRM, 0, "a", 3_300);
    world.edit(PRM, 1, "b", 3_300);
    world.settle(3);
    assert_eq!(shown(world.entity.agreed(FieldIx(1))), "b", "the owner has no record, so the newest edit decided");
    world.records[CRM] = record;
    world.now = at(5_000);
    let look = world.step();
    let plan = world.print(&look);
    assert!(plan.starts_with("crm f=a; prm g=h"), "{plan}");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_sleeping_record_is_silent_and_no_twin_is_made() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.table.systems[CRM].creates = true;
    world.records[CRM].as_mut().expect("crm").takes_part = false;
    world.edit(CRM, 0, "x", 3_100);
    world.edit(PRM, 0, "a", 3_200);
    step(&mut world, "");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "a");
    let record = world.records[CRM].as_mut().expect("crm");
    record.takes_part = true;
    record.values[0] = Value::text("g");
    record.version += 1;
    step(&mut world, "crm f=a");
}

fn walled_by_value(leaves: Leaves) -> World {
    let mut table = Table::new(2, &["crm", "latest"]);
    table.systems[PRM].wall = Wall::Is(FieldIx(0), Value::text("open"));
    table.systems[PRM].leaves = leaves;
    World::agreed(table, &["open", "h"])
}

#[test]
fn beyond_its_wall_a_system_neither_votes_nor_is_written() {
    let mut world = walled_by_value(Leaves::Stop);
    world.edit(CRM, 0, "shut", 3_100);
    world.settle(3);
    world.edit(PRM, 1, "x", 3_200);
    world.edit(CRM, 1, "y", 3_300);
    assert_eq!(world.settle(3), 0);
    assert_eq!([world.shows(CRM, 1), world.shows(PRM, 1)].map(shown), ["y", "x"]);
    assert_eq!(shown(world.shows(PRM, 0)), "open");
    world.edit(CRM, 0, "open", 3_400);
    world.settle(4);
    assert_eq!([world.shows(CRM, 1), world.shows(PRM, 1)].map(shown), ["y", "y"], "inside again, what prm typed meanwhile competes");
}

#[test]
fn a_wall_that_falls_removes_what_was_inside_once() {
    let mut world = walled_by_value(Leaves::Delete);
    world.edit(CRM, 0, "shut", 3_100);
    step(&mut world, "prm delete");
    let mut world = walled_by_value(Leaves::Delete);
    world.edit(CRM, 0, "shut", 3_100);
    world.edit(PRM, 1, "x", 3_200);
    step(&mut world, "crm g=x; prm delete");
}

#[test]
fn a_record_never_inside_does_not_leave() {
    let mut table = Table::new(2, &["crm"]);
    table.systems[PRM].wall = Wall::Is(FieldIx(0), Value::text("open"));
    table.systems[PRM].leaves = Leaves::Delete;
    let mut world = World::new(table, &[&["shut"], &["shut"]]);
    step(&mut world, "");
    step(&mut world, "");
    world.edit(CRM, 0, "closed", 1_500);
    step(&mut world, "");
}

#[test]
fn a_delete_owed_and_not_sent_is_lifted_when_the_wall_holds_again() {
    let mut world = walled_by_value(Leaves::Delete);
    world.records[PRM].as_mut().expect("prm").locked = true;
    world.edit(CRM, 0, "shut", 3_100);
    let look = world.step();
    assert!(look.ops.is_empty() && look.notes.iter().any(|note| note.what == NoteKind::Locked));
    assert!(matches!(world.entity.links[PRM].as_ref().expect("prm").state, LinkState::Owed(Cause::Wall)));
    world.edit(CRM, 0, "open", 3_200);
    world.records[PRM].as_mut().expect("prm").locked = false;
    world.settle(3);
    assert_eq!(world.entity.links[PRM].as_ref().expect("prm").state, LinkState::Live);
}

#[test]
fn removed_by_us_and_inside_again_is_made_anew() {
    let mut world = walled_by_value(Leaves::Delete);
    world.table.systems[PRM].creates = true;
    world.edit(CRM, 0, "shut", 3_100);
    step(&mut world, "prm delete");
    world.edit(CRM, 0, "open", 3_300);
    step(&mut world, "prm create f=open g=h");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn archived_by_us_and_inside_again_is_brought_back_and_owed_what_it_missed() {
    let mut world = walled_by_value(Leaves::Archive);
    world.edit(CRM, 0, "shut", 3_100);
    step(&mut world, "prm archive");
    world.edit(CRM, 1, "y", 3_200);
    step(&mut world, "");
    world.edit(CRM, 0, "open", 3_300);
    step(&mut world, "prm restore");
    step(&mut world, "prm g=y");
    let link = world.entity.links[PRM].as_ref().expect("prm");
    assert!(link.state.is_live() && link.predecessors.is_empty(), "the same record: {link:?}");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_user_s_archive_is_never_brought_back() {
    let mut world = walled_by_value(Leaves::Archive);
    let record = world.records[PRM].as_mut().expect("prm");
    record.archived = true;
    record.version += 1;
    step(&mut world, "");
    world.edit(CRM, 1, "y", 3_200);
    step(&mut world, "");
    assert!(matches!(world.entity.links[PRM].as_ref().expect("prm").state, LinkState::GoneByUser { .. }));
}

#[test]
fn what_cannot_be_brought_back_is_made_anew_and_told() {
    let mut world = walled_by_value(Leaves::Archive);
    world.table.systems[PRM].creates = true;
    world.abilities[PRM] = std::sync::Arc::new(Abilities { restore: None, ..abilities() });
    world.edit(CRM, 0, "shut", 3_100);
    step(&mut world, "prm archive");
    world.edit(CRM, 0, "open", 3_300);
    let look = world.step();
    assert_eq!(world.print(&look), "prm create f=open g=h");
    assert!(look.notes.iter().any(|note| note.what == NoteKind::StaysArchived), "{:?}", look.notes);
}

#[test]
fn archived_is_gone() {
    let mut world = following(Leaves::Delete);
    let record = world.records[CRM].as_mut().expect("crm");
    record.archived = true;
    record.version += 1;
    step(&mut world, "prm delete");
}

#[test]
fn a_required_blank_holds_back_a_create() {
    let mut table = Table::new(2, &["latest", "latest"]);
    table.systems[PRM].creates = true;
    table.fields[1].required = true;
    let mut world = World::new(table, &[&["a", "0"]]);
    step(&mut world, "");
    world.edit(CRM, 1, "b", 1_500);
    step(&mut world, "prm create f=a g=b");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_system_that_is_down_gets_no_create() {
    let mut table = Table::new(2, &["latest"]);
    table.systems[PRM].creates = true;
    let mut world = World::new(table, &[&["a"]]);
    world.down[PRM] = true;
    step(&mut world, "");
    world.down[PRM] = false;
    step(&mut world, "prm create f=a");
}

#[test]
fn what_can_only_be_set_at_birth_is_set_then_and_never_owed() {
    let mut table = Table::new(2, &["latest", "crm"]);
    table.systems[PRM].creates = true;
    table.fields[1].access[PRM] = crate::sync::terms::Access::ReadOnly;
    table.born.push((FieldIx(1), SystemIx(1)));
    let mut world = World::new(table, &[&["a", "b"]]);
    step(&mut world, "prm create f=a g=b");
    world.edit(CRM, 1, "c", 1_500);
    step(&mut world, "");
}

#[test]
fn asking_about_one_record_does_not_keep_another_from_leaving() {
    let mut table = Table::new(3, &["latest"]);
    for (system, leaves) in [(1, Leaves::Ask), (2, Leaves::Archive)] {
        table.systems[system].wall = Wall::NotDeleted(Some(SystemIx(0)));
        table.systems[system].leaves = leaves;
    }
    let mut world = World::agreed(table, &["g"]);
    delete(&mut world, CRM);
    step(&mut world, "erp archive; ask: `leaves: ask`");
    step(&mut world, "");
    world.answer(Answer::Delete);
    step(&mut world, "prm delete");
    assert!(world.reviews.is_empty());
}

#[test]
fn a_question_about_a_delete_closes_itself_when_the_record_comes_back() {
    let mut world = following(Leaves::Delete);
    let record = world.records[CRM].clone();
    delete(&mut world, CRM);
    world.edit(PRM, 0, "a", 3_300);
    step(&mut world, "ask: `f` was edited in prm");
    world.records[CRM] = record;
    step(&mut world, "crm f=a");
    assert!(world.reviews.is_empty());
}

#[test]
fn kept_beyond_a_wall_takes_part_until_the_wall_next_holds() {
    let mut world = walled_by_value(Leaves::Ask);
    world.edit(CRM, 0, "shut", 3_100);
    step(&mut world, "ask: `leaves: ask`");
    world.edit(CRM, 1, "x", 3_200);
    step(&mut world, "");
    world.answer(Answer::Keep);
    let look = world.step();
    assert!(world.print(&look).is_empty() || world.print(&look).starts_with("prm"));
    world.settle(3);
    assert_eq!(shown(world.shows(PRM, 1)), "x");
    world.edit(CRM, 0, "open", 3_400);
    world.settle(3);
    assert!(!world.entity.links[PRM].as_ref().expect("prm").kept);
    world.edit(CRM, 0, "shut", 3_500);
    let look = world.step();
    assert!(world.print(&look).ends_with("ask: `leaves: ask`"), "{}", world.print(&look));
}

#[test]
fn a_wall_with_two_causes_asks_about_each_in_one_look() {
    let mut table = Table::new(3, &["latest", "crm"]);
    table.systems[PRM].wall = Wall::NotDeleted(None);
    table.systems[PRM].leaves = Leaves::Archive;
    let mut world = World::agreed(table, &["g", "h"]);
    world.edit(PRM, 1, "x", 3_100);
    delete(&mut world, CRM);
    delete(&mut world, 2);
    let look = world.step();
    assert_eq!(look.reviews.len(), 2, "{}", world.print(&look));
    assert_eq!(shown(world.entity.agreed(FieldIx(1))), "x", "meanwhile edits merge as ever");
}
