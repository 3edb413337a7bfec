//! Random histories: users type, systems go down, answers are lost, runs crash; then everything calms and must agree.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::table::{FakeSystem, Form, Table, Wall, shaped};
use super::world::{World, shown};
use crate::mapping::Wins;
use crate::mapping::system::Leaves;
use crate::sync::entity::{FieldIx, SystemIx};
use crate::sync::lossy::is_lossy_form;
use crate::sync::neighbours::View;
use crate::sync::terms::Terms;
use crate::system::Outcome;

#[derive(Clone, Debug)]
enum Act {
    Edit {
        system: usize,
        field: usize,
        value: &'static str,
    },
    Down(usize),
    Up(usize),
    Step,
    /// Decided and stored, and the process died before anything was sent.
    Crash,
    /// Sent, and the answer lost; it landed or not.
    LoseAnswers {
        landed: bool,
    },
    Delete(usize),
    Sleep(usize),
    Wake(usize),
}

const VALUES: [&str; 6] = ["alpha", "Beta", "gamma ray", "DELTA", "ep", "0"];
const POLICIES: [&str; 9] =
    ["latest", "crm", "prm", "[crm, prm]", "[prm, crm]", "highest", "first", "prm ? g=alpha | crm ?", "crm ? f=Beta | prm ? g=ep | crm ?"];

fn acts(systems: usize, deletes: bool) -> impl Strategy<Value = Vec<Act>> {
    let value = prop::sample::select(&VALUES[..]);
    let act = (0..if deletes { 12u8 } else { 10 }, 0..systems, 0..3usize, value).prop_map(|(kind, system, field, value)| match kind {
        0..=3 => Act::Edit { system, field, value },
        4 => Act::Down(system),
        5 => Act::Up(system),
        6 | 7 => Act::Step,
        8 => Act::Crash,
        9 => Act::LoseAnswers { landed: field == 0 },
        10 => Act::Delete(system),
        _ if field == 0 => Act::Sleep(system),
        _ => Act::Wake(system),
    });
    prop::collection::vec(act, 1..25)
}

