//! `updated` and `deleted`: ids of what changed within a span of time.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::org::Org;
use super::problem::Problem;
use super::schema::Object;
use super::soql;
use super::view::{View, instant};
use crate::sandbox::call::{Call, Reply};

/// How far back each feed goes.
const UPDATED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
const DELETED_KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);
const IDS_MAX: usize = 600_000;

struct Span {
    from: Timestamp,
    to: Timestamp,
    /// The asked end, or now when it lies ahead.
    covered: Timestamp,
}

pub fn updated(org: &Org, view: View<'_>, object: &'static Object, call: &Call) -> Result<Reply, Problem> {
    let span = span(org, call, UPDATED_KEPT)?;
    let changed = view.store.shelf(object.name).modified_between(span.from, span.to, view.at);
    let ids: Vec<&str> = changed.iter().filter(|record| record.deleted.is_none()).map(|record| &*record.key).collect();
    few(ids.len())?;
    Ok(Reply::json(200, json!({"ids": ids, "latestDateCovered": instant(span.covered)})))
}

pub fn deleted(org: &Org, view: View<'_>, object: &'static Object, call: &Call) -> Result<Reply, Problem> {
    let span = span(org, call, DELETED_KEPT)?;
    let changed = view.store.shelf(object.name).modified_between(span.from, span.to, view.at);
    let gone = changed.iter().filter_map(|record| Some((record, record.deleted?)));
    let records: Vec<_> = gone.map(|(record, at)| json!({"id": &*record.key, "deletedDate": instant(at)})).collect();
    few(records.len())?;
    let earliest = org.base.now().saturating_sub(DELETED_KEPT).unwrap_or(Timestamp::MIN);
    Ok(Reply::json(200, json!({"deletedRecords": records, "earliestDateAvailable": instant(earliest), "latestDateCovered": instant(span.covered)})))
}

fn few(ids: usize) -> Result<(), Problem> {
    if ids <= IDS_MAX {
        return Ok(());
    }
    Err(Problem::new(400, "EXCEEDED_ID_LIMIT", "The results returned for the date range exceed the maximum number of ids; narrow the range."))
}

/// `start` and `end` count in minutes: start is cut down, end up, and they must differ.
fn span(org: &Org, call: &Call, kept: SignedDuration) -> Result<Span, Problem> {
    let read = |name: &str| {
        let text = call.parameter(name).ok_or_else(|| Problem::new(400, "REQUIRED_FIELD_MISSING", format!("The {name} parameter is required.")))?;
        // An unescaped `+` arrives as a blank.
        soql::instant(&text.replace(' ', "+")).ok_or_else(|| Problem::new(400, "INVALID_REPLICATION_DATE", format!("{name} is no date: {text}")))
    };
    let (from, to) = (read("start")?, read("end")?);
    let now = org.base.now();
    let (first, last) = (from.as_second().div_euclid(60), to.as_second().div_euclid(60));
    if first >= last {
        return Err(Problem::new(400, "INVALID_REPLICATION_DATE", "endDate cannot be before or equal to startDate; they must be at least a minute apart"));
    }
    if now.duration_since(from) > kept + SignedDuration::from_mins(1) {
        return Err(Problem::new(400, "INVALID_REPLICATION_DATE", format!("startDate cannot be more than {} days ago", kept.as_hours() / 24)));
    }
    let minute = |minutes: i64| Timestamp::from_second(minutes * 60).map_err(|_| Problem::new(400, "INVALID_REPLICATION_DATE", "a date is out of range"));
    let (from, to) = (minute(first)?, minute(last)?);
    // An end ahead of the clock covers only what has happened.
    let to = to.min(now);
    Ok(Span { from, to, covered: to })
}
