//! A connector as people write it, read whole.

use super::*;
use crate::diag::render::{Paint, render_all};
use crate::spec::Tree;

pub(in crate::spec) const ACME: &str = r#"
connector: acme
title: Acme
checked: 2026-11-20
config:
  api_version: { kind: text, default: "67.0" }
  secret: { kind: secret, optional: true }
  field: { kind: choice, of: [target, target_url], default: target }
base_url: "{{ token.url }}/v{{ config.api_version }}"
hosts: ["*.acme.example"]
auth:
  - { type: oauth2, grant: client_credentials, when: not config.basic, token_url: "{{ config.url }}/token", client: body, scopes: [https://acme.example/.default], save: { url: body.url }, expires: unknown }
  - { type: basic, user: "{{ config.user }}", password: "{{ config.secret }}" }
  - type: session
    call: POST /rpc/
    json: { id: 0, method: login, params: [ "{{ config.user }}", { password: "{{ config.secret }}" }, en ] }
    save: { secret: "body.result[1]" }
    apply: { headers: { Authorization: "Session {{ token.secret }}" } }
    lives: 30d
account: { id: token.id_url | capture('/id/(\w+)/') }
each_request: { headers: { Accept: application/json }, json: { id: 1 } }
quotes: doubled
wire:
  instant: { read: "%Y-%m-%dT%H:%M:%S%z", write: iso_seconds }
  decimal: { read: value.decimal, write: { __class__: Decimal, decimal: "{{ value | text }}" } }
  boolean: { T: true, F: false }
  list: { separator: ";" }
  money: cents
  blank: { read: [null, "", missing], write: null }
errors: { code: "body[0].errorCode", message: body.message }
verdicts:
  - { code: [A, B], status: 409, is: rate_limited, wait: 5s, spent: day }
  - { code_starts: "'", is: stop }
rates:
  every_request: [ { name: day, requests: 100000, per: 24h, used: header('used'), reserve: 20% }, { concurrent: 20 }, { requests: 5, per: day } ]
describe:
  objects: { call: GET /$metadata, parse: edmx, each: body.sets, name: item.name }
  fields:
    call: GET /{{ object.name }}/describe
    each: body.fields
    name: item.name
    kind: { of: item.type, Edm.Int32: integer, else: text }
    value: { key: "option[0]" }
any_object: true
each_object:
  vars: { modified: SystemModstamp, context: { company: "{{ config.company }}" } }
  key: record.Id
  key_identity: key[:15]
  always_read: [Id]
  list: { call: GET /query, query: { q: "SELECT {{ fields | join(',') }} WHERE Id > {{ after.key | quoted }}" }, records: body.records, sorted_by: key, first_key: "0", page: { size: 250, next_url: body.next }, fields_per_call: { characters: 12000 } }
  changes:
    type: window
    call: GET /query
    query:
      q: >-
        SELECT {{ fields | join(',') }}
        WHERE {{ object.modified }} < {{ window.to | iso_seconds }}
    records: body.records
    sorted_by: time, key
    lag: 2m
    overlap: 10m
  gone: { read: { type: window, call: GET /deleted, records: body.deleted, key: record.id, hole: body.since > window.from, keeps: 15d }, sweep: list }
  get: { batch: 200, call: POST /get, json: { ids: "{{ keys }}" }, records: body }
  find: { by: any_field, call: GET /query, records: body.records }
  outcomes: { from: [body], match: position, atomic: true }
  create: { batch: 200, call: POST /records, item: { "...": "{{ values }}" }, json: { allOrNone: false, records: "{{ items }}" }, key: body.id }
  upsert: { by: [externalId], call: "PUT /eid:{{ match.value }}", json: "{{ values }}" }
  update: { call: "PATCH /{{ key }}", headers: { If-Match: "{{ version }}" }, json: "{{ values }}", record: body }
  archive: { sets: { active: false } }
  delete: { call: "DELETE /{{ key }}" }
objects:
  deals:
    parents: [accounts]
    fields: { key: text read_only, amount: { kind: money, currency: connection.currency }, source: { kind: enum, values: [a, b], access: create_only } }
    update: never
    changes: { type: full_read }
    gone: { sweep: { call: GET /ids, records: body.ids, key: record | text } }
    gates: [ { when: "record.state in ['done']", allows: [comment], then: refused } ]
    choices: { call: GET /stages, each: body.items, fields: { stage: item.key }, label: item.name }
  currencies: {}
webhooks:
  verify:
    - { type: hash, hash: sha256, key: config.secret, over: [body], signature: header('x-signature'), prefix: "sha256=", age: { at: header('x-time'), max: 5m } }
    - { type: shared_secret, given: "body.value | map(attribute='clientState')" }
    - { type: path_secret }
  handshakes: [ { when: query.token, answer: { status: 200, text: "{{ query.token }}" } } ]
  answer: { status: 202, within: 5s, refused: 503 }
  deliveries: [ { each: body.value, object: { of: delivery.kind, deal: deals }, key: delivery.key, same: [delivery.id] } ]
  subscribe:
    call: POST /subscriptions
    json: { "{{ config.field }}": "{{ receiver.url }}" }
    save: { id: body.id }
    renew: { every: 1d, call: "PATCH /subscriptions/{{ subscription.id }}" }
    check: { every: 1h, call: GET /subscriptions, alive: body.ok }
    remove: { call: "DELETE /subscriptions/{{ subscription.id }}" }
"#;

#[test]
fn every_block_is_read() {
    let mut files = Files::new();
    let file = files.add("connectors/acme.yaml", ACME);
    let (spec, found) = read(&files, file);
    assert_eq!(render_all(&found, &files, Paint::Plain), "");
    let spec = spec.expect("no problem was found");
    assert_eq!(spec.auth.iter().map(Auth::kind).collect::<Vec<_>>(), ["oauth2", "basic", "session"]);
    let Auth::Session(session) = &spec.auth[2] else { panic!("a session") };
    assert_eq!(session.request.call.as_ref().expect("a call").text(), "POST /rpc/");
    assert!(matches!(spec.wire.boolean, Some(WireForm::Table(_))));
    assert!(matches!(spec.wire.list, Some(WireForm::Pair(_))));
    assert!(matches!(spec.wire.money, Some(WireForm::Named(_))));
    assert_eq!(spec.wire.blank.as_ref().expect("blank").read[0], Tree::Null);
    assert_eq!(spec.verdicts[0].is.value, Verdict::RateLimited);
    let kinds = &spec.describe.as_ref().expect("describe").fields.kind;
    assert_eq!(kinds.rows.keys().collect::<Vec<_>>(), ["Edm.Int32"]);
    let each = spec.each_object.as_ref().expect("each_object");
    let Some(Feed::Window(window)) = &each.changes else { panic!("a window") };
    assert_eq!(window.lag.as_ref().expect("lag").duration(), std::time::Duration::from_secs(120));
    let Some(Tree::Text(query)) = window.read.request.query.get("q") else { panic!("a text") };
    let at = query.text().find("window.to").expect("it is in the text");
    assert_eq!(&ACME[query.locate(at..at + 9).range()], "window.to");
    let deals = spec.objects.get("deals").expect("deals");
    assert!(deals.update.as_ref().is_some_and(|update| update.block().is_none()));
    assert!(matches!(deals.fields.get("amount"), Some(FieldNote::Long(_))));
    assert!(matches!(deals.gone.as_ref().and_then(|gone| gone.sweep.as_ref()), Some(Sweep::Keys(_))));
    let hooks = spec.webhooks.as_ref().expect("webhooks");
    assert_eq!(hooks.subscribe.as_ref().and_then(|subscribe| subscribe.request.call.as_ref()).expect("a call").text(), "POST /subscriptions");
}
