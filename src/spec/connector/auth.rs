//! `auth`: how to sign in.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::request::Request;
use crate::spec::entries::Entries;
use crate::spec::slot::{DurationSlot, Expression, Share, Spanned, TextSlot};

/// One way to sign in. Signing is the last thing done to a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(tag = "type", extend("x-later" = {
    "oauth1": "Sign in with `oauth2`, `bearer` or `basic`",
    "aws_sigv4": "This vendor cannot be described yet",
})))]
pub enum Auth {
    /// `Authorization: Bearer …`.
    #[serde(rename = "?type bearer")]
    #[cfg_attr(test, schemars(rename = "bearer"))]
    Bearer(Bearer),
    /// A header of the vendor's own.
    #[serde(rename = "?type header")]
    #[cfg_attr(test, schemars(rename = "header"))]
    Header(Header),
    /// User and password with every request.
    #[serde(rename = "?type basic")]
    #[cfg_attr(test, schemars(rename = "basic"))]
    Basic(Basic),
    /// A token that an authorisation server gives.
    #[serde(rename = "?type oauth2")]
    #[cfg_attr(test, schemars(rename = "oauth2"))]
    OAuth2(OAuth2),
    /// A call that opens a session.
    #[serde(rename = "?type session")]
    #[cfg_attr(test, schemars(rename = "session"))]
    Session(Session),
}

/// A fixed token.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// Whether this way is used; sees `config`. Default: whenever its `config` is complete.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The token. Required. Example: `{{ config.token }}`.
    pub token: TextSlot,
    /// The word before the token. Default: `Bearer`. Example: `prm-key`.
    #[serde(default)]
    pub scheme: Option<TextSlot>,
}

/// A token in a header.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Whether this way is used; sees `config`. Default: whenever its `config` is complete.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The header's name. Required. Example: `X-Api-Key`.
    pub header: TextSlot,
    /// What it holds. Required. Example: `{{ config.key }}`.
    pub token: TextSlot,
    /// A word before the token. Default: none.
    #[serde(default)]
    pub scheme: Option<TextSlot>,
}

/// User and password.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "preflight": "Vendors that ask for a token before each write cannot be described yet" })))]
pub struct Basic {
    /// Whether this way is used; sees `config`. Default: whenever its `config` is complete.
    #[serde(default)]
    pub when: Option<Expression>,
    /// The user. Required. Example: `{{ config.public_key }}`.
    pub user: TextSlot,
    /// The password. Required. Example: `{{ config.secret_key }}`.
    pub password: TextSlot,
}

/// OAuth 2.0.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "authorize_url": "Sign in as the app itself: `grant: client_credentials`",
    "assertion": "Sign in as the app itself: `grant: client_credentials`",
    "callback": "Sign in as the app itself: `grant: client_credentials`",
    "refresh_token_lives": "Client credentials need no refresh token",
    "preflight": "Vendors that ask for a token before each write cannot be described yet",
})))]
pub struct OAuth2 {
    /// Whether this way is used; sees `config`. Default: whenever its `config` is complete.
    #[serde(default)]
    pub when: Option<Expression>,
    /// How the token is got. Required.
    pub grant: Spanned<Grant>,
    /// Where tokens are given; inside `hosts`. Required. Example: `{{ config.instance_url }}/services/oauth2/token`.
    pub token_url: TextSlot,
    /// The app's id. Default: `{{ config.client_id }}`.
    #[serde(default)]
    pub client_id: Option<TextSlot>,
    /// The app's secret. Default: `{{ config.client_secret }}`.
    #[serde(default)]
    pub client_secret: Option<TextSlot>,
    /// How the app names itself. Default: `basic`.
    #[serde(default)]
    pub client: Option<Spanned<ClientAuth>>,
    /// What is asked for. Default: nothing. Example: `[api]`.
    #[serde(default)]
    pub scopes: Vec<TextSlot>,
    /// Sent as `audience`. Default: not sent.
    #[serde(default)]
    pub audience: Option<TextSlot>,
    /// What to keep of the answer, seen as `token.NAME`. Default: nothing.
    #[serde(default)]
    pub save: Entries<Expression>,
    /// `unknown`: the answer does not say when the token dies; it is used until a 401. Default: `expires_in` counts.
    #[serde(default)]
    pub expires: Option<Spanned<Expires>>,
    /// How long before its end a token is renewed, as a share of its life. Default: `20%`.
    #[serde(default)]
    pub refresh_ahead: Option<Share>,
    /// Says of an answer that the grant was taken away: the connection stops. Default: a second 401.
    #[serde(default)]
    pub revoked: Option<Expression>,
}

/// How a token is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, schemars(extend("x-later" = {
    "authorization_code": "Sign in as the app itself: `client_credentials`",
    "jwt_bearer": "Sign in as the app itself: `client_credentials`",
})))]
pub enum Grant {
    /// As the app itself; a new token is asked for when the old one ends.
    ClientCredentials,
}

/// Where the app's id and secret go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, schemars(extend("x-later" = { "assertion": "Use `basic` or `body`" })))]
pub enum ClientAuth {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the form.
    Body,
}

/// When a token dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// Nobody says; a 401 tells.
    Unknown,
}

/// A session: a call that signs in, and what every request carries from then on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Whether this way is used; sees `config`. Default: whenever its `config` is complete.
    #[serde(default)]
    pub when: Option<Expression>,
    /// What to keep of the answer, seen as `token.NAME`. Required. Example: `{ secret: "body.result[1]" }`.
    pub save: Entries<Expression>,
    /// What every request carries.
    #[serde(default)]
    pub apply: Apply,
    /// How long a session lives. Default: until a 401. Example: `30d`.
    #[serde(default)]
    pub lives: Option<DurationSlot>,
    /// `keep`: cookies of the answer are sent back. Default: they are dropped.
    #[serde(default)]
    pub cookies: Option<Spanned<Cookies>>,
    /// The request.
    #[serde(default, rename = "*")]
    #[cfg_attr(test, schemars(flatten))]
    pub request: Request,
}

/// What every request carries.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// Headers. Default: none. Example: `{ Authorization: "Session {{ token.secret }}" }`.
    #[serde(default)]
    pub headers: Entries<TextSlot>,
    /// Query parameters. Default: none.
    #[serde(default)]
    pub query: Entries<TextSlot>,
}

/// What becomes of cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cookies {
    /// They are sent back.
    Keep,
}

impl Auth {
    /// The condition under which this way is used.
    pub fn when(&self) -> Option<&Expression> {
        match self {
            Auth::Bearer(auth) => auth.when.as_ref(),
            Auth::Header(auth) => auth.when.as_ref(),
            Auth::Basic(auth) => auth.when.as_ref(),
            Auth::OAuth2(auth) => auth.when.as_ref(),
            Auth::Session(auth) => auth.when.as_ref(),
        }
    }

    /// The word of its `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Auth::Bearer(_) => "bearer",
            Auth::Header(_) => "header",
            Auth::Basic(_) => "basic",
            Auth::OAuth2(_) => "oauth2",
            Auth::Session(_) => "session",
        }
    }
}
