//! `wins:`: who decides when systems differ.

use super::SystemIx;
use crate::value::Str;

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
    /// Ownership that follows the record: the first line that holds names the owner. The last one always does.
    Lines(Vec<Line>),
}

/// `prm: status == 'new'`. The programs stand with the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub owner: SystemIx,
    /// As it is written; `otherwise` in the last line.
    pub condition: Str,
}

impl Wins {
    /// The systems it names; none for what all may decide.
    pub fn named(&self) -> Vec<SystemIx> {
        match self {
            Wins::Owner(owner) => vec![*owner],
            Wins::Ranks(systems) | Wins::Latest(Some(systems)) => systems.clone(),
            Wins::Lines(lines) => lines.iter().map(|line| line.owner).collect(),
            Wins::Latest(None) | Wins::Highest | Wins::Lowest | Wins::First | Wins::Ask => Vec::new(),
        }
    }

    /// Whether an edit in this system may ever decide the field.
    pub fn may_decide(&self, system: SystemIx) -> bool {
        let named = self.named();
        named.is_empty() || named.contains(&system)
    }
}
