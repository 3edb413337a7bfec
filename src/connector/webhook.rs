//! Deliveries: handshakes answered, proofs checked on the raw bytes, and what is told read as hints to look.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::describe::looked_up;
use super::frame::{Frame, maybe_word, word};
use super::page::doc_of;
use super::proof::{Checked, check, digest};
use super::{Connection, Line};
use crate::catalog::scope::{ACCOUNT, BODY, DELIVERY, METHOD, QUERY, URL};
use crate::catalog::webhook::{Answer, Delivery};
use crate::expr::{Env, Item};
use crate::id::{ObjectName, RecordKey};
use crate::secret::Secret;
use crate::spec::connector::{ConfigKind, HashKind, Parse};
use crate::value::{Doc, Str};

/// A request that came in for a connection.
#[derive(Clone, Debug, Default)]
pub struct HookRequest {
    pub method: String,
    /// The address as the vendor called it.
    pub url: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// Exactly as it came, after decompression.
    pub body: Bytes,
    /// What stood behind the connection's name in the path.
    pub path_secret: Option<String>,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Received {
    /// Stored by the caller, then answered so.
    Accepted {
        deliveries: Vec<HookDelivery>,
        answer: HookAnswer,
        verified_by: &'static str,
    },
    /// A question of the vendor's: answered at once, nothing to store.
    Handshake(HookAnswer),
    Refused {
        status: u16,
        why: String,
    },
    /// Our own fault: answered 503, so that the vendor sends it again.
    Unready {
        why: String,
    },
}

/// An answer to a vendor.
#[derive(Clone, Debug, Default)]
pub struct HookAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A hint to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDelivery {
    pub object: ObjectName,
    /// Without one the object's feed is read.
    pub key: Option<RecordKey>,
    pub gone: bool,
    /// The same for a delivery that is sent again.
    pub identity: String,
}

impl Connection {
    /// The secret of this connection's address and subscriptions: made from its credentials, so that nothing needs to be stored.
    pub fn hook_secret(&self) -> Option<Secret> {
        self.0.hook_secret()
    }

    /// The address that a vendor is given, below the project's public one.
    pub fn hook_url(&self, public_url: &str) -> String {
        let plain = format!("{}/hooks/{}", public_url.trim_end_matches('/'), self.0.name);
        let proofs = self.0.ground.connector.webhooks.iter().flat_map(|webhooks| &webhooks.verify);
        let by_path = proofs.into_iter().any(|proof| matches!(proof.kind, crate::catalog::webhook::ProofKind::PathSecret));
        match self.hook_secret() {
            Some(secret) if by_path => format!("{plain}/{}", secret.expose()),
            _ => plain,
        }
    }

    /// Checks a delivery and reads what it tells; nothing is stored, nothing is sent.
    pub fn receive(&self, request: &HookRequest, now: Timestamp) -> Received {
        self.0.receive(request, now)
    }
}

impl Line {
    pub fn hook_secret_text(&self) -> Option<String> {
        self.hook_secret().map(|secret| secret.expose().to_string())
    }

    fn hook_secret(&self) -> Option<Secret> {
        let connector = &self.ground.connector;
        let secrets = connector.config.iter().zip(&self.ground.config).filter(|(setting, item)| setting.kind == ConfigKind::Secret && !item.is_blank());
        let mut key = String::new();
        for (_, item) in secrets {
            key.push_str(&item.to_text().ok()?);
            key.push('\n');
        }
        if key.is_empty() {
            return None;
        }
        let made = digest(HashKind::Sha256, Some(key.as_bytes()), format!("syncline webhook of {}", self.name).as_bytes());
        Some(Secret::new(hex::encode(&made[..20])))
    }

    fn receive(&self, request: &HookRequest, now: Timestamp) -> Received {
        let Some(webhooks) = &self.ground.connector.webhooks else {
            return Received::Refused { status: 404, why: format!("connector `{}` takes no deliveries", self.ground.connector.name) };
        };
        let refused = |why: String| Received::Refused { status: webhooks.answer.refused, why };
        let frame = self.delivered(request);
        for handshake in &webhooks.handshakes {
            if handshake.when.condition(&frame).unwrap_or(false) {
                return match answered(&handshake.answer, &frame) {
                    Ok(answer) => Received::Handshake(answer),
                    Err(why) => Received::Unready { why },
                };
            }
        }
        let body = match webhooks.parse {
            Parse::Json => Doc::new(request.body.clone()).ok(),
            Parse::Text | Parse::Edmx => std::str::from_utf8(&request.body).ok().map(|text| Doc::from_value(&crate::value::Value::text(text))),
        };
        let frame = frame.with(BODY, body.clone().map_or(Item::BLANK, Item::Doc));
        let verified_by = match check(&webhooks.verify, &frame, request, self.hook_secret().as_ref(), now) {
            Checked::Proven(by) => by,
            Checked::Refused(why) => return refused(why),
            Checked::Unready(why) => return Received::Unready { why },
        };
        if body.is_none() {
            return refused("its body cannot be read".into());
        }
        let mut deliveries = Vec::new();
        for delivery in &webhooks.deliveries {
            if let Err(why) = self.told(delivery, &frame, request, &mut deliveries) {
                return refused(why);
            }
        }
        match answered(&webhooks.answer, &frame) {
            Ok(answer) => Received::Accepted { deliveries, answer, verified_by },
            Err(why) => Received::Unready { why },
        }
    }

