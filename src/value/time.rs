//! Dates, instants, zones, and the precision vendors keep. Nothing here knows what time it is.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit, civil, fmt::strtime};

/// The zone in which an instant becomes a date, if anybody said one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone(Option<TimeZone>);

/// Why a text, number or instant could not be read as the time it was said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeProblem {
    #[error("this is no date such as 2026-03-31")]
    Date,
    #[error("this is no instant such as 2026-03-31T09:00:00Z")]
    Instant,
    #[error("the pattern `{0}` does not fit")]
    Pattern(String),
    #[error("the instant is outside the years -9999 to 9999")]
    Range,
    #[error("the time has no zone, and no `time_zone` is given")]
    Zone,
    #[error("`{0}` is no time zone; a name such as Europe/Berlin is needed")]
    ZoneName(String),
}

impl Zone {
    /// No zone was given: whatever needs one is an error.
    pub fn unknown() -> Zone {
        Zone(None)
    }

    pub fn utc() -> Zone {
        Zone(Some(TimeZone::UTC))
    }

    /// Finds a zone by its IANA name.
    ///
    /// # Errors
    /// When the name is in no zone database.
    pub fn named(name: &str) -> Result<Zone, TimeProblem> {
        TimeZone::get(name).map(|zone| Zone(Some(zone))).map_err(|_| TimeProblem::ZoneName(name.into()))
    }

    /// The zone itself.
    ///
    /// # Errors
    /// When no zone was given.
    pub fn get(&self) -> Result<&TimeZone, TimeProblem> {
        self.0.as_ref().ok_or(TimeProblem::Zone)
    }

    /// The date on which an instant falls here.
    ///
    /// # Errors
    /// When no zone was given.
    pub fn date(&self, instant: Timestamp) -> Result<civil::Date, TimeProblem> {
        Ok(instant.to_zoned(self.get()?.clone()).date())
    }

    /// The first instant of a date here.
    ///
    /// # Errors
    /// When no zone was given, or the date lies at the edge of time.
    pub fn midnight(&self, date: civil::Date) -> Result<Timestamp, TimeProblem> {
        let zoned = date.to_zoned(self.get()?.clone()).map_err(|_| TimeProblem::Range)?;
        Ok(zoned.timestamp())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().and_then(TimeZone::iana_name).unwrap_or("no zone"))
    }
}

/// Reads an ISO date, and nothing but a date: an instant is not cut down to one.
///
/// # Errors
/// When the text is no such date.
pub fn date(text: &str) -> Result<civil::Date, TimeProblem> {
    if text.len() != 10 {
        return Err(TimeProblem::Date);
    }
    text.parse().map_err(|_| TimeProblem::Date)
}

/// Reads an ISO instant; one without an offset is read in `zone`.
///
/// # Errors
/// When the text is no instant, or has no offset and there is no zone.
pub fn instant(text: &str, zone: &Zone) -> Result<Timestamp, TimeProblem> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    // Ten characters are a date; taking midnight for it would be a guess.
    let local: civil::DateTime = if text.len() > 10 { text.parse().map_err(|_| TimeProblem::Instant)? } else { return Err(TimeProblem::Instant) };
    Ok(local.to_zoned(zone.get()?.clone()).map_err(|_| TimeProblem::Range)?.timestamp())
}

/// `2026-03-31T09:00:00.123Z`: as many digits as the instant has.
pub fn iso(instant: Timestamp) -> String {
    instant.to_string()
}

/// `2026-03-31T09:00:00Z`: whole seconds, cut and not rounded.
pub fn iso_seconds(instant: Timestamp) -> String {
    truncate(instant, Duration::from_secs(1)).to_string()
}

/// The form HTTP headers have: `Tue, 31 Mar 2026 09:00:00 GMT`.
pub fn http_date(instant: Timestamp) -> String {
    strtime::format("%a, %d %b %Y %H:%M:%S GMT", &instant.to_zoned(TimeZone::UTC)).expect("the pattern names what every instant has")
}

/// Reads the form HTTP headers have.
///
/// # Errors
/// When the text has another form.
pub fn from_http_date(text: &str) -> Result<Timestamp, TimeProblem> {
    let local = civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text.trim()).map_err(|_| TimeProblem::Pattern("HTTP date".into()))?;
    Ok(local.to_zoned(TimeZone::UTC).map_err(|_| TimeProblem::Range)?.timestamp())
}

/// Writes an instant by a strftime pattern.
///
/// # Errors
/// When the pattern is wrong or `zone` is unknown.
pub fn format_instant(instant: Timestamp, pattern: &str, zone: &Zone) -> Result<String, TimeProblem> {
    strtime::format(pattern, &instant.to_zoned(zone.get()?.clone())).map_err(|_| TimeProblem::Pattern(pattern.into()))
}

/// Writes a date by a strftime pattern.
///
/// # Errors
/// When the pattern is wrong or asks for a time of day.
pub fn format_date(date: civil::Date, pattern: &str) -> Result<String, TimeProblem> {
    strtime::format(pattern, date).map_err(|_| TimeProblem::Pattern(pattern.into()))
}

