//! Whether a delivery is the vendor's: hashes over raw bytes and shared secrets, compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::frame::{Frame, word};
use super::webhook::HookRequest;
use crate::catalog::webhook::{Age, HashProof, Proof, ProofKind};
use crate::expr::Program;
use crate::plant::planted;
use crate::secret::Secret;
use crate::spec::connector::{AgeUnit, Encoding, HashKind};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    Proven(&'static str),
    Refused(String),
    /// The secret to check with is not configured: our own fault.
    Unready(String),
}

/// Lets the first proof that is asked for decide; the others cannot save a delivery from it.
pub fn check(proofs: &[Proof], frame: &Frame, request: &HookRequest, receiver: Option<&Secret>, now: Timestamp) -> Checked {
    for proof in proofs {
        let asked = match (&proof.when, &proof.kind) {
            (Some(when), _) => when.condition(frame).unwrap_or(false),
            (None, ProofKind::Hash(hash)) => proofs.len() == 1 || hash.signature.eval(frame).is_ok_and(|item| !item.is_blank()),
            (None, _) => true,
        };
        if asked {
            return match &proof.kind {
                ProofKind::Hash(hash) => hashed(hash, frame, request, now),
                ProofKind::SharedSecret { given, secret } => shared(given, secret.as_ref(), frame, receiver),
                ProofKind::Basic { user, password } => basic(user, password, frame, request),
                ProofKind::PathSecret => match (receiver, &request.path_secret) {
                    (None, _) => Checked::Unready("the connection has no secret to make an address with".into()),
                    (Some(secret), Some(given)) if same(secret.expose().as_bytes(), given.as_bytes()) => Checked::Proven("path_secret"),
                    (Some(_), _) => Checked::Refused("the address lacks its secret".into()),
                },
            };
        }
    }
    Checked::Refused("it carries none of the proofs that the connector asks for".into())
}

fn hashed(proof: &HashProof, frame: &Frame, request: &HookRequest, now: Timestamp) -> Checked {
    let Some(given) = proof.signature.eval(frame).ok().as_ref().and_then(word) else { return Checked::Refused("it is not signed".into()) };
    let key = match &proof.key {
        None => None,
        Some(program) => match program.eval(frame).ok().as_ref().and_then(word) {
            None => return Checked::Unready("the secret that signs deliveries is not configured".into()),
            Some(text) => match proof.key_encoding {
                None => Some(text.as_bytes().to_vec()),
                Some(encoding) => match decoded(encoding, &text) {
                    Some(key) => Some(key),
                    None => return Checked::Unready("the secret that signs deliveries is not written as the connector says".into()),
                },
            },
        },
    };
    let between = proof.separator.as_deref().filter(|_| proof.over.len() > 1).unwrap_or_default();
    let mut over: Vec<u8> = Vec::with_capacity(request.body.len() + 64);
    for (at, program) in proof.over.iter().enumerate() {
        if at > 0 {
            over.extend_from_slice(between.as_bytes());
        }
        if program.source().trim() == "body" {
            let parsed = planted!("hash-over-parsed-body").then(|| serde_json::from_slice::<serde_json::Value>(&request.body).ok()).flatten();
            match parsed.map(|parsed| parsed.to_string()) {
                Some(parsed) => over.extend_from_slice(parsed.as_bytes()),
                None => over.extend_from_slice(&request.body),
            }
        } else if let Some(text) = program.eval(frame).ok().as_ref().and_then(word) {
            over.extend_from_slice(text.as_bytes());
        }
    }
    let due = digest(proof.hash, key.as_deref(), &over);
    let several = proof.separator.as_deref().filter(|separator| proof.over.len() == 1 && !separator.is_empty());
    let candidates: Vec<&str> = several.map_or_else(|| vec![given.as_str()], |separator| given.split(separator).collect());
    let fits = candidates.iter().any(|candidate| {
        let candidate = candidate.trim();
        // Some senders leave their own prefix out.
        let bare = proof.prefix.as_deref().and_then(|prefix| candidate.strip_prefix(prefix)).unwrap_or(candidate);
        decoded(proof.encoding, bare).is_some_and(|given| same(&given, &due))
    });
    if !fits {
        return Checked::Refused("its signature does not fit".into());
    }
    match &proof.age {
        Some(age) => aged(age, frame, now),
        None => Checked::Proven("hash"),
    }
}

