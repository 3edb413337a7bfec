//! What a sign-in gave, until it ends.

use jiff::Timestamp;

use crate::expr::Item;
use crate::secret::Secret;

/// A token or session.
#[derive(Default)]
pub struct Token {
    /// Grows with every sign-in, so that two who saw the same one refused ask for one new.
    pub number: u64,
    pub access: Option<Secret>,
    /// What `save` kept, by slot.
    pub saved: Vec<Item>,
    /// When a new one is asked for ahead of its end.
    pub renew_at: Option<Timestamp>,
    pub cookies: Option<Secret>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "token {}", self.number)
    }
}
