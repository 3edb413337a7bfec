//! The mapping of one object, as a person would write it.

use std::fmt::Write;

use syncline::system::UpdateClass;

use super::super::dice::Dice;
use super::VendorShape;

/// Fields and cells that only some mappings have.
pub struct More {
    pub tags: bool,
    pub grade: bool,
    /// A row of `rank` that the system at this place has no cell for, and what stands in for it.
    pub missing: Option<(&'static str, usize, Option<&'static str>)>,
}

impl More {
    pub fn throw(dice: &mut Dice) -> Self {
        let missing = dice.chance(0.25).then(|| (*dice.pick::<&str>(&["low", "high"]), dice.below(2) as usize, dice.chance(0.6).then_some("mid")));
        Self { tags: dice.chance(0.25), grade: dice.chance(0.25), missing }
    }
}

pub fn mapping(dice: &mut Dice, vendors: &[VendorShape], name: &str, refers: Option<&str>, more: &More, yaml: &mut String) {
    let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
    let adopt = if dice.chance(0.8) { "adopt: automatic\n" } else { "" };
    let limits = match dice.below(10) {
        0..=5 => "limits: { creates: 1000, updates: 1000, deletes: 1000, blanks: 1000 }\n",
        6 | 7 => "limits: { creates: 1, updates: 2, deletes: 1, blanks: 1 }\n",
        _ => "",
    };
    write!(yaml, "---\nmapping: {name}\n{adopt}{limits}systems:\n").expect("text");
    let scoped = systems(dice, vendors, &names, name, yaml);
    yaml.push_str("match: [ [key] ]\nfields:\n");
    let all: Vec<&str> = names.clone();
    field(dice, yaml, &names, &all, "key", "Key", "");
    field(dice, yaml, &names, &all, "name", "Name", "");
    field(dice, yaml, &names, &all, "amount", "Amount", ", type: decimal");
    let rows: String = ["low", "mid", "high"].iter().map(|row| choice(row, &names, more)).collect();
    let stand_in = more.missing.and_then(|(.., stand_in)| stand_in).map_or(String::new(), |row| format!(", unknown: {row}"));
    field(dice, yaml, &names, &all, "rank", "Rank", &format!(", values: {{ {rows} }}{stand_in}"));
    let some: Vec<&str> = names.iter().copied().filter(|_| dice.chance(0.7)).collect();
    if some.len() > 1 {
        field(dice, yaml, &names, &some, "note", "Note", "");
    }
    if scoped {
        field(dice, yaml, &names, &all, "scope", "Scope", "");
    }
    if more.tags {
        field(dice, yaml, &names, &all, "tags", "Tags", ", type: set(text)");
    }
    if more.grade {
        let cells: Vec<String> = names.iter().map(|name| format!("{name}: Grade")).collect();
        let formula = "[ { big: amount is not blank and amount > 30 }, { small: otherwise } ]";
        writeln!(yaml, "  grade: {{ {}, formula: {formula} }}", cells.join(", ")).expect("text");
    }
    if let Some(parent) = refers {
        field(dice, yaml, &names, &all, "parent", "Parent", &format!(", type: ref({parent})"));
    }
}

/// Whether some wall asks for the scope.
fn systems(dice: &mut Dice, vendors: &[VendorShape], names: &[&str], name: &str, yaml: &mut String) -> bool {
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
    scoped
}

fn choice(row: &str, names: &[&str], more: &More) -> String {
    let is_missing = |at: usize| more.missing.is_some_and(|(missing, system, _)| missing == row && system == at);
    let cells: Vec<String> = names.iter().enumerate().map(|(at, name)| format!("{name}: {}", if is_missing(at) { "[]" } else { row })).collect();
    format!("{row}: {{ {} }}, ", cells.join(", "))
}

fn leaves(dice: &mut Dice) -> &'static str {
    dice.pick::<&str>(&["stop", "delete", "delete", "archive", "ask"])
}

fn field(dice: &mut Dice, yaml: &mut String, names: &[&str], cells: &[&str], field: &str, path: &str, more: &str) {
    write!(yaml, "  {field}: {{ ").expect("text");
    for (at, name) in cells.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let reads_only = field == "note" && at > 0 && dice.chance(0.15);
        let cell = if reads_only { format!("{{ read: {path} }}") } else { path.to_owned() };
        write!(yaml, "{comma}{name}: {cell}").expect("text");
    }
    yaml.push_str(more);
    let mut order: Vec<&str> = names.iter().copied().filter(|name| cells.contains(name)).collect();
    if dice.chance(0.5) {
        order.reverse();
    }
    let sized = field == "amount" || field == "rank";
    let free = matches!(field, "name" | "amount" | "note");
    let wins = match dice.below(12) {
        0..=3 => "latest".to_owned(),
        4 => order[0].to_owned(),
        5 => format!("[{}]", order.join(", ")),
        6 => format!("{{ latest: [{}] }}", order[0]),
        7 if sized => (*dice.pick(&["highest", "lowest"])).to_owned(),
        8 if field != "key" => "first".to_owned(),
        9 if field != "key" => "ask".to_owned(),
        10 | 11 if free => format!("[ {{ {}: rank == 'high' }}, {{ {}: otherwise }} ]", order[0], order[order.len() - 1]),
        _ => "latest".to_owned(),
    };
    let required = if field == "name" && dice.chance(0.2) { ", required: true" } else { "" };
    writeln!(yaml, ", wins: {wins}{required} }}").expect("text");
}
