//! The policies, worked: two systems, one field, every pair of edits.

use super::table::Table;
use super::world::{World, at, shown};
use crate::sync::review::Answer;
use crate::value::Value;

/// `edits` per system: a letter typed (crm at 3100, prm at 3200 unless `a@3300`), `0` cleared, `.` unchanged, `?` unread.
#[track_caller]
fn check(wins: &str, edits: &str, plan: &str) -> World {
    let mut world = World::agreed(Table::new(2, &[wins]), &["g"]);
    for (system, edit) in edits.split(", ").enumerate() {
        let (value, time) = edit.split_once('@').unwrap_or((edit, ["3100", "3200"][system]));
        match value {
            "." => {}
            "?" => world.down[system] = true,
            value => world.edit(system, 0, value, time.parse().expect("a time")),
        }
    }
    let look = world.step();
    assert_eq!(world.print(&look), plan, "wins: {wins}, edits: {edits}");
    world
}

#[test]
fn one_edit() {
    for wins in ["crm", "[crm, prm]", "latest", "ask"] {
        check(wins, "a, .", "prm f=a");
        check(wins, "0, .", "prm f=0");
        check(wins, "a, a", "");
    }
    check("crm", "., b", "prm f=g; lost prm:b");
    check("[crm, prm]", "., b", "prm f=g; lost prm:b");
    check("latest", "., b", "crm f=b");
    check("ask", "., b", "crm f=b");
}

#[test]
fn two_edits() {
    for edits in ["a, b", "a, 0", "0, b"] {
        let [crm, prm] = [0, 1].map(|at| edits.split(", ").nth(at).expect("two edits"));
        check("crm", edits, &format!("prm f={crm}; lost prm:{prm}"));
        check("latest", edits, &format!("crm f={prm}; lost crm:{crm} (possible)"));
        check("ask", edits, "ask");
    }
    check("[crm, prm]", "a, b", "prm f=a; lost prm:b");
    check("[crm, prm]", "a, 0", "prm f=a; lost prm:0");
    check("latest", "a@3300, b", "prm f=a; lost prm:b (possible)");
    check("latest", "a@3201, b", "prm f=a; lost prm:b (order)");
    check("latest certain", "a, b", "ask");
}

/// Section 5 says `prm := a` for a clear of the owner's rank beside a fill of a lower one; section 0, which holds, lets the fill in.
#[test]
fn a_clear_never_beats_a_fill_of_the_same_look() {
    check("[crm, prm]", "0, b", "crm f=b; lost crm:0");
}

#[test]
fn unread_systems_are_owed_it_later() {
    for wins in ["crm", "[crm, prm]", "latest", "ask"] {
        let mut world = check(wins, "a, ?", "");
        assert_eq!(shown(world.entity.agreed(crate::sync::entity::FieldIx(0))), "a");
        world.down[1] = false;
        let look = world.step();
        assert_eq!(world.print(&look), "prm f=a");
    }
}

#[test]
fn an_open_question_closes_itself_when_the_systems_agree() {
    let mut world = check("ask", "a, b", "ask");
    assert_eq!(world.reviews.len(), 1);
    assert_eq!(world.print(&world.peek()), "", "asked once");
    world.edit(0, 0, "b", 3300);
    world.step();
    assert!(world.reviews.is_empty());
    assert_eq!([world.shows(0, 0), world.shows(1, 0)].map(shown), ["b", "b"]);
}

#[test]
fn an_answer_is_the_value_of_a_person() {
    let mut world = check("ask", "a, b", "ask");
    world.answer(Answer::Value { value: Value::text("c"), at: at(3500) });
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=c; prm f=c; lost crm:a prm:b");
    assert!(world.reviews.is_empty());
}

#[test]
fn certain_needs_a_read_between_two_edits() {
    let mut world = World::agreed(Table::new(2, &["latest certain"]), &["g"]);
    world.edit(0, 0, "a", 3100);
    world.down[0] = true;
    world.edit(1, 0, "g", 4000);
    world.step();
    world.down[0] = false;
    world.edit(1, 0, "b", 4100);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=b; lost crm:a (certain)");
}
