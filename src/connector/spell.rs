//! Values in the vendor's spelling: what writes and queries send.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::frame::{Frame, Ground, Local};
use crate::catalog::object::Field;
use crate::catalog::scope::{TARGET, VALUE};
use crate::catalog::wire::{WireKind, WriteForm};
use crate::expr::Item;
use crate::spec::connector::Quotes;
use crate::value::path::Step;
use crate::value::record::{Form, WriteCell};
use crate::value::time;
use crate::value::{Str, Value};

/// Spells for one connection.
#[derive(Clone, Copy)]
pub struct Speller<'a> {
    pub ground: &'a Ground,
}

impl Speller<'_> {
    /// A literal of the vendor's query language.
    ///
    /// # Errors
    /// When the connector says no `quotes`, or the value has no literal.
    pub fn quoted(&self, value: &Value) -> Result<Str, String> {
        let Some(style) = self.ground.connector.wire.quotes else {
            return Err("this connector says no `quotes`, so no text from data can enter a query".into());
        };
        Ok(match value {
            Value::Text(text) => Str::from(match style {
                Quotes::Doubled => format!("'{}'", text.replace('\'', "''")),
                Quotes::Backslash => format!("'{}'", backslashed(text)),
            }),
            Value::Blank => Str::from("null"),
            Value::Boolean(_) | Value::Integer(_) | Value::Decimal(_) | Value::Date(_) => Str::from(value.to_string()),
            Value::Instant(at) => Str::from(time::iso(*at)),
            Value::Money(money) => Str::from(money.value.to_string()),
            other => return Err(format!("{} has no literal in a query", other.noun())),
        })
    }

    /// A value as the kind it is by itself.
    ///
    /// # Errors
    /// When the form cannot hold the value.
    pub fn natural(&self, value: &Value) -> Result<Item, String> {
        self.write(natural_kind(value), value, None)
    }

    /// The values of a write as one map, nested where paths are.
    ///
    /// # Errors
    /// Names the path that cannot be written and why.
    pub fn values(&self, local: &Local, cells: &[WriteCell]) -> Result<Item, String> {
        let mut values: Vec<(Str, Item)> = Vec::with_capacity(cells.len());
        for cell in cells {
            let field = local.object.field(&cell.path);
            let item = self.cell(cell, field).map_err(|why| format!("`{}`: {why}", cell.path))?;
            let path = field.and_then(|field| field.write_at.as_ref()).unwrap_or(&cell.path);
            put(&mut values, path.steps(), item).map_err(|why| format!("`{path}`: {why}"))?;
        }
        Ok(Item::Map(values))
    }

    fn cell(&self, cell: &WriteCell, field: Option<&Field>) -> Result<Item, String> {
        let kind = match &cell.form {
            Form::Natural => field.and_then(|field| field.kind).unwrap_or_else(|| natural_kind(&cell.value)),
            form => form_kind(form).unwrap_or_else(|| natural_kind(&cell.value)),
        };
        // What the file says of the field beats what the caller thinks of the kind, where the value allows it: `money: cents` belongs to the vendor.
        let kind = match (field.and_then(|field| field.kind), kind) {
            (Some(WireKind::Money), WireKind::Decimal | WireKind::Integer) => WireKind::Money,
            (_, kind) => kind,
        };
        self.write(kind, &cell.value, cell.target.as_ref().map(|target| target.as_str()))
    }

    fn write(&self, kind: WireKind, value: &Value, target: Option<&str>) -> Result<Item, String> {
        let wire = &self.ground.connector.wire;
        if value.is_blank() {
            return match &wire.blank.write {
                Some(tree) => tree.fill(&Frame::new(self.ground, None)).map_err(|fault| fault.to_string()),
                None => Ok(Item::BLANK),
            };
        }
        if let (WireKind::List, Value::List(items) | Value::Set(items)) = (kind, value) {
            return self.list(items);
        }
        let plain = || Ok(Item::Value(plain(value)));
        match &wire.form(kind).write {
            WriteForm::Natural => plain(),
            WriteForm::Text => Ok(Item::text(plain_text(value))),
            WriteForm::Number => number(value),
            WriteForm::IsoSeconds => Ok(Item::text(instant(value).map_or_else(|_| plain_text(value), time::iso_seconds))),
            WriteForm::EpochS => Ok(Item::integer(instant(value)?.as_second())),
            WriteForm::EpochMs => Ok(Item::integer(instant(value)?.as_millisecond())),
            WriteForm::DotnetDate => Ok(Item::text(format!("/Date({})/", instant(value)?.as_millisecond()))),
            WriteForm::Cents => self.cents(value),
            WriteForm::Pattern(pattern, zone) => match value {
                Value::Date(date) => time::format_date(*date, pattern).map(Item::text).map_err(|problem| problem.to_string()),
                _ => time::format_instant(instant(value)?, pattern, zone).map(Item::text).map_err(|problem| problem.to_string()),
            },
            WriteForm::Table(rows) => rows
                .iter()
                .find(|(_, known)| known == value)
                .map(|(spelt, _)| Item::text(spelt))
                .ok_or_else(|| format!("{value} has no spelling in the connector's table")),
            WriteForm::Separator(_) => plain(),
            WriteForm::Tree(tree) => {
                let mut frame = Frame::new(self.ground, None).with(VALUE, Item::Value(value.clone()));
                if let Some(target) = target {
                    frame.set(TARGET, Item::text(target));
                }
                tree.fill(&frame).map_err(|fault| fault.to_string())
            }
        }
    }

    fn list(&self, items: &[Value]) -> Result<Item, String> {
        match &self.ground.connector.wire.form(WireKind::List).write {
            WriteForm::Separator(separator) => Ok(Item::text(items.iter().map(plain_text).collect::<Vec<_>>().join(separator))),
            _ => Ok(Item::List(items.iter().map(|item| self.natural(item)).collect::<Result<_, _>>()?)),
        }
    }

    fn cents(&self, value: &Value) -> Result<Item, String> {
        let money = match value {
            Value::Money(money) => *money,
            other => match (other.as_decimal(), self.ground.currency) {
                (Some(amount), Some(currency)) => crate::value::Money::new(amount, currency),
                (Some(amount), None) => {
                    let cents = amount.checked_mul(Decimal::ONE_HUNDRED).filter(Decimal::is_integer);
                    return cents.map(|cents| Item::Value(Value::Decimal(cents.trunc()))).ok_or_else(|| format!("{amount} is not whole in cents"));
                }
                (None, _) => return Err(format!("{} is no amount", other.noun())),
            },
        };
        money.minor_units().map(Item::integer).ok_or_else(|| format!("{money} is not whole in the currency's smallest coin"))
    }
}

