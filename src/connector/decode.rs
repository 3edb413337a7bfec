//! Records out of answers: what a read wants is compiled once into one pass over each record's bytes.

use jiff::Timestamp;

use super::cell::{Kind, Reader, record_time, text};
use super::frame::{Frame, Local, word};
use super::spell::form_kind;
use crate::catalog::object::{Field, Object};
use crate::catalog::pick::Pick;
use crate::catalog::scope::{IDENTITY_KEY, RECORD};
use crate::catalog::wire::WireKind;
use crate::catalog::write::Archive;
use crate::expr::Item;
use crate::id::RecordKey;
use crate::spec::connector::Then;
use crate::value::doc::{DocKind, PathSet};
use crate::value::record::{Cell, Closed, Column, Columns, Form, Gate, Record};
use crate::value::{Currency, Doc, Path, Str, Value};

/// What one read wants of each record.
pub struct Plan {
    wanted: PathSet,
    key: Place,
    version: Option<Place>,
    time: Option<Place>,
    actor: Option<Place>,
    columns: Vec<Wanted>,
    archived: Vec<Wanted>,
    archived_values: Vec<Value>,
    /// Where the fields live, if not in the record itself.
    values: Option<Pick>,
}

/// Where something of a record is: read in the one pass, or computed.
#[expect(clippy::large_enum_variant, reason = "a few of them are made for each read")]
enum Place {
    Slot(usize),
    Root,
    Computed(crate::expr::Program),
}

struct Wanted {
    slot: usize,
    kind: Kind,
    currency: Money,
}

/// Where an amount's currency comes from.
enum Money {
    Fixed(Option<Currency>),
    Told(Box<crate::expr::Program>),
}

impl Plan {
    /// `own` and `own_time` are a read's own key and time.
    pub fn new(local: &Local, frame: &Frame, columns: &Columns, own: Option<&Pick>, own_time: Option<&Pick>) -> Plan {
        let object = &*local.object;
        let prefix = object.values.as_ref().and_then(Pick::plain).flatten();
        let mut paths: Vec<Path> = Vec::new();
        let key = place(own.unwrap_or(&object.key), &mut paths);
        let version = object.version.as_ref().map(|pick| place(pick, &mut paths));
        let time = own_time.or(object.time.as_ref()).map(|pick| place(pick, &mut paths));
        let actor = object.actor.as_ref().map(|pick| place(pick, &mut paths));
        let mut want = |path: &Path, form: &Form| {
            let field = object.field(path);
            let read_at = field.and_then(|field| field.read_at.as_ref()).unwrap_or(path);
            let read_at = match prefix {
                Some(prefix) => Path::parse(&format!("{prefix}.{read_at}")).unwrap_or_else(|_| read_at.clone()),
                None => read_at.clone(),
            };
            paths.push(read_at);
            Wanted { slot: paths.len() - 1, kind: kind(form, field), currency: currency(field, frame) }
        };
        let columns = columns.iter().map(|Column { path, form }| want(path, form)).collect();
        let sets: &[(Path, Value)] = match &object.archive {
            Some(Archive::Sets { sets, .. }) => sets,
            _ => &[],
        };
        let archived = sets.iter().map(|(path, _)| want(path, &Form::Natural)).collect();
        let values = object.values.clone().filter(|pick| pick.plain().is_none());
        Plan {
            wanted: PathSet::new(&paths),
            key,
            version,
            time,
            actor,
            columns,
            archived,
            archived_values: sets.iter().map(|(_, value)| value.clone()).collect(),
            values,
        }
    }

