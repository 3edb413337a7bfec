//! Stories that simulated histories came upon, each as short as it goes.

use std::sync::Arc;
use std::time::Duration;

use super::table::{Form, Table, Wall};
use super::world::{World, abilities, at, shown};
use crate::id::ReviewId;
use crate::mapping::Leaves;
use crate::sync::entity::{FieldIx, Shadow, SystemIx};
use crate::sync::op::EntryState;
use crate::sync::review::{ReviewAbout, ReviewInput};
use crate::system::{Abilities, CreateClass, FindBy, Outcome};
use crate::value::Value;

const CRM: usize = 0;
const PRM: usize = 1;

/// prm cuts: what it showed won against a finer edit, which was neither kept nor logged.
#[test]
fn an_agreed_value_that_wins_may_turn_out_to_be_a_finer_ones_form() {
    let mut table = Table::new(2, &["lowest"]);
    table.fields[0].forms = vec![Form::Exact, Form::Cut(4)];
    let mut world = World::agreed(table, &["zebra"]);
    world.edit(PRM, 0, "acme", 3_100);
    world.settle(3);
    world.edit(CRM, 0, "acme corp", 3_200);
    assert_eq!(world.settle(3), 0, "both can keep what they show");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "acme corp");
}

/// The owner cleared a field, was deleted and came back: its clear passed for nothing at all.
#[test]
fn what_an_owner_typed_before_it_went_counts_when_it_comes_back() {
    let mut world = World::agreed(Table::new(2, &["crm"]), &["g"]);
    let gone = {
        world.edit(CRM, 0, "0", 3_100);
        world.records[CRM].take()
    };
    world.step();
    world.edit(PRM, 0, "a", 3_300);
    world.settle(3);
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "a");
    world.records[CRM] = gone;
    world.now = at(5_000);
    world.settle(3);
    assert!(world.entity.agreed(FieldIx(0)).is_blank(), "the owner's clear is an edit");
}

/// A field was not told while its record was edited: nobody looked once it was told again.
#[test]
fn a_field_that_was_not_told_is_looked_at_again() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.unread.push((PRM, 0));
    world.edit(PRM, 0, "a", 3_100);
    let look = world.look();
    let first = look.waits.expect("it is looked at again");
    world.since = Some(world.now - jiff::SignedDuration::from_hours(2));
    let later = world.peek().waits.expect("it is looked at again");
    assert!(later > first, "ever more seldom");
    world.unread.clear();
    assert_eq!(world.settle(3), 1);
}

/// A delete whose record changed where we may not read destroyed what was typed.
#[test]
fn nothing_leaves_that_changed_unheard() {
    let walled = || {
        let mut table = Table::new(2, &["crm", "latest"]);
        table.systems[PRM].wall = Wall::Is(FieldIx(0), Value::text("open"));
        table.systems[PRM].leaves = Leaves::Delete;
        World::agreed(table, &["open", "h"])
    };
    let mut world = walled();
    world.unread.push((PRM, 1));
    world.edit(PRM, 1, "x", 3_100);
    world.edit(CRM, 0, "shut", 3_200);
    let look = world.step();
    assert!(look.ops.is_empty() && look.reviews.len() == 1, "{}", world.print(&look));
    let mut world = walled();
    world.unread.push((PRM, 1));
    world.edit(CRM, 0, "shut", 3_200);
    let look = world.step();
    assert_eq!(world.print(&look), "prm delete", "it did not change");
}

/// A create in doubt was found, and a user had filled in a field that we had left out: the value was taken for the vendor's own.
#[test]
fn what_stands_in_a_record_found_later_is_a_users() {
    let mut table = Table::new(2, &["latest", "latest"]);
    table.systems[PRM].creates = true;
    let mut world = World::new(table, &[&["a", "0"]]);
    world.abilities[PRM] = Arc::new(Abilities { create: vec![CreateClass::Find { by: FindBy::AnyField }], ..abilities() });
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    let made = world.write(&op);
    world.edit(PRM, 1, "typed", 1_200);
    world.land(&entry, &made, true);
    world.settle(3);
    assert_eq!(shown(world.entity.agreed(FieldIx(1))), "typed");
}

/// A create in doubt was sent once more and answered 429: the entry was dropped, and the first request had made the record.
#[test]
fn a_repeat_that_was_not_carried_out_says_nothing_of_the_first() {
    let mut table = Table::new(2, &["latest"]);
    table.systems[PRM].creates = true;
    let mut world = World::new(table, &[&["a"]]);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let mut entry = world.entry(&op, class);
    (entry.state, entry.attempt) = (EntryState::InDoubt, 2);
    world.land(&entry, &Outcome::NotDone { why: "429".to_owned(), wait: Duration::from_secs(1) }, false);
    assert_eq!(world.entries[0].state, EntryState::InDoubt);
}

/// A feed showed a record, a read that lagged behind did not: it was taken for deleted, and its deletion spread.
#[test]
fn a_record_just_shown_is_not_gone_for_a_read_that_lags() {
    let mut table = Table::new(2, &["latest"]);
    table.systems[PRM].wall = Wall::NotDeleted(Some(SystemIx(0)));
    table.systems[PRM].leaves = Leaves::Delete;
    let mut world = World::agreed(table, &["g"]);
    world.abilities[CRM] = Arc::new(Abilities { read_lag: Duration::from_secs(60), ..abilities() });
    world.edit(CRM, 0, "a", 3_100);
    world.step();
    let there = world.records[CRM].take();
    let look = world.step();
    assert_eq!((world.print(&look).as_str(), look.waits.is_some()), ("", true));
    world.records[CRM] = there;
    assert_eq!(world.settle(3), 0);
}

