//! One value from a slice of an answer: typed as its column says, never through a tree, numbers from their digits.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::frame::{Frame, Ground};
use crate::catalog::scope::VALUE;
use crate::catalog::wire::{ReadForm, WireKind};
use crate::expr::Item;
use crate::value::doc::{decimal, raw_value};
use crate::value::record::Cell;
use crate::value::time::{self, Zone};
use crate::value::{Currency, Doc, Money, Str, Value};

/// How one column is read.
#[derive(Clone, Debug)]
pub enum Kind {
    /// As JSON has it.
    Natural,
    /// Whole: a structure that others take apart.
    Document,
    One(WireKind),
    List(Box<Kind>),
}

/// Reads cells for one connection.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub ground: &'a Ground,
}

/// What a slice cannot be.
struct Misfit;

impl Reader<'_> {
    /// The cell of a slice; `None` is a member that is not there.
    pub fn cell(&self, raw: Option<&str>, kind: &Kind, currency: Option<Currency>) -> Cell {
        let blank = &self.ground.connector.wire.blank;
        let Some(raw) = raw else { return if blank.missing { Cell::Value(Value::Blank) } else { Cell::Unread } };
        match self.value(raw, kind, currency) {
            Ok(value) => Cell::Value(value),
            Err(Misfit) => Cell::Wrong(Str::from(shown(raw))),
        }
    }

    fn value(&self, raw: &str, kind: &Kind, currency: Option<Currency>) -> Result<Value, Misfit> {
        if raw == "null" || self.is_blank(raw) {
            return Ok(Value::Blank);
        }
        match kind {
            Kind::Natural => Ok(raw_value(raw)),
            Kind::Document => self.document(raw),
            Kind::List(inner) => self.list(raw, inner, currency),
            Kind::One(kind) => self.one(raw, *kind, currency),
        }
    }

    fn is_blank(&self, raw: &str) -> bool {
        let blank = &self.ground.connector.wire.blank;
        if raw == "\"\"" {
            return true;
        }
        // Texts that count as blank are plain words: their quoted form is their spelling.
        let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.is_some_and(|inner| blank.texts.iter().any(|text| text == inner)) || (!blank.others.is_empty() && blank.others.contains(&raw_value(raw)))
    }

    fn one(&self, raw: &str, kind: WireKind, currency: Option<Currency>) -> Result<Value, Misfit> {
        let form = &self.ground.connector.wire.form(kind).read;
        if let ReadForm::Program(program) = form
            && raw.starts_with('{')
        {
            return self.computed(raw, kind, program, currency);
        }
        if let ReadForm::Table(rows) = form {
            let spelt = raw_value(raw).to_string();
            if let Some((_, value)) = rows.iter().find(|(known, _)| *known == spelt) {
                return Ok(value.clone());
            }
        }
        match kind {
            WireKind::Text | WireKind::Enum | WireKind::Ref => textual(raw),
            WireKind::Integer => match number(raw, form)? {
                number if number.is_integer() => i64::try_from(number).map(Value::Integer).map_err(|_| Misfit),
                _ => Err(Misfit),
            },
            WireKind::Decimal => number(raw, form).map(Value::Decimal),
            WireKind::Money => amount(number(raw, form)?, form, currency),
            WireKind::Boolean => match raw {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => Err(Misfit),
            },
            WireKind::Date => date(raw, form),
            WireKind::Instant => instant(raw, form).map(Value::Instant),
            WireKind::List => self.list(raw, &Kind::Natural, currency),
        }
    }

    /// A typed object, such as `{"__class__":"Decimal","decimal":"12.50"}`.
    fn computed(&self, raw: &str, kind: WireKind, program: &crate::expr::Program, currency: Option<Currency>) -> Result<Value, Misfit> {
        let doc = Doc::new(bytes::Bytes::copy_from_slice(raw.as_bytes())).map_err(|_| Misfit)?;
        let frame = Frame::new(self.ground, None).with(VALUE, Item::Doc(doc));
        let value = program.eval(&frame).map_err(|_| Misfit)?.into_value().map_err(|_| Misfit)?;
        let digits = |value: &Value| value.as_decimal().or_else(|| value.as_text().and_then(decimal)).ok_or(Misfit);
        match (kind, &value) {
            (_, Value::Blank) => Ok(value),
            (WireKind::Decimal, _) => digits(&value).map(Value::Decimal),
            (WireKind::Money, _) => amount(digits(&value)?, &ReadForm::Natural, currency),
            (WireKind::Date, Value::Date(_)) | (WireKind::Instant, Value::Instant(_)) => Ok(value),
            (WireKind::Date | WireKind::Instant, _) => Err(Misfit),
            _ => Ok(value),
        }
    }

    fn list(&self, raw: &str, inner: &Kind, currency: Option<Currency>) -> Result<Value, Misfit> {
        if raw.starts_with('[') {
            let doc = Doc::new(bytes::Bytes::copy_from_slice(raw.as_bytes())).map_err(|_| Misfit)?;
            let items: Result<Vec<Value>, Misfit> = doc.items().map(|item| self.value(item.raw(), inner, currency)).collect();
            return items.map(|items| Value::list(items.into_iter().filter(|item| !item.is_blank()).collect()));
        }
        match (&self.ground.connector.wire.form(WireKind::List).read, text(raw)) {
            (ReadForm::Separator(separator), Some(text)) => {
                Ok(Value::list(text.split(separator.as_str()).map(str::trim).filter(|part| !part.is_empty()).map(Value::text).collect()))
            }
            _ => Err(Misfit),
        }
    }

    fn document(&self, raw: &str) -> Result<Value, Misfit> {
        Ok(raw_value(raw))
    }
}

