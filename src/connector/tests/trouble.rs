//! What vendors and networks do wrong: each gets an error that names it, and nothing moves on.

use super::*;
use crate::bounds::RESPONSE_BYTES_MAX;
use crate::connector::connect;
use crate::system::{Cursor, Outcome, System, SystemError, WriteKind};

const ACME: &str = r#"connector: acme
title: Acme
checked: 2026-11-20
config: { token: { kind: secret }, region: { kind: choice, of: [eu, us], default: eu } }
base_url: https://api.acme.example/{{ config.region }}
hosts: ["*.acme.example"]
auth: [ { type: bearer, token: "{{ config.token }}" } ]
account: { call: GET /me, id: body.id }
each_object:
  key: record.id
  time: record.changed
  list: { call: "GET /{{ object.name }}", records: body.items, page: { size: 2, next: body.next } }
  changes: { type: window, call: "GET /{{ object.name }}", query: { from: "{{ window.from | iso }}", to: "{{ window.to | iso }}", page: "{{ page.token }}" }, records: body.items, page: { next: body.next }, lag: 10s, keeps: 7d }
  gone: { sweep: list }
  create: { call: "POST /{{ object.name }}", json: "{{ values }}", record: body }
objects:
  deals: {}
  linked: { list: { call: GET /linked, records: body.items, page: { next_url: body.link } } }
"#;

async fn acme() -> Vendor {
    let mut catalog = Catalog::default();
    let found = catalog.add(&mut Files::new(), "connectors/acme.yaml", ACME);
    assert!(found.is_empty(), "{found:?}");
    Vendor::of(catalog, "acme", &[("token", "hush")]).await
}

async fn listing_fails(vendor: &Vendor, object: &str) -> SystemError {
    let mut pages = vendor.connection.list(read(object, &[]));
    loop {
        match pages.next().await {
            Err(error) => return error,
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended well"),
        }
    }
}

fn get(path: &'static str) -> impl Match {
    on("GET", path)
}

#[tokio::test]
async fn html_instead_of_json_is_tried_again_and_then_told() {
    let vendor = acme().await;
    let html = || ResponseTemplate::new(200).set_body_raw("<html>maintenance</html>", "text/html");
    vendor.plays(get("/eu/deals"), html(), 2).await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 1 }] })), 1).await;
    assert_eq!(keys(&all(vendor.connection.list(read("deals", &[]))).await), ["1"], "it passes");
    vendor.plays(get("/eu/deals"), html(), 9).await;
    let error = listing_fails(&vendor, "deals").await;
    assert!(matches!(&error, SystemError::Later { why, .. } if why.contains("not JSON")), "{error}");
    assert_eq!(vendor.requests().await.len(), 3 + 4, "attempts are bounded");
}

#[tokio::test]
async fn a_read_that_never_ends_is_stopped() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 1 }], "next": "same" })), 9).await;
    let error = listing_fails(&vendor, "deals").await;
    assert!(matches!(&error, SystemError::Garbled { why, .. } if why.contains("same page token twice")), "{error}");
    assert_eq!(vendor.requests().await.len(), 2);
}

#[tokio::test]
async fn links_and_redirects_stay_inside_the_hosts() {
    let vendor = acme().await;
    vendor.plays(get("/eu/linked"), answer(200, &json!({ "items": [], "link": "https://evil.example/steal" })), 1).await;
    let error = listing_fails(&vendor, "linked").await;
    assert!(matches!(&error, SystemError::Stopped { why, .. } if why.contains("evil.example")), "{error}");
    vendor.plays(get("/eu/deals"), ResponseTemplate::new(302).insert_header("location", "https://evil.example/steal"), 1).await;
    let error = listing_fails(&vendor, "deals").await;
    assert!(matches!(error, SystemError::Stopped { .. }), "{error}");
    assert_eq!(vendor.requests().await.len(), 2, "nothing else was asked");
}

