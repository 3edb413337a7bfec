//! Sums and comparisons: which shapes go together (told before anything runs), and what comes out.

use std::cmp::Ordering;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::tree::{Arithmetic, Compare};
use super::{Item, Mode, Shape};
use crate::value::time::{add_to_date, between_dates, date, instant};
use crate::value::{Money, Value, time::Zone};

/// Why two things do not go together, and what to write.
#[derive(Debug, PartialEq)]
pub struct Misfit {
    pub message: String,
    pub help: Option<String>,
}

fn misfit(message: impl Into<String>, help: Option<&str>) -> Misfit {
    Misfit { message: message.into(), help: help.map(str::to_owned) }
}

fn number(shape: &Shape) -> bool {
    matches!(shape, Shape::Number | Shape::Integer)
}

fn text(shape: &Shape) -> bool {
    matches!(shape, Shape::Text | Shape::Choice(_))
}

/// What `a sign b` gives.
pub fn arithmetic_shape(sign: Arithmetic, a: &Shape, b: &Shape) -> Result<Shape, Misfit> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    let shape = match (sign, a, b) {
        (_, a, b) if a.open() || b.open() => Shape::Any,
        (Add | Subtract | Multiply | Remainder, Shape::Integer, Shape::Integer) => Shape::Integer,
        (_, a, b) if number(a) && number(b) => Shape::Number,
        (Add | Subtract, Shape::Money, Shape::Money) => Shape::Money,
        (Multiply | Divide, Shape::Money, b) if number(b) => Shape::Money,
        (Multiply, a, Shape::Money) if number(a) => Shape::Money,
        (Divide, Shape::Money, Shape::Money) => Shape::Number,
        (Add | Subtract, Shape::Date, Shape::Duration) | (Add, Shape::Duration, Shape::Date) => Shape::Date,
        (Add | Subtract, Shape::Instant, Shape::Duration) | (Add, Shape::Duration, Shape::Instant) => Shape::Instant,
        (Subtract, Shape::Date, Shape::Date) | (Subtract, Shape::Instant, Shape::Instant) | (Add | Subtract, Shape::Duration, Shape::Duration) => {
            Shape::Duration
        }
        (Multiply, Shape::Duration, b) if number(b) => Shape::Duration,
        (Multiply, a, Shape::Duration) if number(a) => Shape::Duration,
        (sign, a, b) => return Err(arithmetic_misfit(sign, a, b)),
    };
    Ok(shape)
}

fn arithmetic_misfit(sign: Arithmetic, a: &Shape, b: &Shape) -> Misfit {
    let help = match (a, b) {
        (a, b) if text(a) && text(b) && sign == Arithmetic::Add => Some("texts are joined with `~`"),
        (a, b) if text(a) || text(b) => Some("a text is never taken for a number; `| int` reads one"),
        (Shape::Money, b) if number(b) => Some("take `amount.value`, or write money(1000, 'EUR')"),
        (a, Shape::Money) if number(a) => Some("take `amount.value`, or write money(1000, 'EUR')"),
        (Shape::Date | Shape::Instant, b) if number(b) => Some("write days(30) or hours(24)"),
        _ => None,
    };
    misfit(format!("`{}` does not go with {} and {}", sign.sign(), a.noun(), b.noun()), help)
}

/// Whether two shapes may be compared.
pub fn compare_check(sign: Compare, a: &Shape, b: &Shape, mode: Mode) -> Result<(), Misfit> {
    let alike = match (a, b) {
        (a, b) if a.open() || b.open() => return Ok(()),
        (Shape::Choice(a), Shape::Choice(b)) => {
            return if a == b || !sign.by_size() { Ok(()) } else { Err(misfit("two different choices have no common order", None)) };
        }
        (a, b) if number(a) && number(b) => true,
        (a, b) if text(a) && text(b) => {
            let ranked = matches!(a, Shape::Choice(_)) || matches!(b, Shape::Choice(_));
            return if !sign.by_size() || ranked || mode == Mode::Documents { Ok(()) } else { Err(misfit("texts have no order", None)) };
        }
        // A document spells its times as text.
        (Shape::Text, Shape::Instant | Shape::Date) | (Shape::Instant | Shape::Date, Shape::Text) if mode == Mode::Documents => true,
        (a, b) => a == b,
    };
    if !alike {
        return Err(compare_misfit(a, b));
    }
    let ordered = !matches!(a, Shape::Boolean | Shape::List | Shape::Map | Shape::Entity | Shape::Name | Shape::Address);
    if sign.by_size() && !ordered { Err(misfit(format!("{} has no order", a.noun()), None)) } else { Ok(()) }
}

