//! How instants and hashes stand in columns that SQL compares.

use jiff::Timestamp;
use rusqlite::Row;

use crate::store::stored::Broken;

/// Milliseconds since 1970. Only for our own times, which are never told more finely.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A count; a negative one is a damaged row.
pub fn count(row: &Row, at: usize) -> rusqlite::Result<u64> {
    let count: i64 = row.get(at)?;
    u64::try_from(count).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(at, count))
}

/// Deadlines never end early.
pub fn millis_up(at: Timestamp) -> i64 {
    at.as_millisecond() + i64::from(at.as_nanosecond().rem_euclid(1_000_000) != 0)
}

pub fn instant(millis: i64) -> Result<Timestamp, Broken> {
    Timestamp::from_millisecond(millis).map_err(|_| Broken { what: "time" })
}

pub fn maybe_instant(millis: Option<i64>) -> Result<Option<Timestamp>, Broken> {
    millis.map(instant).transpose()
}

/// SQLite's integers have a sign, hashes have none; the bits are the same.
pub fn bits(hash: u64) -> i64 {
    hash.cast_signed()
}
