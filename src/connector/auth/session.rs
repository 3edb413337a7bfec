//! A session: one call signs in, and what it gave is sent with every request.

use http::header;
use jiff::{SignedDuration, Timestamp};

use super::saved;
use crate::catalog::auth::Session;
use crate::catalog::scope::{BODY, STATUS};
use crate::connector::call::Failure;
use crate::connector::frame::{Frame, Ground, fault};
use crate::connector::http::{Http, HttpError};
use crate::connector::token::Token;
use crate::connector::verdict::{self, Circumstances};
use crate::connector::{http::HttpAnswer, request};
use crate::expr::Item;
use crate::secret::Secret;
use crate::spec::connector::Verdict;
use crate::value::Doc;

pub async fn sign_in(session: &Session, http: &Http, ground: &Ground, now: Timestamp) -> Result<Token, Failure> {
    let frame = Frame::new(ground, None);
    let base = ground.connector.base_url.eval(&frame).map_err(|problem| Failure::Stopped(fault("base_url", &problem)))?;
    let base = base.to_text().map_err(|problem| Failure::Stopped(fault("base_url", &problem)))?.into_owned();
    let sent = http.send(request::build(&session.request, &base, &frame).map_err(Failure::Stopped)?).await;
    let answer = sent.map_err(|error| match error {
        HttpError::Outside(_) => Failure::Stopped(error.to_string()),
        error => Failure::Later { why: format!("signing in failed: {error}"), wait: None },
    })?;
    let body = Doc::new(answer.body.clone()).ok();
    let about = Circumstances { garbled: body.is_none(), ..Circumstances::default() };
    let judged = verdict::of_answer(&ground.connector, &frame, answer.status, &answer.headers, body.as_ref(), about, now);
    match judged.is {
        Verdict::Ok => {}
        Verdict::Retry | Verdict::RateLimited | Verdict::Locked => {
            return Err(Failure::Later { why: format!("signing in: {}", judged.told()), wait: judged.wait });
        }
        _ => return Err(Failure::Stopped(format!("the sign-in was refused: {}; check user and password", judged.told()))),
    }
    let mut seen = frame.with_headers(&answer.headers);
    seen.set(STATUS, Item::integer(i64::from(answer.status))).set(BODY, body.map_or(Item::BLANK, Item::Doc));
    let saved = saved(&session.save, &seen).map_err(Failure::Stopped)?;
    let renew_at = session.lives.and_then(|lives| now.checked_add(SignedDuration::try_from(lives).ok()?).ok());
    Ok(Token { number: 0, access: None, saved, renew_at, cookies: session.keep_cookies.then(|| cookies(&answer)) })
}

/// What the answer set, as it is sent back.
fn cookies(answer: &HttpAnswer) -> Secret {
    let pairs = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).filter_map(|value| value.split(';').next());
    Secret::new(pairs.collect::<Vec<_>>().join("; "))
}
