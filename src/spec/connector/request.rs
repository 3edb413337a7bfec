//! A request: what every block that calls is made of.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::spec::entries::{Entries, Tree};
use crate::spec::slot::{Expression, Name, Spanned, TextSlot};

/// One call. `each_request` is laid under it, key by key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "csv": "Send `json`, `form` or `text`",
    "xml": "Send `json`, `form` or `text`",
    "multipart": "Send `json`, `form` or `text`",
    "sql": "Connectors speak HTTP",
    "bulk": "Drop it; batches carry every volume, with more calls",
    "steps": "Only writes of one call can be described",
})))]
pub struct Request {
    /// Method and path, as the vendor's own page prints it; absolute inside `hosts` where needed. Default: the one of `each_request`. Example: `GET /sobjects`.
    #[serde(default)]
    pub call: Option<TextSlot>,
    /// Query parameters; one that gives null is left out, a list repeats the key. Default: none.
    #[serde(default)]
    pub query: Entries<Tree>,
    /// Headers; one that gives null is left out. Default: none.
    #[serde(default)]
    pub headers: Entries<TextSlot>,
    /// The body as JSON; `"..."` as a key spreads a map. Default: no body.
    #[serde(default)]
    pub json: Option<Tree>,
    /// The body as a form. Default: no body.
    #[serde(default)]
    pub form: Option<Entries<Tree>>,
    /// The body as plain text. Default: no body.
    #[serde(default)]
    pub text: Option<TextSlot>,
    /// How the answer is read. Default: `json`.
    #[serde(default)]
    pub parse: Option<Spanned<Parse>>,
    /// The pool this call draws from, beside those of every request. Default: none. Example: `search`.
    #[serde(default)]
    pub rate: Option<Name>,
}

/// What the answer's body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, schemars(extend("x-later" = { "csv": "Ask for JSON", "xml": "Ask for JSON", "multipart": "Ask for JSON" })))]
pub enum Parse {
    /// A JSON document.
    #[default]
    Json,
    /// An OData metadata document: `sets` and their `properties`.
    Edmx,
    /// A text.
    Text,
}

/// Who we are at the vendor's. Another `id` than before stops the connection. Without a call, `id` is taken from the token or the config.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What names the tenant; sees the answer, `config`, `token`. Required. Example: `body.id`.
    pub id: Expression,
    /// More to keep, by name, seen as `account.NAME`. Default: nothing.
    #[serde(default)]
    pub save: Entries<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}
