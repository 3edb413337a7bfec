//! Declared kinds, and conversion between them where nothing is lost. How values compare and match is in `kind/alike.rs`.

mod alike;

use std::fmt;
use std::str::FromStr;

use super::country;
use super::time::{self, TimeProblem, Zone};
use super::{Address, Currency, Money, Name, Str, Value, doc};
use crate::id::MappingName;

/// What a field of a mapping holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    #[default]
    Text,
    Integer,
    Decimal,
    Percent,
    Money,
    Boolean,
    Date,
    Instant,
    Email,
    Phone,
    Url,
    Domain,
    Country,
    Company,
    Name,
    Address,
    /// A reference to an entity of that mapping.
    Ref(MappingName),
    Set(Box<Kind>),
}

/// Why a value is not of a kind; the value itself is not told, as it may be nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KindProblem {
    pub message: String,
    pub help: Option<String>,
}

/// A text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no type; there are {}, ref(mapping) and set(type)", NAMES.map(|(name, _)| name).join(", "))]
pub struct UnknownKind {
    pub found: String,
}

const NAMES: [(&str, Kind); 16] = [
    ("text", Kind::Text),
    ("integer", Kind::Integer),
    ("decimal", Kind::Decimal),
    ("percent", Kind::Percent),
    ("money", Kind::Money),
    ("boolean", Kind::Boolean),
    ("date", Kind::Date),
    ("instant", Kind::Instant),
    ("email", Kind::Email),
    ("phone", Kind::Phone),
    ("url", Kind::Url),
    ("domain", Kind::Domain),
    ("country", Kind::Country),
    ("company", Kind::Company),
    ("name", Kind::Name),
    ("address", Kind::Address),
];

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        let unknown = || UnknownKind { found: text.to_owned() };
        if let Some((_, kind)) = NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(kind.clone());
        }
        let inner = |word: &str| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')').map(str::trim).filter(|inner| !inner.is_empty());
        if let Some(mapping) = inner("ref") {
            return Ok(Kind::Ref(MappingName::new(mapping)));
        }
        match inner("set").map(Kind::from_str) {
            // A set of sets would have no order of its own.
            Some(Ok(Kind::Set(_))) | None => Err(unknown()),
            Some(Ok(kind)) => Ok(Kind::Set(Box::new(kind))),
            Some(Err(problem)) => Err(problem),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Ref(mapping) => write!(f, "ref({mapping})"),
            Kind::Set(kind) => write!(f, "set({kind})"),
            plain => f.write_str(NAMES.iter().find(|(_, kind)| kind == plain).map_or("", |(name, _)| name)),
        }
    }
}

impl Kind {
    /// The names people write, without `ref(…)` and `set(…)`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether values of this kind are spelt as plain text.
    pub fn is_textual(&self) -> bool {
        matches!(self, Kind::Text | Kind::Email | Kind::Phone | Kind::Url | Kind::Domain | Kind::Country | Kind::Company)
    }

