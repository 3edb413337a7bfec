//! Single fields: forms, adoption, ranks, sets, refusals.

use super::table::{Form, Table};
use super::world::{World, at, shown};
use crate::id::{EntityId, RecordKey};
use crate::mapping::Wins;
use crate::sync::NoteKind;
use crate::sync::entity::{FieldIx, Shadow, SystemIx};
use crate::sync::terms::Access;
use crate::system::Outcome;
use crate::value::Value;

/// First match of records that show these values (`-`: no record), then the plan.
#[track_caller]
fn adopt(wins: &str, values: &[&str], plan: &str) -> World {
    let mut world = World::new(Table::new(values.len(), &[wins]), &[]);
    for (system, value) in values.iter().enumerate().filter(|(_, value)| **value != "-") {
        world.add(system, vec![super::world::text(value)]);
    }
    let look = world.step();
    assert_eq!(world.print(&look), plan, "wins: {wins}, values: {values:?}");
    world
}

#[test]
fn adoption() {
    adopt("latest", &["a", "a"], "");
    adopt("latest", &["0", "a"], "crm f=a");
    adopt("crm", &["0", "a"], "crm f=a");
    adopt("crm", &["a", "b"], "prm f=a; lost prm:b");
    adopt("crm", &["-", "b"], "");
    adopt("[prm, crm]", &["a", "b"], "crm f=b; lost crm:a");
    adopt("highest", &["a", "b"], "crm f=b; lost crm:a");
    adopt("lowest", &["a", "b"], "prm f=a; lost prm:b");
    adopt("ask", &["a", "b"], "ask");
    adopt("latest [crm, prm]", &["a", "0", "c"], "prm f=a; erp f=a; lost erp:c");
    adopt("latest [crm, prm]", &["0", "0", "c"], "crm f=c; prm f=c");
    let world = adopt("latest", &["0", "0"], "");
    assert!(world.entity.fact(FieldIx(0)).is_some_and(|fact| fact.value.is_blank()));
}

#[test]
fn a_link_that_joins_competes_with_the_agreed_value() {
    let mut world = World::new(Table::new(2, &["latest"]), &[&["g"]]);
    world.settle(3);
    world.now = at(3_000);
    world.add(1, vec![Value::text("b")]);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=b; lost agreed:g (possible)");
}

#[test]
fn the_finest_value_wins_over_its_own_form() {
    let mut table = Table::new(2, &["crm"]);
    table.fields[0].forms = vec![Form::Lower, Form::Exact];
    let mut world = World::new(table, &[&["acme"], &["Acme"]]);
    let look = world.step();
    assert_eq!(world.print(&look), "");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "Acme");
}

#[test]
fn a_declared_form_is_no_edit() {
    let mut table = Table::new(2, &["latest"]);
    table.fields[0].forms = vec![Form::Exact, Form::Cut(4)];
    let mut world = World::agreed(table, &["acme"]);
    world.edit(0, 0, "acme corporation", 3_100);
    assert_eq!(world.settle(3), 0, "prm cannot tell the two apart");
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "acme corporation");
    world.edit(1, 0, "beta", 3_200);
    assert_eq!(world.settle(3), 1);
    assert_eq!(shown(world.shows(0, 0)), "beta");
}

#[test]
fn an_undeclared_form_settles_and_is_told() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.vendor[0][1] = Form::Cut(4);
    world.edit(0, 0, "acme corporation", 3_100);
    world.step();
    let look = world.step();
    assert!(look.ops.is_empty());
    assert!(look.notes.iter().any(|note| note.what == NoteKind::Lossy));
    assert_eq!(world.settle(3), 0);
    assert_eq!(shown(world.shows(0, 0)), "acme corporation");
}

#[test]
fn what_a_system_cannot_hold_is_not_written() {
    let mut table = Table::new(2, &["latest"]);
    table.fields[0].forms = vec![Form::Exact, Form::Without('x')];
    let mut world = World::agreed(table, &["g"]);
    world.edit(0, 0, "xyz", 3_100);
    let look = world.step();
    assert!(look.ops.is_empty());
    assert!(look.notes.iter().any(|note| note.what == NoteKind::NoForm && note.system == SystemIx(1)));
    assert_eq!(shown(world.shows(1, 0)), "g");
    world.edit(0, 0, "abc", 3_200);
    assert_eq!(world.settle(3), 1);
}

