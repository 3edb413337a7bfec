//! Drives the look-alike over HTTP, as a client of the vendor would.

mod bulk;
mod messages;
mod reading;
mod writing;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::{Clock, HandClock};
use crate::sandbox::{Sandbox, Settings};

const DATA: &str = "/services/data/v67.0";

struct Client {
    sandbox: Sandbox,
    clock: Arc<HandClock>,
    url: String,
    http: reqwest::Client,
    token: String,
}

struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body[0]["errorCode"].as_str().unwrap_or("")
    }
}

impl Client {
    async fn start() -> Self {
        let clock = Arc::new(HandClock::at("2026-11-20T10:00:00.4Z".parse::<Timestamp>().unwrap()));
        let settings = Settings { records: 0, seed: 7, ports: [0; 3], empty: true };
        let sandbox = Sandbox::start_at(settings, clock.clone() as Arc<dyn Clock>).await.unwrap();
        let url = sandbox.place("crm").unwrap().url.clone();
        let mut client = Self { sandbox, clock, url, http: reqwest::Client::builder().no_proxy().build().unwrap(), token: String::new() };
        client.sign_in().await;
        client
    }

    async fn sign_in(&mut self) {
        let config = &self.sandbox.place("crm").unwrap().config;
        let request = self.http.post(format!("{}/services/oauth2/token", self.url)).basic_auth(&config["client_id"], Some(&config["client_secret"]));
        let answer: Value = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["instance_url"], json!(config["instance_url"]));
        assert!(answer.get("expires_in").is_none());
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    async fn ask_with(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{DATA}{path}", self.url)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn query(&self, soql: &str) -> Answer {
        let encoded: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.ask("GET", &format!("/query?q={encoded}"), Value::Null).await
    }

    /// Names found, in order.
    async fn names(&self, soql: &str) -> Vec<String> {
        let answer = self.query(soql).await;
        assert_eq!(answer.status, 200, "{soql}: {}", answer.body);
        answer.body["records"].as_array().unwrap().iter().map(|record| record["Name"].as_str().unwrap().to_owned()).collect()
    }

