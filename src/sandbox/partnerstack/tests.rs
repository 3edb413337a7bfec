//! Drives the look-alike over HTTP, as a client of the vendor would.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::{Sandbox, Settings};
use super::{PUBLIC_KEY, SECRET_KEY, webhooks};

struct Client {
    sandbox: Sandbox,
    url: String,
    http: reqwest::Client,
}

impl Client {
    async fn start(records: usize, empty: bool) -> Self {
        let sandbox = Sandbox::start(Settings { records, seed: 7, ports: [0; 3], empty }).await.unwrap();
        let url = sandbox.place("prm").unwrap().url.clone();
        Self { sandbox, url, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn partner(&self) -> String {
        let (status, made) =
            self.ask("POST", "/api/v2/partnerships", json!({ "email": "kim@north.example", "partner_key": "north", "group": { "slug": "resellers" } })).await;
        assert_eq!(status, 200, "{made}");
        made["data"]["partner_key"].as_str().unwrap().to_owned()
    }

    async fn deal(&self, more: Value) -> (u16, Value) {
        let mut deal = json!({ "account_name": "Acme", "partner_key": "north", "amount": 150_000, "close_date": "2027-02-25" });
        deal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask("POST", "/api/v2/deals", deal).await
    }
}

#[tokio::test]
async fn keys_are_checked_and_answers_enveloped() {
    let prm = Client::start(0, true).await;
    let answer = prm.http.get(format!("{}/api/v2/deals", prm.url)).basic_auth(PUBLIC_KEY, Some("wrong")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let (_, groups) = prm.ask("GET", "/api/v2/groups?limit=1", Value::Null).await;
    assert_eq!(groups["data"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(groups["data"]["has_more"], true);
    prm.sandbox.stop().await;
}

#[tokio::test]
async fn deals_are_checked_as_the_vendor_does() {
    let prm = Client::start(0, true).await;
    prm.partner().await;
    let (status, made) = prm.deal(json!({ "external_key": "e-1", "stage": "qualified" })).await;
    assert_eq!((status, &made["data"]["stage"]), (200, &json!("qualified")));
    let key = made["data"]["key"].as_str().unwrap().to_owned();
    for (more, expected) in [
        (json!({ "external_key": "e-1" }), 409),
        (json!({ "stage": "registered" }), 422),
        (json!({ "amount": 12.5 }), 422),
        (json!({ "partner_key": "nobody" }), 422),
        (json!({ "group_key": "resellers" }), 422),
        (json!({ "close_date": "25.02.2027" }), 422),
        (json!({ "colour": "red" }), 422),
    ] {
        assert_eq!(prm.deal(more.clone()).await.0, expected, "{more}");
    }
    let (status, changed) = prm.ask("PATCH", "/api/v2/deals/e-1", json!({ "amount": 7, "lost_reason": null })).await;
    assert_eq!((status, &changed["data"]["amount"], &changed["data"]["account_name"]), (200, &json!(7), &json!("Acme")));
    assert_eq!(prm.ask("PATCH", &format!("/api/v2/deals/{key}"), json!({ "partner_key": "south" })).await.0, 422);
    assert_eq!(prm.ask("DELETE", &format!("/api/v2/deals/{key}"), Value::Null).await.0, 200);
    assert_eq!(prm.ask("GET", &format!("/api/v2/deals/{key}"), Value::Null).await.0, 404);
    let (_, stages) = prm.ask("GET", "/api/v2/sales-cycles/deals/stages", Value::Null).await;
    assert_eq!(stages["data"]["items"][0]["key"], "registered");
    prm.sandbox.stop().await;
}

#[tokio::test]
async fn pages_walk_back_from_the_newest_and_times_filter() {
    let prm = Client::start(0, true).await;
    prm.partner().await;
    for nth in 0..23 {
        prm.deal(json!({ "account_name": format!("Account {nth}") })).await;
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let (_, page) = prm.ask("GET", &format!("/api/v2/deals?limit=10{after}"), Value::Null).await;
        let items = page["data"]["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["account_name"].as_str().unwrap().to_owned()));
        if page["data"]["has_more"] == false {
            break;
        }
        after = format!("&starting_after={}", items.last().unwrap()["key"].as_str().unwrap());
    }
    assert_eq!(names, (0..23).rev().map(|nth| format!("Account {nth}")).collect::<Vec<_>>());
    let (_, page) = prm.ask("GET", "/api/v2/deals", Value::Null).await;
    assert_eq!(page["data"]["items"].as_array().unwrap().len(), 10, "ten unless told");
    assert_eq!(prm.ask("GET", "/api/v2/deals?limit=251", Value::Null).await.0, 400);
    let oldest = page["data"]["items"][9]["key"].as_str().unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let (_, changed) = prm.ask("PATCH", &format!("/api/v2/deals/{oldest}"), json!({ "amount": 1 })).await;
    let (_, since) = prm.ask("GET", &format!("/api/v2/deals?min_updated={}", changed["data"]["updated_at"]), Value::Null).await;
    assert_eq!(since["data"]["items"].as_array().unwrap().len(), 1);
    prm.sandbox.stop().await;
}

/// A receiver that answers as told and hands on what it got.
async fn receiver(statuses: Vec<u16>) -> (String, mpsc::Receiver<(String, Bytes)>, JoinSet<()>) {
    let (got, rest) = mpsc::channel(100);
    let statuses = Arc::new(std::sync::Mutex::new(statuses));
    let app = Router::new().fallback(move |State(got): State<mpsc::Sender<(String, Bytes)>>, headers: HeaderMap, body: Bytes| async move {
        let signature = headers.get("x-partnerstack-signature").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        got.send((signature, body)).await.unwrap();
        http::StatusCode::from_u16(statuses.lock().unwrap().pop().unwrap_or(200)).unwrap()
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/prm", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app.with_state(got)).await.unwrap() });
    (url, rest, tasks)
}

#[tokio::test]
async fn webhooks_are_signed_and_repeated_until_taken() {
    let prm = Client::start(0, true).await;
    let (url, mut got, _tasks) = receiver(vec![503]).await;
    let (status, _) = prm.ask("POST", "/api/v2/webhooks", json!({ "target": url, "events": ["deal.created"] })).await;
    assert_eq!(status, 200);
    prm.partner().await;
    prm.deal(json!({ "account_name": "Told" })).await;
    for _ in 0..2 {
        let (signature, body) = got.recv().await.unwrap();
        assert_eq!(signature, webhooks::signature(&body));
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["event"], &body["account_name"], &body["archived"]), (&json!("deal.created"), &json!("Told"), &json!("false")));
    }
    let faults = json!({ "duplicate_webhooks": { "probability": 1.0 } });
    prm.http.put(format!("{}/_sandbox/faults", prm.url)).json(&faults).send().await.unwrap();
    prm.deal(json!({ "account_name": "Twice" })).await;
    for _ in 0..2 {
        assert!(String::from_utf8_lossy(&got.recv().await.unwrap().1).contains("Twice"));
    }
    prm.sandbox.stop().await;
}

#[tokio::test]
async fn faults_strike_in_the_vendors_shape_and_are_counted() {
    let prm = Client::start(0, true).await;
    prm.partner().await;
    let set = |faults: Value| prm.http.put(format!("{}/_sandbox/faults", prm.url)).json(&faults).send();
    set(json!({ "rate_limited": { "next": 1 } })).await.unwrap();
    let answer = prm.http.get(format!("{}/api/v2/deals", prm.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(prm.ask("GET", "/api/v2/deals", Value::Null).await.0, 200, "only the next one");

    set(json!({ "answer_lost": { "next": 1 } })).await.unwrap();
    assert_eq!(prm.ask("GET", "/api/v2/deals", Value::Null).await.0, 200, "a read loses nothing");
    let lost = prm.http.post(format!("{}/api/v2/deals", prm.url)).basic_auth(PUBLIC_KEY, Some(SECRET_KEY));
    lost.json(&json!({ "account_name": "Lost", "partner_key": "north", "external_key": "lost-1" })).send().await.unwrap_err();
    assert_eq!(prm.ask("GET", "/api/v2/deals/lost-1", Value::Null).await.0, 200, "but the write happened");

    set(json!({ "stale_reads_ms": 60_000 })).await.unwrap();
    assert_eq!(prm.ask("GET", "/api/v2/deals/lost-1", Value::Null).await.0, 404, "it was not there a minute ago");
    set(json!({ "html_instead_of_json": { "next": 1 }, "empty_listing": { "next": 1 } })).await.unwrap();
    assert_eq!(prm.ask("GET", "/api/v2/deals", Value::Null).await, (200, Value::Null));
    assert_eq!(prm.ask("GET", "/api/v2/deals", Value::Null).await.1["data"]["items"], json!([]));
    set(json!({ "endless_pages": { "probability": 1.0 } })).await.unwrap();
    let (_, page) = prm.ask("GET", "/api/v2/deals", Value::Null).await;
    let last = page["data"]["items"][0]["key"].as_str().unwrap();
    let (_, page) = prm.ask("GET", &format!("/api/v2/deals?starting_after={last}"), Value::Null).await;
    assert_eq!((page["data"]["items"].as_array().unwrap().len(), &page["data"]["has_more"]), (1, &json!(true)));
    assert_eq!(set(json!({ "rain": { "next": 1 } })).await.unwrap().status(), 400);

    let stats: Value = prm.http.get(format!("{}/_sandbox/stats", prm.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!((&stats["creates"]["deals"], &stats["writes"]), (&json!(1), &json!(2)));
    let seen: Value = prm.http.get(format!("{}/_sandbox/requests", prm.url)).send().await.unwrap().json().await.unwrap();
    assert!(seen.as_array().unwrap().iter().any(|one| one["status"] == 0 && one["method"] == "POST"), "{seen}");
    prm.sandbox.stop().await;
}

#[tokio::test]
async fn a_person_edits_deletes_and_restores() {
    let prm = Client::start(0, true).await;
    prm.partner().await;
    let control = |path: &str| format!("{}/_sandbox/{path}", prm.url);
    let page = prm.http.get(control("")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("New record"));
    let made: Value =
        prm.http.post(control("records/deals")).json(&json!({ "account_name": "By hand", "partner_key": "north" })).send().await.unwrap().json().await.unwrap();
    let key = made["key"].as_str().unwrap();
    let changed: Value = prm.http.patch(control(&format!("records/deals/{key}"))).json(&json!({ "amount": 5 })).send().await.unwrap().json().await.unwrap();
    assert_eq!((&changed["fields"]["amount"], &changed["modified_by"]), (&json!(5), &json!("Sam Person")));
    prm.http.delete(control(&format!("records/deals/{key}"))).send().await.unwrap();
    let objects: Value = prm.http.get(control("objects")).send().await.unwrap().json().await.unwrap();
    assert_eq!(objects[3], json!({ "name": "deals", "records": 0, "deleted": 1 }));
    prm.http.post(control(&format!("records/deals/{key}/restore"))).send().await.unwrap();
    let all: Value = prm.http.get(control("records/deals?limit=5&q=hand")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&all[0]["deleted"], &all[0]["fields"]["amount"]), (&json!(false), &json!(5)));
    let stats: Value = prm.http.get(control("stats")).send().await.unwrap().json().await.unwrap();
    assert_eq!(stats["writes"], 1, "only the partner came through the API");
    prm.sandbox.stop().await;
}
