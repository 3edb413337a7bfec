//! Deliveries: proofs on the raw bytes, forged, old and foreign ones, handshakes, and what the good ones tell.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

use super::*;
use crate::connector::webhook::{HookDelivery, HookRequest, Received};

fn posted(body: &str, headers: &[(&'static str, &str)]) -> HookRequest {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_str(value).expect("a header"));
    }
    HookRequest {
        method: "POST".into(),
        url: "https://sync.example/hooks/prm".into(),
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        ..HookRequest::default()
    }
}

fn signed(key: &str, over: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(over.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn now() -> jiff::Timestamp {
    NOW.parse().expect("a time")
}

fn told(received: Received) -> Vec<HookDelivery> {
    match received {
        Received::Accepted { deliveries, .. } => deliveries,
        other => panic!("not accepted: {other:?}"),
    }
}

fn is_refused(received: &Received) -> bool {
    matches!(received, Received::Refused { .. })
}

const DEAL: &str = r#"{"event":"deal.updated","key":"d1"}"#;

#[tokio::test]
async fn a_signature_over_the_raw_bytes_decides() {
    let vendor = Vendor::start("partnerstack", &[("public_key", "pk"), ("secret_key", "sk"), ("webhook_secret", "hush")]).await;
    let receive = |body: &str, signature: &str| vendor.connection.receive(&posted(body, &[("x-partnerstack-signature", signature)]), now());
    let good = signed("hush", DEAL);
    for spelling in [good.clone(), format!("sha256={good}"), good.to_uppercase()] {
        let deliveries = told(receive(DEAL, &spelling));
        assert_eq!((deliveries[0].object.as_str(), deliveries[0].key.as_ref().map(RecordKey::as_str), deliveries[0].gone), ("deals", Some("d1"), false));
    }
    assert!(is_refused(&receive(DEAL, &signed("guess", DEAL))), "forged");
    assert!(is_refused(&receive(&DEAL.replace("d1", "d2"), &good)), "changed");
    assert!(is_refused(&receive(&DEAL.replace(':', ": "), &good)), "spelt anew");
    assert!(is_refused(&receive(DEAL, &good[..20])), "cut");
    let mut unsigned = posted(DEAL, &[]);
    unsigned.path_secret = vendor.connection.hook_secret().map(|secret| secret.expose().to_string());
    assert!(is_refused(&vendor.connection.receive(&unsigned, now())), "the address cannot save what should be signed");
}

#[tokio::test]
async fn without_a_signature_the_address_is_the_secret() {
    let vendor = Vendor::start("partnerstack", &[("public_key", "pk"), ("secret_key", "sk")]).await;
    let url = vendor.connection.hook_url("https://sync.example");
    let secret = url.strip_prefix("https://sync.example/hooks/crm/").expect("it holds the secret");
    assert!(secret.len() >= 32, "128 bits");
    let mut request = posted(r#"{"event":"partnership_deleted","partner_key":"acme"}"#, &[]);
    assert!(is_refused(&vendor.connection.receive(&request, now())));
    request.path_secret = Some("guess".into());
    assert!(is_refused(&vendor.connection.receive(&request, now())));
    request.path_secret = Some(secret.into());
    let deliveries = told(vendor.connection.receive(&request, now()));
    assert_eq!((deliveries[0].object.as_str(), deliveries[0].gone), ("partnerships", true));
    assert_eq!(told(vendor.connection.receive(&request, now())), deliveries, "sent again it is the same");
    request.body = Bytes::from_static(b"<html>");
    assert!(is_refused(&vendor.connection.receive(&request, now())));
}

#[tokio::test]
async fn notifications_must_all_repeat_the_secret() {
    let config = [("tenant", "t"), ("company", "c"), ("client_id", "a"), ("client_secret", "s")];
    let vendor = Vendor::start("business-central", &config).await;
    let secret = vendor.connection.hook_secret().expect("credentials").expose().to_string();
    let note = |state: &str, change: &str, resource: &str| json!({ "subscriptionId": "s", "clientState": state, "changeType": change, "resource": resource });
    let receive = |notes: Vec<Json>| vendor.connection.receive(&posted(&json!({ "value": notes }).to_string(), &[]), now());
    let customer = "api/v2.0/companies(c)/customers(0d1a)";
    let deliveries = told(receive(vec![
        note(&secret, "deleted", customer),
        note(&secret, "collection", "https://x/api/v2.0/companies(c)/items?$filter=lastDateTimeModified gt 2026"),
    ]));
    let told: Vec<_> = deliveries.iter().map(|delivery| (delivery.object.as_str(), delivery.key.as_ref().map(RecordKey::as_str), delivery.gone)).collect();
    assert_eq!(told, [("customers", Some("0d1a"), true), ("items", None, false)], "without a key the feed is read");
    let refused = receive(vec![note(&secret, "updated", customer), note("guess", "updated", customer)]);
    assert!(matches!(refused, Received::Refused { status: 503, .. }), "any other status would end the subscription: {refused:?}");
    assert!(is_refused(&receive(vec![])), "nothing repeats nothing");
    let mut handshake = posted("", &[]);
    handshake.query = vec![("validationToken".into(), "<b>t0k</b>".into())];
    let Received::Handshake(answer) = vendor.connection.receive(&handshake, now()) else { panic!("a handshake") };
    assert_eq!((answer.status, answer.body.as_str()), (200, "<b>t0k</b>"));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8", "never a page");
}

const CUSTOM: &str = r#"connector: acme
title: Acme
checked: 2026-11-20
config: { token: { kind: secret }, hook: { kind: secret, optional: true } }
base_url: https://api.acme.example
hosts: [api.acme.example]
auth: [ { type: bearer, token: "{{ config.token }}" } ]
account: { call: GET /me, id: body.id }
objects:
  deals: { key: record.id, list: { call: GET /deals, records: body.items }, changes: { type: full_read }, gone: { sweep: list } }
webhooks:
  verify:
    - { type: hash, hash: sha256, key: config.hook, over: ["'v0'", "header('x-time')", body], separator: ":", signature: header('x-sign'), prefix: "v0=", age: { at: header('x-time'), max: 5m } }
  deliveries:
    - { each: body.events, account: delivery.tenant, object: { of: delivery.type, else: deals }, key: delivery.id, same: [delivery.event_id] }
"#;

async fn custom(config: &[(&str, &str)]) -> Vendor {
    let mut catalog = Catalog::default();
    let found = catalog.add(&mut Files::new(), "connectors/acme.yaml", CUSTOM);
    assert!(found.is_empty(), "{found:?}");
    Vendor::of(catalog, "acme", config).await
}

#[tokio::test]
async fn an_old_delivery_is_a_replay() {
    let vendor = custom(&[("token", "t"), ("hook", "hush")]).await;
    let body = r#"{"events":[{"event_id":"e1","type":"deal","id":7,"tenant":"a1"}]}"#;
    let receive = |at: i64| {
        let sign = format!("v0={}", signed("hush", &format!("v0:{at}:{body}")));
        vendor.connection.receive(&posted(body, &[("x-time", &at.to_string()), ("x-sign", &sign)]), now())
    };
    let at = now().as_second();
    assert_eq!(
        told(receive(at - 290))[0],
        HookDelivery { object: ObjectName::new("deals"), key: Some(RecordKey::new("7")), gone: false, identity: "e1".into() }
    );
    assert!(is_refused(&receive(at - 301)), "too old");
    assert!(is_refused(&receive(at + 301)), "from the future");
    vendor.plays(on("GET", "/me"), answer(200, &json!({ "id": "a2" })), 1).await;
    crate::system::System::probe(&vendor.connection).await.expect("it answers");
    assert!(is_refused(&receive(at)), "for another account");
}

#[tokio::test]
async fn without_a_configured_secret_nothing_is_taken_and_nothing_is_lost() {
    let vendor = custom(&[("token", "t")]).await;
    let received = vendor.connection.receive(&posted("{}", &[("x-time", "1"), ("x-sign", "v0=00")]), now());
    assert!(matches!(received, Received::Unready { .. }), "{received:?}");
}

#[test]
fn hashes_are_those_of_the_vendors_own_examples() {
    use crate::connector::proof::digest;
    use crate::spec::connector::HashKind;
    let body = r#"{"event":"envelope-completed","apiVersion":"v2.1","data":{"accountId":"a1","envelopeId":"e1"}}"#;
    assert_eq!(hex::encode(digest(HashKind::Sha256, Some(b"topsecret"), body.as_bytes())), "db76118ff02673a032ea258b86eb912a75bf9aec112c2631c075bde93747684a");
    assert_eq!(
        hex::encode(digest(HashKind::Sha256, Some(b"whsec_test"), br#"1760000000.{"id":"evt_1"}"#)),
        "66e880d7175fffb43ce10c4e14db1cfb230c8804b5aafb116affbc9a836c7690"
    );
}

/// A planted bug, caught.
#[test]
fn a_hash_over_the_parsed_body_is_noticed() {
    crate::plant::caught_by("hash-over-parsed-body", a_signature_over_the_raw_bytes_decides);
}