/// Reads an instant by a strftime pattern; without an offset in it, in `zone`.
///
/// # Errors
/// When the text does not fit, or there is neither offset nor zone.
pub fn parse_instant(text: &str, pattern: &str, zone: &Zone) -> Result<Timestamp, TimeProblem> {
    let problem = || TimeProblem::Pattern(pattern.into());
    let parsed = strtime::parse(pattern, text).map_err(|_| problem())?;
    if let Ok(instant) = parsed.to_timestamp() {
        return Ok(instant);
    }
    let local = parsed.to_datetime().map_err(|_| problem())?;
    Ok(local.to_zoned(zone.get()?.clone()).map_err(|_| TimeProblem::Range)?.timestamp())
}

/// Reads a date by a strftime pattern.
///
/// # Errors
/// When the text does not fit.
pub fn parse_date(text: &str, pattern: &str) -> Result<civil::Date, TimeProblem> {
    civil::Date::strptime(pattern, text).map_err(|_| TimeProblem::Pattern(pattern.into()))
}

/// The instant so many milliseconds after 1970.
///
/// # Errors
/// When it lies outside time as we can write it.
pub fn from_epoch_ms(ms: i64) -> Result<Timestamp, TimeProblem> {
    Timestamp::from_millisecond(ms).map_err(|_| TimeProblem::Range)
}

/// The instant so many seconds after 1970.
///
/// # Errors
/// When it lies outside time as we can write it.
pub fn from_epoch_s(seconds: i64) -> Result<Timestamp, TimeProblem> {
    Timestamp::from_second(seconds).map_err(|_| TimeProblem::Range)
}

/// Cuts an instant down to a vendor's precision, towards the past.
pub fn truncate(instant: Timestamp, precision: Duration) -> Timestamp {
    let step = i128::try_from(precision.as_nanos()).expect("a precision is far below what i128 holds").max(1);
    let nanos = instant.as_nanosecond();
    Timestamp::from_nanosecond(nanos - nanos.rem_euclid(step)).unwrap_or(Timestamp::MIN)
}

/// A date so much later; the length must be whole days.
///
/// # Errors
/// When it is not, or the date leaves the calendar.
pub fn add_to_date(date: civil::Date, length: SignedDuration) -> Result<civil::Date, TimeProblem> {
    const DAY_S: i64 = 86_400;
    if length.subsec_nanos() != 0 || length.as_secs() % DAY_S != 0 {
        return Err(TimeProblem::Range);
    }
    date.checked_add(length).map_err(|_| TimeProblem::Range)
}

/// The length from one date to another, in whole days.
pub fn between_dates(from: civil::Date, to: civil::Date) -> SignedDuration {
    let days = from.until((Unit::Day, to)).map_or(0, |span| i64::from(span.get_days()));
    SignedDuration::from_hours(days * 24)
}

/// Reads a length as people write it: `30s`, `2m`, `24h`, `90d`, `500ms`.
pub fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..split].parse().ok()?;
    let ms = match &text[split..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(ms).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_instants_are_read_exactly() {
        let unknown = Zone::unknown();
        for text in ["2026-03-31T09:00:00.123Z", "2026-03-31T09:00:00.123+0000", "2026-03-31T11:00:00.123+02:00"] {
            assert_eq!(iso(instant(text, &unknown).expect(text)), "2026-03-31T09:00:00.123Z");
        }
        assert_eq!(instant("2026-03-31T09:00:00", &unknown), Err(TimeProblem::Zone));
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        assert_eq!(iso(instant("2026-03-31T09:00:00", &berlin).expect("local")), "2026-03-31T07:00:00Z");
        assert!(instant("2026-03-31", &berlin).is_err());
        assert!(date("2026-03-31T09:00:00Z").is_err());
        assert!(Zone::named("Europe/Atlantis").is_err());
    }

    #[test]
    fn patterns_precision_and_http_dates() {
        let at = instant("2026-03-31T23:30:15.678Z", &Zone::utc()).expect("an instant");
        assert_eq!(http_date(at), "Tue, 31 Mar 2026 23:30:15 GMT");
        assert_eq!(from_http_date("Tue, 31 Mar 2026 23:30:15 GMT"), Ok(truncate(at, Duration::from_secs(1))));
        assert_eq!(iso_seconds(at), "2026-03-31T23:30:15Z");
        assert_eq!(truncate(at, Duration::from_secs(60)).to_string(), "2026-03-31T23:30:00Z");
        assert_eq!(format_instant(at, "%Y-%m-%d %H:%M:%S", &Zone::utc()).as_deref(), Ok("2026-03-31 23:30:15"));
        assert_eq!(parse_instant("2026-03-31 23:30:15", "%Y-%m-%d %H:%M:%S", &Zone::utc()), Ok(truncate(at, Duration::from_secs(1))));
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        assert_eq!(berlin.date(at).expect("a zone").to_string(), "2026-04-01");
        assert_eq!(duration("90d"), Some(Duration::from_secs(90 * 86_400)));
        assert_eq!(duration("d"), None);
    }
}
