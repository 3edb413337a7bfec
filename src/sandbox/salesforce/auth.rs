//! Tokens: the app's own user by client credentials, people by a code, and renewal; sessions end without having said when.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::org::{ORG_ID, Org};
use super::problem::Problem;
use super::view::OWN_USER;
use crate::sandbox::call::{Call, Reply};

const SESSION_LIFE: Duration = Duration::from_secs(2 * 60 * 60);
/// Codes, refresh tokens and revoked sessions remembered; a sandbox never has that many, an endless loop does.
const GRANTS_MAX: usize = 10_000;

/// What was granted to people, and taken back.
#[derive(Default)]
pub struct Grants {
    /// A code, with where it was sent and its PKCE challenge.
    codes: HashMap<String, (String, Option<String>)>,
    refresh: HashSet<String>,
    revoked: HashSet<String>,
}

/// Checks the bearer token of an API call.
pub fn signed_in(org: &Org, call: &Call) -> Result<(), Problem> {
    if call.header("authorization").is_none() {
        return Err(Problem::new(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"));
    }
    let token = call.bearer().and_then(|token| token.strip_prefix(&prefix())).unwrap_or_default();
    let revoked = org.grants.lock().expect("no holder of this lock can panic").revoked.contains(token);
    if !revoked && org.base.tokens.holds(token, org.base.now()) {
        return Ok(());
    }
    Err(Problem::new(401, "INVALID_SESSION_ID", "Session expired or invalid"))
}

/// Session ids start with the org's id.
fn prefix() -> String {
    format!("{}!", &ORG_ID[..15])
}

/// Answers `/services/oauth2/{endpoint}`.
pub fn answer(org: &Org, call: &Call, endpoint: &str) -> Reply {
    match (call.method.as_str(), endpoint) {
        ("POST", "token") => token(org, call),
        ("GET", "authorize") => authorize(org, call),
        ("POST" | "GET", "revoke") => revoke(org, call),
        ("GET" | "POST", "userinfo") => match signed_in(org, call) {
            Ok(()) => Reply::json(
                200,
                json!({"user_id": OWN_USER, "organization_id": ORG_ID, "preferred_username": "integration@sandbox.example", "name": "Integration User", "active": true}),
            ),
            Err(_) => Reply::text(403, "text/plain", "Bad_OAuth_Token"),
        },
        _ => Problem::not_found().into(),
    }
}

fn refused(error: &str, description: &str) -> Reply {
    Reply::json(400, json!({"error": error, "error_description": description}))
}

fn token(org: &Org, call: &Call) -> Reply {
    let form: HashMap<String, String> = call.form().into_iter().collect();
    let given = |name: &str| form.get(name).map(String::as_str);
    let basic = call.basic();
    let client = basic.as_ref().map(|(id, _)| id.as_str()).or(given("client_id"));
    let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(given("client_secret"));
    if client != Some(&org.client_id) {
        return refused("invalid_client_id", "client identifier invalid");
    }
    // People's apps may do without a secret, but not with a wrong one.
    let must = given("grant_type") == Some("client_credentials");
    if (must || secret.is_some()) && secret != Some(&org.client_secret) {
        return refused("invalid_client", "invalid client credentials");
    }
    match given("grant_type") {
        Some("client_credentials") if call.header("host").is_some_and(|host| host.starts_with("login.") || host.starts_with("test.")) => {
            refused("invalid_grant", "request not supported on this domain")
        }
        Some("client_credentials") => session(org, None),
        Some("authorization_code") => redeem(org, given("code").unwrap_or_default(), given("redirect_uri"), given("code_verifier")),
        Some("refresh_token") => {
            let known = given("refresh_token").is_some_and(|token| org.grants.lock().expect("no holder of this lock can panic").refresh.contains(token));
            if known { session(org, None) } else { refused("invalid_grant", "expired access/refresh token") }
        }
        Some(_) => refused("unsupported_grant_type", "grant type not supported"),
        None => refused("invalid_request", "must provide grant_type"),
    }
}

/// A new session. There is no `expires_in`: clients learn of the end by a 401.
fn session(org: &Org, refresh: Option<String>) -> Reply {
    let now = org.base.now();
    let issued = now.as_millisecond().to_string();
    let id = format!("https://login.salesforce.com/id/{ORG_ID}/{OWN_USER}");
    let signature = STANDARD.encode(Sha256::digest(format!("{id}{issued}")));
    let mut body = json!({
        "access_token": format!("{}{}", prefix(), org.base.tokens.issue(now, SESSION_LIFE)),
        "signature": signature, "scope": "api refresh_token", "instance_url": org.base.url, "id": id, "token_type": "Bearer", "issued_at": issued,
    });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    Reply::json(200, body)
}

/// The look-alike's person always says yes at once.
fn authorize(org: &Org, call: &Call) -> Reply {
    let Some(back) = call.parameter("redirect_uri") else { return refused("redirect_uri_missing", "redirect_uri is missing") };
    if call.parameter("client_id") != Some(&org.client_id) {
        return refused("invalid_client_id", "client identifier invalid");
    }
    if call.parameter("response_type") != Some("code") {
        return refused("unsupported_response_type", "response type not supported");
    }
    let Ok(mut target) = url::Url::parse(back) else { return refused("redirect_uri_mismatch", "redirect_uri must be an absolute URL") };
    // A life of nothing: the text is random, but no session.
    let code = org.base.tokens.issue(org.base.now(), Duration::ZERO);
    target.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = call.parameter("state") {
        target.query_pairs_mut().append_pair("state", state);
    }
    let mut grants = org.grants.lock().expect("no holder of this lock can panic");
    if grants.codes.len() >= GRANTS_MAX {
        grants.codes.clear();
    }
    grants.codes.insert(code, (back.to_owned(), call.parameter("code_challenge").map(str::to_owned)));
    Reply::empty(302).with("location", target.as_str())
}

fn redeem(org: &Org, code: &str, redirect: Option<&str>, verifier: Option<&str>) -> Reply {
    let mut grants = org.grants.lock().expect("no holder of this lock can panic");
    let Some((back, challenge)) = grants.codes.remove(code) else { return refused("invalid_grant", "expired authorization code") };
    if redirect != Some(&back) {
        return refused("redirect_uri_mismatch", "redirect_uri must match configuration");
    }
    let proof = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
    if challenge.is_some() && challenge != proof {
        return refused("invalid_grant", "invalid code verifier");
    }
    let refresh = format!("5Aep861{}", org.base.tokens.issue(org.base.now(), Duration::ZERO));
    if grants.refresh.len() >= GRANTS_MAX {
        grants.refresh.clear();
    }
    grants.refresh.insert(refresh.clone());
    drop(grants);
    session(org, Some(refresh))
}

fn revoke(org: &Org, call: &Call) -> Reply {
    let form = call.form();
    let named = form.iter().find(|(name, _)| name == "token").map(|(_, token)| token.as_str()).or(call.parameter("token"));
    let Some(token) = named else { return refused("invalid_request", "must provide token") };
    let mut grants = org.grants.lock().expect("no holder of this lock can panic");
    if grants.refresh.remove(token) {
        return Reply::empty(200);
    }
    match token.strip_prefix(&prefix()) {
        Some(session) if org.base.tokens.holds(session, org.base.now()) => {
            if grants.revoked.len() >= GRANTS_MAX {
                grants.revoked.clear();
            }
            grants.revoked.insert(session.to_owned());
            Reply::empty(200)
        }
        _ => refused("unsupported_token_type", "this token is not known"),
    }
}
