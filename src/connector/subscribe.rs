//! Ordering deliveries from a vendor, and keeping them coming.

use std::time::Duration;

use super::call::{Answer, read_error};
use super::frame::{Frame, Local};
use super::rate::Purpose;
use super::{Connection, Line};
use crate::catalog::request::Request;
use crate::catalog::scope::{ITEM, RECEIVER_SECRET, RECEIVER_URL, SUBSCRIPTION};
use crate::catalog::webhook::{Existing, Subscribe};
use crate::expr::{Item, Program};
use crate::id::ObjectName;
use crate::spec::connector::Verdict;
use crate::system::SystemError;
use crate::value::{Str, Value};

/// A subscription: what the vendor gave to know it by. Its text can be stored; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub object: ObjectName,
    kept: Vec<Value>,
}

impl Subscription {
    /// As text, for keeping.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        crate::value::json::write(&Value::List(self.kept.clone()), &mut out);
        out
    }

    /// From the text that [`Subscription::to_text`] gave.
    pub fn from_text(object: ObjectName, text: &str) -> Option<Subscription> {
        let doc = crate::value::Doc::new(bytes::Bytes::copy_from_slice(text.as_bytes())).ok()?;
        Some(Subscription { object, kept: doc.items().map(|item| item.value()).collect() })
    }
}

impl Connection {
    /// Whether the connector can order deliveries by itself, and how often they are renewed and looked at.
    pub fn subscribes(&self) -> Option<(Option<Duration>, Option<Duration>)> {
        let subscribe = self.0.subscribe_block()?;
        Some((subscribe.renew.as_ref().map(|renew| renew.every), subscribe.check.as_ref().map(|check| check.every)))
    }

    /// Orders deliveries of an object to `url`; one that is there already is taken over, so that none comes twice.
    ///
    /// # Errors
    /// When the vendor refuses, or cannot be reached.
    pub async fn subscribe(&self, object: &ObjectName, url: &str) -> Result<Subscription, SystemError> {
        let line = &self.0;
        let (local, subscribe) = line.subscribing(object)?;
        let frame = line.receiving(&local, url, None);
        if let Some(existing) = &subscribe.existing
            && let Some(kept) = line.existing(existing, &frame, object).await?
        {
            return self.renew(&Subscription { object: object.clone(), kept }, url).await;
        }
        let answer = line.asked(&subscribe.request, &frame, object).await?;
        Ok(Subscription { object: object.clone(), kept: line.kept(&subscribe.save, &answer.frame(&frame), None) })
    }

    /// Renews a subscription before it ends.
    ///
    /// # Errors
    /// As [`Connection::subscribe`].
    pub async fn renew(&self, subscription: &Subscription, url: &str) -> Result<Subscription, SystemError> {
        let line = &self.0;
        let (local, subscribe) = line.subscribing(&subscription.object)?;
        let Some(renew) = &subscribe.renew else { return Ok(subscription.clone()) };
        let frame = line.receiving(&local, url, Some(subscription));
        let answer = line.asked(&renew.request, &frame, &subscription.object).await?;
        Ok(Subscription { object: subscription.object.clone(), kept: line.kept(&renew.save, &answer.frame(&frame), Some(subscription)) })
    }

    /// Whether the vendor still knows it.
    ///
    /// # Errors
    /// As [`Connection::subscribe`].
    pub async fn is_subscribed(&self, subscription: &Subscription) -> Result<bool, SystemError> {
        let line = &self.0;
        let (local, subscribe) = line.subscribing(&subscription.object)?;
        let Some(check) = &subscribe.check else { return Ok(true) };
        let frame = line.receiving(&local, "", Some(subscription));
        let answer = line.call(&check.request, &frame, Purpose::Read).await.map_err(|failure| failure.into_error(line))?;
        match answer.judged.is {
            Verdict::Ok => {}
            Verdict::Gone => return Ok(false),
            _ => return Err(read_error(line, &subscription.object, &answer.judged)),
        }
        let garbled = |fault: crate::expr::Fault| SystemError::Garbled { connection: line.name.clone(), why: format!("`check.alive`: {fault}") };
        check.alive.condition(&answer.frame(&frame)).map_err(garbled)
    }

