//! How values look in a vendor's requests and answers, by kind.

use super::compile::{Compiler, Seen};
use super::scope::Group;
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::spec::connector::{Quotes, WireForm, WirePair};
use crate::spec::slot::Expression;
use crate::spec::{TextSlot, Tree as SpecTree};
use crate::value::time::Zone;
use crate::value::{Str, Value};

/// All forms of one connector.
#[derive(Clone, Debug)]
pub struct Wire {
    forms: [Spelling; KINDS],
    pub blank: Blank,
    pub quotes: Option<Quotes>,
}

/// The kinds that `wire` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireKind {
    Text,
    Integer,
    Decimal,
    Money,
    Boolean,
    Date,
    Instant,
    Enum,
    Ref,
    List,
}

const KINDS: usize = 10;

/// One kind, both ways.
#[derive(Clone, Debug)]
pub struct Spelling {
    pub read: ReadForm,
    pub write: WriteForm,
}

/// How a value is understood, beside JSON's own types.
#[derive(Clone, Debug)]
pub enum ReadForm {
    /// JSON's own type, or ISO text for days and times.
    Natural,
    /// Digits in a text.
    Text,
    EpochS,
    EpochMs,
    Cents,
    /// `/Date(1700000000000+0000)/`
    DotnetDate,
    Pattern(Str, Zone),
    Table(Vec<(Str, Value)>),
    Separator(Str),
    /// Sees `value`.
    Program(Program),
}

/// How a value is written.
#[derive(Clone, Debug)]
pub enum WriteForm {
    Natural,
    Text,
    Number,
    IsoSeconds,
    EpochS,
    EpochMs,
    Cents,
    DotnetDate,
    Pattern(Str, Zone),
    Table(Vec<(Str, Value)>),
    Separator(Str),
    /// Sees `value`, and for references `target`.
    Tree(Tree),
}

/// Blank as the vendor writes it.
#[derive(Clone, Debug, Default)]
pub struct Blank {
    /// Texts that count as blank; null and the empty text always do where `read` is not given.
    pub texts: Vec<Str>,
    /// Other JSON that counts as blank (`false`).
    pub others: Vec<Value>,
    /// A member that was asked for and is not there is blank.
    pub missing: bool,
    /// What clears.
    pub write: Option<Tree>,
}

impl Wire {
    pub fn form(&self, kind: WireKind) -> &Spelling {
        &self.forms[kind as usize]
    }
}

const WIRE: &[Group] = &[Group::Wire];
const WIRE_REF: &[Group] = &[Group::Wire, Group::Target];

