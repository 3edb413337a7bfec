//! Drives the look-alike over HTTP, as an OData client would.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::{Sandbox, Settings};
use super::{CLIENT_ID, CLIENT_SECRET, ENVIRONMENT, SCOPE, TENANT};
use crate::clock::{Clock, HandClock, WallClock};

struct Client {
    sandbox: Sandbox,
    url: String,
    company: String,
    token: String,
    http: reqwest::Client,
}

impl Client {
    async fn start(records: usize, empty: bool) -> Self {
        Self::start_at(records, empty, Arc::new(WallClock)).await
    }

    async fn start_at(records: usize, empty: bool, clock: Arc<dyn Clock>) -> Self {
        let sandbox = Sandbox::start_at(Settings { records, seed: 11, ports: [0; 3], empty }, clock).await.unwrap();
        let place = sandbox.place("erp").unwrap();
        let (url, company) = (place.url.clone(), place.config["company"].clone());
        let mut client = Self { sandbox, url, company, token: String::new(), http: reqwest::Client::builder().no_proxy().build().unwrap() };
        client.sign_in().await;
        client
    }

    async fn sign_in(&mut self) {
        let form = [("grant_type", "client_credentials"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET), ("scope", SCOPE)];
        let answer = self.http.post(format!("{}/{TENANT}/oauth2/v2.0/token", self.url)).form(&form).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["expires_in"], 3600);
        self.token = body["access_token"].as_str().unwrap().to_owned();
    }

    fn root(&self) -> String {
        format!("{}/v2.0/{TENANT}/{ENVIRONMENT}/api/v2.0", self.url)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/companies({})/{path}", self.root(), self.company)
    }

    async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: Value) -> (u16, Value) {
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", &self.at(path), &[], Value::Null).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", &self.at(path), &[], body).await
    }

    async fn customer(&self, name: &str) -> Value {
        let (status, made) = self.post("customers", json!({ "displayName": name })).await;
        assert_eq!(status, 201, "{made}");
        made
    }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_token_is_needed_and_lasts_an_hour() {
    let clock = Arc::new(HandClock::at("2026-11-20T10:00:00Z".parse().unwrap()));
    let mut erp = Client::start_at(0, true, clock.clone()).await;
    assert_eq!(erp.get("customers").await["value"], json!([]));
    clock.advance(Duration::from_secs(3601));
    let refused = erp.send("GET", &erp.at("customers"), &[], Value::Null).await;
    assert_eq!(code(&refused), (401, "Authentication_InvalidCredentials"));
    erp.sign_in().await;
    erp.http.put(format!("{}/_sandbox/faults", erp.url)).json(&json!({ "expired_tokens": { "next": 1 } })).send().await.unwrap();
    assert_eq!(erp.send("GET", &erp.at("customers"), &[], Value::Null).await.0, 401);
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn numbers_come_from_the_series_and_blanks_are_never_null() {
    let erp = Client::start(0, true).await;
    let made = erp.customer("Adatum").await;
    assert_eq!(
        (&made["number"], &made["email"], &made["currencyId"], &made["currencyCode"], &made["blocked"], &made["creditLimit"]),
        (&json!("C00010"), &json!(""), &json!("00000000-0000-0000-0000-000000000000"), &json!("USD"), &json!("_x0020_"), &json!(0))
    );
    for (body, expected) in [
        (json!({ "number": "c00010" }), (400, "Internal_EntityWithSameKeyExists")),
        (json!({ "currencyCode": "XXX" }), (400, "Internal_InvalidTableRelation")),
        (json!({ "country": "Germany" }), (400, "Internal_InvalidTableRelation")),
        (json!({ "phoneNumber": "0".repeat(31) }), (400, "Application_StringExceededLength")),
        (json!({ "paymentTermsId": "nonsense" }), (400, "Application_InvalidGUID")),
        (json!({ "blocked": "Maybe" }), (400, "Unknown")),
        (json!({ "balanceDue": 1 }), (400, "BadRequest_InvalidOperation")),
        (json!({ "shoeSize": 44 }), (400, "BadRequest_InvalidOperation")),
    ] {
        assert_eq!(code(&erp.post("customers", body.clone()).await), expected, "{body}");
    }
    let (_, euro) = erp.post("customers", json!({ "displayName": "Zwei", "currencyCode": "eur", "country": "DE" })).await;
    assert_eq!((&euro["currencyCode"], euro["currencyId"] == made["currencyId"]), (&json!("EUR"), false));
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn a_write_says_which_version_it_saw() {
    let erp = Client::start(0, true).await;
    let made = erp.customer("Adatum").await;
    let (url, etag) = (erp.at(&format!("customers({})", made["id"].as_str().unwrap())), made["@odata.etag"].as_str().unwrap().to_owned());
    let body = json!({ "city": "Lyon" });
    assert_eq!(code(&erp.send("PATCH", &url, &[], body.clone()).await), (400, "BadRequest_InvalidToken"));
    let (status, changed) = erp.send("PATCH", &url, &[("if-match", &etag)], body.clone()).await;
    assert_eq!((status, &changed["city"]), (200, &json!("Lyon")));
    assert_eq!(code(&erp.send("PATCH", &url, &[("if-match", &etag)], body.clone()).await), (409, "Request_EntityChanged"));
    assert_eq!(erp.send("PATCH", &url, &[("if-match", "*")], body).await.0, 200);
    assert_eq!(code(&erp.send("DELETE", &url, &[], Value::Null).await), (400, "BadRequest_InvalidToken"));
    assert_eq!(erp.send("DELETE", &url, &[("if-match", "*")], Value::Null).await.0, 204);
    assert_eq!(code(&erp.send("GET", &url, &[], Value::Null).await), (404, "BadRequest_NotFound"));
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_paged_by_the_server() {
    let erp = Client::start(0, true).await;
    for nth in 0..25 {
        erp.customer(&format!("O'Neil {nth:02}")).await;
    }
    let all = |url: String, prefer: &'static str| {
        let erp = &erp;
        async move {
            let (mut next, mut rows, mut pages) = (Some(url), Vec::new(), 0);
            while let Some(url) = next {
                let (status, body) = erp.send("GET", &url, &[("prefer", prefer)], Value::Null).await;
                assert_eq!(status, 200, "{body}");
                rows.extend(body["value"].as_array().unwrap().clone());
                next = body["@odata.nextLink"].as_str().map(str::to_owned);
                pages += 1;
            }
            (rows, pages)
        }
    };
    let (rows, pages) = all(erp.at("customers"), "odata.maxpagesize=10").await;
    assert_eq!((rows.len(), pages), (25, 3));
    let (rows, pages) = all(erp.at("customers?$orderby=displayName desc&$select=displayName"), "odata.maxpagesize=10").await;
    assert_eq!((rows[0]["displayName"].clone(), rows[24]["displayName"].clone(), pages), (json!("O'Neil 24"), json!("O'Neil 00"), 3));
    assert_eq!(rows[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["@odata.etag", "displayName"]);
    let url = "customers?$filter=lastModifiedDateTime ge 2020-01-01T00:00:00Z and lastModifiedDateTime lt 2999-01-01T00:00:00Z&$orderby=lastModifiedDateTime";
    let (rows, pages) = all(erp.at(url), "odata.maxpagesize=7").await;
    let mut keys: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((rows.len(), keys.len(), pages), (25, 25, 4), "each once");
    assert!(rows.is_sorted_by_key(|row| row["lastModifiedDateTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()));

    let names = |body: Value| body["value"].as_array().unwrap().iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(erp.get("customers?$filter=displayName eq 'O''Neil 03'&$top=3").await), ["C00040"]);
    assert_eq!(names(erp.get("customers?$filter=number eq 'c00040'").await), ["C00040"]);
    assert_eq!(names(erp.get("customers?$filter=(startswith(displayName,'o''neil 0') and number gt 'C00090')").await), ["C00100"]);
    assert_eq!(names(erp.get("customers?$filter=number eq 'C00010' or number eq 'C00020'&$count=true").await), ["C00010", "C00020"]);
    for (filter, status) in
        [("number eq 'x' or email eq 'y'", 501), ("colour eq 'red'", 400), ("number eq", 400), ("lastModifiedDateTime gt 'x'", 400), ("number like 'x'", 400)]
    {
        assert_eq!(erp.send("GET", &erp.at(&format!("customers?$filter={filter}")), &[], Value::Null).await.0, status, "{filter}");
    }
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn an_order_is_inserted_deeply_and_moves_with_its_lines() {
    let erp = Client::start(0, true).await;
    let customer = erp.customer("Adatum").await;
    let (_, item) = erp.post("items", json!({ "number": "1000", "displayName": "Desk", "unitPrice": 12.5 })).await;
    assert_eq!(code(&erp.post("salesOrders", json!({ "externalDocumentNumber": "D-1" })).await), (400, "Application_FieldValidationException"));
    let bad = json!({ "customerNumber": "C00010", "salesOrderLines": [{ "lineType": "Item", "lineObjectNumber": "nothing", "quantity": 1 }] });
    assert_eq!(code(&erp.post("salesOrders", bad).await), (400, "Internal_InvalidTableRelation"));
    assert_eq!(erp.get("salesOrders").await["value"], json!([]), "nothing of it is left");
    let good = json!({
        "customerId": customer["id"], "externalDocumentNumber": "deal-1 ",
        "salesOrderLines": [{ "lineType": "Item", "lineObjectNumber": "1000", "quantity": 3 }, { "itemId": item["id"], "quantity": 1, "unitPrice": 100 }],
    });
    let (status, order) = erp.post("salesOrders", good).await;
    assert_eq!(status, 201, "{order}");
    // The refused order used up a number, as series do.
    assert_eq!(
        (&order["number"], &order["externalDocumentNumber"], &order["customerName"], &order["totalAmountExcludingTax"], &order["status"]),
        (&json!("S-ORD101002"), &json!("DEAL-1"), &json!("Adatum"), &json!(137.5), &json!("Draft"))
    );
    let order_url = format!("salesOrders({})", order["id"].as_str().unwrap());
    let lines = erp.get(&format!("{order_url}/salesOrderLines")).await;
    assert_eq!((lines["value"].as_array().unwrap().len(), &lines["value"][0]["description"]), (2, &json!("Desk")));
    let line = lines["value"][1].clone();
    let line_url = erp.at(&format!("{order_url}/salesOrderLines({})", line["id"].as_str().unwrap()));
    let (status, _) = erp.send("PATCH", &line_url, &[("if-match", line["@odata.etag"].as_str().unwrap())], json!({ "quantity": 2 })).await;
    assert_eq!(status, 200);
    let moved = erp.get(&format!("{order_url}?$expand=salesOrderLines")).await;
    assert_eq!((&moved["totalAmountIncludingTax"], moved["salesOrderLines"].as_array().unwrap().len()), (&json!(237.5), 2));
    assert_ne!(moved["@odata.etag"], order["@odata.etag"]);
    let deep = erp.send("PATCH", &erp.at(&order_url), &[("if-match", "*")], json!({ "salesOrderLines": [] })).await;
    assert_eq!(code(&deep), (400, "BadRequest_InvalidOperation"));
    let customer_url = erp.at(&format!("customers({})", customer["id"].as_str().unwrap()));
    assert_eq!(code(&erp.send("DELETE", &customer_url, &[("if-match", "*")], Value::Null).await), (400, "Application_DialogException"));
    assert_eq!(erp.post(&format!("{order_url}/Microsoft.NAV.shipAndInvoice"), Value::Null).await.0, 204);
    assert_eq!(
        code(&erp.send("PATCH", &erp.at(&order_url), &[("if-match", "*")], json!({ "email": "a@b.example" })).await),
        (400, "Application_DialogException")
    );
    let stats: Value = erp.http.get(format!("{}/_sandbox/stats", erp.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!((&stats["creates"]["salesOrders"], &stats["creates"]["salesOrderLines"]), (&json!(1), &json!(2)));
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn batch_parts_stand_alone_and_metadata_tells_the_sets() {
    let erp = Client::start(0, true).await;
    let first = erp.customer("First").await;
    let set = format!("companies({})/customers", erp.company);
    let one = format!("{set}({})", first["id"].as_str().unwrap());
    let parts = json!({ "requests": [
        { "id": "a", "method": "POST", "url": set, "headers": { "Content-Type": "application/json" }, "body": { "displayName": "Second" } },
        { "id": "b", "method": "PATCH", "url": one, "headers": { "If-Match": "W/\"old\"" }, "body": { "city": "Rome" } },
        { "id": "c", "method": "PATCH", "url": format!("customers({})", first["id"].as_str().unwrap()), "headers": { "If-Match": "*", "Company": erp.company }, "body": { "city": "Oslo" } },
        { "id": "d", "method": "GET", "url": one },
    ] });
    let (status, body) = erp.send("POST", &format!("{}/$batch", erp.root()), &[], parts).await;
    assert_eq!(status, 200, "{body}");
    let seen: Vec<_> = body["responses"].as_array().unwrap().iter().map(|part| (part["id"].as_str().unwrap(), part["status"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("a", 201), ("b", 409), ("c", 200), ("d", 200)]);
    assert_eq!(body["responses"][3]["body"]["city"], "Oslo");
    let many = json!({ "requests": vec![json!({ "id": "x", "method": "GET", "url": one }); 101] });
    assert_eq!(erp.send("POST", &format!("{}/$batch", erp.root()), &[], many).await.0, 400);
    let metadata = erp.http.get(format!("{}/$metadata", erp.root())).bearer_auth(&erp.token).send().await.unwrap().text().await.unwrap();
    let document = roxmltree::Document::parse(&metadata).unwrap();
    let sets: Vec<_> = document.descendants().filter(|node| node.has_tag_name(("http://docs.oasis-open.org/odata/ns/edm", "EntitySet"))).collect();
    assert!(sets.iter().any(|set| set.attribute("Name") == Some("salesOrders") && set.attribute("EntityType") == Some("Microsoft.NAV.salesOrder")));
    erp.sandbox.stop().await;
}

type Got = mpsc::Receiver<Value>;

/// A receiver that completes handshakes and answers notifications with these statuses, last one first, then 202.
async fn receiver(statuses: Vec<u16>) -> (String, Got, JoinSet<()>) {
    let (got, rest) = mpsc::channel(100);
    let statuses = Arc::new(std::sync::Mutex::new(statuses));
    let app = Router::new().fallback(move |State(got): State<mpsc::Sender<Value>>, Query(query): Query<HashMap<String, String>>, body: Bytes| async move {
        if let Some(token) = query.get("validationToken") {
            return (http::StatusCode::OK, token.clone());
        }
        got.send(serde_json::from_slice(&body).unwrap()).await.unwrap();
        (http::StatusCode::from_u16(statuses.lock().unwrap().pop().unwrap_or(202)).unwrap(), String::new())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/erp", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app.with_state(got)).await.unwrap() });
    (url, rest, tasks)
}

impl Client {
    async fn subscribe(&self, url: &str) -> (u16, Value) {
        let resource = format!("/api/v2.0/companies({})/customers", self.company);
        self.send("POST", &format!("{}/subscriptions", self.root()), &[], json!({ "notificationUrl": url, "resource": resource, "clientState": "s3cret" }))
            .await
    }

    async fn subscriptions(&self) -> usize {
        let (_, body) = self.send("GET", &format!("{}/subscriptions", self.root()), &[], Value::Null).await;
        body["value"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn subscriptions_shake_hands_gather_and_end() {
    let clock = Arc::new(HandClock::at("2026-11-20T10:00:00Z".parse().unwrap()));
    let mut erp = Client::start_at(0, true, clock.clone()).await;
    assert_eq!(erp.subscribe("http://127.0.0.1:9/nobody").await.0, 400, "no handshake, no subscription");
    let (url, mut got, _tasks) = receiver(vec![404, 503]).await;
    let (status, made) = erp.subscribe(&url).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["expirationDateTime"], "2026-11-23T10:00:00Z");
    let first = erp.customer("One").await;
    erp.customer("Two").await;
    for _ in 0..2 {
        let body = got.recv().await.unwrap();
        assert_eq!(body["value"].as_array().unwrap().len(), 2, "both in one, and repeated after a 503: {body}");
        assert_eq!((&body["value"][0]["clientState"], &body["value"][0]["changeType"]), (&json!("s3cret"), &json!("created")));
        assert_eq!(body["value"][0]["resource"], format!("api/v2.0/companies({})/customers({})", erp.company, first["id"].as_str().unwrap()));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(erp.subscriptions().await, 0, "a 404 ended it");

    let (_, again) = erp.subscribe(&url).await;
    let one = format!("{}/subscriptions('{}')", erp.root(), again["subscriptionId"].as_str().unwrap());
    clock.advance(Duration::from_secs(2 * 24 * 3600));
    erp.sign_in().await;
    let body = json!({ "notificationUrl": url, "resource": again["resource"], "clientState": "s3cret" });
    assert_eq!(erp.send("PATCH", &one, &[], body.clone()).await.0, 400, "renewing needs If-Match");
    let (status, renewed) = erp.send("PATCH", &one, &[("if-match", again["@odata.etag"].as_str().unwrap())], body).await;
    assert_eq!((status, &renewed["expirationDateTime"]), (200, &json!("2026-11-25T10:00:00Z")));
    clock.advance(Duration::from_secs(3 * 24 * 3600 + 1));
    erp.sign_in().await;
    assert_eq!(erp.subscriptions().await, 0, "three days are over");
    erp.sandbox.stop().await;
}

#[tokio::test]
async fn more_than_a_thousand_changes_arrive_as_one() {
    let erp = Client::start(0, true).await;
    let (url, mut got, _tasks) = receiver(Vec::new()).await;
    erp.subscribe(&url).await;
    erp.http.post(format!("{}/_sandbox/webhooks", erp.url)).json(&json!({ "gather_ms": 4000 })).send().await.unwrap();
    let set = format!("companies({})/customers", erp.company);
    for batch in 0..11 {
        let parts: Vec<_> =
            (0..100).map(|nth| json!({ "id": nth.to_string(), "method": "POST", "url": set, "body": { "displayName": format!("{batch} {nth}") } })).collect();
        erp.send("POST", &format!("{}/$batch", erp.root()), &[], json!({ "requests": parts })).await;
    }
    let body = got.recv().await.unwrap();
    assert_eq!(body["value"].as_array().unwrap().len(), 1, "{body}");
    let notice = &body["value"][0];
    assert_eq!(notice["changeType"], "collection");
    assert!(notice["resource"].as_str().unwrap().contains("/customers?$filter=lastDateTimeModified"), "{notice}");
    erp.sandbox.stop().await;
}
