//! One call to the end: admitted, signed, sent, read, judged; signed in again once where the vendor asks, tried again where it is safe.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::frame::Frame;
use super::http::{HttpError, HttpRequest};
use super::rate::Purpose;
use super::verdict::{self, Circumstances, Judged};
use super::{Line, request};
use crate::backoff::Waits;
use crate::catalog::request::Request;
use crate::catalog::scope::{BODY, STATUS, VERSION};
use crate::expr::Item;
use crate::id::ObjectName;
use crate::spec::connector::{Parse, Verdict};
use crate::system::SystemError;
use crate::value::{Doc, Str};

/// Attempts of one call before it is given back to the caller.
const ATTEMPTS_MAX: u32 = 4;
/// A wait longer than this is the caller's: it has other work.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Waits between attempts of one call.
pub const WAITS: Waits = Waits { base: Duration::from_millis(500), cap: Duration::from_secs(20) };
/// The wait that is named to callers where nothing better is known.
const LATER: Duration = Duration::from_secs(30);

/// An answer and what it means.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null where there is no body.
    pub body: Doc,
    pub judged: Judged,
    /// The request's own address: where links in the answer start.
    pub sent: Arc<HttpRequest>,
}

impl Answer {
    /// What expressions see of it, over the frame of its request.
    pub fn frame<'b>(&'b self, frame: &Frame<'b>) -> Frame<'b> {
        let mut seen = frame.with_headers(&self.headers);
        seen.set(STATUS, Item::integer(i64::from(self.status))).set(BODY, Item::Doc(self.body.clone()));
        seen
    }
}

/// Why a call gave no answer, by who must act.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The answer cannot be used.
    Garbled(String),
    /// Nothing was sent, or nothing was done.
    Later { why: String, wait: Option<Duration> },
    /// Something was sent; what became of it is not known.
    Lost(String),
    /// A person must act.
    Stopped(String),
    /// The request cannot be made of what it is about.
    Unfit(String),
}

impl Failure {
    pub fn into_error(self, line: &Line) -> SystemError {
        let connection = line.name.clone();
        match self {
            Failure::Garbled(why) => SystemError::Garbled { connection, why },
            Failure::Later { why, wait } => SystemError::Later { connection, why, wait: wait.unwrap_or(LATER) },
            Failure::Lost(why) => SystemError::Later { connection, why, wait: LATER },
            Failure::Stopped(why) | Failure::Unfit(why) => SystemError::Stopped { connection, why },
        }
    }
}

/// What a verdict on a read means for whoever asked.
pub fn read_error(line: &Line, object: &ObjectName, judged: &Judged) -> SystemError {
    let (connection, object) = (line.name.clone(), object.clone());
    match judged.is {
        Verdict::Stop | Verdict::RefreshAuth => {
            SystemError::Stopped { connection, why: format!("{}; check its credentials, and what they may do there", judged.told()) }
        }
        Verdict::Refused if judged.status == 403 => {
            SystemError::Forbidden { connection, object, why: format!("{}; give its account the right to read it", judged.told()) }
        }
        Verdict::Drift | Verdict::Gone | Verdict::Refused | Verdict::MissingReference | Verdict::Duplicate | Verdict::Stale => {
            SystemError::Drift { connection, object, why: format!("{}; compare the mapping with `syncline discover {}`", judged.told(), line.name) }
        }
        Verdict::Ok | Verdict::Retry | Verdict::RateLimited | Verdict::Locked | Verdict::Restart | Verdict::Expired | Verdict::Split => {
            SystemError::Later { connection, why: judged.told(), wait: judged.wait.unwrap_or(LATER) }
        }
    }
}

impl Line {
    /// Fills in and sends a call. What the answer means is the caller's to use; only passing trouble is tried again here.
    ///
    /// # Errors
    /// When there is no answer to judge.
    pub async fn call(&self, call: &Request, frame: &Frame<'_>, purpose: Purpose) -> Result<Answer, Failure> {
        self.attempts(call, frame, purpose, None).await
    }

    /// The page that an earlier answer of the same call names.
    ///
    /// # Errors
    /// As [`Line::call`]; a link that leaves the connector's hosts stops the connection.
    pub async fn call_next(&self, call: &Request, frame: &Frame<'_>, first: &HttpRequest, link: &str) -> Result<Answer, Failure> {
        let url = request::follow(first.url.as_str(), link).map_err(Failure::Garbled)?;
        self.http.hosts().check(&url).map_err(|refused| Failure::Stopped(format!("the link to the next page is not followed: {refused}")))?;
        self.attempts(call, frame, Purpose::Read, Some(request::at_url(first, url))).await
    }

