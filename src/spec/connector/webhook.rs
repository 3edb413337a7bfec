//! `webhooks`: deliveries verified, answered and read as hints to look.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::describe::Table;
use super::request::{Parse, Request};
use crate::spec::entries::{Entries, OneOrMany, Tree};
use crate::spec::slot::{DurationSlot, Expression, Spanned, TextSlot};

/// How deliveries come in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// What a delivery's body is. Default: `json`.
    #[serde(default)]
    pub parse: Option<Spanned<Parse>>,
    /// The proofs; the first whose `when`, else whose header, is there decides. Required.
    pub verify: Vec<Verify>,
    /// Questions a vendor asks before it delivers. Default: none.
    #[serde(default)]
    pub handshakes: Vec<Handshake>,
    /// What a delivery is answered. Default: 200, without a body.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// What deliveries tell. Required.
    pub deliveries: Vec<Delivery>,
    /// How deliveries are ordered, and kept coming. Default: a person does it at the vendor's.
    #[serde(default)]
    pub subscribe: Option<Subscribe>,
}

/// One proof that a delivery is the vendor's.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(tag = "type", extend("x-later" = {
    "jwt": "Use `path_secret`, if the vendor takes any URL",
    "certificate": "Use `path_secret`, if the vendor takes any URL",
})))]
pub enum Verify {
    /// A hash over the delivery.
    #[serde(rename = "?type hash")]
    #[cfg_attr(test, schemars(rename = "hash"))]
    Hash(Box<Hash>),
    /// A secret that the delivery repeats.
    #[serde(rename = "?type shared_secret")]
    #[cfg_attr(test, schemars(rename = "shared_secret"))]
    SharedSecret(SharedSecret),
    /// User and password.
    #[serde(rename = "?type basic")]
    #[cfg_attr(test, schemars(rename = "basic"))]
    Basic(BasicCheck),
    /// A secret in our URL.
    #[serde(rename = "?type path_secret")]
    #[cfg_attr(test, schemars(rename = "path_secret"))]
    PathSecret(PathSecret),
}

/// A hash, with a key an HMAC.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hash {
    /// Whether this proof is asked for. Default: its header is there.
    #[serde(default)]
    pub when: Option<Expression>,
    /// Which hash. Required.
    pub hash: Spanned<HashKind>,
    /// The key. Default: none; then `over` must hold a secret. Example: `config.webhook_secret`.
    #[serde(default)]
    pub key: Option<Expression>,
    /// How the key is written. Default: as it stands.
    #[serde(default)]
    pub key_encoding: Option<Spanned<Encoding>>,
    /// What is hashed, one after the other: `method`, `url`, `body`, headers, texts. Required. Example: `[body]`.
    pub over: Vec<Expression>,
    /// Where the signature is. Required. Example: `header('x-signature')`.
    pub signature: Expression,
    /// How the signature is written. Default: `hex`.
    #[serde(default)]
    pub encoding: Option<Spanned<Encoding>>,
    /// What stands before the signature. Default: nothing. Example: `"sha256="`.
    #[serde(default)]
    pub prefix: Option<TextSlot>,
    /// What stands between several signatures, of which one must fit; or between the parts of `over` when `over` has several. Default: nothing.
    #[serde(default)]
    pub separator: Option<TextSlot>,
    /// How old a delivery may be. Default: not checked.
    #[serde(default)]
    pub age: Option<Age>,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HashKind {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Two digits a byte.
    Hex,
    /// Base64.
    Base64,
}

/// How old a delivery may be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Age {
    /// When it was signed. Required. Example: `header('x-timestamp')`.
    pub at: Expression,
    /// What a plain number in it means. Default: `seconds`.
    #[serde(default)]
    pub unit: Option<Spanned<AgeUnit>>,
    /// The oldest that is taken. Required. Example: `5m`.
    pub max: DurationSlot,
}

/// What a number of time means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgeUnit {
    /// Seconds since 1970.
    #[default]
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
}

/// A secret that the delivery repeats.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SharedSecret {
    /// Whether this proof is asked for. Default: always.
    #[serde(default)]
    pub when: Option<Expression>,
    /// Where the delivery repeats it, one or a list; all must fit. Required. Example: `header('x-token')`.
    pub given: OneOrMany<Expression>,
    /// The secret. Default: the one made for the subscription, `receiver.secret`.
    #[serde(default)]
    pub secret: Option<Expression>,
}