impl Compiler<'_> {
    pub fn wire(&self) -> Wire {
        let wire = &self.spec.wire;
        if let Some(names) = &wire.names {
            self.report(Diagnostic::error("later", "`wire.names` is not in this version").at(names.span).help("drop it"));
        }
        let decimal = self.spelling(wire.decimal.as_ref(), "wire.decimal", WIRE);
        let money = if wire.money.is_some() { self.spelling(wire.money.as_ref(), "wire.money", WIRE) } else { decimal.clone() };
        let blank = wire.blank.as_ref().map(|blank| self.blank(blank));
        Wire {
            forms: [
                self.spelling(wire.text.as_ref(), "wire.text", WIRE),
                self.spelling(wire.integer.as_ref(), "wire.integer", WIRE),
                decimal,
                money,
                self.spelling(wire.boolean.as_ref(), "wire.boolean", WIRE),
                self.spelling(wire.date.as_ref(), "wire.date", WIRE),
                self.spelling(wire.instant.as_ref(), "wire.instant", WIRE),
                self.spelling(wire.choice.as_ref(), "wire.enum", WIRE),
                self.spelling(wire.reference.as_ref(), "wire.ref", WIRE_REF),
                self.spelling(wire.list.as_ref(), "wire.list", WIRE),
            ],
            blank: blank.unwrap_or_default(),
            quotes: self.spec.quotes.map(|quotes| quotes.value),
        }
    }

    fn blank(&self, spec: &crate::spec::connector::WireBlank) -> Blank {
        let mut blank = Blank { write: spec.write.as_ref().map(|tree| self.tree(tree, Seen::new("wire.blank", &[]))), ..Blank::default() };
        for tree in &spec.read {
            match tree {
                SpecTree::Null => {}
                SpecTree::Text(text) if text.text() == "missing" => blank.missing = true,
                SpecTree::Text(text) => blank.texts.push(Str::from(text.text())),
                other => blank.others.push(self.fixed(other)),
            }
        }
        blank
    }

    fn spelling(&self, form: Option<&WireForm>, block: &str, groups: &[Group]) -> Spelling {
        let seen = Seen { token: false, ..Seen::new(block, groups) };
        match form {
            None => Spelling { read: ReadForm::Natural, write: WriteForm::Natural },
            Some(WireForm::Named(name)) => {
                Spelling { read: self.read_form(name, &Zone::unknown(), seen), write: self.named_write(name, &Zone::unknown(), seen) }
            }
            Some(WireForm::Table(rows)) => {
                let rows: Vec<(Str, Value)> = rows.iter().map(|(name, tree)| (Str::from(name.text()), self.fixed(tree))).collect();
                Spelling { read: ReadForm::Table(rows.clone()), write: WriteForm::Table(rows) }
            }
            Some(WireForm::Pair(pair)) => self.pair(pair, seen),
        }
    }

    fn pair(&self, pair: &WirePair, seen: Seen) -> Spelling {
        let zone = match &pair.zone {
            None => Zone::unknown(),
            Some(name) => Zone::named(name.text()).unwrap_or_else(|problem| {
                self.report(Diagnostic::error("zone", format!("`{}` is no time zone: {problem}", name.text())).at(name.span()));
                Zone::utc()
            }),
        };
        if let Some(separator) = &pair.separator {
            let separator = Str::from(separator.text());
            return Spelling { read: ReadForm::Separator(separator.clone()), write: WriteForm::Separator(separator) };
        }
        let read = pair.read.as_ref().map_or(ReadForm::Natural, |read| self.read_form(read, &zone, seen));
        let write = match &pair.write {
            None => WriteForm::Natural,
            Some(SpecTree::Text(text)) if !text.text().contains("{{") => self.named_write(text, &zone, seen),
            Some(SpecTree::Null) => WriteForm::Natural,
            Some(tree) => WriteForm::Tree(self.tree(tree, seen)),
        };
        Spelling { read, write }
    }

    fn read_form(&self, name: &TextSlot, zone: &Zone, seen: Seen) -> ReadForm {
        match name.text() {
            "json" | "number" | "iso" | "iso_seconds" => ReadForm::Natural,
            "text" => ReadForm::Text,
            "epoch_s" => ReadForm::EpochS,
            "epoch_ms" => ReadForm::EpochMs,
            "dotnet_date" => ReadForm::DotnetDate,
            "cents" => ReadForm::Cents,
            pattern if pattern.contains('%') => {
                self.check_zone(name, zone, seen);
                ReadForm::Pattern(Str::from(pattern), zone.clone())
            }
            _ => ReadForm::Program(self.program(&Expression::new(name.written().clone()), seen, &Want::any())),
        }
    }

    fn named_write(&self, name: &TextSlot, zone: &Zone, seen: Seen) -> WriteForm {
        match name.text() {
            "json" | "iso" => WriteForm::Natural,
            "text" => WriteForm::Text,
            "number" => WriteForm::Number,
            "iso_seconds" => WriteForm::IsoSeconds,
            "epoch_s" => WriteForm::EpochS,
            "epoch_ms" => WriteForm::EpochMs,
            "dotnet_date" => WriteForm::DotnetDate,
            "cents" => WriteForm::Cents,
            pattern if pattern.contains('%') => {
                self.check_zone(name, zone, seen);
                WriteForm::Pattern(Str::from(pattern), zone.clone())
            }
            other => {
                let found = Diagnostic::error("wire", format!("`{other}` is no form that `{}` can be written in", seen.block)).at(name.span());
                self.report(found.nearest(other, FORMS.iter().copied()));
                WriteForm::Natural
            }
        }
    }

    /// A time that carries no zone must be given one, else nobody knows when it is.
    fn check_zone(&self, name: &TextSlot, zone: &Zone, seen: Seen) {
        let pattern = name.text();
        let carries = ["%z", "%:z", "%Z", "%Q", "%:Q", "%s"].iter().any(|part| pattern.contains(part));
        if seen.block == "wire.instant" && !carries && zone.get().is_err() {
            self.report(Diagnostic::error("zone", "`instant` has no zone in its form").at(name.span()).help("add `zone: UTC`, or the vendor's zone"));
        }
    }
}

const FORMS: &[&str] = &["json", "text", "number", "iso", "iso_seconds", "epoch_s", "epoch_ms", "dotnet_date", "cents"];
