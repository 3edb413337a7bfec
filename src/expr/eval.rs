//! Runs checked expressions: bounded in steps and in the size of what they build, and deaf to what is unread.

use std::ops::Range;

use regex::Regex;

use super::code::{Call, Code, Op};
use super::functions::{Arguments, Blanks};
use super::operate::{arithmetic, compare};
use super::tree::Compare;
use super::{Env, Fault, Item, Mode};
use crate::bounds::{EXPR_STEPS_MAX, EXPR_TEXT_BYTES_MAX};
use crate::value::{Str, Value};

/// So many bytes built or searched count as one step: it bounds what all texts of one evaluation cost together.
const BYTES_PER_STEP: usize = 64;

/// One evaluation.
pub struct Run<'e> {
    pub env: &'e dyn Env,
    mode: Mode,
    steps_left: usize,
}

impl<'e> Run<'e> {
    pub fn new(env: &'e dyn Env, mode: Mode) -> Run<'e> {
        Run { env, mode, steps_left: EXPR_STEPS_MAX }
    }

    /// Counts steps taken.
    pub fn spend(&mut self, steps: usize) -> Result<(), Fault> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Fault::Cost)?;
        Ok(())
    }

    /// Counts a text that was searched or built.
    pub fn spend_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.spend(bytes / BYTES_PER_STEP)
    }

    /// Keeps a text that was built, if it may be so long.
    pub fn built(&mut self, text: impl AsRef<str>) -> Result<Item, Fault> {
        let text = text.as_ref();
        if text.len() > EXPR_TEXT_BYTES_MAX {
            return Err(Fault::TooBig);
        }
        self.spend_bytes(text.len())?;
        Ok(Item::text(text))
    }

    /// Runs code; what is unread comes as [`Fault::Unread`].
    pub fn eval(&mut self, code: &Code) -> Result<Item, Fault> {
        self.spend(1)?;
        let item = match &code.op {
            Op::Literal(item) => item.clone(),
            Op::Slot(slot) => self.env.slot(*slot),
            Op::Member(of, name) => {
                let of = self.eval(of)?;
                self.member(&of, name, &code.range)?
            }
            Op::Index(of, index) => self.index(of, index, &code.range)?,
            Op::Slice(of, from, to) => self.slice(of, from.as_deref(), to.as_deref(), &code.range)?,
            Op::Not(of) => Item::boolean(!self.holds(of)?),
            Op::Negative(of) => {
                let of = self.settled(of)?;
                if of.is_blank() { of } else { self.fault(arithmetic(super::tree::Arithmetic::Subtract, &zero_like(&of), &of), &code.range)? }
            }
            Op::And(a, b) => self.and(a, b)?,
            Op::Or(a, b) => self.or(a, b)?,
            Op::Arithmetic(sign, a, b) => {
                let (a, b) = (self.settled(a)?, self.settled(b)?);
                if a.is_blank() || b.is_blank() { Item::BLANK } else { self.fault(arithmetic(*sign, &a, &b), &code.range)? }
            }
            Op::Join(a, b) => {
                let (a, b) = (self.eval(a)?, self.eval(b)?);
                let mut text = a.to_text()?.into_owned();
                text.push_str(&b.to_text()?);
                self.built(text)?
            }
            Op::Compare(sign, a, b) => {
                let (a, b) = (self.settled(a)?, self.settled(b)?);
                self.compare(*sign, &a, &b, &code.range)?
            }
            Op::Rank(rows, sign, a, b) => self.rank(rows, *sign, a, b)?,
            Op::In(item, list) => self.contains(item, list, &code.range)?,
            Op::IsBlank(of) => Item::boolean(self.eval(of)?.is_blank()),
            Op::If(branch, otherwise) => match (self.holds(&branch[1])?, otherwise) {
                (true, _) => self.eval(&branch[0])?,
                (false, Some(otherwise)) => self.eval(otherwise)?,
                (false, None) => Item::BLANK,
            },
            Op::Call(call) => self.call(call, None, &code.range)?,
            Op::Each(list, call) => self.each(list, call, &code.range)?,
            Op::Members(list, names) => self.attributes(list, names, &code.range)?,
            Op::List(items) => Item::List(items.iter().map(|item| self.eval(item)).collect::<Result<_, _>>()?),
            Op::Map(entries) => Item::Map(entries.iter().map(|(name, item)| self.entry(name, item)).collect::<Result<_, _>>()?),
        };
        if matches!(item, Item::Unread) { Err(Fault::Unread) } else { Ok(item) }
    }

    /// Whether a condition holds: blank never does, and in a mapping nothing but a boolean may be asked.
    pub fn holds(&mut self, code: &Code) -> Result<bool, Fault> {
        let item = self.settled(code)?;
        self.truth(&item, &code.range)
    }

    pub fn truth(&self, item: &Item, range: &Range<usize>) -> Result<bool, Fault> {
        match item {
            Item::Value(Value::Boolean(value)) => Ok(*value),
            item if item.is_blank() => Ok(false),
            item if self.mode == Mode::Documents => Ok(item.is_truthy()),
            item => Err(kind(range, format!("a condition is true or false, not {}", item.noun()))),
        }
    }

    fn settled(&mut self, code: &Code) -> Result<Item, Fault> {
        self.eval(code).map(Item::settled)
    }

    fn fault(&self, result: Result<Item, String>, range: &Range<usize>) -> Result<Item, Fault> {
        result.map_err(|message| kind(range, message))
    }

    fn and(&mut self, a: &Code, b: &Code) -> Result<Item, Fault> {
        if self.mode == Mode::Strict {
            return Ok(Item::boolean(self.holds(a)? && self.holds(b)?));
        }
        let first = self.eval(a)?;
        if first.is_truthy() { self.eval(b) } else { Ok(first) }
    }

    fn or(&mut self, a: &Code, b: &Code) -> Result<Item, Fault> {
        if self.mode == Mode::Strict {
            return Ok(Item::boolean(self.holds(a)? || self.holds(b)?));
        }
        let first = self.eval(a)?;
        if first.is_truthy() { Ok(first) } else { self.eval(b) }
    }

    fn compare(&mut self, sign: Compare, a: &Item, b: &Item, range: &Range<usize>) -> Result<Item, Fault> {
        if a.is_blank() || b.is_blank() {
            return Ok(match sign {
                Compare::Equal => Item::boolean(a.is_blank() && b.is_blank()),
                Compare::Unequal => Item::boolean(a.is_blank() != b.is_blank()),
                _ => Item::BLANK,
            });
        }
        match compare(a, b, self.mode).map_err(|message| kind(range, message))? {
            Some(order) if sign.by_size() && !ordered(a) => Err(kind(range, format!("{} has no order ({order:?})", a.noun()))),
            Some(order) => Ok(Item::boolean(sign.holds(order))),
            None => match sign {
                Compare::Equal => Ok(Item::boolean(false)),
                Compare::Unequal => Ok(Item::boolean(true)),
                _ if matches!(a, Item::Value(Value::Money(_))) => Err(kind(range, "amounts of two currencies have no order".into())),
                _ => Err(kind(range, format!("{} and {} have no order", a.noun(), b.noun()))),
            },
        }
    }

    fn rank(&mut self, rows: &[Str], sign: Compare, a: &Code, b: &Code) -> Result<Item, Fault> {
        let mut place = |code: &Code| -> Result<Option<usize>, Fault> {
            let item = self.settled(code)?;
            if item.is_blank() {
                return Ok(None);
            }
            let text = item.to_text()?;
            let place = rows.iter().position(|row| *row == text);
            place.map(Some).ok_or_else(|| kind(&code.range, format!("this is none of {}", rows.join(", "))))
        };
        Ok(match (place(a)?, place(b)?) {
            (Some(a), Some(b)) => Item::boolean(sign.holds(a.cmp(&b))),
            _ => Item::BLANK,
        })
    }

    fn contains(&mut self, item: &Code, list: &Code, range: &Range<usize>) -> Result<Item, Fault> {
        let (item, list) = (self.settled(item)?, self.settled(list)?);
        if let (Item::Value(Value::Text(part)), Item::Value(Value::Text(whole))) = (&item, &list) {
            self.spend_bytes(whole.len())?;
            return Ok(Item::boolean(whole.contains(part.as_str())));
        }
        if let (Item::Value(Value::Text(name)), true) = (&item, list.members().is_some()) {
            return Ok(Item::boolean(list.member(name).is_some()));
        }
        let Some(elements) = list.elements() else {
            return Err(kind(range, format!("`in` looks into a list, not into {}", list.noun())));
        };
        for element in elements {
            self.spend(1)?;
            if self.compare(Compare::Equal, &item, &element.settled(), range)? == Item::boolean(true) {
                return Ok(Item::boolean(true));
            }
        }
        Ok(Item::boolean(false))
    }

    fn entry(&mut self, name: &Code, item: &Code) -> Result<(Str, Item), Fault> {
        let name = self.eval(name)?;
        Ok((Str::from(name.to_text()?), self.eval(item)?))
    }

    /// A member by name: of a map, or a part of money, a time, a name, an address.
    fn member(&mut self, of: &Item, name: &str, range: &Range<usize>) -> Result<Item, Fault> {
        if let Some(found) = of.member(name) {
            return Ok(found);
        }
        if let Item::Value(value) = of
            && let Some(part) = part(value, name)
        {
            return Ok(Item::Value(part));
        }
        if self.mode == Mode::Documents || of.is_blank() {
            return Ok(Item::BLANK);
        }
        Err(kind(range, format!("{} has no member `{name}`", of.noun())))
    }

    fn index(&mut self, of: &Code, index: &Code, range: &Range<usize>) -> Result<Item, Fault> {
        let of = self.eval(of)?;
        match self.settled(index)? {
            Item::Value(Value::Text(name)) => self.member(&of, &name, range),
            Item::Value(Value::Integer(index)) => {
                if let Item::Doc(doc) = &of
                    && let Ok(index) = usize::try_from(index)
                {
                    return Ok(doc.at(index).map_or(Item::BLANK, Item::Doc));
                }
                let Some(elements) = of.elements() else {
                    return if self.mode == Mode::Documents { Ok(Item::BLANK) } else { Err(kind(range, format!("{} has no elements", of.noun()))) };
                };
                let elements: Vec<Item> = elements.collect();
                self.spend(elements.len())?;
                let at = if index < 0 { i64::try_from(elements.len()).map_or(-1, |len| len + index) } else { index };
                Ok(usize::try_from(at).ok().and_then(|at| elements.get(at).cloned()).unwrap_or(Item::BLANK))
            }
            other if other.is_blank() => Ok(Item::BLANK),
            other => Err(kind(range, format!("in brackets stands a number or a name, not {}", other.noun()))),
        }
    }

    fn slice(&mut self, of: &Code, from: Option<&Code>, to: Option<&Code>, range: &Range<usize>) -> Result<Item, Fault> {
        let of = self.settled(of)?;
        let from = from.map(|code| self.bound(code)).transpose()?;
        let to = to.map(|code| self.bound(code)).transpose()?;
        if of.is_blank() {
            return Ok(Item::BLANK);
        }
        if let Item::Value(Value::Text(text)) = &of {
            self.spend_bytes(text.len())?;
            let (begin, end) = bounds(from, to, text.chars().count());
            return self.built(text.chars().skip(begin).take(end - begin).collect::<String>());
        }
        let Some(elements) = of.elements() else {
            return Err(kind(range, format!("{} cannot be cut", of.noun())));
        };
        let elements: Vec<Item> = elements.collect();
        self.spend(elements.len())?;
        let (begin, end) = bounds(from, to, elements.len());
        Ok(Item::List(elements.into_iter().skip(begin).take(end - begin).collect()))
    }

    fn bound(&mut self, code: &Code) -> Result<i64, Fault> {
        match self.settled(code)? {
            Item::Value(Value::Integer(bound)) => Ok(bound),
            other => Err(kind(&code.range, format!("a list or text is cut at whole numbers, not at {}", other.noun()))),
        }
    }

    fn call(&mut self, call: &Call, first: Option<Item>, range: &Range<usize>) -> Result<Item, Fault> {
        let mut items = Vec::with_capacity(call.args.len());
        items.extend(first.map(Some));
        for arg in call.args.iter().skip(items.len()) {
            items.push(arg.as_ref().map(|code| self.settled(code)).transpose()?);
        }
        self.apply(call, items, range, call.pattern.as_ref())
    }

    fn apply(&mut self, call: &Call, items: Vec<Option<Item>>, range: &Range<usize>, pattern: Option<&Regex>) -> Result<Item, Fault> {
        self.spend(1)?;
        if call.function.blanks == Blanks::Pass && items.first().is_some_and(|first| first.as_ref().is_some_and(Item::is_blank)) {
            return Ok(Item::BLANK);
        }
        (call.function.run)(&mut Arguments { run: self, items, pattern, range: range.clone() })
    }

    fn each(&mut self, list: &Code, call: &Call, range: &Range<usize>) -> Result<Item, Fault> {
        let list = self.settled(list)?;
        let mut rest = Vec::new();
        for arg in call.args.iter().skip(1) {
            rest.push(arg.as_ref().map(|code| self.settled(code)).transpose()?);
        }
        let elements = list.elements().ok_or_else(|| kind(range, format!("`map` needs a list, not {}", list.noun())))?;
        let mut out = Vec::new();
        for element in elements {
            let items: Vec<Option<Item>> = std::iter::once(Some(element.settled())).chain(rest.iter().cloned()).collect();
            out.push(self.apply(call, items, range, call.pattern.as_ref())?);
        }
        Ok(Item::List(out))
    }

    fn attributes(&mut self, list: &Code, names: &[Str], range: &Range<usize>) -> Result<Item, Fault> {
        let list = self.settled(list)?;
        let elements = list.elements().ok_or_else(|| kind(range, format!("`map` needs a list, not {}", list.noun())))?;
        let mut out = Vec::new();
        for mut element in elements {
            self.spend(1)?;
            for name in names {
                element = self.member(&element, name, range)?;
            }
            out.push(element);
        }
        Ok(Item::List(out))
    }
}