fn compare_misfit(a: &Shape, b: &Shape) -> Misfit {
    let (message, help) = match (a, b) {
        (Shape::Money, b) if number(b) => ("money is compared with a number".to_owned(), Some("take `amount.value`, or write money(1000, 'EUR')")),
        (a, Shape::Money) if number(a) => ("a number is compared with money".to_owned(), Some("take `amount.value`, or write money(1000, 'EUR')")),
        (Shape::Date | Shape::Instant, b) if text(b) => (format!("{} is compared with a text", a.noun()), Some("write a date as '2026-03-31'")),
        (a, Shape::Date | Shape::Instant) if text(a) => (format!("a text is compared with {}", b.noun()), Some("write a date as '2026-03-31'")),
        (Shape::Date, Shape::Instant) | (Shape::Instant, Shape::Date) => {
            ("a date is compared with an instant".to_owned(), Some("a date has no time of day; compare two dates or two instants"))
        }
        (a, b) if text(a) && number(b) || number(a) && text(b) => {
            (format!("{} is compared with {}", a.noun(), b.noun()), Some("a text is never taken for a number; `| int` reads one"))
        }
        (Shape::Entity, b) if text(b) => ("a reference is compared with a text".to_owned(), Some("compare one of its fields: partner.tier == 'gold'")),
        _ => (format!("{} is compared with {}", a.noun(), b.noun()), None),
    };
    misfit(message, help)
}

/// What two settled, unblank items give; the error says why they give nothing.
pub fn arithmetic(sign: Arithmetic, a: &Item, b: &Item) -> Result<Item, String> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    let too_big = || "the result is too big to be exact".to_owned();
    if let (Item::Value(Value::Integer(a)), Item::Value(Value::Integer(b))) = (a, b) {
        return integers(sign, *a, *b).ok_or_else(too_big);
    }
    let decimal = |item: &Item| match item {
        Item::Value(value) => value.as_decimal(),
        _ => None,
    };
    if let (Some(a), Some(b)) = (decimal(a), decimal(b)) {
        return decimals(sign, a, b).map(Item::Value).ok_or_else(too_big);
    }
    let with_money =
        |value: Option<Decimal>, money: &Money| value.map(|value| Item::Value(Value::Money(Money::new(value, money.currency)))).ok_or_else(too_big);
    match (sign, a, b) {
        (Add | Subtract | Divide, Item::Value(Value::Money(a)), Item::Value(Value::Money(b))) => {
            if a.currency != b.currency {
                return Err(format!("{} and {} are different currencies", a.currency, b.currency));
            }
            match sign {
                Add => with_money(a.value.checked_add(b.value), a),
                Subtract => with_money(a.value.checked_sub(b.value), a),
                _ => decimals(Divide, a.value, b.value).map(Item::Value).ok_or_else(too_big),
            }
        }
        (Multiply, Item::Value(Value::Money(money)), other) | (Multiply, other, Item::Value(Value::Money(money))) if decimal(other).is_some() => {
            with_money(decimal(other).and_then(|number| money.value.checked_mul(number)), money)
        }
        (Divide, Item::Value(Value::Money(money)), other) if decimal(other).is_some() => match decimal(other) {
            Some(number) if number.is_zero() => Ok(Item::BLANK),
            number => with_money(number.and_then(|number| money.value.checked_div(number)).map(|value| value.normalize()), money),
        },
        _ => times(sign, a, b),
    }
}

fn integers(sign: Arithmetic, a: i64, b: i64) -> Option<Item> {
    let exact = match sign {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder => None,
    };
    match exact {
        Some(integer) => Some(Item::integer(integer)),
        None => decimals(sign, a.into(), b.into()).map(|value| match (sign, &value) {
            (Arithmetic::Remainder, Value::Decimal(rest)) => i64::try_from(*rest).map_or(Item::Value(value.clone()), Item::integer),
            _ => Item::Value(value),
        }),
    }
}

/// A share of nothing is blank: dividing by zero has no answer, and no default is made up.
fn decimals(sign: Arithmetic, a: Decimal, b: Decimal) -> Option<Value> {
    let value = match sign {
        Arithmetic::Add => a.checked_add(b)?,
        Arithmetic::Subtract => a.checked_sub(b)?,
        Arithmetic::Multiply => a.checked_mul(b)?,
        Arithmetic::Divide | Arithmetic::Remainder if b.is_zero() => return Some(Value::Blank),
        // Division pads with zeros that say nothing.
        Arithmetic::Divide => a.checked_div(b)?.normalize(),
        // The rest has the sign of the divisor, as in Jinja.
        Arithmetic::Remainder => a.checked_rem(b)?.checked_add(b)?.checked_rem(b)?,
    };
    Some(Value::Decimal(value))
}

