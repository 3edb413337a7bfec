//! What connector files say of objects, in the words that mappings are checked against.

use std::collections::BTreeMap;

use crate::catalog::class;
use crate::catalog::object::{Field, Object};
use crate::catalog::wire::WireKind;
use crate::id::{ConnectionName, ObjectName};
use crate::mapping::world::{Access, ConnectionFacts, FieldFacts, GoneKnown, ObjectFacts, Objects, Shows, Updates};
use crate::project::Connection;
use crate::spec::connector::Access as AccessSpec;
use crate::spec::lost::Lost;
use crate::system::{Abilities, GoneBy, UpdateClass};
use crate::value::Str;
use crate::value::money::Currency;
use crate::value::record::Form;

/// The connections that could be read, and the names of all.
pub struct Known<'a> {
    pub connections: &'a [Connection],
    pub named: Vec<ConnectionName>,
    /// What of the project file cannot be used.
    pub lost: &'a Lost,
}

impl Known<'_> {
    fn find(&self, name: &ConnectionName) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == *name)
    }
}

impl Objects for Known<'_> {
    fn connections(&self) -> Vec<ConnectionName> {
        self.named.clone()
    }

    fn connection(&self, name: &ConnectionName) -> Option<ConnectionFacts> {
        match self.find(name) {
            Some(connection) => Some(connection.facts()),
            // Its own problem is told already: a mapping that names it is not wrong.
            None => (self.named.contains(name) || self.lost.has(&["connections", name.as_str()])).then(ConnectionFacts::default),
        }
    }

    fn object(&self, connection: &ConnectionName, object: &ObjectName) -> ObjectFacts {
        let Some(connection) = self.find(connection) else { return ObjectFacts::default() };
        let connector = &connection.connector;
        let names = connector.objects.keys().map(|name| name.as_str().to_owned()).collect();
        match connector.object(object.as_str()) {
            Some(program) => ObjectFacts { offered: Some(true), names, ..of_object(program, connection) },
            None => ObjectFacts { offered: Some(false), names, ..ObjectFacts::default() },
        }
    }
}

fn of_object(object: &Object, connection: &Connection) -> ObjectFacts {
    let abilities = class::abilities(object, std::time::Duration::ZERO);
    ObjectFacts {
        offered: None,
        names: Vec::new(),
        fields: object.fields.iter().map(|field| (field.path.to_string(), of_field(field, connection.currency))).collect::<BTreeMap<_, _>>(),
        // A system's own custom fields are in no file; only `check --live` can tell that a path is wrong.
        complete: false,
        gone: match abilities.gone {
            GoneBy::Feed | GoneBy::Listing | GoneBy::Sweep => GoneKnown::Told,
            GoneBy::Never | GoneBy::Unknown => GoneKnown::Never,
        },
        creates: Some(!abilities.create.is_empty()),
        updates: Some(updates(&abilities)),
        archives: Some(abilities.archive.is_some()),
        deletes: Some(abilities.delete.is_some()),
    }
}

fn updates(abilities: &Abilities) -> Updates {
    match abilities.update {
        None => Updates::None,
        Some(UpdateClass::Version) => Updates::Versioned,
        Some(UpdateClass::Fields) => Updates::Fields,
        Some(UpdateClass::Whole) => Updates::Whole,
    }
}

fn of_field(field: &Field, currency: Option<Currency>) -> FieldFacts {
    FieldFacts {
        form: field.kind.map_or(Form::Natural, form),
        access: match field.access {
            None => Access::ReadWrite,
            Some(AccessSpec::ReadOnly | AccessSpec::ActionOnly) => Access::ReadOnly,
            Some(AccessSpec::CreateOnly) => Access::CreateOnly,
        },
        required: field.required,
        shows: Shows { length: field.length, ..Shows::default() },
        currency: currency.filter(|_| field.kind == Some(WireKind::Money)),
        values: Some(field.values.clone()).filter(|values: &Vec<Str>| !values.is_empty()),
    }
}

fn form(kind: WireKind) -> Form {
    match kind {
        WireKind::Text => Form::Text,
        WireKind::Integer => Form::Integer,
        WireKind::Decimal => Form::Decimal,
        WireKind::Money => Form::Money,
        WireKind::Boolean => Form::Boolean,
        WireKind::Date => Form::Date,
        WireKind::Instant => Form::Instant,
        WireKind::Enum => Form::Enum,
        WireKind::Ref => Form::Ref,
        WireKind::List => Form::List(Box::new(Form::Natural)),
    }
}
