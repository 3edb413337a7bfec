//! A mapping as a table, and its compact text form.

use std::cmp::Ordering;

use crate::mapping::matching::MatchRule;
use crate::mapping::system::Leaves;
use crate::mapping::{EntityView, Keeps, Line, Place, Wins};
use crate::sync::entity::{FieldIx, SystemIx};
use crate::sync::terms::{Access, Terms};
use crate::value::{Path, Str, Value};

/// What a system makes of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Exact,
    Lower,
    Cut(usize),
    /// It cannot hold values that begin with this.
    Without(char),
    /// A reference: shown only where its record is linked.
    Linked,
}

#[derive(Clone, Debug)]
pub enum Wall {
    None,
    NotDeleted(Option<SystemIx>),
    /// The field has this value.
    Is(FieldIx, Value),
}

#[derive(Clone, Debug)]
pub struct FakeSystem {
    pub name: &'static str,
    pub creates: bool,
    /// A field that `create` asks for.
    pub asks: Option<FieldIx>,
    pub wall: Wall,
    pub leaves: Leaves,
    pub starts: bool,
}

#[derive(Clone, Debug)]
pub struct FakeField {
    pub name: &'static str,
    pub wins: Wins,
    pub certain: bool,
    pub required: bool,
    pub set: bool,
    /// Computed: it is what this field is, marked.
    pub formula: Option<FieldIx>,
    pub access: Vec<Access>,
    pub forms: Vec<Form>,
    /// What the system shows of a field in the vendor: not known to the mapping where it differs from `forms`.
    pub paths: Vec<Path>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub systems: Vec<FakeSystem>,
    pub fields: Vec<FakeField>,
    pub rules: Vec<MatchRule>,
    /// Read-only cells that a new record is given.
    pub born: Vec<(FieldIx, SystemIx)>,
    /// The fields with a formula, in order.
    pub formulas: Vec<FieldIx>,
    pub place: Place,
}

pub const NAMES: [&str; 4] = ["crm", "prm", "erp", "mkt"];
pub const FIELDS: [&str; 4] = ["f", "g", "h", "i"];

pub fn path(name: &str) -> Path {
    Path::member(name)
}

impl Table {
    /// `systems` systems with one field each decided by one of `wins`.
    pub fn new(systems: usize, wins: &[&str]) -> Self {
        let system = |name: &&'static str| FakeSystem { name, creates: false, asks: None, wall: Wall::None, leaves: Leaves::Stop, starts: true };
        let field = |at: usize, wins: &str| FakeField {
            name: FIELDS[at],
            wins: policy(wins),
            certain: wins.contains("certain"),
            required: false,
            set: false,
            formula: None,
            access: vec![Access::Both; systems],
            forms: vec![Form::Exact; systems],
            paths: vec![path(FIELDS[at]); systems],
        };
        Self {
            systems: NAMES[..systems].iter().map(system).collect(),
            fields: wins.iter().enumerate().map(|(at, wins)| field(at, wins)).collect(),
            rules: vec![MatchRule { fields: vec![FieldIx(0)], ask: false }],
            born: Vec::new(),
            formulas: Vec::new(),
            place: Place { file: "mappings/deals.yaml".to_owned(), line: 7, span: None },
        }
    }
}

/// `prm ? g=n`: the owner while field `g` is `n`; `crm ?`: otherwise.
fn line(text: &str, system: impl Fn(&str) -> SystemIx) -> Line {
    let (owner, condition) = text.split_once('?').expect("a line has a condition");
    Line { owner: system(owner), condition: Str::from(condition.trim()) }
}

/// `crm`, `[crm, prm]`, `latest`, `latest certain`, `latest [crm, prm]`, `highest`, `lowest`, `first`, `ask`, `prm ? g=n | crm ?`.
pub fn policy(text: &str) -> Wins {
    let system = |name: &str| SystemIx(NAMES.iter().position(|one| *one == name.trim()).expect("a known system") as u16);
    let list = |text: &str| text.trim().trim_matches(['[', ']']).split(',').map(system).collect::<Vec<_>>();
    match text {
        "latest" | "latest certain" => Wins::Latest(None),
        "highest" => Wins::Highest,
        "lowest" => Wins::Lowest,
        "first" => Wins::First,
        "ask" => Wins::Ask,
        text if text.starts_with("latest ") => Wins::Latest(Some(list(&text[7..]))),
        text if text.contains('?') => Wins::Lines(text.split(" | ").map(|text| line(text, system)).collect()),
        text if text.starts_with('[') => Wins::Ranks(list(text)),
        text => Wins::Owner(system(text)),
    }
}