/// Puts an item where a path of names points, making maps on the way.
fn put(into: &mut Vec<(Str, Item)>, steps: &[Step], item: Item) -> Result<(), String> {
    let (Step::Member(name), rest) = steps.split_first().ok_or("an empty path")? else {
        return Err("an element of a list cannot be written by itself".into());
    };
    let at = into.iter().position(|(known, _)| known == name);
    if rest.is_empty() {
        match at {
            Some(at) => into[at].1 = item,
            None => into.push((name.clone(), item)),
        }
        return Ok(());
    }
    let at = at.unwrap_or_else(|| {
        into.push((name.clone(), Item::Map(Vec::new())));
        into.len() - 1
    });
    match &mut into[at].1 {
        Item::Map(inner) => put(inner, rest, item),
        _ => Err(format!("`{name}` is written as a whole and in parts")),
    }
}

fn natural_kind(value: &Value) -> WireKind {
    match value {
        Value::Blank | Value::Text(_) | Value::Name(_) | Value::Address(_) | Value::Map(_) => WireKind::Text,
        Value::Boolean(_) => WireKind::Boolean,
        Value::Integer(_) => WireKind::Integer,
        Value::Decimal(_) => WireKind::Decimal,
        Value::Money(_) => WireKind::Money,
        Value::Date(_) => WireKind::Date,
        Value::Instant(_) => WireKind::Instant,
        Value::Ref(_) => WireKind::Ref,
        Value::Set(_) | Value::List(_) => WireKind::List,
    }
}

/// The wire kind of a form; a document has none.
pub fn form_kind(form: &Form) -> Option<WireKind> {
    Some(match form {
        Form::Natural | Form::Document => return None,
        Form::Text => WireKind::Text,
        Form::Integer => WireKind::Integer,
        Form::Decimal => WireKind::Decimal,
        Form::Money => WireKind::Money,
        Form::Boolean => WireKind::Boolean,
        Form::Date => WireKind::Date,
        Form::Instant => WireKind::Instant,
        Form::Enum => WireKind::Enum,
        Form::Ref => WireKind::Ref,
        Form::List(_) => WireKind::List,
    })
}

/// As JSON has it: money as its amount, because its currency is a field of its own.
fn plain(value: &Value) -> Value {
    match value {
        Value::Money(money) => Value::Decimal(money.value),
        other => other.clone(),
    }
}

fn plain_text(value: &Value) -> String {
    plain(value).to_string()
}

fn number(value: &Value) -> Result<Item, String> {
    match plain(value) {
        Value::Text(text) => match crate::value::doc::decimal(&text) {
            Some(number) => Ok(Item::Value(Value::Decimal(number))),
            None => Err("this text is no number".into()),
        },
        other => Ok(Item::Value(other)),
    }
}

fn instant(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::Instant(at) => Ok(*at),
        other => Err(format!("{} is no instant", other.noun())),
    }
}

fn backslashed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}
