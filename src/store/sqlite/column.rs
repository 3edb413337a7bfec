//! How instants and hashes stand in columns that SQL compares.

use jiff::Timestamp;

use crate::store::stored::Broken;

/// Milliseconds since 1970. Only for our own times, which are never told more finely.
pub fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
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
