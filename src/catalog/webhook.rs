//! Deliveries: proofs, handshakes, answers, what they tell, and how they are ordered.

use std::time::Duration;

use http::HeaderName;

use super::compile::{Compiler, Seen};
use super::describe::Table;
use super::request::Request;
use super::scope::{Group, is_data};
use super::tree::Tree;
use crate::diag::Diagnostic;
use crate::expr::{Program, Template, Want};
use crate::spec::connector as file;
use crate::value::Str;

/// How deliveries come in.
#[derive(Clone, Debug)]
pub struct Webhooks {
    pub parse: file::Parse,
    pub verify: Vec<Proof>,
    pub handshakes: Vec<Handshake>,
    pub answer: Answer,
    pub deliveries: Vec<Delivery>,
    pub subscribe: Option<Subscribe>,
}

/// One proof, and when it is asked for.
#[derive(Clone, Debug)]
pub struct Proof {
    pub when: Option<Program>,
    pub kind: ProofKind,
}

/// What proves that a delivery is the vendor's.
#[derive(Clone, Debug)]
pub enum ProofKind {
    Hash(Box<HashProof>),
    SharedSecret { given: Vec<Program>, secret: Option<Program> },
    Basic { user: Program, password: Program },
    PathSecret,
}

/// A hash over the delivery.
#[derive(Clone, Debug)]
pub struct HashProof {
    pub hash: file::HashKind,
    pub key: Option<Program>,
    pub key_encoding: Option<file::Encoding>,
    pub over: Vec<Program>,
    pub signature: Program,
    pub encoding: file::Encoding,
    pub prefix: Option<Str>,
    pub separator: Option<Str>,
    pub age: Option<Age>,
}

/// How old a delivery may be.
#[derive(Clone, Debug)]
pub struct Age {
    pub at: Program,
    pub unit: file::AgeUnit,
    pub max: Duration,
}

/// A question before deliveries.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub when: Program,
    pub answer: Answer,
}

/// What a vendor is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub json: Option<Tree>,
    pub text: Option<Template>,
    pub headers: Vec<(HeaderName, Template)>,
    pub refused: u16,
}

/// What one kind of delivery tells.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub when: Option<Program>,
    pub each: Option<Program>,
    pub many: Option<Program>,
    pub account: Option<Program>,
    pub object: Table,
    pub key: Option<Program>,
    pub gone: Option<Program>,
    pub same: Vec<Program>,
}

/// Ordering deliveries.
#[derive(Clone, Debug)]
pub struct Subscribe {
    pub request: Request,
    pub save: Vec<(Str, Program)>,
    pub existing: Option<Existing>,
    pub renew: Option<Renew>,
    pub check: Option<Check>,
    pub remove: Option<Request>,
}

/// Finding a subscription that is there already.
#[derive(Clone, Debug)]
pub struct Existing {
    pub request: Request,
    pub each: Program,
    pub when: Program,
    pub save: Vec<(Str, Program)>,
}

/// Keeping a subscription alive.
#[derive(Clone, Debug)]
pub struct Renew {
    pub every: Duration,
    pub request: Request,
    pub save: Vec<(Str, Program)>,
}

/// Looking whether it is alive.
#[derive(Clone, Debug)]
pub struct Check {
    pub every: Duration,
    pub request: Request,
    pub alive: Program,
}

/// What proofs see: the raw delivery.
const RAW: &[Group] = &[Group::Delivery, Group::Answer];
/// What deliveries see.
const TOLD: &[Group] = &[Group::Delivery, Group::Answer, Group::Item];
const SUBSCRIBE: &[Group] = &[Group::Object, Group::Receiver];
const SUBSCRIBED: &[Group] = &[Group::Object, Group::Receiver, Group::Answer];
const LISTED: &[Group] = &[Group::Object, Group::Receiver, Group::Answer, Group::Item];