#[tokio::test]
async fn a_record_without_its_key_stops_the_read() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 1 }, { "name": "x" }] })), 1).await;
    let error = listing_fails(&vendor, "deals").await;
    assert!(matches!(&error, SystemError::Garbled { why, .. } if why.contains("a record of `deals` has no key")), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_big_is_not_kept() {
    let vendor = acme().await;
    let big = ResponseTemplate::new(200).set_body_bytes(vec![b' '; RESPONSE_BYTES_MAX + 1]);
    vendor.plays(get("/eu/deals"), big, 1).await;
    let error = listing_fails(&vendor, "deals").await;
    assert!(matches!(&error, SystemError::Garbled { why, .. } if why.contains("bigger than 64 MiB")), "{error}");
}

#[tokio::test]
async fn a_wrong_value_is_told_and_a_missing_one_is_unread() {
    let vendor = acme().await;
    let items = r#"{"items":[{"id":1,"amount":"much","day":"31.12.2026","open":"yes","n":1.5,"name":null,"big":123456789012345678901234567}]}"#;
    vendor.plays(get("/eu/deals"), ResponseTemplate::new(200).set_body_raw(items, "application/json"), 1).await;
    let columns = [
        ("amount", Form::Decimal),
        ("day", Form::Date),
        ("open", Form::Boolean),
        ("n", Form::Integer),
        ("name", Form::Text),
        ("gone", Form::Text),
        ("big", Form::Decimal),
    ];
    let pages = all(vendor.connection.list(read("deals", &columns))).await;
    let cells = &pages[0].records[0].cells;
    assert!(cells[..4].iter().all(|cell| matches!(cell, Cell::Wrong(_))), "{cells:?}");
    assert_eq!(cells[4..6], [value(Value::Blank), Cell::Unread]);
    assert_eq!(cells[6], value(Value::Decimal("123456789012345678901234567".parse().expect("a number"))), "no digit goes through a float");
}

#[tokio::test]
async fn a_cut_window_leaves_the_cursor() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [] })), 1).await;
    let first = all(vendor.connection.changes(read("deals", &[]), None)).await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 1 }], "next": "p2" })), 1).await;
    vendor.plays(get("/eu/deals"), answer(500, &json!({})), 4).await;
    let mut pages = vendor.connection.changes(read("deals", &[]), first[0].cursor.clone());
    let page = pages.next().await.expect("the first page").expect("a page");
    assert!(page.cursor.is_none(), "the window is not whole");
    assert!(matches!(pages.next().await, Err(SystemError::Later { .. })));
}

#[tokio::test]
async fn a_window_that_is_too_big_is_halved() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [] })), 1).await;
    let first = all(vendor.connection.changes(read("deals", &[]), None)).await;
    vendor.plays(get("/eu/deals"), answer(413, &json!({})), 1).await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 1 }] })), 1).await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [{ "id": 2 }] })), 1).await;
    let pages = all(vendor.connection.changes(read("deals", &[]), first[0].cursor.clone())).await;
    assert_eq!(keys(&pages), ["1", "2"]);
    let requests = vendor.requests().await;
    assert_eq!(parameter(&requests[2], "to"), parameter(&requests[3], "from"), "no gap");
    assert_eq!(parameter(&requests[1], "to"), parameter(&requests[3], "to"));
}

