//! Functions on dates, instants and durations.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::text::function;
use super::{Arguments, Blanks, Function, Gives, Known, Takes, optional, required};
use crate::expr::{Fault, Item, Shape};
use crate::value::Value;
use crate::value::time::{self, TimeProblem, Zone};

const TEXT: Gives = Gives::Shape(Shape::Text);
const INTEGER: Gives = Gives::Shape(Shape::Integer);
const INSTANT: Gives = Gives::Shape(Shape::Instant);
const DATE: Gives = Gives::Shape(Shape::Date);
const DURATION: Gives = Gives::Shape(Shape::Duration);

pub(super) const TABLE: &[Function] = &[
    function!("days", [required("count", Takes::Integer)], DURATION, "So many days of 24 hours.", "date('2026-01-31') + days(30)" => "2026-03-02", |call| length(call, 86_400)),
    function!("hours", [required("count", Takes::Integer)], DURATION, "So many hours.", "hours(48) == days(2)" => "true", |call| length(call, 3_600)),
    function!(
        "date", [required("value", Takes::Any), optional("month", Takes::Integer), optional("day", Takes::Integer)], DATE,
        "A date from a text such as '2026-03-31', or from year, month and day.", "date(2026, 3, 31)" => "2026-03-31", date
    ),
    function!(
        "instant",
        [
            required("value", Takes::Any), optional("month", Takes::Integer), optional("day", Takes::Integer), optional("hour", Takes::Integer),
            optional("minute", Takes::Integer), optional("second", Takes::Integer), optional("microsecond", Takes::Integer)
        ],
        INSTANT, "An instant from a text with its offset, or from its parts in UTC.", "instant(2026, 3, 31, 9)" => "2026-03-31T09:00:00Z", instant
    ),
    function!("from_epoch_ms", [required("ms", Takes::Any)], INSTANT, "The instant so many milliseconds after 1970.", "1774947600000 | from_epoch_ms" => "2026-03-31T09:00:00Z", |call| {
        let ms = match call.item(0) {
            Item::Value(Value::Integer(ms)) => ms,
            Item::Value(Value::Text(digits)) => digits.parse().map_err(|_| call.fault("no milliseconds can be read from this text"))?,
            other => return Err(call.fault(format!("milliseconds are an integer, not {}", other.noun()))),
        };
        time::from_epoch_ms(ms).map(at).map_err(|problem| call.fault(problem.to_string()))
    }),
    function!("epoch_ms", [required("instant", Takes::Instant)], INTEGER, "Milliseconds after 1970.", "instant('2026-03-31T09:00:00Z') | epoch_ms" => "1774947600000", |call| {
        Ok(Item::integer(read(call)?.as_millisecond()))
    }),
    function!("epoch_s", [required("instant", Takes::Instant)], INTEGER, "Whole seconds after 1970.", "instant('2026-03-31T09:00:00Z') | epoch_s" => "1774947600", |call| {
        Ok(Item::integer(read(call)?.as_second()))
    }),
    function!("iso", [required("time", Takes::Time)], TEXT, "The instant as ISO text with all its digits; of a date, the date.", "instant(2026, 3, 31) | iso" => "2026-03-31T00:00:00Z", |call| {
        match call.item(0) {
            Item::Value(Value::Date(date)) => Ok(Item::text(date.to_string())),
            _ => Ok(Item::text(time::iso(read(call)?))),
        }
    }),
    function!("iso_seconds", [required("instant", Takes::Instant)], TEXT, "The instant as ISO text in whole seconds.", "instant('2026-03-31T09:00:00.5Z') | iso_seconds" => "2026-03-31T09:00:00Z", |call| {
        Ok(Item::text(time::iso_seconds(read(call)?)))
    }),
    function!("http_date", [required("instant", Takes::Instant)], TEXT, "The instant as HTTP headers write it.", "instant(2026, 3, 31) | http_date" => "Tue, 31 Mar 2026 00:00:00 GMT", |call| {
        Ok(Item::text(time::http_date(read(call)?)))
    }),
    function!(
        "strftime", [required("time", Takes::Time), required("pattern", Takes::Text), optional("zone", Takes::Text)], TEXT,
        "The date or instant by a pattern; an instant in UTC, or in the zone given.", "instant(2026, 3, 31, 9) | strftime('%d.%m.%Y %H:%M')" => "31.03.2026 09:00", strftime
    ),
];

fn at(instant: Timestamp) -> Item {
    Item::Value(Value::Instant(instant))
}

/// The instant that the first argument is, or that a document spells.
fn read(call: &mut Arguments<'_, '_>) -> Result<Timestamp, Fault> {
    match call.item(0) {
        Item::Value(Value::Instant(instant)) => Ok(instant),
        Item::Value(Value::Text(text)) => time::instant(&text, &Zone::unknown()).map_err(|problem| call.fault(problem.to_string())),
        other => Err(call.fault(format!("an instant was expected here, not {}", other.noun()))),
    }
}

fn length(call: &mut Arguments<'_, '_>, seconds: i64) -> Result<Item, Fault> {
    let count = call.integer(0)?.and_then(|count| count.checked_mul(seconds));
    count.map(|seconds| Item::Duration(SignedDuration::from_secs(seconds))).ok_or_else(|| call.fault("the duration is too long"))
}

fn date(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let found = match call.item(0) {
        Item::Value(Value::Date(date)) => Ok(date),
        Item::Value(Value::Text(text)) => time::date(&text),
        Item::Value(Value::Integer(_)) => ymd(call)?,
        other => return Err(call.fault(format!("a date is made from a text or from numbers, not from {}", other.noun()))),
    };
    found.map(|date| Item::Value(Value::Date(date))).map_err(|problem| call.fault(problem.to_string()))
}

fn ymd(call: &Arguments<'_, '_>) -> Result<Result<Date, TimeProblem>, Fault> {
    let (year, month, day) = (call.integer(0)?, call.integer(1)?, call.integer(2)?);
    let parts = || Some((i16::try_from(year?).ok()?, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?));
    Ok(parts().and_then(|(year, month, day)| Date::new(year, month, day).ok()).ok_or(TimeProblem::Date))
}

fn instant(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    if !matches!(call.item(0), Item::Value(Value::Integer(_))) {
        return read(call).map(at);
    }
    let date = ymd(call)?.map_err(|problem| call.fault(problem.to_string()))?;
    let mut clock = [0_i64; 4];
    for (index, part) in clock.iter_mut().enumerate() {
        *part = call.integer(index + 3)?.unwrap_or(0);
    }
    let [hour, minute, second, microsecond] = clock;
    let time = || {
        let nanosecond = i32::try_from(microsecond.checked_mul(1_000)?).ok()?;
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, nanosecond).ok()
    };
    let instant = time().and_then(|time| DateTime::from_parts(date, time).to_zoned(TimeZone::UTC).ok());
    instant.map(|zoned| at(zoned.timestamp())).ok_or_else(|| call.fault(TimeProblem::Instant.to_string()))
}

fn strftime(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let (pattern, zone) = (call.text(1)?, call.text(2)?);
    let written = match call.item(0) {
        Item::Value(Value::Date(date)) => time::format_date(date, &pattern),
        _ => {
            let instant = read(call)?;
            let zone = if zone.is_empty() { Ok(Zone::utc()) } else { Zone::named(&zone) };
            zone.and_then(|zone| time::format_instant(instant, &pattern, &zone))
        }
    };
    let written = written.map_err(|problem| call.fault(problem.to_string()))?;
    call.run.built(written)
}
