//! The client credentials grant, by the oauth2 crate over our own client.

use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use oauth2::basic::BasicClient;
use oauth2::{AsyncHttpClient, AuthType, ClientId, ClientSecret, RequestTokenError, Scope, TokenResponse, TokenUrl};
use url::Url;

use super::{filled, saved};
use crate::catalog::auth::ClientCredentials;
use crate::catalog::scope::{BODY, STATUS};
use crate::connector::call::Failure;
use crate::connector::frame::{Frame, Ground};
use crate::connector::http::{Http, HttpAnswer, HttpError, HttpRequest};
use crate::connector::token::Token;
use crate::expr::Item;
use crate::secret::Secret;
use crate::spec::connector::ClientAuth;
use crate::value::Doc;

/// Carries our own error through the crate.
#[derive(Debug)]
struct Carried(HttpError);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Carried {}

/// Our client, as the crate wants one; keeps the answer, of which `save` takes more than the crate reads.
struct Carrier {
    http: Http,
    seen: Mutex<Option<HttpAnswer>>,
}

impl<'c> AsyncHttpClient<'c> for Carrier {
    type Error = Carried;
    type Future = Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, Carried>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(send(&self.http, request, &self.seen))
    }
}

/// Boxed, because the crate's future cannot be shown to be `Send` for every lifetime at once.
pub fn sign_in<'a>(
    grant: &'a ClientCredentials,
    http: &'a Http,
    ground: &'a Ground,
    now: Timestamp,
) -> Pin<Box<dyn Future<Output = Result<Token, Failure>> + Send + 'a>> {
    Box::pin(signed_in(grant, http, ground, now))
}

async fn signed_in(grant: &ClientCredentials, http: &Http, ground: &Ground, now: Timestamp) -> Result<Token, Failure> {
    let frame = Frame::new(ground, None);
    let text = |template| filled(template, &frame).map_err(Failure::Stopped);
    let token_url = TokenUrl::new(text(&grant.token_url)?).map_err(|error| Failure::Stopped(format!("`token_url` is no address: {error}")))?;
    let auth_type = match grant.client {
        ClientAuth::Basic => AuthType::BasicAuth,
        ClientAuth::Body => AuthType::RequestBody,
    };
    let client = BasicClient::new(ClientId::new(text(&grant.client_id)?))
        .set_client_secret(ClientSecret::new(text(&grant.client_secret)?))
        .set_token_uri(token_url)
        .set_auth_type(auth_type);
    let mut request = client.exchange_client_credentials();
    for scope in &grant.scopes {
        request = request.add_scope(Scope::new(text(scope)?));
    }
    if let Some(audience) = &grant.audience {
        request = request.add_extra_param("audience", text(audience)?);
    }
    let carrier = Carrier { http: http.clone(), seen: Mutex::new(None) };
    let answered = request.request_async(&carrier).await;
    let answer = carrier.seen.into_inner().expect("no holder of this lock can panic");
    let token = answered.map_err(|error| refused(error, answer.as_ref()))?;
    let saved = keep(grant, &frame, answer.as_ref()).map_err(Failure::Stopped)?;
    let renew_at = match (grant.expires_unknown, token.expires_in()) {
        (false, Some(life)) => Some(ahead(now, life, grant.refresh_ahead)),
        _ => None,
    };
    Ok(Token { number: 0, access: Some(Secret::new(token.access_token().secret().clone())), saved, renew_at, cookies: None })
}

async fn send(http: &Http, request: oauth2::HttpRequest, seen: &Mutex<Option<HttpAnswer>>) -> Result<oauth2::HttpResponse, Carried> {
    let (parts, body) = request.into_parts();
    let lost = |why: String| Carried(HttpError::Unreachable(why));
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| lost(error.to_string()))?;
    let sent = http.send(HttpRequest { method: parts.method, url, headers: parts.headers, body: Bytes::from(body), label: "token".into() }).await;
    let answer = sent.map_err(Carried)?;
    let mut response = http::Response::new(answer.body.to_vec());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).map_err(|error| lost(error.to_string()))?;
    *response.headers_mut() = answer.headers.clone();
    *seen.lock().expect("no holder of this lock can panic") = Some(answer);
    Ok(response)
}

fn keep(grant: &ClientCredentials, frame: &Frame, answer: Option<&HttpAnswer>) -> Result<Vec<Item>, String> {
    let answer = answer.ok_or("the token came without an answer")?;
    let body = Doc::new(answer.body.clone()).map_err(|error| error.to_string())?;
    let mut seen = frame.with_headers(&answer.headers);
    seen.set(STATUS, Item::integer(i64::from(answer.status))).set(BODY, Item::Doc(body));
    if let Some(revoked) = &grant.revoked
        && revoked.condition(&seen).unwrap_or(false)
    {
        return Err("the vendor says that the grant was taken away".into());
    }
    saved(&grant.save, &seen)
}

/// A refusal needs a person; anything else may pass.
fn refused<E: oauth2::ErrorResponse + fmt::Display>(error: RequestTokenError<Carried, E>, answer: Option<&HttpAnswer>) -> Failure {
    let status = answer.map_or(0, |answer| answer.status);
    match error {
        RequestTokenError::Request(Carried(error @ HttpError::Outside(_))) => Failure::Stopped(error.to_string()),
        RequestTokenError::Request(Carried(error)) => Failure::Later { why: format!("signing in failed: {error}"), wait: None },
        RequestTokenError::ServerResponse(response) if status < 500 && status != 429 => {
            // The code alone: a description may quote what was sent.
            let told = response.to_string();
            let code = told.split(':').next().unwrap_or_default();
            Failure::Stopped(format!("the sign-in was refused: {code} (HTTP {status}); check the client id and secret, and the app's settings at the vendor's"))
        }
        RequestTokenError::ServerResponse(_) => Failure::Later { why: format!("signing in failed with HTTP {status}"), wait: None },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) if (400..500).contains(&status) && status != 429 => {
            Failure::Stopped(format!("the sign-in was refused with HTTP {status}; check the client id and secret"))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Failure::Later { why: format!("the answer to the sign-in cannot be read (HTTP {status})"), wait: None }
        }
    }
}

/// When a share of the life is left.
fn ahead(now: Timestamp, life: Duration, percent: u64) -> Timestamp {
    let used = life.mul_f64(1.0 - (percent.min(90) as f64) / 100.0);
    now.saturating_add(SignedDuration::try_from(used).unwrap_or(SignedDuration::from_secs(60))).expect("a token's life is short")
}
