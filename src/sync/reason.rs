//! Why an op or a field is what it is: a closed set, and the sentence each one prints.

use super::entity::{Cause, FieldIx, SystemIx};
use super::evidence::Grade;
use super::terms::Terms;

/// A reason of the plan; `plan`, `explain` and the API render this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Edited in this system since it last agreed, and nobody else spoke.
    Edited {
        in_system: SystemIx,
    },
    /// Edited in several systems, to the same.
    Agreed,
    /// Met without a shadow, and taken over.
    Adopted {
        from: SystemIx,
    },
    /// `wins: crm`.
    Owner {
        winner: SystemIx,
    },
    /// In the look in which the field came to another owner, the old one spoke and the new one did not.
    HandOver {
        winner: SystemIx,
        to: SystemIx,
    },
    /// By its formula.
    Computed,
    /// `wins: [crm, prm]`.
    Rank {
        winner: SystemIx,
    },
    /// `wins: latest`; without a winner the agreed value was the newest.
    Latest {
        winner: Option<SystemIx>,
        grade: Grade,
    },
    /// `wins: highest`; without a winner the agreed value stays.
    Highest {
        winner: Option<SystemIx>,
    },
    Lowest {
        winner: Option<SystemIx>,
    },
    First {
        winner: Option<SystemIx>,
    },
    /// A person has to decide.
    Asked,
    /// A person decided.
    Answered,
    /// A person took back what a run wrote.
    TakenBack,
    /// An edit that may not decide.
    PutBack {
        in_system: SystemIx,
    },
    /// A blank where the field is required.
    Required {
        in_system: SystemIx,
    },
    /// Agreed earlier, and not there yet.
    Owed,
    /// The owner's record is there and was never read.
    Waits {
        owner: SystemIx,
    },
    /// No record there, and `create` holds.
    Missing,
    /// `only` holds no more.
    Leaves {
        cause: Cause,
    },
    /// `only` holds again, or what it left for is back.
    Returns,
}

impl Reason {
    /// The words that people read; names the rule and where it is written.
    pub fn sentence(&self, terms: &dyn Terms, field: Option<FieldIx>) -> String {
        let name = |system: SystemIx| terms.system_name(system);
        let words = match *self {
            Reason::Edited { in_system } => format!("edited in {}", name(in_system)),
            Reason::Agreed => "the systems agree".to_owned(),
            Reason::Adopted { from } => format!("first seen in {}", name(from)),
            Reason::Owner { winner } => format!("{} decides", name(winner)),
            Reason::HandOver { winner, to } => format!("{} decided until this look, in which the field came to {}", name(winner), name(to)),
            Reason::Computed => "computed".to_owned(),
            Reason::Rank { winner } => format!("{} ranks highest of those that spoke", name(winner)),
            Reason::Latest { winner: Some(winner), grade: Grade::Order } => format!("the times cannot tell who was last, and {} comes first", name(winner)),
            Reason::Latest { winner: Some(winner), grade } => format!("{} was edited last ({grade})", name(winner)),
            Reason::Latest { winner: None, grade } => format!("the agreed value is newer ({grade})"),
            Reason::Highest { winner } => format!("highest, from {}", winner.map_or("the agreed value", name)),
            Reason::Lowest { winner } => format!("lowest, from {}", winner.map_or("the agreed value", name)),
            Reason::First { winner } => format!("first, from {}", winner.map_or("the agreed value", name)),
            Reason::Asked => "waits for a person".to_owned(),
            Reason::Answered => "a person decided".to_owned(),
            Reason::TakenBack => "taken back, as a person asked".to_owned(),
            Reason::PutBack { in_system } => format!("the edit in {} is put back: it may not decide", name(in_system)),
            Reason::Required { in_system } => format!("the blank in {} is put back: the field is required", name(in_system)),
            Reason::Owed => "agreed before, and not there yet".to_owned(),
            Reason::Waits { owner } => format!("waits for {}, which decides and was not read yet", name(owner)),
            Reason::Missing => "no record there yet, and `create` holds".to_owned(),
            Reason::Leaves { cause: Cause::Wall } => "`only` holds no more".to_owned(),
            Reason::Leaves { cause: Cause::Undone } => "the run that made it is taken back".to_owned(),
            Reason::Leaves { cause: Cause::Deleted(by) } => format!("its record in {} was deleted", name(by)),
            Reason::Returns => "what it was archived for is over".to_owned(),
        };
        match (self.names_rule(), field) {
            (true, Some(field)) => format!("{words}: {}", rule(terms, field)),
            (true, None) | (false, _) => words,
        }
    }

    fn names_rule(&self) -> bool {
        match self {
            Reason::Owner { .. }
            | Reason::HandOver { .. }
            | Reason::Computed
            | Reason::Rank { .. }
            | Reason::Latest { .. }
            | Reason::Highest { .. }
            | Reason::Lowest { .. }
            | Reason::First { .. }
            | Reason::Asked
            | Reason::PutBack { .. }
            | Reason::Required { .. }
            | Reason::Waits { .. } => true,
            Reason::Edited { .. }
            | Reason::Agreed
            | Reason::Adopted { .. }
            | Reason::Answered
            | Reason::TakenBack
            | Reason::Owed
            | Reason::Missing
            | Reason::Leaves { .. }
            | Reason::Returns => false,
        }
    }
}

/// `wins: crm (mappings/deals.yaml:14)`.
pub fn rule(terms: &dyn Terms, field: FieldIx) -> String {
    let policy = super::policy::worded(terms, field);
    let words = if terms.formulas().contains(&field) { policy } else { format!("wins: {policy}") };
    match terms.field_place(field) {
        Some(place) => format!("{words} ({}:{})", place.file, place.line),
        None => words,
    }
}
