//! `wins:`: who decides when systems differ.

use super::SystemIx;

/// The policy of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wins {
    Owner(SystemIx),
    /// By rank, highest first. Systems not named may not decide.
    Ranks(Vec<SystemIx>),
    /// The newest edit, of all systems or of these.
    Latest(Option<Vec<SystemIx>>),
    Highest,
    Lowest,
    First,
    Ask,
}