/// What a person is shown of a value that does not fit: enough to find it, not all of it.
fn shown(raw: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    match raw.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", &raw[..at]),
        None => raw.to_string(),
    }
}

/// What a JSON text says.
pub fn text(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(std::borrow::Cow::Borrowed(inner));
    }
    match raw_value(raw) {
        Value::Text(text) => Some(std::borrow::Cow::Owned(text.into())),
        _ => None,
    }
}

/// A text; numbers and truths come as they are spelt, because nothing is lost.
fn textual(raw: &str) -> Result<Value, Misfit> {
    match raw.as_bytes()[0] {
        b'"' => Ok(raw_value(raw)),
        b'[' | b'{' => Err(Misfit),
        _ => Ok(Value::Text(Str::from(raw))),
    }
}

fn number(raw: &str, form: &ReadForm) -> Result<Decimal, Misfit> {
    let digits = match (raw.as_bytes()[0], form) {
        (b'-' | b'0'..=b'9', _) => raw,
        (b'"', ReadForm::Text) => raw.trim_matches('"'),
        _ => return Err(Misfit),
    };
    decimal(digits.trim()).ok_or(Misfit)
}

/// Money where a currency is known, else the bare amount: no amount gets a currency that nobody told.
fn amount(number: Decimal, form: &ReadForm, currency: Option<Currency>) -> Result<Value, Misfit> {
    let is_cents = matches!(form, ReadForm::Cents);
    match (currency, is_cents) {
        (Some(currency), true) if number.is_integer() => {
            i64::try_from(number).map(|cents| Value::Money(Money::from_minor_units(cents, currency))).map_err(|_| Misfit)
        }
        (Some(currency), false) => Ok(Value::Money(Money::new(number, currency))),
        (None, true) if number.is_integer() => Ok(Value::Decimal(number / Decimal::ONE_HUNDRED)),
        (None, false) => Ok(Value::Decimal(number)),
        (_, true) => Err(Misfit),
    }
}

fn date(raw: &str, form: &ReadForm) -> Result<Value, Misfit> {
    let spelt = text(raw).ok_or(Misfit)?;
    let date = match form {
        ReadForm::Pattern(pattern, _) => time::parse_date(&spelt, pattern).or_else(|_| time::date(&spelt)),
        _ => time::date(&spelt),
    };
    date.map(Value::Date).map_err(|_| Misfit)
}

fn instant(raw: &str, form: &ReadForm) -> Result<Timestamp, Misfit> {
    let epoch = |divisor: fn(i64) -> Result<Timestamp, time::TimeProblem>| {
        raw.trim_matches('"').parse::<i64>().map_err(|_| Misfit).and_then(|number| divisor(number).map_err(|_| Misfit))
    };
    match form {
        ReadForm::EpochMs => epoch(time::from_epoch_ms),
        ReadForm::EpochS => epoch(time::from_epoch_s),
        ReadForm::DotnetDate => {
            let spelt = text(raw).ok_or(Misfit)?;
            let inner = spelt.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")).ok_or(Misfit)?;
            let end = inner[1..].find(['+', '-']).map_or(inner.len(), |at| at + 1);
            inner[..end].parse::<i64>().map_err(|_| Misfit).and_then(|ms| time::from_epoch_ms(ms).map_err(|_| Misfit))
        }
        ReadForm::Pattern(pattern, zone) => {
            let spelt = text(raw).ok_or(Misfit)?;
            time::parse_instant(&spelt, pattern, zone).or_else(|_| time::instant(&spelt, &Zone::unknown())).map_err(|_| Misfit)
        }
        _ => time::instant(&text(raw).ok_or(Misfit)?, &Zone::unknown()).map_err(|_| Misfit),
    }
}

/// The instant of a record's own `time`.
pub fn record_time(ground: &Ground, raw: &str) -> Option<Timestamp> {
    let form = &ground.connector.wire.form(WireKind::Instant).read;
    if let ReadForm::Program(_) = form {
        let reader = Reader { ground };
        return match reader.value(raw, &Kind::One(WireKind::Instant), None) {
            Ok(Value::Instant(at)) => Some(at),
            _ => None,
        };
    }
    instant(raw, form).ok()
}
