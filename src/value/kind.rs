//! Declared kinds of fields, and lossless conversion into them.

use crate::id::MappingName;

/// What a field's `type` says: how its values compare, merge and match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Integer,
    Decimal,
    Percent,
    Money,
    Boolean,
    Date,
    Instant,
    Email,
    Phone,
    Url,
    Domain,
    Country,
    Company,
    Name,
    Address,
    Ref(MappingName),
    Set(Box<Kind>),
}