    /// Decodes one record; `frame` sees the answer it came in.
    ///
    /// # Errors
    /// In words, when the record has no key.
    pub fn record(&self, local: &Local, frame: &Frame, record: &Doc) -> Result<Record, String> {
        let fields = match &self.values {
            None => None,
            Some(pick) => {
                let item = pick.get(record, &frame.clone().with(RECORD, Item::Doc(record.clone()))).map_err(|fault| format!("`values`: {fault}"))?;
                let mut json = String::new();
                item.write_json(&mut json).map_err(|fault| format!("`values`: {fault}"))?;
                Some(Doc::new(json.into()).map_err(|error| error.to_string())?)
            }
        };
        let mut slices: Vec<Option<&str>> = Vec::new();
        let mut odd: Vec<(usize, Doc)> = Vec::new();
        self.wanted.read_raw(record, &mut slices, |slot, doc| odd.push((slot, doc)));
        for (slot, doc) in &odd {
            slices[*slot] = Some(doc.raw());
        }
        let mut moved: Vec<Option<&str>> = Vec::new();
        let mut moved_odd: Vec<(usize, Doc)> = Vec::new();
        if let Some(fields) = &fields {
            self.wanted.read_raw(fields, &mut moved, |slot, doc| moved_odd.push((slot, doc)));
            for (slot, doc) in &moved_odd {
                moved[*slot] = Some(doc.raw());
            }
        }
        let seen = Told { slices: &slices, record, frame };
        let values = if fields.is_some() { &moved } else { &slices };
        let reader = Reader { ground: frame.ground() };
        let cell = |wanted: &Wanted| reader.cell(values[wanted.slot], &wanted.kind, wanted.currency.of(&seen));
        let key = seen.text(&self.key).ok_or_else(|| format!("a record of `{}` has no key", local.name))?;
        let identity = identity(local, frame, &key);
        let time = match &self.time {
            Some(Place::Slot(slot)) => slices[*slot].and_then(|raw| record_time(frame.ground(), raw)),
            Some(place) => seen.item(place).and_then(|item| moment(frame, &item)),
            None => None,
        };
        let cells = self.columns.iter().map(cell).collect();
        let is_archived = |(wanted, value): (&Wanted, &Value)| cell(wanted) == Cell::Value(value.clone());
        Ok(Record {
            identity,
            version: self.version.as_ref().and_then(|place| seen.text(place)),
            time,
            actor: self.actor.as_ref().and_then(|place| seen.text(place)),
            cells,
            gate: gate(&local.object, &seen),
            archived: !self.archived.is_empty() && self.archived.iter().zip(&self.archived_values).all(is_archived),
            key: RecordKey::new(key),
        })
    }

    /// The key and time of a notice of a delete, or of a key in a sweep.
    ///
    /// # Errors
    /// In words, when there is no key.
    pub fn key(&self, local: &Local, frame: &Frame, record: &Doc) -> Result<Record, String> {
        let mut slices = Vec::new();
        self.wanted.read_raw(record, &mut slices, |_, _| {});
        let seen = Told { slices: &slices, record, frame };
        let key = seen.text(&self.key).ok_or_else(|| format!("a record of `{}` has no key", local.name))?;
        let time = match &self.time {
            Some(Place::Slot(slot)) => slices[*slot].and_then(|raw| record_time(frame.ground(), raw)),
            _ => None,
        };
        Ok(Record {
            identity: identity(local, frame, &key),
            key: RecordKey::new(key),
            version: None,
            time,
            actor: None,
            cells: Vec::new(),
            gate: Gate::Open,
            archived: false,
        })
    }
}

/// A record as it lies in an answer.
struct Told<'a> {
    slices: &'a [Option<&'a str>],
    record: &'a Doc,
    frame: &'a Frame<'a>,
}

impl Told<'_> {
    fn framed(&self) -> Frame<'_> {
        self.frame.clone().with(RECORD, Item::Doc(self.record.clone()))
    }

    fn item(&self, place: &Place) -> Option<Item> {
        match place {
            Place::Slot(slot) => self.slices[*slot].and_then(|raw| Doc::new(bytes::Bytes::copy_from_slice(raw.as_bytes())).ok()).map(Item::Doc),
            Place::Root => Some(Item::Doc(self.record.clone())),
            Place::Computed(program) => program.eval(&self.framed()).ok(),
        }
    }

    /// A text or the digits of a number; anything else is none.
    fn text(&self, place: &Place) -> Option<Str> {
        let raw = match place {
            Place::Slot(slot) => self.slices[*slot]?,
            Place::Root => self.record.raw(),
            Place::Computed(program) => return word(&program.eval(&self.framed()).ok()?),
        };
        match raw.as_bytes()[0] {
            b'"' => text(raw).filter(|text| !text.is_empty()).map(Str::from),
            b'-' | b'0'..=b'9' => Some(Str::from(raw)),
            _ => None,
        }
    }
}