    fn delivered<'a>(&'a self, request: &'a HookRequest) -> Frame<'a> {
        let query = request.query.iter().map(|(name, value)| (Str::from(name.as_str()), Item::text(value)));
        let mut frame = Frame::new(&self.ground, None).with_headers(&request.headers);
        frame.set(METHOD, Item::text(&request.method)).set(URL, Item::text(&request.url)).set(QUERY, Item::Map(query.collect()));
        frame
    }

    fn told(&self, delivery: &Delivery, frame: &Frame, request: &HookRequest, out: &mut Vec<HookDelivery>) -> Result<(), String> {
        let list = |program: &crate::expr::Program, env: &dyn Env| -> Result<Vec<Item>, String> {
            let item = program.eval(env).map_err(|fault| format!("what it tells cannot be read: {fault}"))?;
            Ok(item.elements().map(Iterator::collect).unwrap_or_default())
        };
        let mut items = match &delivery.each {
            Some(each) => list(each, frame)?,
            None => vec![frame.slot(BODY)],
        };
        if let Some(many) = &delivery.many {
            let inner: Result<Vec<Vec<Item>>, String> = items.iter().map(|item| list(many, &frame.clone().with(DELIVERY, item.clone()))).collect();
            items = inner?.into_iter().flatten().collect();
        }
        for (position, item) in items.into_iter().enumerate() {
            let own = frame.clone().with(DELIVERY, item.clone());
            if delivery.when.as_ref().is_some_and(|when| !when.condition(&own).unwrap_or(false)) {
                continue;
            }
            self.check_account(delivery, &own)?;
            let Some(object) = looked_up(&delivery.object, &own).filter(|object| self.ground.connector.object(object).is_some()) else { continue };
            let key = maybe_word(delivery.key.as_ref(), &own);
            let gone = delivery.gone.as_ref().is_some_and(|gone| gone.condition(&own).unwrap_or(false));
            let identity = identity(delivery, &own, request, position, &item);
            out.push(HookDelivery { object: ObjectName::new(object), key: key.map(RecordKey::new), gone, identity });
        }
        Ok(())
    }

    /// A delivery of another tenant is not ours, whoever signed it.
    fn check_account(&self, delivery: &Delivery, frame: &Frame) -> Result<(), String> {
        let Some(told) = maybe_word(delivery.account.as_ref(), frame) else { return Ok(()) };
        match word(&frame.slot(ACCOUNT)) {
            Some(ours) if ours != told => Err("it is for another account".into()),
            _ => Ok(()),
        }
    }
}

/// What the file says makes two deliveries the same, else the body and the place in it.
fn identity(delivery: &Delivery, frame: &Frame, request: &HookRequest, position: usize, item: &Item) -> String {
    let same: Option<Vec<Str>> = delivery.same.iter().map(|program| program.eval(frame).ok().as_ref().and_then(word)).collect();
    match same {
        Some(parts) if !parts.is_empty() => parts.join(" "),
        _ => {
            let mut hash = Sha256::new();
            match doc_of(item.clone()) {
                Some(doc) => hash.update(doc.raw().as_bytes()),
                None => hash.update(&request.body),
            }
            format!("{}-{position}", hex::encode(&hash.finalize()[..16]))
        }
    }
}

fn answered(answer: &Answer, frame: &Frame) -> Result<HookAnswer, String> {
    let mut headers = HeaderMap::new();
    let mut body = String::new();
    if let Some(tree) = &answer.json {
        let item = tree.fill(frame).map_err(|fault| format!("`answer`: {fault}"))?;
        item.write_json(&mut body).map_err(|fault| format!("`answer`: {fault}"))?;
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    } else if let Some(text) = &answer.text {
        body = text.eval(frame).and_then(|item| item.to_text().map(|text| text.into_owned())).map_err(|fault| format!("`answer`: {fault}"))?;
        // Never a page: what a stranger sent is given back here.
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    for (name, template) in &answer.headers {
        let text = template.eval(frame).and_then(|item| item.to_text().map(|text| text.into_owned())).map_err(|fault| format!("`answer`: {fault}"))?;
        let value = HeaderValue::from_str(&text).map_err(|_| format!("`answer.headers.{name}` cannot be sent"))?;
        headers.insert(HeaderName::clone(name), value);
    }
    Ok(HookAnswer { status: answer.status, headers, body })
}