/// User and password.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BasicCheck {
    /// Whether this proof is asked for. Default: always.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The user. Required.
    pub user: Expression,
    /// The password. Required.
    pub password: Expression,
}

/// 128 bits in our URL. What such a delivery names is only a hint.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PathSecret {
    /// Whether this proof is asked for. Default: always.
    #[serde(default)]
    pub when: Option<Expression>,
}

/// A question before deliveries.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// Which request is one. Required. Example: `query.validationToken`.
    pub when: Expression,
    /// What it is answered. Required.
    pub answer: Answer,
}

/// What a vendor is answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "xml": "Answer with `json` or `text`" })))]
pub struct Answer {
    /// The status. Default: 200.
    #[serde(default)]
    pub status: Option<Spanned<u16>>,
    /// The body as JSON. Default: none.
    #[serde(default)]
    pub json: Option<Tree>,
    /// The body as plain text. Default: none.
    #[serde(default)]
    pub text: Option<TextSlot>,
    /// Headers. Default: none.
    #[serde(default)]
    pub headers: Entries<TextSlot>,
    /// How soon the vendor wants it. Default: not told.
    #[serde(default)]
    pub within: Option<DurationSlot>,
    /// The status for a delivery that proves nothing. Default: 401.
    #[serde(default)]
    pub refused: Option<Spanned<u16>>,
}

/// What one kind of delivery tells.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "aliases": "Drop it" })))]
pub struct Delivery {
    /// Which deliveries; sees `delivery`. Default: all.
    #[serde(default)]
    pub when: Option<Expression>,
    /// A list in the body, each element one `delivery`. Default: the body is one.
    #[serde(default)]
    pub each: Option<Expression>,
    /// A list in each element. Default: none.
    #[serde(default)]
    pub many: Option<Expression>,
    /// The account it is for; of another one it is refused. Default: not told.
    #[serde(default)]
    pub account: Option<Expression>,
    /// The object. Required. Example: `{ of: delivery.type, deal: deals }`.
    pub object: Table,
    /// The record's key. Default: none; then the object's feed is read.
    #[serde(default)]
    pub key: Option<Expression>,
    /// When it happened. Default: not told.
    #[serde(default)]
    pub time: Option<Expression>,
    /// Whether it tells of a delete. Default: no.
    #[serde(default)]
    pub gone: Option<Expression>,
    /// What makes two deliveries the same. Default: the body's hash. Example: `[delivery.id]`.
    #[serde(default)]
    pub same: Vec<Expression>,
}

/// Finding a subscription of ours that is there already.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// The subscriptions of the answer. Required. Example: `body.value`.
    pub each: Expression,
    /// Which of them is ours; sees `item` and `receiver`. Required. Example: `item.notificationUrl == receiver.url`.
    pub when: Expression,
    /// What to keep of it; sees `item`. Default: nothing. Example: `{ id: item.id }`.
    #[serde(default)]
    pub save: Entries<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// Ordering deliveries; sees `receiver.url`, `receiver.secret`, and later `subscription`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// What to keep of the answer, seen as `subscription.NAME`. Default: nothing. Example: `{ id: body.id }`.
    #[serde(default)]
    pub save: Entries<Expression>,
    /// Looks, before one is ordered, whether it is there already: then it is renewed, or else taken as it is. Default: not looked.
    #[serde(default)]
    pub existing: Option<Existing>,
    /// Keeps it alive. Default: it does not end.
    #[serde(default)]
    pub renew: Option<Renew>,
    /// Looks whether it is alive. Default: not looked.
    #[serde(default)]
    pub check: Option<Check>,
    /// Ends it. Default: it stays.
    #[serde(default)]
    pub remove: Option<Request>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// Keeping a subscription alive.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// How often. Required. Example: `1d`.
    pub every: DurationSlot,
    /// What to keep of the answer. Default: nothing.
    #[serde(default)]
    pub save: Entries<Expression>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// Looking whether a subscription is alive.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How often. Required. Example: `1h`.
    pub every: DurationSlot,
    /// Whether it is; sees the answer and `subscription`. Required.
    pub alive: Expression,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}