    /// Ends a subscription; one that is gone already is ended.
    ///
    /// # Errors
    /// As [`Connection::subscribe`].
    pub async fn unsubscribe(&self, subscription: &Subscription) -> Result<(), SystemError> {
        let line = &self.0;
        let (local, subscribe) = line.subscribing(&subscription.object)?;
        let Some(request) = &subscribe.remove else { return Ok(()) };
        let frame = line.receiving(&local, "", Some(subscription));
        let answer = line.call(request, &frame, Purpose::Write).await.map_err(|failure| failure.into_error(line))?;
        match answer.judged.is {
            Verdict::Ok | Verdict::Gone => Ok(()),
            _ => Err(read_error(line, &subscription.object, &answer.judged)),
        }
    }
}

impl Line {
    fn subscribe_block(&self) -> Option<&Subscribe> {
        self.ground.connector.webhooks.as_ref()?.subscribe.as_ref()
    }

    fn subscribing(&self, object: &ObjectName) -> Result<(std::sync::Arc<Local>, &Subscribe), SystemError> {
        let local = self.local(object)?;
        let why = || "the connector's file does not say how deliveries are ordered".to_string();
        let subscribe = self.subscribe_block().ok_or_else(|| SystemError::Drift { connection: self.name.clone(), object: object.clone(), why: why() })?;
        Ok((local, subscribe))
    }

    fn receiving<'a>(&'a self, local: &'a Local, url: &str, subscription: Option<&Subscription>) -> Frame<'a> {
        let mut frame = Frame::new(&self.ground, Some(local)).with(RECEIVER_URL, Item::text(url));
        if let Some(secret) = self.hook_secret_text() {
            frame.set(RECEIVER_SECRET, Item::text(secret));
        }
        for (at, value) in subscription.iter().flat_map(|subscription| subscription.kept.iter().enumerate()) {
            frame.set(SUBSCRIPTION + u32::try_from(at).unwrap_or(0), Item::Value(value.clone()));
        }
        frame
    }

    async fn asked(&self, request: &Request, frame: &Frame<'_>, object: &ObjectName) -> Result<Answer, SystemError> {
        let answer = self.call(request, frame, Purpose::Write).await.map_err(|failure| failure.into_error(self))?;
        if answer.judged.is == Verdict::Ok { Ok(answer) } else { Err(read_error(self, object, &answer.judged)) }
    }

    /// What is kept of the one that is ours, if the vendor has it.
    async fn existing(&self, existing: &Existing, frame: &Frame<'_>, object: &ObjectName) -> Result<Option<Vec<Value>>, SystemError> {
        let answer = self.asked(&existing.request, frame, object).await?;
        let seen = answer.frame(frame);
        let garbled = |key: &str, fault: crate::expr::Fault| SystemError::Garbled { connection: self.name.clone(), why: format!("`existing.{key}`: {fault}") };
        let listed = existing.each.eval(&seen).map_err(|fault| garbled("each", fault))?;
        for item in listed.elements().into_iter().flatten() {
            let own = seen.clone().with(ITEM, item);
            if existing.when.condition(&own).map_err(|fault| garbled("when", fault))? {
                return Ok(Some(self.kept(&existing.save, &own, None)));
            }
        }
        Ok(None)
    }

    /// What `save` keeps, by the slots of `subscription`; what a renewal does not name stays.
    fn kept(&self, save: &[(Str, Program)], seen: &Frame, before: Option<&Subscription>) -> Vec<Value> {
        let names = &self.ground.connector.subscription;
        let mut kept: Vec<Value> = before.map_or_else(|| vec![Value::Blank; names.len()], |before| before.kept.clone());
        kept.resize(names.len(), Value::Blank);
        for (name, program) in save {
            if let (Some(at), Ok(item)) = (names.iter().position(|known| known == name), program.eval(seen)) {
                kept[at] = item.into_value().unwrap_or_default();
            }
        }
        kept
    }
}