    async fn account(&self, fields: Value) -> String {
        let answer = self.ask("POST", "/sobjects/Account", fields).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    async fn faults(&self, faults: Value) {
        let answer = self.http.put(format!("{}/_sandbox/faults", self.url)).json(&faults).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
}

#[tokio::test]
async fn sessions_end_and_credentials_are_checked() {
    let mut crm = Client::start().await;
    assert_eq!(crm.ask("GET", "/limits", Value::Null).await.status, 200);
    crm.clock.advance(std::time::Duration::from_secs(3 * 60 * 60));
    let ended = crm.ask("GET", "/limits", Value::Null).await;
    assert_eq!((ended.status, ended.code()), (401, "INVALID_SESSION_ID"));
    crm.sign_in().await;
    let usage = crm.ask("GET", "/limits", Value::Null).await.headers["sforce-limit-info"].to_str().unwrap().to_owned();
    assert_eq!(usage, "api-usage=2/1000000");

    let token = |form: Vec<(&'static str, String)>, host: &'static str| {
        let request = crm.http.post(format!("{}/services/oauth2/token", crm.url)).header("host", host).form(&form);
        async move { request.send().await.unwrap().json::<Value>().await.unwrap()["error"].clone() }
    };
    let config = crm.sandbox.place("crm").unwrap().config.clone();
    let form =
        |id: &str, secret: &str| vec![("grant_type", "client_credentials".to_owned()), ("client_id", id.to_owned()), ("client_secret", secret.to_owned())];
    assert_eq!(token(form("nobody", "x"), "x").await, "invalid_client_id");
    assert_eq!(token(form(&config["client_id"], "x"), "x").await, "invalid_client");
    assert_eq!(token(form(&config["client_id"], &config["client_secret"]), "login.salesforce.com").await, "invalid_grant");
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn people_sign_in_by_a_code_with_proof() {
    use base64::Engine;
    use sha2::Digest;
    let crm = Client::start().await;
    let config = crm.sandbox.place("crm").unwrap().config.clone();
    let verifier = "a-verifier-of-forty-three-characters-or-more";
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier));
    let back = "http://127.0.0.1:1/back";
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let redeem = |verifier: &'static str| {
        let (http, url, id, challenge) = (http.clone(), crm.url.clone(), config["client_id"].clone(), challenge.clone());
        async move {
            let query = [("response_type", "code"), ("client_id", &id), ("redirect_uri", back), ("state", "s 1"), ("code_challenge", &challenge)];
            let sent = http.get(format!("{url}/services/oauth2/authorize")).query(&query).send().await.unwrap();
            assert_eq!(sent.status(), 302);
            let target = url::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
            let pairs: std::collections::HashMap<_, _> = target.query_pairs().into_owned().collect();
            assert_eq!(pairs["state"], "s 1");
            let form =
                [("grant_type", "authorization_code"), ("client_id", &id), ("redirect_uri", back), ("code", &pairs["code"]), ("code_verifier", verifier)];
            http.post(format!("{url}/services/oauth2/token")).form(&form).send().await.unwrap().json::<Value>().await.unwrap()
        }
    };
    assert_eq!(redeem("wrong").await["error"], "invalid_grant");
    let session = redeem(verifier).await;
    let form = [("grant_type", "refresh_token"), ("client_id", &config["client_id"]), ("refresh_token", session["refresh_token"].as_str().unwrap())];
    let renewed: Value = http.post(format!("{}/services/oauth2/token", crm.url)).form(&form).send().await.unwrap().json().await.unwrap();
    let token = renewed["access_token"].as_str().unwrap();
    let limits = format!("{}{DATA}/limits", crm.url);
    assert_eq!(http.get(&limits).bearer_auth(token).send().await.unwrap().status(), 200);
    assert_eq!(http.post(format!("{}/services/oauth2/revoke", crm.url)).form(&[("token", token)]).send().await.unwrap().status(), 200);
    assert_eq!(http.get(&limits).bearer_auth(token).send().await.unwrap().status(), 401);
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn faults_speak_the_vendors_language() {
    let crm = Client::start().await;
    crm.faults(json!({"rate_limited": {"next": 1}})).await;
    let limited = crm.ask("GET", "/limits", Value::Null).await;
    assert_eq!((limited.status, limited.code()), (403, "REQUEST_LIMIT_EXCEEDED"));
    assert!(!limited.headers.contains_key("retry-after"));
    crm.faults(json!({"answer_lost": {"next": 1, "status": 504}})).await;
    let lost = crm.ask("POST", "/sobjects/Account", json!({"Name": "Lost"})).await;
    assert_eq!(lost.status, 504);
    assert_eq!(crm.names("SELECT Name FROM Account").await, ["Lost"]);
    crm.faults(json!({"empty_listing": {"next": 1}})).await;
    assert!(crm.names("SELECT Name FROM Account").await.is_empty());
    crm.faults(json!({"endless_pages": {"next": 2}})).await;
    let page = crm.query("SELECT Name FROM Account").await;
    assert_eq!(page.body["done"], false);
    crm.faults(json!({"expired_tokens": {"next": 1}})).await;
    assert_eq!(crm.ask("GET", "/limits", Value::Null).await.status, 401);
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn reads_can_be_stale() {
    let crm = Client::start().await;
    let id = crm.account(json!({"Name": "Before"})).await;
    crm.clock.advance(std::time::Duration::from_secs(10));
    crm.ask("PATCH", &format!("/sobjects/Account/{id}"), json!({"Name": "After"})).await;
    crm.faults(json!({"stale_reads_ms": 5_000})).await;
    assert_eq!(crm.names("SELECT Name FROM Account").await, ["Before"]);
    assert_eq!(crm.ask("GET", &format!("/sobjects/Account/{id}"), Value::Null).await.body["Name"], "Before");
    crm.faults(json!({})).await;
    assert_eq!(crm.names("SELECT Name FROM Account").await, ["After"]);
    crm.sandbox.stop().await;
}
