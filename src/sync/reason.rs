//! Why an op or a field is what it is: a closed set, and the sentence each one prints.

use super::entity::SystemIx;

/// A reason of the plan; `plan`, `explain` and the API render this and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Edited in this system since it last agreed, and nobody else spoke.
    Edited { in_system: SystemIx },
}
