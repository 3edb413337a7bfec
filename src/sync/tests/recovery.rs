//! Writes in doubt, ghosts, read lag, placing, guard, late match.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::date;

use super::table::{Table, path};
use super::world::{World, abilities, at, shown};
use crate::id::{EntityId, RecordKey, RunId};
use crate::mapping::{Adopt, Limit, Limits, Observation};
use crate::sync::entity::{Entity, FieldIx, LinkState, SystemIx};
use crate::sync::guard::{HoldReason, Limited, Listing, Stand};
use crate::sync::join::{Join, Pair, join};
use crate::sync::op::{Entry, EntryClass, EntryState};
use crate::sync::place::{EntityHit, Placement, RuleHits, Unlinked, WaitingWhy, place};
use crate::sync::recover::{Doubt, Found, Recovery, Seek, recover, seek};
use crate::sync::review::ReviewAbout;
use crate::sync::{Guard, Neighbours, RunCounts, guard};
use crate::system::{CreateClass, FindBy, Outcome, UpdateClass, UpsertBy};
use crate::value::Value;

/// `crm` was edited to `a`; the write to prm was sent and nobody answered.
fn lost_answer(update: UpdateClass) -> (World, Entry) {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    let abilities = crate::system::Abilities { update: Some(update), ..abilities() };
    world.abilities[1] = Arc::new(abilities);
    world.edit(0, 0, "a", 3_100);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    world.land(&entry, &Outcome::InDoubt { why: "timeout".to_owned() }, false);
    (world, entry)
}

#[test]
fn a_landed_write_in_doubt_is_no_edit() {
    let (mut world, entry) = lost_answer(UpdateClass::Version);
    world.write(&entry.op);
    world.edit(0, 0, "b", 3_200);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=b", "the later edit wins and nothing is lost");
    assert_eq!(world.entries[0].state, EntryState::Done);
}

#[test]
fn a_write_that_lands_late_is_still_ours() {
    let (mut world, entry) = lost_answer(UpdateClass::Version);
    let look = world.look();
    assert_eq!(world.print(&look), "prm f=a", "guarded by its version, it is planned anew at once");
    assert_eq!(world.entries[0].state, EntryState::Ghost);
    world.write(&entry.op);
    world.edit(0, 0, "b", 3_110);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=b");
}

#[test]
fn without_a_version_a_record_in_doubt_is_left_alone_for_its_time() {
    let (mut world, _) = lost_answer(UpdateClass::Fields);
    let look = world.look();
    assert_eq!(world.print(&look), "");
    assert_eq!(look.waits, Some(world.now + SignedDuration::from_secs(90)));
    world.now += SignedDuration::from_secs(91);
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=a");
    assert_eq!(world.entries[0].state, EntryState::Superseded);
}

#[test]
fn a_write_in_doubt_is_ours_until_its_field_is_told_again() {
    let (mut world, entry) = lost_answer(UpdateClass::Version);
    world.write(&entry.op);
    world.unread.push((1, 0));
    world.now += SignedDuration::from_secs(3_600);
    world.step();
    assert_eq!(world.entries[0].state, EntryState::Ghost, "nobody saw what became of it");
    world.edit(0, 0, "b", 3_200);
    world.step();
    world.unread.clear();
    let look = world.step();
    assert_eq!(world.print(&look), "prm f=b", "what it shows is ours, and no edit");
    assert_eq!(world.entries[0].state, EntryState::Done);
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "b");
}

#[test]
fn an_edit_over_a_write_in_doubt_is_an_edit() {
    let (mut world, _) = lost_answer(UpdateClass::Version);
    world.edit(1, 0, "user", 3_150);
    let look = world.step();
    assert_eq!(world.print(&look), "crm f=user; lost agreed:a (possible)");
}

#[test]
fn a_read_within_the_lag_of_our_write_is_silent() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    let lagging = crate::system::Abilities { read_lag: Duration::from_secs(60), ..abilities() };
    world.abilities[1] = Arc::new(lagging);
    let stale = world.records[1].clone();
    world.edit(0, 0, "a", 3_100);
    world.step();
    let fresh = std::mem::replace(&mut world.records[1], stale);
    let look = world.step();
    assert_eq!((world.print(&look).as_str(), look.waits.is_some()), ("", true));
    assert_eq!(shown(world.entity.agreed(FieldIx(0))), "a");
    world.records[1] = fresh;
    world.now += SignedDuration::from_secs(60);
    assert_eq!(world.settle(3), 0);
}