impl Compiler<'_> {
    pub fn webhooks(&self, spec: &file::Webhooks, vars: &[Str]) -> Webhooks {
        let raw = Seen::new("webhooks.verify", RAW);
        if spec.verify.is_empty() {
            self.report(
                Diagnostic::error("verify", "`webhooks.verify` is empty: every delivery would be refused")
                    .help("add a proof, at least `- { type: path_secret }`"),
            );
        }
        let answer = spec.answer.clone().unwrap_or_default();
        Webhooks {
            parse: spec.parse.map(|parse| parse.value).unwrap_or_default(),
            verify: spec.verify.iter().map(|proof| self.proof(proof, raw)).collect(),
            handshakes: spec
                .handshakes
                .iter()
                .map(|handshake| Handshake { when: self.program(&handshake.when, raw, &Want::any()), answer: self.answer(&handshake.answer, raw) })
                .collect(),
            answer: self.answer(&answer, Seen::new("webhooks.answer", RAW)),
            deliveries: spec.deliveries.iter().map(|delivery| self.delivery(delivery)).collect(),
            subscribe: spec.subscribe.as_ref().map(|subscribe| self.subscribe(subscribe, vars)),
        }
    }

    fn proof(&self, spec: &file::Verify, seen: Seen) -> Proof {
        let any = |slot: &crate::spec::Expression| self.program(slot, seen, &Want::any());
        let when = match spec {
            file::Verify::Hash(hash) => &hash.when,
            file::Verify::SharedSecret(secret) => &secret.when,
            file::Verify::Basic(basic) => &basic.when,
            file::Verify::PathSecret(secret) => &secret.when,
        };
        let kind = match spec {
            file::Verify::Hash(hash) => ProofKind::Hash(Box::new(self.hash(hash, seen))),
            file::Verify::SharedSecret(secret) => {
                ProofKind::SharedSecret { given: secret.given.as_slice().iter().map(any).collect(), secret: secret.secret.as_ref().map(any) }
            }
            file::Verify::Basic(basic) => ProofKind::Basic { user: any(&basic.user), password: any(&basic.password) },
            file::Verify::PathSecret(_) => ProofKind::PathSecret,
        };
        Proof { when: when.as_ref().map(any), kind }
    }

    fn hash(&self, spec: &file::Hash, seen: Seen) -> HashProof {
        let over: Vec<Program> = spec.over.iter().map(|slot| self.program(slot, seen, &Want::any())).collect();
        let secret = over.iter().any(|program| program.slots().iter().any(|slot| !is_data(*slot) && *slot >= super::scope::CONFIG));
        if spec.key.is_none() && !secret {
            let found = Diagnostic::error("verify", "`hash` has neither `key` nor a secret in `over`: anybody could make it").at(spec.hash.span);
            self.report(found.help("add `key: config.webhook_secret`"));
        }
        HashProof {
            hash: spec.hash.value,
            key: spec.key.as_ref().map(|key| self.program(key, seen, &Want::any())),
            key_encoding: spec.key_encoding.map(|encoding| encoding.value),
            over,
            signature: self.program(&spec.signature, seen, &Want::any()),
            encoding: spec.encoding.map_or(file::Encoding::Hex, |encoding| encoding.value),
            prefix: spec.prefix.as_ref().map(|prefix| Str::from(prefix.text())),
            separator: spec.separator.as_ref().map(|separator| Str::from(separator.text())),
            age: spec.age.as_ref().map(|age| Age {
                at: self.program(&age.at, seen, &Want::any()),
                unit: age.unit.map(|unit| unit.value).unwrap_or_default(),
                max: age.max.duration(),
            }),
        }
    }

    fn answer(&self, spec: &file::Answer, seen: Seen) -> Answer {
        Answer {
            status: spec.status.map_or(200, |status| status.value),
            json: spec.json.as_ref().map(|tree| self.tree(tree, seen)),
            text: spec.text.as_ref().map(|text| self.template(text, seen)),
            headers: spec
                .headers
                .iter()
                .filter_map(|(name, text)| Some((HeaderName::from_bytes(name.text().as_bytes()).ok()?, self.template(text, seen))))
                .collect(),
            refused: spec.refused.map_or(401, |status| status.value),
        }
    }

    fn delivery(&self, spec: &file::Delivery) -> Delivery {
        let seen = Seen::new("webhooks.deliveries", TOLD);
        let raw = seen.with(RAW);
        let any = |slot: &Option<crate::spec::Expression>| self.maybe(slot.as_ref(), seen, &Want::any());
        Delivery {
            when: any(&spec.when),
            each: self.maybe(spec.each.as_ref(), raw, &Want::any()),
            many: any(&spec.many),
            account: any(&spec.account),
            object: self.table(&spec.object, seen),
            key: any(&spec.key),
            gone: any(&spec.gone),
            same: spec.same.iter().map(|slot| self.program(slot, seen, &Want::any())).collect(),
        }
    }

    fn subscribe(&self, spec: &file::Subscribe, vars: &[Str]) -> Subscribe {
        let seen = Seen::new("webhooks.subscribe", SUBSCRIBE).vars(vars);
        let answer = seen.with(SUBSCRIBED);
        Subscribe {
            request: self.request(&spec.request, seen),
            save: self.saved(&spec.save, answer),
            existing: spec.existing.as_ref().map(|existing| Existing {
                request: self.request(&existing.request, seen),
                each: self.program(&existing.each, answer, &Want::any()),
                when: self.program(&existing.when, seen.with(LISTED), &Want::any()),
                save: self.saved(&existing.save, seen.with(LISTED)),
            }),
            renew: spec.renew.as_ref().map(|renew| Renew {
                every: renew.every.duration(),
                request: self.request(&renew.request, seen),
                save: self.saved(&renew.save, answer),
            }),
            check: spec.check.as_ref().map(|check| Check {
                every: check.every.duration(),
                request: self.request(&check.request, seen),
                alive: self.program(&check.alive, answer, &Want::any()),
            }),
            remove: spec.remove.as_ref().map(|request| self.request(request, seen)),
        }
    }
}