/// Both ways: a time ahead of ours is no more believable than one long past.
fn aged(age: &Age, frame: &Frame, now: Timestamp) -> Checked {
    let Some(text) = age.at.eval(frame).ok().as_ref().and_then(word) else { return Checked::Refused("it does not say when it was signed".into()) };
    let at = match text.trim().parse::<i64>() {
        Ok(number) => match age.unit {
            AgeUnit::Seconds => Timestamp::from_second(number).ok(),
            AgeUnit::Milliseconds => Timestamp::from_millisecond(number).ok(),
        },
        Err(_) => text.parse::<Timestamp>().ok(),
    };
    let max = SignedDuration::try_from(age.max).unwrap_or(SignedDuration::MAX);
    match at {
        Some(at) if now.duration_since(at).abs() <= max => Checked::Proven("hash"),
        Some(_) => Checked::Refused("it was signed too long ago, or in the future".into()),
        None => Checked::Refused("the time of its signature cannot be read".into()),
    }
}

fn shared(given: &[Program], secret: Option<&Program>, frame: &Frame, receiver: Option<&Secret>) -> Checked {
    let secret = match secret {
        Some(program) => program.eval(frame).ok().as_ref().and_then(word).map(|text| text.to_string()),
        None => receiver.map(|secret| secret.expose().to_string()),
    };
    let Some(secret) = secret else { return Checked::Unready("the secret that deliveries repeat is not configured".into()) };
    let mut seen = 0;
    for program in given {
        let Ok(item) = program.eval(frame) else { return Checked::Refused("it does not repeat the secret".into()) };
        let items: Vec<_> = match item.elements() {
            Some(items) => items.collect(),
            None => vec![item.clone()],
        };
        for item in items {
            seen += 1;
            if !word(&item).is_some_and(|given| same(given.as_bytes(), secret.as_bytes())) {
                return Checked::Refused("it does not repeat the secret".into());
            }
        }
    }
    if seen == 0 { Checked::Refused("it does not repeat the secret".into()) } else { Checked::Proven("shared_secret") }
}

fn basic(user: &Program, password: &Program, frame: &Frame, request: &HookRequest) -> Checked {
    let (Some(user), Some(password)) = (user.eval(frame).ok().as_ref().and_then(word), password.eval(frame).ok().as_ref().and_then(word)) else {
        return Checked::Unready("the user or password of deliveries is not configured".into());
    };
    let given = request
        .headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text.trim()).ok());
    match given {
        Some(given) if same(&given, format!("{user}:{password}").as_bytes()) => Checked::Proven("basic"),
        _ => Checked::Refused("its user or password is wrong".into()),
    }
}

/// An HMAC, or without a key the plain hash.
pub fn digest(hash: HashKind, key: Option<&[u8]>, over: &[u8]) -> Vec<u8> {
    const ANY_KEY: &str = "an HMAC takes keys of every length";
    match (hash, key) {
        (HashKind::Sha256, None) => Sha256::digest(over).to_vec(),
        (HashKind::Sha512, None) => Sha512::digest(over).to_vec(),
        (HashKind::Sha256, Some(key)) => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect(ANY_KEY);
            mac.update(over);
            mac.finalize().into_bytes().to_vec()
        }
        (HashKind::Sha512, Some(key)) => {
            let mut mac = Hmac::<Sha512>::new_from_slice(key).expect(ANY_KEY);
            mac.update(over);
            mac.finalize().into_bytes().to_vec()
        }
    }
}

fn decoded(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].into_iter().find_map(|engine| engine.decode(text).ok()),
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
