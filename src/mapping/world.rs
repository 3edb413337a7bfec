//! What a mapping is compiled against: the other mappings' names, the project's variables, and what is known of the connections without asking them.

use std::collections::BTreeMap;

use crate::diag::Files;
use crate::id::{ConnectionName, ConnectorName, ObjectName};
use crate::spec::lost::Lost;
use crate::spec::mapping::MappingSpec;
use crate::value::money::Currency;
use crate::value::record::Form;
use crate::value::time::Zone;
use crate::value::{Str, Value};

/// Everything around one mapping that its meaning hangs on.
pub struct World<'a> {
    /// All mappings of the project, joined; the one compiled among them.
    pub mappings: &'a [MappingSpec],
    pub objects: &'a dyn Objects,
    /// `variables:` of the project.
    pub variables: &'a BTreeMap<String, Value>,
    /// What of the project file cannot be used.
    pub lost: &'a Lost,
    /// The project's zone: what `today` and cron mean.
    pub time_zone: Zone,
    /// For places that name file and line.
    pub files: &'a Files,
}

/// What the project knows of its connections from their connector files.
pub trait Objects {
    fn connections(&self) -> Vec<ConnectionName>;

    /// `None`: the project names no such connection.
    fn connection(&self, name: &ConnectionName) -> Option<ConnectionFacts>;

    fn object(&self, connection: &ConnectionName, object: &ObjectName) -> ObjectFacts;
}

/// A connection's settings that bear on meaning.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFacts {
    pub connector: Option<ConnectorName>,
    pub currency: Option<Currency>,
    pub country: Option<Str>,
    /// [`Zone::unknown`] where the connection names none.
    pub time_zone: Zone,
}

/// What a connector file says of an object; `Default` is an object about which nothing is known before a system is asked.
#[derive(Clone, Debug, Default)]
pub struct ObjectFacts {
    /// `Some(false)`: the connector offers no such object. `None`: only the system can tell.
    pub offered: Option<bool>,
    /// Objects the connector names, for messages.
    pub names: Vec<String>,
    /// Declared fields by path.
    pub fields: BTreeMap<String, FieldFacts>,
    /// The declared fields are all there are: another path is a mistake.
    pub complete: bool,
    pub gone: GoneKnown,
    /// `None`: not known before the system is asked.
    pub creates: Option<bool>,
    pub updates: Option<Updates>,
    pub archives: Option<bool>,
    pub deletes: Option<bool>,
}

/// How deletes of an object come to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GoneKnown {
    /// A feed, a listing or a sweep tells.
    Told,
    /// The connector says `never`, or that it is `unknown`.
    Never,
    /// Nothing is known of the object before the system is asked.
    #[default]
    Unsaid,
}

/// What guards an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    None,
    /// U1: the vendor checks a version.
    Versioned,
    /// U2: single fields, looked at just before.
    Fields,
    /// U3: the whole record without a check; a mapping must consent.
    Whole,
}

/// A field as the connector declares it.
#[derive(Clone, Debug)]
pub struct FieldFacts {
    pub form: Form,
    pub access: Access,
    pub required: bool,
    pub shows: Shows,
    /// Of amounts in it.
    pub currency: Option<Currency>,
    /// The vendor's own list of what it takes, where it is closed.
    pub values: Option<Vec<Str>>,
}

/// Who may touch a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    ReadWrite,
    ReadOnly,
    CreateOnly,
}

/// What a system makes of a value it was given: the declared part of `form`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shows {
    /// Longest text in characters; the rest is cut.
    pub length: Option<u32>,
    /// Digits after the point; the rest is rounded.
    pub scale: Option<u32>,
    /// Instants are cut to whole seconds (or milliseconds).
    pub precision: Option<Precision>,
    /// What it shows when given a blank: `false` for most boxes.
    pub blank: Option<Value>,
}

/// The finest time a system keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    Second,
    Millisecond,
    Day,
}