impl Money {
    fn of(&self, seen: &Told) -> Option<Currency> {
        match self {
            Money::Fixed(currency) => *currency,
            Money::Told(program) => word(&program.eval(&seen.framed()).ok()?).and_then(|code| Currency::parse(&code).ok()),
        }
    }
}

/// What two spellings of a key have in common.
pub fn identity(local: &Local, frame: &Frame, key: &str) -> RecordKey {
    match &local.object.key_identity {
        None => RecordKey::new(key),
        Some(program) => {
            // A frame of its own: what the whole read carries is dear to copy for every record.
            let item = program.eval(&Frame::new(frame.ground(), Some(local)).with(IDENTITY_KEY, Item::text(key))).ok();
            RecordKey::new(item.as_ref().and_then(word).as_deref().unwrap_or(key))
        }
    }
}

/// An instant that an expression gave: typed, or spelt as the wire has it.
pub fn moment(frame: &Frame, item: &Item) -> Option<Timestamp> {
    match item {
        Item::Value(Value::Instant(at)) => Some(*at),
        Item::Value(value) if !value.is_blank() => record_time(frame.ground(), Doc::from_value(value).raw()),
        Item::Doc(doc) if doc.kind() != DocKind::Null => record_time(frame.ground(), doc.raw()),
        _ => None,
    }
}

fn place(pick: &Pick, paths: &mut Vec<Path>) -> Place {
    match pick.plain() {
        Some(Some(path)) => {
            paths.push(path.clone());
            Place::Slot(paths.len() - 1)
        }
        Some(None) => Place::Root,
        None => Place::Computed(pick.program().clone()),
    }
}

fn kind(form: &Form, field: Option<&Field>) -> Kind {
    let told = field.and_then(|field| field.kind);
    match form {
        Form::Natural => told.map_or(Kind::Natural, Kind::One),
        Form::Document => Kind::Document,
        Form::List(inner) => Kind::List(Box::new(kind(inner, None))),
        // `money: cents` belongs to the vendor's spelling, whatever the mapping takes the amount for.
        Form::Decimal | Form::Integer if told == Some(WireKind::Money) => Kind::One(WireKind::Money),
        form => form_kind(form).map_or(Kind::Natural, Kind::One),
    }
}

fn currency(field: Option<&Field>, frame: &Frame) -> Money {
    match field.and_then(|field| field.currency.as_ref()) {
        Some(program) if program.slots().contains(&RECORD) => Money::Told(Box::new(program.clone())),
        Some(program) => Money::Fixed(program.eval(frame).ok().as_ref().and_then(word).and_then(|code| Currency::parse(&code).ok())),
        None => Money::Fixed(frame.ground().currency),
    }
}

/// What the first gate whose condition holds lets through. A gate that cannot be judged is shut for now: it may not open by mistake.
fn gate(object: &Object, seen: &Told) -> Gate {
    for gate in &object.gates {
        let holds = gate.when.condition(&seen.framed());
        let closed = match (&holds, gate.then) {
            (Ok(false), _) => continue,
            (Err(_), _) | (Ok(true), Then::Wait) => Closed::Wait,
            (Ok(true), Then::Refused) => Closed::Refused(Str::from(gate.when.source())),
        };
        return if gate.allows.is_empty() { Gate::Shut(closed) } else { Gate::Only(gate.allows.clone(), closed) };
    }
    Gate::Open
}

/// The vendor fields that a read asks for.
pub fn fields(local: &Local, columns: &Columns) -> Item {
    let object = &*local.object;
    let mut names: Vec<Str> = Vec::new();
    let mut add = |name: String| {
        if !names.iter().any(|known| *known == name) {
            names.push(Str::from(name));
        }
    };
    object.always_read.iter().for_each(|path| add(path.to_string()));
    for column in columns.iter() {
        let field = object.field(&column.path);
        add(field.and_then(|field| field.read_at.as_ref()).unwrap_or(&column.path).to_string());
    }
    if let Some(Archive::Sets { sets, .. }) = &object.archive {
        sets.iter().for_each(|(path, _)| add(path.to_string()));
    }
    Item::List(names.into_iter().map(|name| Item::Value(Value::Text(name))).collect())
}
