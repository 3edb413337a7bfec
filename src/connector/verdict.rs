//! What an answer means: the file's rules, then the built-in ones. Pure; unknown is never success.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use super::frame::{Frame, maybe_word, word};
use crate::catalog::Connector;
use crate::catalog::scope::{BODY, CODE, MESSAGE, STATUS};
use crate::catalog::verdict::Rule;
use crate::expr::{Item, Program};
use crate::spec::connector::Verdict;
use crate::value::{Doc, Str};

/// Longest part of a vendor's message that is kept: it goes into journals and onto screens.
const MESSAGE_CHARS_MAX: usize = 500;
/// A code is a word; what is longer is a sentence, and may quote a value.
const CODE_BYTES_MAX: usize = 64;
const NOT_JSON: &str = "the answer is not JSON";

/// An answer, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    pub is: Verdict,
    pub code: Str,
    pub message: String,
    pub field: Option<Str>,
    pub wait: Option<Duration>,
    /// The pool that is empty now.
    pub spent: Option<Str>,
    /// Of a duplicate: the keys that the vendor names.
    pub keys: Vec<Str>,
    pub status: u16,
    /// The body was due as JSON and is not.
    pub garbled: bool,
}

impl Judged {
    /// For logs and status pages: the code and our own words. A vendor's message may quote a value, so only the store keeps it.
    pub fn told(&self) -> String {
        let plain = |code: &str| code.len() <= CODE_BYTES_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        match (self.garbled, self.code.as_str()) {
            (true, _) => format!("{NOT_JSON} (HTTP {})", self.status),
            (false, code) if !code.is_empty() && plain(code) => format!("{code} (HTTP {})", self.status),
            (false, _) => format!("HTTP {}", self.status),
        }
    }

    /// For the store: the vendor's own words.
    pub fn why(&self) -> String {
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => format!("HTTP {}", self.status),
            (true, false) => format!("{} (HTTP {})", self.message, self.status),
            (false, true) => format!("{} (HTTP {})", self.code, self.status),
            (false, false) => format!("{}: {} (HTTP {})", self.code, self.message, self.status),
        }
    }
}

/// What the call itself tells about its answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// The request carried a version: a bare 409 then means that it was old.
    pub precondition: bool,
    /// The body was due as JSON and is not.
    pub garbled: bool,
}

/// Judges an answer, or one outcome of it: `frame` sees its `status`, `body` and headers.
pub fn judge(
    connector: &Connector,
    frame: &Frame,
    status: u16,
    own_code: Option<&Program>,
    about: Circumstances,
    now: Timestamp,
    headers: Option<&HeaderMap>,
) -> Judged {
    // A code that cannot even be looked for is an answer of no known form: never a success.
    let code = match own_code.or(connector.errors.code.as_ref()).map(|program| program.eval(frame)) {
        Some(Ok(item)) => word(&item),
        Some(Err(_)) => Some(Str::from("unreadable")),
        None => None,
    };
    let message = maybe_word(connector.errors.message.as_ref(), frame).map(|text| shortened(&text)).unwrap_or_default();
    let hint = headers.and_then(|headers| retry_after(headers, now));
    let mut judged = Judged {
        is: Verdict::Ok,
        code: code.clone().unwrap_or_default(),
        message,
        field: None,
        wait: hint,
        spent: None,
        keys: Vec::new(),
        status,
        garbled: false,
    };
    let is_failure = code.is_some() || !(200..300).contains(&status);
    if !is_failure {
        if about.garbled {
            judged.is = Verdict::Retry;
            judged.message = NOT_JSON.into();
            judged.garbled = true;
        } else {
            judged.message.clear();
        }
        return judged;
    }
    judged.field = maybe_word(connector.errors.field.as_ref(), frame);
    let detail = maybe_word(connector.errors.detail.as_ref(), frame);
    let seen = frame.clone().with(CODE, Item::text(&judged.code)).with(MESSAGE, Item::text(&judged.message));
    match connector.verdicts.iter().find(|rule| fits(rule, &judged, detail.as_deref(), &seen)) {
        Some(rule) => {
            judged.is = rule.is;
            judged.wait = hint.or(rule.wait);
            judged.spent = rule.spent.clone();
            judged.keys = rule.key.as_ref().map(|key| keys(key, &seen)).unwrap_or_default();
        }
        None => judged.is = built_in(status, hint.is_some(), about),
    }
    judged
}

/// Judges an HTTP answer whose body was read.
pub fn of_answer(connector: &Connector, frame: &Frame, status: u16, headers: &HeaderMap, body: Option<&Doc>, about: Circumstances, now: Timestamp) -> Judged {
    let mut seen = frame.with_headers(headers);
    seen.set(STATUS, Item::integer(i64::from(status)));
    seen.set(BODY, body.map_or(Item::BLANK, |body| Item::Doc(body.clone())));
    judge(connector, &seen, status, None, about, now, Some(headers))
}

fn fits(rule: &Rule, judged: &Judged, detail: Option<&str>, frame: &Frame) -> bool {
    let one_of = |words: &[Str], word: &str| words.is_empty() || words.iter().any(|known| known == word);
    (rule.status.is_empty() || rule.status.contains(&judged.status))
        && one_of(&rule.code, &judged.code)
        && (rule.code_starts.is_empty() || rule.code_starts.iter().any(|start| judged.code.starts_with(start.as_str())))
        && one_of(&rule.detail, detail.unwrap_or_default())
        && rule.message.as_ref().is_none_or(|part| judged.message.contains(part.as_str()))
        // A condition that cannot be evaluated does not hold: the answer is not of the form it was written for.
        && rule.when.as_ref().is_none_or(|when| when.condition(frame).unwrap_or(false))
}

fn built_in(status: u16, has_hint: bool, about: Circumstances) -> Verdict {
    match status {
        401 => Verdict::RefreshAuth,
        404 | 410 => Verdict::Gone,
        409 | 412 if about.precondition => Verdict::Stale,
        412 => Verdict::Stale,
        413 | 414 => Verdict::Split,
        423 | 425 => Verdict::Locked,
        429 => Verdict::RateLimited,
        503 if has_hint => Verdict::RateLimited,
        408 | 409 | 500.. => Verdict::Retry,
        300..=399 => Verdict::Stop,
        _ => Verdict::Refused,
    }
}

fn keys(program: &Program, frame: &Frame) -> Vec<Str> {
    let Ok(item) = program.eval(frame) else { return Vec::new() };
    match item.elements() {
        Some(items) => items.filter_map(|item| word(&item)).collect(),
        None => word(&item).into_iter().collect(),
    }
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = crate::value::time::from_http_date(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}

/// The word that meters show for a verdict.
pub fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Retry => "retry",
        Verdict::RateLimited => "rate_limited",
        Verdict::Locked => "locked",
        Verdict::RefreshAuth => "refresh_auth",
        Verdict::Stale => "stale",
        Verdict::Gone => "gone",
        Verdict::Duplicate => "duplicate",
        Verdict::MissingReference => "missing_reference",
        Verdict::Restart => "restart",
        Verdict::Expired => "expired",
        Verdict::Split => "split",
        Verdict::Drift => "drift",
        Verdict::Refused => "refused",
        Verdict::Stop => "stop",
    }
}
