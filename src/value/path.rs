//! Where a value lives inside a system's record: `BillingAddress.city`, `fields[api_name=size].value`, `"odd name".x`.

/// A parsed path; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Member(super::Str),
    /// The list element whose member has this text.
    Element { member: super::Str, equals: super::Str },
    /// The n-th list element, from 0.
    Index(usize),
}