pub fn kind(range: &Range<usize>, message: String) -> Fault {
    Fault::Kind { range: range.clone(), message }
}

fn ordered(item: &Item) -> bool {
    match item {
        Item::Duration(_) => true,
        Item::Value(value) => matches!(value, Value::Integer(_) | Value::Decimal(_) | Value::Money(_) | Value::Date(_) | Value::Instant(_) | Value::Text(_)),
        _ => false,
    }
}

/// The zero of which `zero - x` is the negative.
fn zero_like(item: &Item) -> Item {
    match item {
        Item::Duration(_) => Item::Duration(jiff::SignedDuration::ZERO),
        Item::Value(Value::Money(money)) => Item::Value(Value::Money(crate::value::Money::new(0.into(), money.currency))),
        _ => Item::integer(0),
    }
}

/// Begin and end as in Python: negative counts from the end, beyond the end is the end.
fn bounds(from: Option<i64>, to: Option<i64>, len: usize) -> (usize, usize) {
    let place = |bound: i64| {
        let from_end = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX);
        if bound < 0 { len.saturating_sub(from_end) } else { from_end.min(len) }
    };
    let begin = from.map_or(0, place);
    (begin, to.map_or(len, place).max(begin))
}

fn part(value: &Value, name: &str) -> Option<Value> {
    let integer = |number: i64| Some(Value::Integer(number));
    match (value, name) {
        (Value::Money(money), "value") => Some(Value::Decimal(money.value)),
        (Value::Money(money), "currency") => Some(Value::text(money.currency.as_str())),
        (Value::Date(date), "year") => integer(date.year().into()),
        (Value::Date(date), "month") => integer(date.month().into()),
        (Value::Date(date), "day") => integer(date.day().into()),
        (Value::Instant(instant), name) => {
            let at = instant.to_zoned(jiff::tz::TimeZone::UTC);
            match name {
                "hour" => integer(at.hour().into()),
                "minute" => integer(at.minute().into()),
                "second" => integer(at.second().into()),
                "microsecond" => integer((at.subsec_nanosecond() / 1_000).into()),
                _ => part(&Value::Date(at.date()), name),
            }
        }
        (Value::Name(whole), "first") => Some(Value::text(&whole.first)),
        (Value::Name(whole), "last") => Some(Value::text(&whole.last)),
        (Value::Address(address), name) => address.parts().iter().find(|(part, _)| *part == name).map(|(_, part)| Value::text(part)),
        _ => None,
    }
}