#[test]
fn a_modified_time_that_runs_backwards_is_silent() {
    let mut world = World::agreed(Table::new(2, &["latest"]), &["g"]);
    world.edit(1, 0, "a", 3_100);
    world.settle(3);
    let record = world.records[1].as_mut().expect("prm");
    record.time = at(2_000);
    record.values[0] = Value::text("old");
    let look = world.step();
    assert_eq!(world.print(&look), "");
}

#[test]
fn a_delete_in_doubt_that_landed_is_ours() {
    let mut table = Table::new(2, &["crm"]);
    table.systems[1].wall = super::table::Wall::Is(FieldIx(0), Value::text("open"));
    table.systems[1].leaves = crate::mapping::system::Leaves::Delete;
    table.systems[0].wall = super::table::Wall::NotDeleted(Some(SystemIx(1)));
    table.systems[0].leaves = crate::mapping::system::Leaves::Delete;
    let mut world = World::agreed(table, &["open"]);
    world.edit(0, 0, "shut", 3_100);
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    world.land(&entry, &Outcome::InDoubt { why: "reset".to_owned() }, false);
    world.records[1] = None;
    let look = world.step();
    assert_eq!(world.print(&look), "", "crm does not follow a delete that was ours");
    assert_eq!(world.entries[0].state, EntryState::Done);
}

fn create_in_doubt(classes: Vec<CreateClass>) -> (World, Entry) {
    let mut table = Table::new(2, &["latest"]);
    table.systems[1].creates = true;
    let mut world = World::new(table, &[&["a"]]);
    world.abilities[1] = Arc::new(crate::system::Abilities { create: classes, find_lag: Duration::from_secs(600), ..abilities() });
    let look = world.look();
    let (op, class) = look.ops[0].clone();
    let entry = world.entry(&op, class);
    world.land(&entry, &Outcome::InDoubt { why: "timeout".to_owned() }, false);
    (world, entry)
}

fn doubt<'a>(world: &'a World, entry: &'a Entry) -> Doubt<'a> {
    Doubt { terms: &world.table, entry, abilities: &world.abilities[1], instance: "test", now: world.now }
}

fn found(key: &str) -> Found {
    Found { key: RecordKey::new(key), linked: None, predecessor: false, holds: true, since: true }
}

#[test]
fn no_second_create_while_one_is_in_doubt() {
    let (mut world, _) = create_in_doubt(vec![CreateClass::None]);
    world.edit(0, 0, "b", 1_500);
    let look = world.step();
    assert_eq!(world.print(&look), "");
}

#[test]
fn classes_of_creates() {
    let marker = CreateClass::Marker { path: path("mark") };
    let upsert = CreateClass::Upsert { by: UpsertBy::Paths(vec![path("f")]) };
    let token = CreateClass::Token { remembers: Duration::from_secs(3_600) };
    let natural = CreateClass::Find { by: FindBy::AnyField };

    let (mut world, entry) = create_in_doubt(vec![token, marker.clone()]);
    assert_eq!(seek(&doubt(&world, &entry)), Seek::Resend);
    world.now += SignedDuration::from_hours(1);
    assert_eq!(seek(&doubt(&world, &entry)), Seek::Find { path: path("mark"), value: Value::text("test-e1") });

    let (world, entry) = create_in_doubt(vec![upsert]);
    assert_eq!(recover(&doubt(&world, &entry), &[]), Recovery::Send);
    assert_eq!(recover(&doubt(&world, &entry), &[found("x")]), Recovery::Link { at: 0, adopt: false });
    let other = Found { linked: Some(EntityId(9)), ..found("x") };
    assert_eq!(recover(&doubt(&world, &entry), &[other]), Recovery::Late(EntityId(9)));
    let unsent = Entry { first_sent_at: None, ..entry };
    assert_eq!(recover(&doubt(&world, &unsent), &[found("x")]), Recovery::Link { at: 0, adopt: true });

    // A marker says whose it is; a natural key does not.
    for (class, adopt) in [(marker, false), (natural, true)] {
        let (mut world, entry) = create_in_doubt(vec![class]);
        assert!(matches!(recover(&doubt(&world, &entry), &[]), Recovery::Wait(until) if until == world.now + SignedDuration::from_secs(690)));
        world.now += SignedDuration::from_secs(700);
        assert_eq!(recover(&doubt(&world, &entry), &[]), Recovery::Send);
        let again = Entry { attempt: 2, ..entry.clone() };
        assert_eq!(recover(&doubt(&world, &again), &[]), Recovery::Review(Vec::new()));
        let theirs = Found { holds: false, ..found("x") };
        assert_eq!(recover(&doubt(&world, &entry), &[theirs]), Recovery::Link { at: 0, adopt });
        let two = [found("x"), found("y")];
        assert_eq!(recover(&doubt(&world, &entry), &two), Recovery::Review(vec![RecordKey::new("x"), RecordKey::new("y")]));
    }
    let (world, entry) = create_in_doubt(vec![CreateClass::None]);
    assert_eq!(seek(&doubt(&world, &entry)), Seek::Review);
}