fn times(sign: Arithmetic, a: &Item, b: &Item) -> Result<Item, String> {
    use Arithmetic::{Add, Multiply, Subtract};
    let out_of_time = |what: &str| format!("{what} leaves the calendar, or is no whole number of days");
    let length = |duration: SignedDuration| if sign == Subtract { duration.checked_neg() } else { Some(duration) };
    match (sign, a, b) {
        (Add | Subtract, Item::Value(Value::Date(date)), Item::Duration(duration)) | (Add, Item::Duration(duration), Item::Value(Value::Date(date))) => {
            let moved = length(*duration).and_then(|duration| add_to_date(*date, duration).ok());
            moved.map(|date| Item::Value(Value::Date(date))).ok_or_else(|| out_of_time("the date"))
        }
        (Add | Subtract, Item::Value(Value::Instant(at)), Item::Duration(duration)) | (Add, Item::Duration(duration), Item::Value(Value::Instant(at))) => {
            let moved = length(*duration).and_then(|duration| at.checked_add(duration).ok());
            moved.map(|at| Item::Value(Value::Instant(at))).ok_or_else(|| out_of_time("the instant"))
        }
        (Subtract, Item::Value(Value::Date(a)), Item::Value(Value::Date(b))) => Ok(Item::Duration(between_dates(*b, *a))),
        (Subtract, Item::Value(Value::Instant(a)), Item::Value(Value::Instant(b))) => Ok(Item::Duration(a.duration_since(*b))),
        (Add, Item::Duration(a), Item::Duration(b)) => a.checked_add(*b).map(Item::Duration).ok_or_else(|| out_of_time("the duration")),
        (Subtract, Item::Duration(a), Item::Duration(b)) => a.checked_sub(*b).map(Item::Duration).ok_or_else(|| out_of_time("the duration")),
        (Multiply, Item::Duration(duration), Item::Value(Value::Integer(n))) | (Multiply, Item::Value(Value::Integer(n)), Item::Duration(duration)) => {
            let n = i32::try_from(*n).map_err(|_| out_of_time("the duration"))?;
            duration.checked_mul(n).map(Item::Duration).ok_or_else(|| out_of_time("the duration"))
        }
        _ => Err(format!("`{}` does not go with {} and {}", sign.sign(), a.noun(), b.noun())),
    }
}

/// How two settled, unblank items compare: `Ok(None)` when they are different things without an order between them.
pub fn compare(a: &Item, b: &Item, mode: Mode) -> Result<Option<Ordering>, String> {
    let (Item::Value(left), Item::Value(right)) = (a, b) else {
        return match (a, b) {
            (Item::Duration(a), Item::Duration(b)) => Ok(Some(a.cmp(b))),
            _ => structures(a, b, mode),
        };
    };
    if let (Some(left), Some(right)) = (left.as_decimal(), right.as_decimal()) {
        return Ok(Some(left.cmp(&right)));
    }
    Ok(match (left, right) {
        (Value::Money(a), Value::Money(b)) if a.currency == b.currency => Some(a.value.cmp(&b.value)),
        (Value::Money(_), Value::Money(_)) => None,
        (Value::Instant(at), Value::Text(spelt)) if mode == Mode::Documents => Some(at.cmp(&instant(spelt, &Zone::unknown()).map_err(|e| e.to_string())?)),
        (Value::Text(spelt), Value::Instant(at)) if mode == Mode::Documents => Some(instant(spelt, &Zone::unknown()).map_err(|e| e.to_string())?.cmp(at)),
        (Value::Date(day), Value::Text(spelt)) if mode == Mode::Documents => Some(day.cmp(&date(spelt).map_err(|e| e.to_string())?)),
        (Value::Text(spelt), Value::Date(day)) if mode == Mode::Documents => Some(date(spelt).map_err(|e| e.to_string())?.cmp(day)),
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => Some(a.cmp(b)),
        // What a vendor spells now as a number and now as a text is simply not equal.
        _ if mode == Mode::Documents => None,
        (a, b) => return Err(format!("{} is compared with {}", a.noun(), b.noun())),
    })
}

/// Lists and maps are equal or not, whichever way they are held; they have no order.
fn structures(a: &Item, b: &Item, mode: Mode) -> Result<Option<Ordering>, String> {
    match (a.clone().into_value(), b.clone().into_value()) {
        (Ok(a), Ok(b)) if a == b => Ok(Some(Ordering::Equal)),
        (Ok(_), Ok(_)) if mode == Mode::Documents || a.noun() == b.noun() => Ok(None),
        _ => Err(format!("{} is compared with {}", a.noun(), b.noun())),
    }
}
