//! What a history is about: its systems, what each vendor can do, and the mappings between them, all from the seed.

use std::fmt::Write;
use std::time::Duration;

use syncline::system::{Abilities, CreateClass, FindBy, GoneBy, Guarded, UpdateClass, UpsertBy};
use syncline::value::Path;

use super::dice::Dice;

/// Names of connections, in the order of `systems:`.
pub const NAMES: [&str; 4] = ["crm", "prm", "erp", "shop"];

/// What a column holds, for the users who type into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Key,
    Text,
    Number,
    Choice(&'static [&'static str]),
    /// A record key of another object.
    Ref(&'static str),
}

/// What a vendor makes of what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lossy {
    No,
    Cut(usize),
    Round(u32),
    Fold,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub path: &'static str,
    pub holds: Holds,
    pub lossy: Lossy,
    /// The connector's file says so.
    pub declared: bool,
}

/// How an answer to a write shows what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    Record,
    Version,
    Key,
}

#[derive(Clone, Debug)]
pub struct VendorShape {
    pub name: &'static str,
    pub versions: bool,
    pub answers: Answers,
    pub abilities: Abilities,
    /// Vendor's clock less ours, and how fast it runs away, in parts per million.
    pub offset_us: i64,
    pub drift_ppm: i64,
    /// Modified times are cut to this.
    pub grain_us: i64,
    pub page: usize,
    pub deliveries: bool,
}

#[derive(Clone, Debug)]
pub struct ObjectShape {
    pub name: &'static str,
    /// One per vendor: its columns.
    pub columns: Vec<Vec<Column>>,
}

#[derive(Clone, Debug)]
pub struct Shape {
    pub vendors: Vec<VendorShape>,
    pub objects: Vec<ObjectShape>,
    pub yaml: String,
}

impl Shape {
    pub fn throw(dice: &mut Dice) -> Self {
        let systems = *dice.pick(&[2, 2, 3, 3, 4]);
        let vendors: Vec<VendorShape> = NAMES[..systems].iter().map(|name| vendor(dice, name)).collect();
        let parents = dice.chance(0.45);
        let extras = parents && dice.chance(0.3);
        let mut objects = Vec::new();
        let mut yaml = String::new();
        if parents {
            add(dice, &vendors, "parents", None, &mut objects, &mut yaml);
        }
        add(dice, &vendors, "things", parents.then_some("parents"), &mut objects, &mut yaml);
        if extras {
            add(dice, &vendors, "extras", Some("things"), &mut objects, &mut yaml);
        }
        Self { vendors, objects, yaml }
    }
}

fn vendor(dice: &mut Dice, name: &'static str) -> VendorShape {
    let update = *dice.pick(&[UpdateClass::Version, UpdateClass::Version, UpdateClass::Fields, UpdateClass::Whole]);
    let versions = update == UpdateClass::Version || dice.chance(0.3);
    let key = Path::parse("Key").expect("a path");
    let create = match dice.below(6) {
        0 => vec![CreateClass::Token { remembers: Duration::from_secs(24 * 3600) }, CreateClass::Find { by: FindBy::AnyField }],
        1 => vec![CreateClass::Upsert { by: UpsertBy::Paths(vec![key]) }],
        2 => vec![CreateClass::Marker { path: Path::parse("Marker").expect("a path") }],
        3 | 4 => vec![CreateClass::Find { by: FindBy::AnyField }],
        _ => vec![CreateClass::None],
    };
    let removal = if update == UpdateClass::Version { Guarded::Version } else { Guarded::LookedAt };
    let lag = |dice: &mut Dice| Duration::from_secs(*dice.pick(&[0, 0, 0, 5, 60]));
    let batch = *dice.pick(&[1, 3, 100]);
    let abilities = Abilities {
        create,
        update: Some(update),
        delete: Some(removal),
        archive: Some(removal),
        restore: dice.chance(0.5).then_some(removal),
        gone: *dice.pick(&[GoneBy::Feed, GoneBy::Feed, GoneBy::Listing, GoneBy::Sweep]),
        full_read: false,
        find: Some(FindBy::AnyField),
        get_batch: batch,
        create_batch: batch,
        update_batch: batch,
        delete_batch: batch,
        read_lag: lag(dice),
        find_lag: lag(dice),
        deadline: Duration::from_secs(*dice.pick(&[10, 30, 60])),
        parents: Vec::new(),
    };
    VendorShape {
        name,
        versions,
        answers: *dice.pick(&[Answers::Record, Answers::Record, Answers::Version, Answers::Key]),
        abilities,
        offset_us: *dice.pick(&[0, 0, 0, 400_000, -1_200_000, 600_000_000, -600_000_000]),
        drift_ppm: *dice.pick(&[0, 0, 0, 20, -20]),
        grain_us: *dice.pick(&[1_000, 1_000_000, 1_000_000]),
        page: *dice.pick(&[1, 2, 5, 100]),
        deliveries: dice.chance(0.7),
    }
}