#[test]
fn a_refused_create_waits_for_another_value() {
    let (mut world, entry) = create_in_doubt(vec![CreateClass::None]);
    world.land(&entry, &Outcome::Refused { code: "400".to_owned(), message: "no".to_owned(), fields: Vec::new() }, false);
    let look = world.step();
    assert_eq!(world.print(&look), "");
    world.edit(0, 0, "b", 1_500);
    let plans: Vec<String> = (0..2)
        .map(|_| {
            let look = world.step();
            world.print(&look)
        })
        .collect();
    assert!(plans.contains(&"prm create f=b".to_owned()), "{plans:?}");
}

fn observed(world: &World) -> Observation {
    world.observe(0, world.records[0].as_ref().expect("crm"))
}

#[test]
fn placing_an_unlinked_record() {
    let world = World::new(Table::new(2, &["latest"]), &[&["a"]]);
    let observation = observed(&world);
    let nothing = |_: &crate::value::Path, _: &Value| false;
    let unlinked = Unlinked {
        terms: &world.table,
        system: SystemIx(0),
        observation: &observation,
        label: &String::new,
        creates: &[],
        holds: &nothing,
        hits: &[],
        predecessor_of: None,
        asked: None,
        said_to_be: None,
        inside_alone: true,
    };
    let hit = |id: i64, taken: bool| EntityHit { entity: EntityId(id), taken, inside: true };
    let rule = |entities: Vec<EntityHit>| [RuleHits { entities, ..RuleHits::default() }];
    assert_eq!(place(&unlinked), Placement::Start);
    assert_eq!(place(&Unlinked { inside_alone: false, ..unlinked }), Placement::Wait(WaitingWhy::BeyondWall));
    assert_eq!(place(&Unlinked { hits: &rule(vec![hit(1, false)]), ..unlinked }), Placement::Join(EntityId(1)));
    let review = |placement: Placement| matches!(placement, Placement::Review(ReviewAbout::Match { .. }));
    assert!(review(place(&Unlinked { hits: &rule(vec![hit(1, false), hit(2, false)]), ..unlinked })), "two hits: never the first");
    assert!(review(place(&Unlinked { hits: &rule(vec![hit(1, true)]), ..unlinked })), "a twin in its own system");
    assert!(review(place(&Unlinked { predecessor_of: Some(EntityId(1)), ..unlinked })));
    let asleep = Observation { takes_part: None, ..observation.clone() };
    assert_eq!(place(&Unlinked { observation: &asleep, ..unlinked }), Placement::Wait(WaitingWhy::Outside));
}

#[test]
fn our_own_create_that_comes_back_is_claimed() {
    let (mut world, entry) = create_in_doubt(vec![CreateClass::None]);
    world.write(&entry.op);
    let observation = world.observe(1, world.records[1].as_ref().expect("prm"));
    let nothing = |_: &crate::value::Path, _: &Value| false;
    let creates = [entry.clone()];
    let unlinked = Unlinked {
        terms: &world.table,
        system: SystemIx(1),
        observation: &observation,
        label: &String::new,
        creates: &creates,
        holds: &nothing,
        hits: &[],
        predecessor_of: None,
        asked: None,
        said_to_be: None,
        inside_alone: true,
    };
    assert_eq!(place(&unlinked), Placement::Claimed(entry.id));
    let marked = [Entry { class: EntryClass::Marker { path: path("mark"), value: Value::text("test-e1") }, ..entry.clone() }];
    assert_eq!(place(&Unlinked { creates: &marked, ..unlinked }), Placement::Start, "without our marker it is not ours");
    let holds = |at: &crate::value::Path, value: &Value| *at == path("mark") && *value == Value::text("test-e1");
    assert_eq!(place(&Unlinked { creates: &marked, holds: &holds, ..unlinked }), Placement::Claimed(entry.id));
}