#[test]
fn a_lower_rank_fills_a_blank_and_a_read_only_cell_does_at_once() {
    let mut table = Table::new(2, &["[crm, prm]"]);
    table.fields[0].access = vec![Access::Both, Access::ReadOnly];
    let mut world = World::agreed(table, &["g"]);
    world.edit(1, 0, "b", 3_100);
    world.settle(3);
    assert_eq!(shown(world.shows(0, 0)), "g");
    world.edit(0, 0, "0", 3_200);
    world.settle(3);
    assert_eq!(shown(world.shows(0, 0)), "b", "the clear lets in what prm shows all the time");
}

#[test]
fn first_stays_and_highest_never_goes_back() {
    let mut world = World::agreed(Table::new(2, &["first", "highest"]), &["g", "g"]);
    world.edit(0, 0, "h", 3_100);
    world.edit(0, 1, "a", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=g g=g; lost crm:h; lost crm:a");
    world.edit(1, 1, "z", 3_200);
    assert_eq!(world.settle(3), 1);
    assert_eq!(shown(world.shows(0, 1)), "z");
}

#[test]
fn a_required_field_is_never_cleared() {
    let mut table = Table::new(2, &["latest"]);
    table.fields[0].required = true;
    let mut world = World::agreed(table, &["g"]);
    world.edit(0, 0, "0", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=g; lost crm:0");
}

fn set(text: &str) -> Value {
    if text.is_empty() { Value::Blank } else { Value::Set(text.split(' ').map(Value::text).collect()) }
}

#[test]
fn sets_merge_element_by_element() {
    let mut table = Table::new(2, &["latest"]);
    table.fields[0].set = true;
    let mut world = World::new(table, &[]);
    world.add(0, vec![set("a b")]);
    world.add(1, vec![set("b c")]);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f={a,b,c}; prm f={a,b,c}", "at first nothing is removed");
    world.settle(3);
    world.now = at(3_000);
    world.edit(0, 0, "x", 3_100);
    world.edit(1, 0, "x", 3_200);
    world.records[0].as_mut().expect("crm").values[0] = set("a b c d");
    world.records[1].as_mut().expect("prm").values[0] = set("b c");
    let look = world.step();
    assert_eq!(world.print(&look), "crm f={b,c,d}; prm f={b,c,d}");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_write_only_cell_is_owed_until_it_was_sent() {
    let mut table = Table::new(2, &["latest"]);
    table.fields[0].access = vec![Access::Both, Access::WriteOnly];
    let mut world = World::agreed(table, &["g"]);
    world.edit(0, 0, "a", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=a");
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_refused_value_is_not_sent_again_until_it_moves() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.edit(0, 0, "bad", 3_100);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    let refusal = Outcome::Refused { code: "400".to_owned(), message: "no".to_owned(), fields: Vec::new() };
    world.land(&entry, &refusal, false);
    let look = world.step();
    assert!(look.ops.is_empty() && look.notes.iter().any(|note| note.what == NoteKind::Refused));
    world.edit(0, 0, "good", 3_200);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=good");
}

#[test]
fn a_value_sent_stands_for_what_was_sent_even_if_the_hub_moved() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.edit(0, 0, "a", 3_100);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    let outcome = world.write(&op);
    world.edit(0, 0, "b", 3_200);
    world.down[1] = true;
    world.look();
    world.down[1] = false;
    world.land(&entry, &outcome, false);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=b");
}

#[test]
fn a_field_unread_is_neither_blank_nor_written() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.unread.push((1, 0));
    world.edit(0, 0, "a", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "");
    world.unread.clear();
    assert_eq!(world.settle(3), 1);
}

#[test]
fn an_owner_that_was_never_read_makes_the_field_wait() {
    let mut world = World::new(Table::new(2, &["crm"]), &[&["a"], &["b"]]);
    world.down[0] = true;
    let look = world.step();
    assert_eq!(world.print(&look), "");
    assert!(look.notes.iter().any(|note| note.what == NoteKind::Waits));
    assert!(matches!(world.entity.links[1].as_ref().expect("prm").shadows[0], Shadow::Unknown));
    world.down[0] = false;
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=a; lost prm:b");
}

#[test]
fn a_locked_record_votes_and_waits() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.records[1].as_mut().expect("prm").locked = true;
    world.edit(0, 0, "a", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "");
    assert!(look.notes.iter().any(|note| note.what == NoteKind::Locked));
    world.records[1].as_mut().expect("prm").locked = false;
    assert_eq!(world.settle(3), 1);
}

#[test]
fn nothing_new_is_nothing_to_store() {
    let mut world = World::agreed(Table::new(3, &["latest", "crm"]), &["g", "h"]);
    assert!(matches!(world.table.fields[1].wins, Wins::Owner(_)));
    world.look();
    let look = world.peek();
    assert_eq!((look.entity, look.counts.unchanged), (None, 3));
    world.edit(0, 0, "a", 3_100);
    assert!(world.peek().entity.is_some());
}

#[test]
fn reasons_name_rule_and_place() {
    let mut world = World::agreed(Table::new(2, &["crm"]), &["g"]);
    world.edit(1, 0, "b", 3_100);
    let look = world.peek();
    let sentence = look.ops[0].0.fields[0].reason.sentence(&world.table, Some(FieldIx(0)));
    assert_eq!(sentence, "the edit in prm is put back: it may not decide: wins: crm (mappings/deals.yaml:7)");
}

#[test]
fn a_reference_waits_for_its_record_and_a_ring_is_closed_later() {
    let mut table = Table::new(2, &["latest", "latest"]);
    table.systems[1].creates = true;
    table.fields[1].forms[1] = Form::Linked;
    let mut world = World::new(table, &[&["a"]]);
    world.records[0].as_mut().expect("crm").values.push(Value::Ref(EntityId(7)));
    let look = world.step();
    assert_eq!(world.print(&look), "prm create f=a");
    assert_eq!(look.ops[0].0.deferred, [FieldIx(1)]);
    let look = world.step();
    assert!(look.ops.is_empty() && look.notes.iter().any(|note| note.what == NoteKind::Deferred));
    world.neighbours.keys.insert((FieldIx(1), SystemIx(1), EntityId(7)), RecordKey::new("prm-77"));
    let look = world.step();
    assert_eq!(look.ops[0].0.fields[0].want, Value::Ref(EntityId(7)));
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_reference_that_cannot_be_resolved_is_neither_blank_nor_written_over() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.unresolved.push((1, 0));
    world.edit(0, 0, "a", 3_100);
    let look = world.step();
    assert_eq!(world.print(&look), "");
    assert!(look.notes.iter().any(|note| note.what == NoteKind::Unresolved));
}

#[test]
fn a_create_says_which_reference_it_waits_for() {
    let noted = |required: bool, asks: bool| {
        let mut table = Table::new(3, &["latest", "latest"]);
        table.systems[2].creates = true;
        table.systems[2].asks = asks.then_some(FieldIx(1));
        table.fields[1].required = required;
        let mut world = World::new(table, &[&["a", "x"], &["a", "x"]]);
        world.unresolved.extend([(0, 1), (1, 1)]);
        let look = world.step();
        let notes: Vec<NoteKind> = look.notes.iter().filter(|note| note.system == SystemIx(2)).map(|note| note.what.clone()).collect();
        (look.ops.into_iter().map(|(op, _)| (op.system, op.deferred)).collect::<Vec<_>>(), notes)
    };
    assert_eq!(noted(false, false), (vec![(SystemIx(2), vec![FieldIx(1)])], vec![]), "it is made, and the reference follows");
    assert_eq!(noted(true, false), (vec![], vec![NoteKind::RequiredUnlinked]), "not blank, as somebody would look for");
    assert_eq!(noted(false, true), (vec![], vec![NoteKind::CreateUnlinked]));
}

#[test]
fn a_field_asked_about_is_left_out_of_a_create() {
    let mut table = Table::new(3, &["latest", "ask"]);
    table.systems[2].creates = true;
    let mut world = World::new(table, &[&["a", "x"], &["a", "y"]]);
    let look = world.step();
    assert_eq!(world.print(&look), "erp create f=a; ask");
}