fn add(dice: &mut Dice, vendors: &[VendorShape], name: &'static str, refers: Option<&'static str>, objects: &mut Vec<ObjectShape>, yaml: &mut String) {
    let mut columns: Vec<Vec<Column>> = Vec::new();
    for _ in vendors {
        let mut all = vec![Column { path: "Key", holds: Holds::Key, lossy: Lossy::No, declared: false }];
        let mut put = |path, holds, lossy| all.push(Column { path, holds, lossy, declared: false });
        put("Name", Holds::Text, *dice.pick(&[Lossy::No, Lossy::No, Lossy::Cut(6), Lossy::Fold]));
        put("Amount", Holds::Number, *dice.pick(&[Lossy::No, Lossy::No, Lossy::Round(1), Lossy::Round(0)]));
        put("Rank", Holds::Choice(&["low", "mid", "high"]), Lossy::No);
        put("Note", Holds::Text, Lossy::No);
        put("Scope", Holds::Choice(&["in", "in", "in", "out"]), Lossy::No);
        put("Active", Holds::Choice(&["yes", "yes", "yes", "yes", "no"]), Lossy::No);
        if let Some(parent) = refers {
            put("Parent", Holds::Ref(parent), Lossy::No);
        }
        for column in &mut all {
            column.declared = column.lossy != Lossy::Fold && dice.chance(0.5);
        }
        columns.push(all);
    }
    mapping(dice, vendors, name, refers, yaml);
    objects.push(ObjectShape { name, columns });
}

fn mapping(dice: &mut Dice, vendors: &[VendorShape], name: &str, refers: Option<&str>, yaml: &mut String) {
    let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
    let adopt = if dice.chance(0.8) { "adopt: automatic\n" } else { "" };
    let limits = if dice.chance(0.7) { "limits: { creates: 1000, updates: 1000, deletes: 1000, blanks: 1000 }\n" } else { "" };
    write!(yaml, "---\nmapping: {name}\n{adopt}{limits}systems:\n").expect("text");
    let (mut somebody_starts, mut scoped) = (false, false);
    for (at, system) in names.iter().enumerate() {
        write!(yaml, "  {system}: {{ object: {name}").expect("text");
        if dice.chance(0.2) {
            yaml.push_str(", where: \"Active != 'no'\"");
        }
        let create = *dice.pick(&["always", "always", "always", "\"rank == 'high'\"", "never"]);
        if create != "never" {
            write!(yaml, ", create: {create}").expect("text");
        }
        let others: Vec<&str> = names.iter().copied().filter(|other| other != system).collect();
        match dice.below(8) {
            0 | 1 => write!(yaml, ", only: \"not deleted('{}')\", leaves: {}", dice.pick(&others), leaves(dice)).expect("text"),
            2 => write!(yaml, ", only: \"not deleted()\", leaves: {}", leaves(dice)).expect("text"),
            3 => {
                scoped = true;
                write!(yaml, ", only: \"scope != 'out'\", leaves: {}", leaves(dice)).expect("text");
            }
            _ => {}
        }
        if at > 0 && somebody_starts && dice.chance(0.15) {
            yaml.push_str(", starts: never");
        } else {
            somebody_starts = true;
        }
        if vendors[at].abilities.update == Some(UpdateClass::Whole) {
            yaml.push_str(", unguarded: true");
        }
        yaml.push_str(" }\n");
    }
    yaml.push_str("match: [ [key] ]\nfields:\n");
    let all: Vec<&str> = names.clone();
    field(dice, yaml, &names, &all, "key", "Key", "");
    field(dice, yaml, &names, &all, "name", "Name", "");
    field(dice, yaml, &names, &all, "amount", "Amount", ", type: decimal");
    let rows: String = ["low", "mid", "high"].iter().map(|row| choice(row, &names)).collect();
    field(dice, yaml, &names, &all, "rank", "Rank", &format!(", values: {{ {rows} }}"));
    let some: Vec<&str> = names.iter().copied().filter(|_| dice.chance(0.7)).collect();
    if some.len() > 1 {
        field(dice, yaml, &names, &some, "note", "Note", "");
    }
    if scoped {
        field(dice, yaml, &names, &all, "scope", "Scope", "");
    }
    if let Some(parent) = refers {
        field(dice, yaml, &names, &all, "parent", "Parent", &format!(", type: ref({parent})"));
    }
}

fn choice(row: &str, names: &[&str]) -> String {
    let cells: Vec<String> = names.iter().map(|name| format!("{name}: {row}")).collect();
    format!("{row}: {{ {} }}, ", cells.join(", "))
}

fn leaves(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&["stop", "delete", "delete", "archive", "ask"])
}

fn field(dice: &mut Dice, yaml: &mut String, names: &[&str], cells: &[&str], field: &str, path: &str, more: &str) {
    write!(yaml, "  {field}: {{ ").expect("text");
    for (at, name) in cells.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        write!(yaml, "{comma}{name}: {path}").expect("text");
    }
    yaml.push_str(more);
    let mut order: Vec<&str> = names.iter().copied().filter(|name| cells.contains(name)).collect();
    if dice.chance(0.5) {
        order.reverse();
    }
    let sized = field == "amount" || field == "rank";
    let wins = match dice.below(10) {
        0..=3 => "latest".to_owned(),
        4 => order[0].to_owned(),
        5 => format!("[{}]", order.join(", ")),
        6 => format!("{{ latest: [{}] }}", order[0]),
        7 if sized => (*dice.pick(&["highest", "lowest"])).to_owned(),
        8 if field != "key" => "first".to_owned(),
        9 if field != "key" => "ask".to_owned(),
        _ => "latest".to_owned(),
    };
    let required = if field == "name" && dice.chance(0.2) { ", required: true" } else { "" };
    writeln!(yaml, ", wins: {wins}{required} }}").expect("text");
}
