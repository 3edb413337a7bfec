//! When a mapping wakes by itself: pure, from its schedule and the time of its last start.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::mapping::Schedule;

/// The next time the schedule wakes, strictly after `now`. `None`: only deliveries and people wake it.
///
/// `every` counts from the last start, so that a long run does not shift what follows it; without one it is due at once.
pub fn next_wake(schedule: &Schedule, last_start: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    match schedule {
        Schedule::Off => None,
        Schedule::Every(period) => Some(last_start.map_or(now, |last| after(last, *period).max(now))),
        Schedule::Cron(text) => next_cron(text, now, zone),
    }
}

fn after(last: Timestamp, period: Duration) -> Timestamp {
    last.saturating_add(period).expect("a duration of std is never negative")
}

/// When the day of `at` ends in the zone.
pub fn midnight(at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    at.to_zoned(zone.clone()).tomorrow().and_then(|tomorrow| tomorrow.start_of_day()).ok().map(|midnight| midnight.timestamp())
}

/// Cron fields are read as local time of the zone: the wall-clock time is walked, then placed in the zone, so that a time that a
/// daylight-saving change skips runs right after the gap, and one that occurs twice runs once.
fn next_cron(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let schedule = cron::Schedule::from_str(text).ok()?;
    let local = now.to_zoned(zone.clone()).datetime();
    let naive = cron_time::from_civil(local)?;
    schedule.after(&naive).take(4).find_map(|at| {
        let civil = cron_time::to_civil(&at)?;
        let at = civil.to_zoned(zone.clone()).ok()?.timestamp();
        (at > now).then_some(at)
    })
}

// The cron crate speaks chrono. Local wall-clock times pass through it as if they were UTC: no zone rule of chrono's takes part.
mod cron_time {
    use chrono::{Datelike, NaiveDate, TimeZone, Timelike, Utc};

    pub type DateTime = chrono::DateTime<Utc>;

    pub fn from_civil(local: jiff::civil::DateTime) -> Option<DateTime> {
        let date = NaiveDate::from_ymd_opt(local.year().into(), local.month() as u32, local.day() as u32)?;
        let time = date.and_hms_opt(local.hour() as u32, local.minute() as u32, local.second() as u32)?;
        Some(Utc.from_utc_datetime(&time))
    }

    pub fn to_civil(at: &DateTime) -> Option<jiff::civil::DateTime> {
        jiff::civil::DateTime::new(at.year() as i16, at.month() as i8, at.day() as i8, at.hour() as i8, at.minute() as i8, at.second() as i8, 0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(midnight(at("2026-03-28T22:59:59Z"), &zone), Some(at("2026-03-28T23:00:00Z")));
        assert_eq!(midnight(at("2026-03-28T23:00:00Z"), &zone), Some(at("2026-03-29T22:00:00Z")), "summer time begins that day");
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone of the database")
    }

    #[test]
    fn every_counts_from_the_last_start_and_is_due_at_once_without_one() {
        let every = Schedule::Every(Duration::from_secs(120));
        let now = at("2026-11-20T10:00:00Z");
        assert_eq!(next_wake(&every, None, now, &TimeZone::UTC), Some(now));
        assert_eq!(next_wake(&every, Some(at("2026-11-20T09:59:00Z")), now, &TimeZone::UTC), Some(at("2026-11-20T10:01:00Z")));
        assert_eq!(next_wake(&every, Some(at("2026-11-20T09:00:00Z")), now, &TimeZone::UTC), Some(now));
    }

    #[test]
    fn cron_is_local_time() {
        let nightly = Schedule::Cron("0 30 6 * * *".to_owned());
        let now = at("2026-11-20T10:00:00Z");
        assert_eq!(next_wake(&nightly, None, now, &zone("Europe/Berlin")), Some(at("2026-11-21T05:30:00Z")));
        assert_eq!(next_wake(&nightly, None, now, &TimeZone::UTC), Some(at("2026-11-21T06:30:00Z")));
    }

    #[test]
    fn a_time_skipped_by_daylight_saving_still_wakes_once() {
        let inside_gap = Schedule::Cron("0 30 2 * * *".to_owned());
        let now = at("2026-03-29T00:00:00Z");
        assert_eq!(next_wake(&inside_gap, None, now, &zone("Europe/Berlin")), Some(at("2026-03-29T01:30:00Z")));
    }

    #[test]
    fn off_never_wakes() {
        assert_eq!(next_wake(&Schedule::Off, None, at("2026-11-20T10:00:00Z"), &TimeZone::UTC), None);
    }
}