#[tokio::test]
async fn an_old_cursor_reads_everything_and_a_foreign_one_is_refused() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(200, &json!({ "items": [] })), 9).await;
    all(vendor.connection.changes(read("deals", &[]), Some(Cursor(r#"{"to":"2026-11-01T00:00:00Z"}"#.into())))).await;
    assert_eq!(parameter(&vendor.requests().await[0], "from"), None, "older than the vendor keeps: a list");
    let error = vendor.connection.changes(read("deals", &[]), Some(Cursor("42".into()))).next().await.expect_err("not ours");
    assert!(matches!(error, SystemError::Garbled { .. }));
}

#[tokio::test]
async fn a_vendor_clock_that_runs_behind_bounds_the_cursor() {
    let vendor = acme().await;
    let behind = ResponseTemplate::new(200).insert_header("date", "Fri, 20 Nov 2026 09:50:00 GMT").set_body_json(json!({ "items": [] }));
    vendor.plays(get("/eu/deals"), behind, 1).await;
    let pages = all(vendor.connection.changes(read("deals", &[]), None)).await;
    assert_eq!(pages[0].cursor, Some(Cursor(r#"{"to":"2026-11-20T09:49:50Z"}"#.into())));
    assert!((vendor.connection.clock_offset() + 599.5).abs() < 1.0, "{}", vendor.connection.clock_offset());
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_in_doubt_and_never_sent_again() {
    let vendor = acme().await;
    vendor.plays(on("POST", "/eu/deals"), answer(502, &json!({})), 9).await;
    let outcomes = vendor.connection.write(read("deals", &[]), &WriteKind::Create, &[op(None, None, &named("A"))]).await;
    assert!(matches!(outcomes[0], Outcome::InDoubt { .. }), "{outcomes:?}");
    assert_eq!(vendor.requests().await.len(), 1);
    let vendor = acme().await;
    vendor.plays(on("POST", "/eu/deals"), answer(200, &json!({ "ok": true })), 1).await;
    let outcomes = vendor.connection.write(read("deals", &[]), &WriteKind::Create, &[op(None, None, &named("A"))]).await;
    assert!(matches!(outcomes[0], Outcome::InDoubt { .. }), "which record was made is not said: {outcomes:?}");
}

#[tokio::test]
async fn a_vendor_that_asks_to_wait_is_given_its_time() {
    let vendor = acme().await;
    vendor.plays(on("POST", "/eu/deals"), ResponseTemplate::new(429).insert_header("retry-after", "120"), 9).await;
    let outcomes = vendor.connection.write(read("deals", &[]), &WriteKind::Create, &[op(None, None, &named("A"))]).await;
    assert!(matches!(&outcomes[0], Outcome::NotDone { wait, .. } if wait.as_secs() == 120), "{outcomes:?}");
    assert_eq!(vendor.requests().await.len(), 1, "so long a wait is the caller's");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_later() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let mut catalog = Catalog::default();
    catalog.add(&mut Files::new(), "connectors/acme.yaml", ACME);
    let config = [("token".to_string(), ConfigText::Secret(Secret::new("hush")))].into();
    let at = Some(format!("http://127.0.0.1:{port}").parse().expect("an address"));
    let settings = ConnectionSettings { name: ConnectionName::new("crm"), config, at, currency: None, country: None, time_zone: None };
    let connector = catalog.get("acme").expect("it compiles").clone();
    let connection = connect_with(connector, settings, Arc::new(HandClock::at(NOW.parse().expect("a time"))), Arc::new(Unmetered), WAITS)
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let error = connection.list(read("deals", &[])).next().await.expect_err("nobody listens");
    assert!(matches!(&error, SystemError::Later { .. }), "{error}");
    let outcomes = connection.write(read("deals", &[]), &WriteKind::Create, &[op(None, None, &named("A"))]).await;
    assert!(matches!(outcomes[0], Outcome::NotDone { .. }), "nothing was sent: {outcomes:?}");
}

#[tokio::test]
async fn forbidden_and_unknown_objects_say_so() {
    let vendor = acme().await;
    vendor.plays(get("/eu/deals"), answer(403, &json!({})), 1).await;
    assert!(matches!(listing_fails(&vendor, "deals").await, SystemError::Forbidden { .. }));
    let error = listing_fails(&vendor, "deal").await;
    assert!(error.to_string().contains("did you mean `deals`"), "{error}");
}

#[test]
fn settings_are_told_all_at_once_and_without_the_secret() {
    let mut catalog = Catalog::default();
    catalog.add(&mut Files::new(), "connectors/acme.yaml", ACME);
    let connector = catalog.get("acme").expect("it compiles").clone();
    let config = [("token", "hush"), ("region", "asia"), ("regoin", "eu")].map(|(name, text)| (name.to_string(), ConfigText::Plain(text.to_string())));
    let settings = ConnectionSettings {
        name: ConnectionName::new("crm"),
        config: config.into(),
        at: Some("http://10.0.0.1".parse().expect("an address")),
        currency: None,
        country: None,
        time_zone: None,
    };
    let Err(problems) = connect(connector, settings, Arc::new(HandClock::at(NOW.parse().expect("a time"))), Arc::new(Unmetered)) else { panic!("it is wrong") };
    let told = problems.join("\n");
    for expected in [
        "`config.token` is a secret",
        "`config.region` must be one of `eu`, `us`",
        "`config.regoin` is not known to connector `acme`; did you mean `region`?",
        "it must be an http address of this machine",
    ] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert!(!told.contains("hush"));
}
