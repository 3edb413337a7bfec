//! Why a record or field is not as agreed: one reason each, and the class that people count in.

/// Why a record or field is not as agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A cell that is only read: another system owns the field.
    ReadOnly,
    /// What the system makes of the agreed value: cut, rounded, folded.
    Form,
    /// The system has no way to say it: no row, no record to refer to.
    NoForm,
    /// What it shows is not of the field's type.
    Unfit,
    /// It refers to a record that is no entity.
    Unresolved,
    /// Outside `where`.
    Asleep,
    /// Beyond `only`.
    Wall,
    /// The record cannot be written now.
    Locked,
    /// A question is open.
    Review,
    /// The system refused it for good.
    DeadLetter,
    /// Sent, and not settled yet.
    InFlight,
    /// `create` does not hold for it, so no record is made.
    NotWanted,
    /// `starts: never`, and nothing it could join.
    StartsNothing,
    /// A person deleted it there.
    Deleted,
    /// We removed it, as `leaves` says.
    Removed,
    /// It waits for a value that is required.
    Required,
    /// A run is still to look at it.
    Touched,
    /// Edited there after the last run had read it.
    Fresh,
    /// The system did not tell it.
    Untold,
    /// The system does not let us read its records.
    Forbidden,
    /// Nothing explains it.
    Unexplained,
}

/// What people count differences in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    OwnedElsewhere,
    Owed,
    Held,
    DeadLetter,
    Unreadable,
    NoPermission,
    Lossy,
    Unlinked,
    Unexplained,
}

impl Class {
    pub const ALL: [Class; 9] = [
        Class::OwnedElsewhere,
        Class::Owed,
        Class::Held,
        Class::DeadLetter,
        Class::Unreadable,
        Class::NoPermission,
        Class::Lossy,
        Class::Unlinked,
        Class::Unexplained,
    ];

    /// The word for it in reports and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Class::OwnedElsewhere => "owned_elsewhere",
            Class::Owed => "owed",
            Class::Held => "held",
            Class::DeadLetter => "dead_letter",
            Class::Unreadable => "unreadable",
            Class::NoPermission => "no_permission",
            Class::Lossy => "lossy",
            Class::Unlinked => "unlinked",
            Class::Unexplained => "unexplained",
        }
    }
}

impl Why {
    pub fn class(self) -> Class {
        match self {
            Why::ReadOnly => Class::OwnedElsewhere,
            Why::Locked | Why::InFlight | Why::Touched | Why::Fresh => Class::Owed,
            Why::Review | Why::Required => Class::Held,
            Why::DeadLetter => Class::DeadLetter,
            Why::Unfit | Why::Unresolved | Why::Untold => Class::Unreadable,
            Why::Forbidden => Class::NoPermission,
            Why::Form | Why::NoForm => Class::Lossy,
            Why::Asleep | Why::Wall | Why::NotWanted | Why::StartsNothing | Why::Deleted | Why::Removed => Class::Unlinked,
            Why::Unexplained => Class::Unexplained,
        }
    }

    /// The words of a report.
    pub fn words(self) -> &'static str {
        match self {
            Why::ReadOnly => "owned elsewhere: only read there",
            Why::Form => "the system's own form of the agreed value",
            Why::NoForm => "no form there: no row, or nothing to refer to",
            Why::Unfit => "not of the field's type",
            Why::Unresolved => "refers to a record that is no entity",
            Why::Asleep => "outside `where`",
            Why::Wall => "beyond `only`",
            Why::Locked => "cannot be written now",
            Why::Review => "waiting for a person",
            Why::DeadLetter => "refused by the system (dead letter)",
            Why::InFlight => "on its way",
            Why::NotWanted => "no record wanted there",
            Why::StartsNothing => "starts nothing, and nothing to join",
            Why::Deleted => "deleted there by a person",
            Why::Removed => "removed there, as `leaves` says",
            Why::Required => "waits for a required value",
            Why::Touched => "the next run looks at it",
            Why::Fresh => "edited there since the last run",
            Why::Untold => "not told by the system: no permission to the field, or not part of the answer",
            Why::Forbidden => "the system does not let us read it",
            Why::Unexplained => "unexplained",
        }
    }
}
