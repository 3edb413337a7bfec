//! `connectors/*.yaml`: how one vendor's API works, in data. One file here for each block of the format.
//!
//! The format's later blocks (`bulk`, `actions`, `lines` …) stand under `x-later`: known by name, and refused with what to do instead.

pub mod auth;
pub mod config;
pub mod describe;
pub mod feed;
pub mod gone;
pub mod object;
pub mod outcome;
pub mod page;
pub mod rate;
pub mod read;
pub mod request;
pub mod verdict;
pub mod webhook;
pub mod wire;
pub mod write;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::Entries;
use super::lost::Lost;
use super::schema::Format;
use super::slot::{DateSlot, Name, Spanned, TextSlot};
use crate::diag::{Diagnostic, FileId, Files};

pub use auth::{Apply, Auth, Basic, Bearer, ClientAuth, Cookies, Expires, Grant, Header, OAuth2, Session};
pub use config::{ConfigKey, ConfigKind};
pub use describe::{Describe, DescribeDefaults, DescribeFields, DescribeObjects, DescribeValue, Table};
pub use feed::{Feed, FullRead, Window};
pub use gone::{Gone, Sweep};
pub use object::{Access, Allows, Choices, FieldNote, FieldShape, Gate, Object, Then, Verb};
pub use outcome::Outcomes;
pub use page::{FieldsPerCall, Page};
pub use rate::Pool;
pub use read::{Find, Get, Read};
pub use request::{Account, Parse, Request};
pub use verdict::{Errors, Verdict, VerdictRule};
pub use webhook::{
    Age, AgeUnit, Answer, BasicCheck, Check, Delivery, Encoding, Existing, Handshake, Hash, HashKind, PathSecret, Renew, SharedSecret, Subscribe, Verify,
    Webhooks,
};
pub use wire::{Wire, WireBlank, WireForm, WireNames, WirePair};
pub use write::{Archive, Create, Upsert, Write};

/// One vendor's API. Text is sent, with `{{ expression }}` where something is filled in; what is looked for is an expression without braces.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "extends": "Copy the file into the project's `connectors/` and change it there" })))]
pub struct ConnectorSpec {
    /// Its name, the same as the file's. Required. Example: `salesforce`.
    pub connector: Name,
    /// The vendor and API, for people. Required. Example: `HubSpot CRM`.
    pub title: TextSlot,
    /// When the facts were last looked up. Required. Example: `2026-11-20`.
    pub checked: DateSlot,
    /// A sentence on how this API works. Default: none.
    #[serde(default)]
    pub about: Option<TextSlot>,
    /// What a connection must give, by name. The vendor's API version is an entry called `api_version`. Default: nothing.
    #[serde(default)]
    pub config: Entries<ConfigKey>,
    /// Where every `call` starts; sees `config` and `token`. Required. Example: `https://api.partnerstack.com/api`.
    pub base_url: TextSlot,
    /// The only hosts it may ever talk to; `*` stands for one or more labels; one with a port is reached there only. Required. Example: `["*.salesforce.com"]`.
    pub hosts: Vec<TextSlot>,
    /// Ways to sign in; the first whose `config` is complete and whose `when` holds is used. Required.
    pub auth: Vec<Auth>,
    /// Who we are there: it pins the connection to one tenant. Required.
    pub account: Account,
    /// Laid under every call. Default: nothing.
    #[serde(default)]
    pub each_request: Option<Request>,
    /// How values look in requests and answers. Default: as JSON has them.
    #[serde(default)]
    pub wire: Wire,
    /// How the vendor's query language quotes a text. Default: none; then no text from data can enter a query.
    #[serde(default)]
    pub quotes: Option<Spanned<Quotes>>,
    /// Where an answer says what went wrong.
    #[serde(default)]
    pub errors: Errors,
    /// What an answer means; the first that fits, then the built-in rules. Default: the built-in rules alone.
    #[serde(default)]
    pub verdicts: Vec<VerdictRule>,
    /// How many requests are allowed, by pool: `every_request`, `reads`, `writes`, and any that a call names in `rate`. Default: no limit but the vendor's answers.
    #[serde(default)]
    pub rates: Entries<Vec<Pool>>,
    /// How to ask what is there. Default: only what `fields` say.
    #[serde(default)]
    pub describe: Option<Describe>,
    /// Whether objects that are not listed take `each_object` as it is. Default: `false`.
    #[serde(default)]
    pub any_object: bool,
    /// What every object starts with, block by block.
    #[serde(default)]
    pub each_object: Option<Object>,
    /// The objects, by the vendor's name. Default: none.
    #[serde(default)]
    pub objects: Entries<Object>,
    /// How deliveries are verified and read. Default: none; every delivery is refused.
    #[serde(default)]
    pub webhooks: Option<Webhooks>,
    /// The file it was read from.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub file: FileId,
    /// What of it cannot be used.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub lost: Lost,
}

/// How a text is quoted inside a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Quotes {
    /// In single quotes; a quote inside becomes `\'`.
    Backslash,
    /// In single quotes; a quote inside becomes `''`.
    Doubled,
}

/// Reads a connector file as far as it can be used, and all problems.
pub fn read(files: &Files, file: FileId) -> (Option<ConnectorSpec>, Vec<Diagnostic>) {
    let read = super::read::<ConnectorSpec>(files, file, Format::Connector);
    let spec = read.specs.into_iter().next().map(|(spec, lost)| ConnectorSpec { file, lost, ..spec });
    (spec, read.found)
}

#[cfg(test)]
pub(super) mod tests;