    async fn attempts(&self, call: &Request, frame: &Frame<'_>, purpose: Purpose, given: Option<HttpRequest>) -> Result<Answer, Failure> {
        let mut refused = None;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let tried = self.attempt(call, frame, purpose, given.as_ref(), refused).await;
            let (again, wait) = match &tried {
                Ok((answer, token)) => match answer.judged.is {
                    Verdict::RefreshAuth if refused.is_none() && self.signer.can_refresh() => {
                        refused = Some(*token);
                        attempt -= 1;
                        continue;
                    }
                    // The vendor did nothing: the same again is safe even for a write.
                    Verdict::RateLimited => (true, answer.judged.wait),
                    Verdict::Retry => (purpose == Purpose::Read, answer.judged.wait),
                    _ => (false, None),
                },
                Err(Failure::Later { wait, .. }) => (true, *wait),
                Err(Failure::Lost(_)) => (purpose == Purpose::Read, None),
                Err(Failure::Garbled(_) | Failure::Stopped(_) | Failure::Unfit(_)) => (false, None),
            };
            let wait = self.waits.wait(attempt, wait, self.seed());
            if !again || attempt == ATTEMPTS_MAX || wait > WAIT_MAX {
                return tried.map(|(answer, _)| answer);
            }
            tokio::time::sleep(wait).await;
        }
    }

    #[expect(clippy::disallowed_methods, reason = "how long an answer took is told, and nothing is decided by it")]
    async fn attempt(
        &self,
        call: &Request,
        frame: &Frame<'_>,
        purpose: Purpose,
        given: Option<&HttpRequest>,
        refused: Option<u64>,
    ) -> Result<(Answer, u64), Failure> {
        let now = self.clock.now();
        let token = self.signer.token(&self.http, &self.ground, refused, now).await?;
        let number = token.number;
        let frame = frame.clone().with_token(token.clone());
        let unsigned = match given {
            Some(given) => given.clone(),
            None => request::build(call, &self.base(&frame)?, &frame).map_err(|why| Failure::Unfit(format!("{}: {why}", call.label)))?,
        };
        let mut signed = unsigned.clone();
        self.signer.sign(&mut signed, &frame, &token).map_err(Failure::Stopped)?;
        let admitted = self.rates.admit(purpose, call.pool.as_deref(), now).await;
        let _admitted = admitted.map_err(|wait| Failure::Later { why: "its allowance of requests is used up for now".into(), wait: Some(wait) })?;
        let (started, sent_at) = (Instant::now(), self.clock.now());
        let sent = self.http.send(signed).await;
        let answer = sent.map_err(|error| {
            self.meter.request(&self.name, "unreachable", started.elapsed().as_secs_f64());
            failed(error)
        })?;
        self.note_date(&answer.headers, sent_at);
        let (body, garbled) = parsed(call.parse, &answer.body, answer.status).map_err(Failure::Garbled)?;
        let seen = frame.with_headers(&answer.headers);
        self.rates.learn(&seen, &self.name, self.meter.as_ref(), self.clock.now());
        let about = Circumstances { precondition: call.uses(VERSION), garbled };
        let judged = verdict::of_answer(&self.ground.connector, &frame, answer.status, &answer.headers, Some(&body), about, self.clock.now());
        self.meter.request(&self.name, verdict::label(judged.is), started.elapsed().as_secs_f64());
        if let Some(pool) = &judged.spent {
            self.rates.spend(pool, judged.wait, self.clock.now());
        }
        drop(seen);
        Ok((Answer { status: answer.status, headers: answer.headers, body, judged, sent: Arc::new(unsigned) }, number))
    }

    /// The base URL, which may come from the token.
    fn base(&self, frame: &Frame) -> Result<Str, Failure> {
        let item = self.ground.connector.base_url.eval(frame).map_err(|fault| Failure::Stopped(format!("`base_url`: {fault}")))?;
        item.to_text().map(Str::from).map_err(|fault| Failure::Stopped(format!("`base_url`: {fault}")))
    }

    fn note_date(&self, headers: &HeaderMap, sent_at: jiff::Timestamp) {
        let date = headers.get(http::header::DATE).and_then(|date| date.to_str().ok()).and_then(|date| crate::value::time::from_http_date(date).ok());
        if let Some(date) = date {
            self.vendor_clock.note(date, sent_at, self.clock.now());
        }
    }
}

fn failed(error: HttpError) -> Failure {
    match error {
        HttpError::Lost(_) => Failure::Lost(error.to_string()),
        HttpError::Outside(_) => Failure::Stopped(error.to_string()),
        HttpError::TooBig => Failure::Garbled(error.to_string()),
        HttpError::Unreachable(_) => Failure::Later { why: error.to_string(), wait: None },
    }
}

/// The body as a document, and whether it is not what was due. An empty body is null; a bad one of a failure is judged by its status.
fn parsed(parse: Parse, body: &bytes::Bytes, status: u16) -> Result<(Doc, bool), String> {
    let text = || std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8".to_string());
    if body.is_empty() {
        return Ok((Doc::null(), false));
    }
    match parse {
        Parse::Json => match Doc::new(without_mark(body)) {
            Ok(doc) => Ok((doc, false)),
            Err(_) => Ok((Doc::null(), true)),
        },
        Parse::Text => Ok((Doc::from_value(&crate::value::Value::text(text()?)), false)),
        Parse::Edmx if (200..300).contains(&status) => super::edmx::read(text()?).map(|doc| (doc, false)),
        Parse::Edmx => Ok(Doc::new(body.clone()).map_or((Doc::null(), true), |doc| (doc, false))),
    }
}

/// Old servers begin JSON with a byte order mark.
fn without_mark(body: &bytes::Bytes) -> bytes::Bytes {
    if body.starts_with(b"\xEF\xBB\xBF") { body.slice(3..) } else { body.clone() }
}
