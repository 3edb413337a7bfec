//! Signing requests, and getting what signs them: one sign-in under way at a time, its result used by all who waited.

mod grant;
mod session;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::call::Failure;
use super::frame::{Frame, Ground};
use super::http::{Http, HttpRequest};
use super::token::Token;
use crate::catalog::auth::{Auth, Way};
use crate::catalog::config::Setting;
use crate::expr::{Item, Template};

/// Signs for one connection.
pub struct Signer {
    auth: Auth,
    held: Mutex<Arc<Token>>,
    /// One place: whoever holds it signs in, the others wait and then find the new token.
    flight: Semaphore,
}

impl Signer {
    pub fn new(auth: Auth) -> Signer {
        Signer { auth, held: Mutex::default(), flight: Semaphore::new(1) }
    }

    /// Whether signing in again can help against a 401.
    pub fn can_refresh(&self) -> bool {
        matches!(self.auth, Auth::ClientCredentials(_) | Auth::Session(_))
    }

    /// The token to use now; `refused` is one that the vendor no longer takes.
    ///
    /// # Errors
    /// Those of signing in.
    pub async fn token(&self, http: &Http, ground: &Ground, refused: Option<u64>, now: Timestamp) -> Result<Arc<Token>, Failure> {
        if !self.can_refresh() {
            return Ok(self.current());
        }
        let usable = |token: &Token| token.number > 0 && refused != Some(token.number) && token.renew_at.is_none_or(|at| now < at);
        let current = self.current();
        if usable(&current) {
            return Ok(current);
        }
        let _place = self.flight.acquire().await.expect("the semaphore is never closed");
        let current = self.current();
        if usable(&current) {
            return Ok(current);
        }
        let mut token = match &self.auth {
            Auth::ClientCredentials(grant) => grant::sign_in(grant, http, ground, now).await?,
            Auth::Session(session) => session::sign_in(session, http, ground, now).await?,
            Auth::Header { .. } | Auth::Basic { .. } => return Ok(current),
        };
        token.number = current.number + 1;
        let token = Arc::new(token);
        *self.held.lock().expect("no holder of this lock can panic") = token.clone();
        Ok(token)
    }

    fn current(&self) -> Arc<Token> {
        self.held.lock().expect("no holder of this lock can panic").clone()
    }

    /// Adds the credentials: the last thing done to a request.
    ///
    /// # Errors
    /// In words, without the credentials.
    pub fn sign(&self, request: &mut HttpRequest, frame: &Frame, token: &Token) -> Result<(), String> {
        match &self.auth {
            Auth::Header { header, scheme, token } => {
                let text = filled(token, frame)?;
                let text = scheme.as_ref().map_or(text.clone(), |scheme| format!("{scheme} {text}"));
                request.headers.insert(header.clone(), sensitive(&text)?);
            }
            Auth::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{}:{}", filled(user, frame)?, filled(password, frame)?));
                request.headers.insert(header::AUTHORIZATION, sensitive(&format!("Basic {pair}"))?);
            }
            Auth::ClientCredentials(_) => {
                let access = token.access.as_ref().ok_or("there is no token")?;
                request.headers.insert(header::AUTHORIZATION, sensitive(&format!("Bearer {}", access.expose()))?);
            }
            Auth::Session(session) => {
                for (name, template) in &session.headers {
                    request.headers.insert(name.clone(), sensitive(&filled(template, frame)?)?);
                }
                for (name, template) in &session.query {
                    request.url.query_pairs_mut().append_pair(name, &filled(template, frame)?);
                }
                if let Some(cookies) = &token.cookies {
                    request.headers.insert(header::COOKIE, sensitive(cookies.expose())?);
                }
            }
        }
        Ok(())
    }
}

/// The first way whose settings are all given and whose `when` holds.
///
/// # Errors
/// Names what each way lacks.
pub fn choose(ways: &[Way], settings: &[Setting], ground: &Ground) -> Result<Auth, String> {
    let frame = Frame::new(ground, None);
    let mut lacking = Vec::new();
    for way in ways {
        let missing: Vec<&str> = way
            .needs
            .iter()
            .filter(|at| ground.config.get(**at).is_none_or(Item::is_blank))
            .filter_map(|at| settings.get(*at))
            .map(|setting| setting.name.as_str())
            .collect();
        let holds = way.when.as_ref().is_none_or(|when| when.condition(&frame).unwrap_or(false));
        match (missing.is_empty(), holds) {
            (true, true) => return Ok(way.auth.clone()),
            (false, _) => lacking.push(format!("`{}`", missing.join("`, `"))),
            (true, false) => {}
        }
    }
    Err(format!("no way to sign in is complete; missing under `config`: {}", lacking.join(" or ")))
}

fn filled(template: &Template, frame: &Frame) -> Result<String, String> {
    let item = template.eval(frame).map_err(|fault| format!("`auth`: {fault}"))?;
    Ok(item.to_text().map_err(|fault| format!("`auth`: {fault}"))?.into_owned())
}

/// A header that no log shows.
fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "`auth`: the credentials hold a character that cannot stand in a header".to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

/// What `save` keeps of an answer, by the slots of `token`.
fn saved(save: &[(crate::value::Str, crate::expr::Program)], frame: &Frame) -> Result<Vec<Item>, String> {
    let names = &frame.ground().connector.token;
    let mut out = vec![Item::BLANK; names.len()];
    for (name, program) in save {
        let item = program.eval(frame).map_err(|fault| format!("`save.{name}`: {fault}"))?;
        if item.is_blank() {
            return Err(format!("the answer to the sign-in lacks `{name}`"));
        }
        if let Some(at) = names.iter().position(|known| known == name) {
            out[at] = item;
        }
    }
    Ok(out)
}
