//! Newtypes for names and ids, so that a connection is never passed where a mapping was meant.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A connection, as `syncline.yaml` names it (`crm`).
    ConnectionName
);
name!(
    /// A connector file (`salesforce`).
    ConnectorName
);
name!(
    /// A mapping (`deals`).
    MappingName
);
name!(
    /// A system of one mapping; most often a connection's name.
    SystemName
);
name!(
    /// A kind of record, in the vendor's spelling (`Opportunity`).
    ObjectName
);
name!(
    /// A field of a mapping.
    FieldName
);
name!(
    /// A record's id, exactly as its vendor wrote it.
    RecordKey
);

/// An entity, unique within one store. Its text form (with the store's own id before it) is what markers carry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntityId(pub i64);

/// A link between an entity and a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub i64);

/// One run of one mapping; grows with time within a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub i64);

/// A journal entry: one intent to write. Stays the same on every repeat of the write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryId(pub uuid::Uuid);

/// Something waiting for a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReviewId(pub i64);

/// A conflict in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConflictId(pub i64);

/// An op refused for good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeadLetterId(pub i64);

macro_rules! shown {
    ($($name:ident $prefix:literal),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}
shown!(EntityId "e", LinkId "l", RunId "run-", EntryId "", ReviewId "rev-", ConflictId "cfl-", DeadLetterId "dl-");