/// Nothing was ever agreed, and an edit of a system that may not decide was put back to nothing: it stayed there, agreed by nobody.
#[test]
fn where_nothing_is_agreed_there_is_nothing_to_put_back_to() {
    for wins in ["latest [crm]", "[crm]"] {
        let mut world = World::new(Table::new(2, &[wins]), &[&["0"], &["0"]]);
        world.unread.push((CRM, 0));
        world.unread.push((PRM, 0));
        world.step();
        world.unread.clear();
        world.edit(PRM, 0, "a", 1_200);
        world.settle(3);
        assert_eq!(shown(world.entity.agreed(FieldIx(0))), "a", "{wins}");
    }
}

/// Nobody could look for a create without any safe way; it landed cut, and was met by its key: the cut form passed for a user's edit.
#[test]
fn a_create_that_a_person_was_asked_about_is_ours_when_it_is_met() {
    let mut table = Table::new(2, &["latest"]);
    table.systems[PRM].creates = true;
    let mut world = World::new(table, &[&["acme corp"]]);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    world.entries[0].state = EntryState::Review;
    world.reviews.push(ReviewInput { id: ReviewId(9), about: ReviewAbout::InDoubt { entry: entry.id, hits: Vec::new() }, answer: None });
    world.add(PRM, vec![Value::text("acme")]);
    let look = world.look();
    assert_eq!(world.print(&look), "lost prm:acme", "it can be found again, should a user have typed it");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "acme corp");
    assert!(world.entries[0].state == EntryState::Superseded && world.reviews.is_empty());
    assert_eq!(world.settle(3), 0);
}

/// Thirty days after its delete nothing but its names is kept of a record. It came back, spoke for its old entity, and began another one, too.
#[test]
fn a_record_that_returns_after_it_was_forgotten_is_a_stranger() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    let there = world.records[PRM].take();
    world.step();
    world.entity.links[PRM].as_mut().expect("a link").shadows.fill(Shadow::Unknown);
    world.records[PRM] = there;
    world.edit(PRM, 0, "a", 3_100);
    let early = world.clone();
    world.now += jiff::SignedDuration::from_hours(31 * 24);
    let look = world.look();
    assert_eq!((world.print(&look).as_str(), world.entity.live(SystemIx(1))), ("", None));
    let mut world = early;
    world.settle(5);
    assert!(world.entity.live(SystemIx(1)).is_some(), "before that it is a restore");
}

/// A vendor's clock was set back: what was typed after it looked older than what was known, and was never believed.
#[test]
fn a_clock_that_was_set_back_silences_nobody_for_good() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.abilities[PRM] = Arc::new(Abilities { read_lag: Duration::from_secs(5), ..abilities() });
    world.edit(PRM, 0, "a", 3_100);
    world.settle(3);
    let record = world.records[PRM].as_mut().expect("a record");
    record.values[0] = Value::text("b");
    (record.version, record.time) = (record.version + 1, at(2_000));
    let look = world.look();
    assert!(look.ops.is_empty() && look.waits.is_some(), "it may be a read that lags behind");
    world.now += jiff::SignedDuration::from_hours(2);
    world.settle(3);
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "b");
}

/// A person was asked about an edit, and each read of it meanwhile made it younger: what was typed elsewhere in between passed for older, for certain.
#[test]
fn an_edit_that_waits_for_a_person_grows_no_younger() {
    let mut world = World::agreed(Table::new(2, &["ask"]), &["g"]);
    world.edit(CRM, 0, "a", 3_100);
    world.edit(PRM, 0, "b", 3_150);
    world.step();
    world.now = at(3_400);
    world.step();
    let known = match &world.entity.links[CRM].as_ref().expect("a link").shadows[0] {
        Shadow::Known(known) => known.clone(),
        other => panic!("{other:?}"),
    };
    assert!(known.unchanged_at.is_some_and(|at| at < super::world::at(3_100)), "{known:?}");
}

/// A read-only cell filled a blank with what had stood there for long: it was told to have been typed just then.
#[test]
fn what_fills_a_blank_is_not_told_to_be_new() {
    let mut table = Table::new(2, &["[crm, prm]"]);
    table.fields[0].access[PRM] = crate::sync::terms::Access::ReadOnly;
    let mut world = World::agreed(table, &["g"]);
    world.edit(CRM, 0, "0", 3_100);
    world.settle(3);
    let fact = world.entity.fact(FieldIx(0)).expect("agreed").clone();
    assert_eq!((shown(&fact.value).as_str(), fact.changed.after), ("g", None));
}

/// A create was repeated with its token, and the first request had made the record: what a user typed in between passed for older than the repeat.
#[test]
fn what_is_known_of_a_record_begins_with_the_first_request() {
    let mut table = Table::new(2, &["latest"]);
    table.systems[PRM].creates = true;
    let mut world = World::new(table, &[&["a"]]);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    let first = world.now;
    world.now = at(5_000);
    let made = world.write(&op);
    world.land(&entry, &made, false);
    assert_eq!(world.entity.links[PRM].as_ref().expect("a link").unchanged_at, Some(first));
}