    /// Makes a value of this kind out of one that says the same in another; never guesses, never cuts.
    ///
    /// # Errors
    /// When something would be lost or made up: a text is no number, an amount without currency no money, an instant without a zone no date.
    pub fn convert(&self, value: &Value, zone: &Zone) -> Result<Value, KindProblem> {
        let converted = match (self, value) {
            (_, Value::Blank) => Value::Blank,
            (Kind::Integer, Value::Integer(_))
            | (Kind::Decimal | Kind::Percent, Value::Decimal(_))
            | (Kind::Money, Value::Money(_))
            | (Kind::Boolean, Value::Boolean(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Instant, Value::Instant(_))
            | (Kind::Name, Value::Name(_))
            | (Kind::Address, Value::Address(_))
            | (Kind::Ref(_), Value::Ref(_)) => value.clone(),
            // One vendor writes names, another codes; the code is what both can read.
            (Kind::Country, Value::Text(spelt)) => country::code(spelt).map_or_else(|| value.clone(), Value::text),
            (kind, Value::Text(_)) if kind.is_textual() => value.clone(),
            // Ids that one vendor spells as numbers and another as texts.
            (kind, Value::Integer(integer)) if kind.is_textual() => Value::text(integer.to_string()),
            (Kind::Decimal | Kind::Percent, Value::Integer(integer)) => Value::Decimal((*integer).into()),
            (Kind::Integer, Value::Decimal(decimal)) if decimal.is_integer() => {
                Value::Integer(i64::try_from(*decimal).map_err(|_| self.problem(value, Some("the number is too big")))?)
            }
            (Kind::Money, Value::Map(_)) => self.money(value)?,
            (Kind::Date, Value::Instant(instant)) => Value::Date(zone.date(*instant).map_err(|problem| self.time(value, &problem))?),
            (Kind::Name, Value::Text(text)) => full_name(text),
            (Kind::Name, Value::Map(_)) => Value::name(Name { first: part(value, "first"), last: part(value, "last") }),
            (Kind::Address, Value::Map(_)) => address(value),
            (Kind::Set(kind), Value::Set(items) | Value::List(items)) => {
                Value::set(items.iter().map(|item| kind.convert(item, zone)).collect::<Result<Vec<_>, _>>()?)
            }
            (Kind::Money, Value::Integer(_) | Value::Decimal(_)) => return Err(self.problem(value, Some("give the currency too: { amount: …, currency: … }"))),
            (Kind::Integer | Kind::Decimal | Kind::Percent, Value::Text(_)) => {
                return Err(self.problem(value, Some("a text is never taken for a number; say so with `| int`")));
            }
            (Kind::Instant, Value::Date(_)) => return Err(self.problem(value, Some("a date has no time of day"))),
            _ => return Err(self.problem(value, None)),
        };
        Ok(converted)
    }

    /// Reads a value from plain text, as people write it in files: `12.50 EUR`, `2026-03-31`, `true`.
    ///
    /// # Errors
    /// When the text does not spell a value of this kind; references have no spelling.
    pub fn read(&self, text: &str, zone: &Zone) -> Result<Value, KindProblem> {
        let whole = Value::text(text);
        if whole.is_blank() {
            return Ok(Value::Blank);
        }
        let wrong = || self.problem(&whole, None);
        match self {
            Kind::Integer => text.parse().map(Value::Integer).map_err(|_| wrong()),
            Kind::Decimal | Kind::Percent => text.parse().map(Value::Decimal).map_err(|_| wrong()),
            Kind::Money => {
                let (amount, currency) = text.rsplit_once(' ').ok_or_else(|| self.problem(&whole, Some("write it as 12.50 EUR")))?;
                let value = amount.trim().parse().map_err(|_| wrong())?;
                Ok(Value::Money(Money::new(value, Currency::parse(currency).map_err(|problem| self.problem(&whole, Some(&problem.to_string())))?)))
            }
            Kind::Boolean => text.parse().map(Value::Boolean).map_err(|_| wrong()),
            Kind::Date => time::date(text).map(Value::Date).map_err(|problem| self.time(&whole, &problem)),
            Kind::Instant => time::instant(text, zone).map(Value::Instant).map_err(|problem| self.time(&whole, &problem)),
            Kind::Set(kind) => kind.read(text, zone).map(|item| Value::set([item])),
            _ => self.convert(&whole, zone),
        }
    }

    fn problem(&self, value: &Value, help: Option<&str>) -> KindProblem {
        KindProblem { message: format!("{} was found where {} was expected", value.noun(), self.noun()), help: help.map(str::to_owned) }
    }

    fn time(&self, value: &Value, problem: &TimeProblem) -> KindProblem {
        self.problem(value, Some(&problem.to_string()))
    }

    fn money(&self, value: &Value) -> Result<Value, KindProblem> {
        let (amount, currency) = (member(value, "amount"), part(value, "currency"));
        if amount.is_none_or(Value::is_blank) {
            return Ok(Value::Blank);
        }
        // Many vendors send amounts as texts to keep their digits; beside a currency that is no guess.
        let exact = amount.and_then(|amount| amount.as_decimal().or_else(|| amount.as_text().and_then(doc::decimal)));
        let exact = exact.ok_or_else(|| self.problem(value, Some("its amount is no exact number")))?;
        let currency = Currency::parse(&currency).map_err(|problem| self.problem(value, Some(&problem.to_string())))?;
        Ok(Value::Money(Money::new(exact, currency)))
    }

    fn noun(&self) -> String {
        match self {
            Kind::Money => "money".into(),
            kind => format!("{} {kind}", if matches!(kind, Kind::Integer | Kind::Instant | Kind::Email | Kind::Address) { "an" } else { "a" }),
        }
    }
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(entries) = value else { return None };
    entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn part(value: &Value, name: &str) -> Str {
    member(value, name).map_or(Str::default(), |value| Str::from(value.to_string()))
}

fn address(value: &Value) -> Value {
    let part = |name| part(value, name);
    Value::address(Address { street: part("street"), city: part("city"), region: part("region"), postcode: part("postcode"), country: part("country") })
}

/// A name in one text: what stands after the last space is the last name. Joined again it is the same text.
fn full_name(text: &str) -> Value {
    let text = text.trim();
    let (first, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    Value::name(Name { first: Str::from(first.trim_end()), last: Str::from(last) })
}

#[cfg(test)]
mod tests;
