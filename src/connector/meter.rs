//! What a connection tells whoever counts: one line per request, and what is left of a vendor's allowance.

use crate::id::ConnectionName;

/// Counts requests and budgets; labels come from closed sets.
pub trait Meter: Send + Sync {
    /// One request was answered, or was not; `outcome` is a verdict's word or `unreachable`.
    fn request(&self, connection: &ConnectionName, outcome: &'static str, seconds: f64);

    /// What the vendor says is left in a pool.
    fn budget(&self, connection: &ConnectionName, pool: &str, left: f64);
}

/// Counts nothing.
pub struct Unmetered;

impl Meter for Unmetered {
    fn request(&self, _: &ConnectionName, _: &'static str, _: f64) {}

    fn budget(&self, _: &ConnectionName, _: &str, _: f64) {}
}
