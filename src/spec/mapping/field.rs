//! A field and its cells: a row of the table.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::Values;
use super::wins::{Evidence, Wins};
use crate::spec::entries::Entries;
use crate::spec::slot::{Expression, Name, PathSlot, Spanned, TextSlot};

/// One field. Its other keys are system names: the cells, where it lives in each system.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(extend("x-later" = {
    "confidential": "Nothing is withheld by audience yet; leave the field out of the systems that may not see it",
    "rollup": "Let a system compute it and map it from there",
})))]
pub struct Field {
    /// How values compare, merge and match: `text integer decimal percent money boolean date instant email phone url domain country company name address ref(mapping) set(type)`. Default: `text`.
    #[serde(default, rename = "type")]
    pub kind: Option<Name>,
    /// A sentence for people. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// A blank never replaces a value, and no record is made while it is blank. Default: `false`.
    #[serde(default)]
    pub required: bool,
    /// Makes it a choice: rows of agreed value and its spelling in each system, in their order; or the name of a shared map. Default: none.
    #[serde(default)]
    pub values: Option<Values>,
    /// Stand-in for a value without counterpart: a row, or for a ref a value of its first `match` field. Only written, it never flows back. Default: `hold`: the value waits and is reported.
    #[serde(default)]
    pub unknown: Option<TextSlot>,
    /// Computes it: an expression that sees the fields, or lines `RESULT: condition`, of which the first that holds counts, the last with `otherwise`.
    /// It is written to its cells; an edit there is put back. Default: none. Example: `amount.value > 1000`.
    #[serde(default)]
    pub formula: Option<Formula>,
    /// Who decides. Default: the mapping's `wins`.
    #[serde(default)]
    pub wins: Option<Wins>,
    /// What `latest` needs to decide by itself. Default: `possible`.
    #[serde(default)]
    pub evidence: Option<Spanned<Evidence>>,
    /// Its former name. Default: none.
    #[serde(default)]
    pub was: Option<Name>,
    /// The cells, by system.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub cells: Entries<Cell>,
}

impl Field {
    /// The keys that are not systems.
    pub const KEYS: [&str; 9] = ["type", "about", "required", "values", "unknown", "formula", "wins", "evidence", "was"];
}

/// How a field is computed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Formula {
    /// One expression.
    #[serde(rename = "?text")]
    Expression(Expression),
    /// Results, each with its condition. Example: `[ { gold: certified >= 4 }, { registered: otherwise } ]`.
    #[serde(rename = "?list")]
    Lines(Vec<Entries<Expression>>),
}

/// Where a field lives in one system.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Cell {
    /// A path, read and written. Example: `BillingAddress.city`.
    #[serde(rename = "?text")]
    Path(PathSlot),
    /// A path with more to say about it. Example: `{ path: manager.email, key: email }`.
    #[serde(rename = "?map path key by")]
    Pathed(Pathed),
    /// Expressions. `read` alone is read only; `write` alone is never read. Example: `{ read: "email | domain" }`.
    #[serde(rename = "?map read write")]
    ReadWrite(ReadWrite),
    /// Parts of one value, decided together. Example: `{ first: FirstName, last: LastName }`.
    #[serde(rename = "?map")]
    Parts(Box<Parts>),
}

/// A path, and by what a reference is held there.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pathed {
    /// Where it lives. Required. Example: `customerNumber`.
    pub path: PathSlot,
    /// For a ref: the field of the mapping referred to that stands here, in place of the record key. Default: the record key. Example: `number`.
    #[serde(default)]
    pub key: Option<Name>,
    /// For a choice: another path of the record, on which it hangs which of its values apply; the cells in `values` are maps by that value. Default: none. Example: `RecordType.DeveloperName`.
    #[serde(default)]
    pub by: Option<PathSlot>,
}

/// A cell in expressions.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadWrite {
    /// What is read; sees the record's own paths. Default: never read. Example: `email | domain`.
    #[serde(default)]
    pub read: Option<Expression>,
    /// What is written when the agreed value changes, by path; sees the fields. Default: read only. Example: `{ amount: amount.value }`.
    #[serde(default)]
    pub write: Option<Entries<Expression>>,
}

/// The parts of money (`amount`, `currency`), a name (`first`, `last`) or an address.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("minProperties" = 1)))]
pub struct Parts {
    /// Of money: where the number is.
    #[serde(default)]
    pub amount: Option<PathSlot>,
    /// Of money: where its currency is (ISO 4217).
    #[serde(default)]
    pub currency: Option<PathSlot>,
    /// Of a name: where the first name is.
    #[serde(default)]
    pub first: Option<PathSlot>,
    /// Of a name: where the last name is.
    #[serde(default)]
    pub last: Option<PathSlot>,
    /// Of an address: where street and number are.
    #[serde(default)]
    pub street: Option<PathSlot>,
    /// Of an address: where the city is.
    #[serde(default)]
    pub city: Option<PathSlot>,
    /// Of an address: where state or province is.
    #[serde(default)]
    pub region: Option<PathSlot>,
    /// Of an address: where the postcode is.
    #[serde(default)]
    pub postcode: Option<PathSlot>,
    /// Of an address: where the country is (ISO 3166).
    #[serde(default)]
    pub country: Option<PathSlot>,
}

impl Parts {
    /// The parts that are given, by name, in the order of this page.
    pub fn given(&self) -> Vec<(&'static str, &PathSlot)> {
        [
            ("amount", &self.amount),
            ("currency", &self.currency),
            ("first", &self.first),
            ("last", &self.last),
            ("street", &self.street),
            ("city", &self.city),
            ("region", &self.region),
            ("postcode", &self.postcode),
            ("country", &self.country),
        ]
        .into_iter()
        .filter_map(|(name, path)| path.as_ref().map(|path| (name, path)))
        .collect()
    }
}
