//! What objects the look-alike's org has, and what each field takes. The facts themselves stand in `objects.rs`.

mod objects;

use std::sync::LazyLock;

/// One kind of record.
pub struct Object {
    pub name: &'static str,
    pub label: &'static str,
    pub plural: &'static str,
    /// First three characters of its ids.
    pub prefix: &'static str,
    pub read_only: bool,
    pub fields: Vec<Field>,
}

/// One field, with what its describe tells.
#[derive(Clone)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// Set by the system or computed: never in a write.
    pub system: bool,
    pub unique: bool,
    /// Records may be found and upserted by it; unique or not.
    pub external: bool,
    pub default: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Id,
    Text(usize),
    /// Long text cannot stand in a filter when it is over 255.
    Area(usize),
    Flag,
    Whole,
    /// Digits before and after the point.
    Money(u32, u32),
    Percent,
    Date,
    Instant,
    /// Values, and whether others are refused.
    Pick(&'static [&'static str], bool),
    /// The object referred to, and the name of the relationship.
    Reference(&'static str, &'static str),
    Email,
    Phone,
    Url,
}

impl Kind {
    /// The vendor's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Id => "id",
            Kind::Text(_) => "string",
            Kind::Area(_) => "textarea",
            Kind::Flag => "boolean",
            Kind::Whole => "int",
            Kind::Money(..) => "currency",
            Kind::Percent => "percent",
            Kind::Date => "date",
            Kind::Instant => "datetime",
            Kind::Pick(..) => "picklist",
            Kind::Reference(..) => "reference",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Url => "url",
        }
    }

    /// Longest text it holds; 0 where length means nothing.
    pub fn length(self) -> usize {
        match self {
            Kind::Id | Kind::Reference(..) => 18,
            Kind::Text(length) | Kind::Area(length) => length,
            Kind::Email => 80,
            Kind::Phone => 40,
            Kind::Url | Kind::Pick(..) => 255,
            Kind::Flag | Kind::Whole | Kind::Money(..) | Kind::Percent | Kind::Date | Kind::Instant => 0,
        }
    }
}

impl Field {
    pub fn filterable(&self) -> bool {
        !matches!(self.kind, Kind::Area(length) if length > 255)
    }
}

impl Object {
    /// Finds a field; the vendor does not mind case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Finds the reference that carries a relationship's name (`Account`, `Partner__r`).
    pub fn relationship(&self, name: &str) -> Option<(&Field, &'static Object)> {
        self.fields.iter().find_map(|field| match field.kind {
            Kind::Reference(object, relationship) if relationship.eq_ignore_ascii_case(name) => Some((field, self::object(object)?)),
            _ => None,
        })
    }
}

static OBJECTS: LazyLock<Vec<Object>> = LazyLock::new(objects::all);

pub fn objects() -> &'static [Object] {
    &OBJECTS
}

pub fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| object.name.eq_ignore_ascii_case(name))
}

/// The object a record id belongs to.
pub fn of_id(id: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| id.starts_with(object.prefix))
}
