//! What a history is about: its systems, what each vendor can do, and the mappings between them, all from the seed.

mod yaml;

use std::time::Duration;

use syncline::system::{Abilities, CreateClass, FindBy, GoneBy, Guarded, UpdateClass, UpsertBy};
use syncline::value::Path;

use super::dice::Dice;
use yaml::{More, mapping};

/// Names of connections, in the order of `systems:`.
pub const NAMES: [&str; 4] = ["crm", "prm", "erp", "shop"];

/// What a column holds, for the users who type into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Key,
    Text,
    Number,
    Choice(&'static [&'static str]),
    /// Some of a few words.
    Tags,
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
    let more = More::throw(dice);
    let mut columns: Vec<Vec<Column>> = Vec::new();
    for _ in vendors {
        let mut all = vec![Column { path: "Key", holds: Holds::Key, lossy: Lossy::No, declared: false }];
        let mut put = |path, holds, lossy| all.push(Column { path, holds, lossy, declared: false });
        if more.tags {
            put("Tags", Holds::Tags, Lossy::No);
        }
        if more.grade {
            put("Grade", Holds::Text, Lossy::No);
        }
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
    mapping(dice, vendors, name, refers, &more, yaml);
    objects.push(ObjectShape { name, columns });
}