pub fn shaped(form: Form, value: &Value) -> Option<Value> {
    match (form, value) {
        (Form::Lower, Value::Text(text)) => Some(Value::text(text.to_lowercase())),
        (Form::Cut(most), Value::Text(text)) => Some(Value::text(text.chars().take(most).collect::<String>())),
        (Form::Without(first), Value::Text(text)) if text.starts_with(first) => None,
        (Form::Exact | Form::Lower | Form::Cut(_) | Form::Without(_) | Form::Linked, value) => Some(value.clone()),
    }
}

impl Terms for Table {
    fn system_count(&self) -> usize {
        self.systems.len()
    }
    fn field_count(&self) -> usize {
        self.fields.len()
    }
    fn system_name(&self, system: SystemIx) -> &str {
        self.systems[system.0 as usize].name
    }
    fn field_name(&self, field: FieldIx) -> &str {
        self.fields[field.0 as usize].name
    }
    fn field_place(&self, _: FieldIx) -> Option<&Place> {
        Some(&self.place)
    }
    fn access(&self, field: FieldIx, system: SystemIx) -> Access {
        self.fields[field.0 as usize].access[system.0 as usize]
    }
    fn writes_new(&self, field: FieldIx, system: SystemIx) -> bool {
        self.born.contains(&(field, system)) || self.access(field, system).writes()
    }
    fn wins(&self, field: FieldIx) -> &Wins {
        &self.fields[field.0 as usize].wins
    }
    fn owner(&self, field: FieldIx, view: &dyn EntityView) -> Option<SystemIx> {
        let Wins::Lines(lines) = self.wins(field) else { return None };
        let holds = |line: &&Line| match line.condition.split_once('=') {
            None => true,
            Some((name, value)) => {
                let at = FIELDS.iter().position(|one| *one == name).expect("a field");
                view.agreed(FieldIx(at as u16)) == Value::text(value)
            }
        };
        lines.iter().find(holds).map(|line| line.owner)
    }
    fn formulas(&self) -> &[FieldIx] {
        &self.formulas
    }
    fn computed(&self, field: FieldIx, view: &dyn EntityView) -> Option<Result<Value, Str>> {
        let of = self.fields[field.0 as usize].formula?;
        Some(match view.agreed(of) {
            Value::Blank => Ok(Value::Blank),
            Value::Text(text) if &*text == "bad" => Err(Str::from("it does not go")),
            value => Ok(Value::text(format!("<{value}>"))),
        })
    }
    fn certain(&self, field: FieldIx) -> bool {
        self.fields[field.0 as usize].certain
    }
    fn required(&self, field: FieldIx) -> bool {
        self.fields[field.0 as usize].required
    }
    fn is_set(&self, field: FieldIx) -> bool {
        self.fields[field.0 as usize].set
    }
    fn starts(&self, system: SystemIx) -> bool {
        self.systems[system.0 as usize].starts
    }
    fn leaves(&self, system: SystemIx) -> Leaves {
        self.systems[system.0 as usize].leaves
    }
    fn walled(&self, system: SystemIx) -> bool {
        !matches!(self.systems[system.0 as usize].wall, Wall::None)
    }
    fn inside_wall(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        match &self.systems[system.0 as usize].wall {
            Wall::None => true,
            Wall::NotDeleted(by) => !view.deleted(*by),
            Wall::Is(field, value) => view.agreed(*field) == *value,
        }
    }
    fn creates(&self, system: SystemIx) -> bool {
        self.systems[system.0 as usize].creates
    }
    fn create_wanted(&self, system: SystemIx, view: &dyn EntityView) -> bool {
        let of = &self.systems[system.0 as usize];
        of.creates && of.asks.is_none_or(|field| !view.agreed(field).is_blank())
    }
    fn create_asks(&self, system: SystemIx, field: FieldIx) -> bool {
        self.systems[system.0 as usize].asks == Some(field)
    }
    fn form(&self, field: FieldIx, system: SystemIx, value: &Value, view: &dyn EntityView) -> Option<Value> {
        let form = self.fields[field.0 as usize].forms[system.0 as usize];
        if form == Form::Linked && !value.is_blank() {
            view.key_of(value, field, system)?;
        }
        shaped(form, value)
    }
    fn keeps(&self, field: FieldIx, system: SystemIx) -> Keeps {
        match self.fields[field.0 as usize].forms[system.0 as usize] {
            Form::Exact => Keeps::All,
            Form::Lower | Form::Cut(_) | Form::Without(_) | Form::Linked => Keeps::Blank,
        }
    }
    fn same(&self, _: FieldIx, a: &Value, b: &Value) -> bool {
        a == b
    }
    fn compare(&self, _: FieldIx, a: &Value, b: &Value) -> Option<Ordering> {
        Some(a.cmp(b))
    }
    fn paths(&self, field: FieldIx, system: SystemIx) -> Vec<&Path> {
        vec![&self.fields[field.0 as usize].paths[system.0 as usize]]
    }
    fn match_rules(&self) -> &[MatchRule] {
        &self.rules
    }
}