#[test]
fn limits_hold_a_run() {
    let limits = Limits { creates: Limit::Share(0.1), updates: Limit::Share(0.2), deletes: Limit::Share(0.02), blanks: Limit::Number(3) };
    let stand = Stand { limits: &limits, totals: &[1_000], first: false, adopt: Adopt::Ask, listings: &[] };
    let mut counts = RunCounts::new(1, 1);
    assert_eq!(guard(&counts, &stand), Guard::Pass);
    counts.systems[0].deletes = 20;
    counts.blanks[0][0] = 3;
    assert_eq!(guard(&counts, &stand), Guard::Pass);
    assert_eq!(guard(&counts, &Stand { totals: &[5], ..stand }), Guard::Hold(vec![over(Limited::Deletes, 20, 10)]));
    counts.systems[0].deletes = 21;
    counts.blanks[0][0] = 4;
    let reasons = vec![over(Limited::Deletes, 21, 20), over(Limited::Blanks(FieldIx(0)), 4, 3)];
    assert_eq!(guard(&counts, &stand), Guard::Hold(reasons));
    counts = RunCounts::new(1, 1);
    counts.systems[0].deletes = 1;
    for now in [0, 79] {
        let listing = Listing { system: SystemIx(0), before: 100, now, cut_short: false };
        assert!(matches!(guard(&counts, &Stand { listings: &[listing], ..stand }), Guard::Hold(_)));
    }
    let listing = Listing { system: SystemIx(0), before: 100, now: 80, cut_short: false };
    assert_eq!(guard(&counts, &Stand { listings: &[listing], ..stand }), Guard::Pass);
    assert_eq!(guard(&counts, &Stand { first: true, ..stand }), Guard::Hold(vec![HoldReason::FirstRun]));
    assert_eq!(guard(&counts, &Stand { first: true, adopt: Adopt::Automatic, ..stand }), Guard::Pass);
}

fn over(what: Limited, count: u64, allowed: u64) -> HoldReason {
    HoldReason::Over { system: SystemIx(0), what, count, allowed }
}

#[test]
fn a_late_match_joins_only_where_nothing_can_be_lost() {
    let mut one = World::new(Table::new(2, &["latest", "crm"]), &[&["k", "a"]]);
    one.settle(3);
    let mut other = World::new(Table::new(2, &["latest", "crm"]), &[&[], &["k", "b"]]);
    other.entity.id = EntityId(2);
    other.settle(3);
    let neighbours = Neighbours::default();
    let pair = pair(&one, &other.entity, &neighbours);
    let Join::Joined { entity, alias, conflicts } = join(&pair) else { panic!("it joins") };
    assert_eq!((entity.id, alias, conflicts.len()), (EntityId(1), EntityId(2), 1));
    assert_eq!(shown(entity.agreed(FieldIx(1))), "a", "the owner's side");
    assert!(entity.links.iter().all(Option::is_some));
    for alone in [Pair { entries_open: true, ..pair }, Pair { asks: true, ..pair }, Pair { only_pair: false, ..pair }] {
        assert!(matches!(join(&alone), Join::Review { elder: EntityId(1), .. }));
        assert!(matches!(join(&Pair { agreed: true, ..alone }), Join::Joined { .. }), "a person knows better");
    }
    let twice = Pair { one: &one.entity, other: &one.entity, ..pair };
    assert!(matches!(join(&twice), Join::Review { .. }), "both have a record there");
    assert!(matches!(join(&Pair { agreed: true, ..twice }), Join::Review { .. }), "and a person cannot change that here");
}

/// An entity of the world beside another one, and nothing in the way of joining them.
fn pair<'a>(world: &'a World, one: &'a Entity, neighbours: &'a Neighbours) -> Pair<'a> {
    Pair {
        terms: &world.table,
        one,
        other: &world.entity,
        only_pair: true,
        asks: false,
        entries_open: false,
        agreed: false,
        neighbours,
        today: date(2026, 3, 2),
        now: at(5_000),
        run: RunId(1),
    }
}

#[test]
fn a_tombstone_beside_a_live_record_is_joined_by_a_person_only() {
    let mut one = World::new(Table::new(2, &["latest"]), &[&["k"]]);
    one.settle(3);
    let mut gone = one.entity.clone();
    gone.id = EntityId(2);
    let link = gone.links[0].as_mut().expect("is linked");
    (link.key, link.state) = ("old".into(), LinkState::GoneByUser { at: at(4_000) });
    let neighbours = Neighbours::default();
    let pair = pair(&one, &gone, &neighbours);
    assert!(matches!(join(&pair), Join::Review { .. }));
    let Join::Joined { entity, .. } = join(&Pair { agreed: true, ..pair }) else { panic!("it joins") };
    let link = entity.links[0].as_ref().expect("is linked");
    assert!(link.state.is_live() && link.predecessors == ["old".into()], "{link:?}");
}