fn table(systems: usize, policies: [&'static str; 2], forms: &[u8]) -> Table {
    let mut table = Table::new(systems, &policies);
    for (at, form) in forms.iter().enumerate().take(systems) {
        table.fields[0].forms[at] = match form {
            0 => Form::Lower,
            1 => Form::Cut(4),
            _ => Form::Exact,
        };
    }
    table
}

fn play(world: &mut World, acts: &[Act]) {
    for act in acts {
        world.now += SignedDuration::from_secs(100);
        let now = world.now.as_second();
        match act {
            Act::Edit { system, field, value } if world.records[*system].is_some() && *field < world.table.fields.len() => {
                let typed = shaped(world.vendor[*field][*system], &super::world::text(value)).expect("these forms hold all");
                world.edit(*system, *field, &shown(&typed), now);
            }
            Act::Delete(system) => world.records[*system] = None,
            Act::Sleep(system) | Act::Wake(system) => {
                if let Some(record) = world.records[*system].as_mut() {
                    record.takes_part = matches!(act, Act::Wake(_));
                    record.version += 1;
                    record.time = world.now;
                }
            }
            Act::Edit { .. } => {}
            Act::Down(system) => world.down[*system] = true,
            Act::Up(system) => world.down[*system] = false,
            Act::Step => {
                world.step();
            }
            Act::Crash => {
                world.look();
            }
            Act::LoseAnswers { landed } => lose_answers(world, *landed),
        }
    }
}

fn lose_answers(world: &mut World, landed: bool) {
    let look = world.look();
    for (op, class) in &look.ops {
        let entry = world.entry(op, class.clone());
        if landed {
            world.write(op);
        }
        world.land(&entry, &Outcome::InDoubt { why: "lost".to_owned() }, false);
    }
}

/// Users stop, everything answers, all waits are over.
fn calm(world: &mut World) -> usize {
    world.down.iter_mut().for_each(|down| *down = false);
    world.now += SignedDuration::from_secs(1_000);
    for rounds in 0..8 {
        let look = world.step();
        world.now += SignedDuration::from_secs(200);
        if look.ops.is_empty() && look.waits.is_none() {
            return rounds;
        }
    }
    panic!("no end: {}", world.print(&world.peek()));
}

fn assert_agreement(world: &World) -> Result<(), TestCaseError> {
    for field in world.table.fields() {
        let agreed = world.entity.agreed(field);
        for system in world.table.systems() {
            let Some(record) = &world.records[system.0 as usize] else { continue };
            if !record.takes_part || world.entity.live(system).is_none_or(|link| link.beyond) {
                continue;
            }
            let form = shaped(world.vendor[field.0 as usize][system.0 as usize], agreed).expect("these forms hold all");
            let shows = &record.values[field.0 as usize];
            // What may be our own unconfirmed write in an undeclared form counts as ours: told as lossy, and logged.
            let agrees = shows == &form || is_lossy_form(&form, shows);
            prop_assert!(agrees, "{} in {}: {shows:?}, not {form:?}", world.table.field_name(field), world.table.system_name(system));
        }
    }
    Ok(())
}

fn named(field: FieldIx, world: &World) -> bool {
    matches!(world.table.wins(field), Wins::Latest(_))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn systems_come_to_agree_within_three_rounds(
        systems in 2..5usize,
        policies in prop::array::uniform2(prop::sample::select(&POLICIES[..])),
        forms in prop::collection::vec(0..6u8, 4),
        history in acts(2, false),
    ) {
        let mut world = World::agreed(table(systems, policies, &forms), &["start", "start"]);
        play(&mut world, &history);
        let rounds = calm(&mut world);
        prop_assert!(rounds <= 3, "{rounds} rounds");
        assert_agreement(&world)?;
        prop_assert!(world.peek().ops.is_empty());
    }

    #[test]
    fn computed_fields_and_owners_that_follow_them_come_to_rest(history in acts(3, false), follows in 0..2usize) {
        let owned = ["prm ? f=<alpha> | erp ? g=Beta | crm ?", "prm ? g=<ep> | crm ? f=alpha | erp ?"][follows];
        let mut table = table(3, ["latest", "latest"], &[]);
        table.fields.push(Table::new(3, &["latest", "latest", owned]).fields[2].clone());
        table.fields[1].formula = Some(FieldIx(0));
        table.formulas = vec![FieldIx(1)];
        let mut world = World::agreed(table, &["start", "<start>", "h"]);
        play(&mut world, &history);
        let rounds = calm(&mut world);
        prop_assert!(rounds <= 3, "{rounds} rounds");
        assert_agreement(&world)?;
        prop_assert!(world.peek().ops.is_empty());
        let computed = world.table.computed(FieldIx(1), &View { entity: &world.entity, neighbours: &world.neighbours, today: jiff::civil::date(2026, 3, 2), forgiven: &[] });
        prop_assert_eq!(computed, Some(Ok(world.entity.agreed(FieldIx(1)).clone())));
    }

    #[test]
    fn undeclared_forms_settle_too(history in acts(2, false), form in 0..2u8) {
        let mut world = World::agreed(table(2, ["latest", "crm"], &[]), &["start", "start"]);
        world.vendor[0][1] = if form == 0 { Form::Lower } else { Form::Cut(4) };
        play(&mut world, &history);
        calm(&mut world);
        prop_assert!(world.peek().ops.is_empty());
        for _ in 0..5 {
            let look = world.step();
            prop_assert!(look.ops.is_empty(), "{}", world.print(&look));
        }
    }

    #[test]
    fn deletes_sleep_and_walls_come_to_rest(history in acts(3, true), leaves in 0..3u8, named in any::<bool>()) {
        let mut table = table(3, ["latest", "crm"], &[]);
        let follower: &mut FakeSystem = &mut table.systems[1];
        follower.wall = Wall::NotDeleted(named.then_some(SystemIx(0)));
        follower.leaves = [Leaves::Stop, Leaves::Archive, Leaves::Delete][leaves as usize];
        follower.creates = true;
        table.systems[2].creates = true;
        let mut world = World::agreed(table, &["start", "start"]);
        play(&mut world, &history);
        calm(&mut world);
        assert_agreement(&world)?;
        let quiet = world.step();
        prop_assert!(quiet.ops.is_empty(), "{}", world.print(&quiet));
        let ours = world.entity.links.iter().flatten().filter(|link| matches!(link.state, crate::sync::entity::LinkState::GoneByUs { .. })).count();
        prop_assert!(ours == 0 || world.entity.links[1].is_some(), "only the follower is ever removed by us");
    }

    #[test]
    fn a_look_is_pure_and_one_application_is_enough(
        policies in prop::array::uniform2(prop::sample::select(&POLICIES[..])),
        history in acts(3, false),
    ) {
        let mut world = World::agreed(table(3, policies, &[]), &["start", "start"]);
        play(&mut world, &history);
        world.down = vec![false; 3];
        world.now += SignedDuration::from_secs(1_000);
        prop_assert_eq!(world.peek(), world.peek());
        world.step();
        let again = world.step();
        prop_assert!(again.ops.is_empty(), "{}", world.print(&again));
    }

    #[test]
    fn with_quiet_between_edits_the_later_one_is_the_value(history in acts(3, false), system in 0..3usize, value in prop::sample::select(&VALUES[..])) {
        let mut world = World::agreed(table(3, ["latest", "[crm, prm]"], &[]), &["start", "start"]);
        play(&mut world, &history);
        calm(&mut world);
        let now = world.now.as_second() + 50;
        let lost_before = world.peek().conflicts.len();
        world.edit(system, 0, value, now);
        let look = world.peek();
        prop_assert_eq!((lost_before, look.conflicts.len()), (0, 0), "nobody else spoke, so nothing is lost");
        calm(&mut world);
        prop_assert!(named(FieldIx(0), &world));
        prop_assert_eq!(shown(world.entity.agreed(FieldIx(0))), value);
    }
}
