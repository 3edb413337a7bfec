//! Outbound messages, received by a small listener.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Client;

const ACK: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>WORD</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>"#;

/// A receiver that says no to the first message.
async fn receiver(tasks: &mut JoinSet<()>) -> (String, mpsc::Receiver<String>) {
    let (tell, told) = mpsc::channel(100);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/crm/secret", listener.local_addr().unwrap());
    let first = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let answer = move |State(tell): State<mpsc::Sender<String>>, body: String| {
        let word = if first.swap(false, std::sync::atomic::Ordering::SeqCst) { "false" } else { "true" };
        async move {
            tell.send(body).await.unwrap();
            ([("content-type", "text/xml")], ACK.replace("WORD", word))
        }
    };
    let router = Router::new().fallback(answer).with_state(tell);
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, told)
}

async fn next(told: &mut mpsc::Receiver<String>) -> String {
    tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap()
}

/// Texts of all elements of a name.
fn texts(message: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(message).unwrap();
    document.descendants().filter(|node| node.tag_name().name() == name).map(|node| node.text().unwrap_or("").to_owned()).collect()
}

#[tokio::test]
async fn messages_repeat_until_acknowledged_and_show_the_present() {
    let crm = Client::start().await;
    let mut tasks = JoinSet::new();
    let (url, mut told) = receiver(&mut tasks).await;
    let hooks = format!("{}/_sandbox/webhooks", crm.url);
    let refused = crm.http.post(&hooks).json(&json!({"objects": ["Account"]})).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    let set = crm.http.post(&hooks).json(&json!({"target": url, "objects": ["Account"], "fields": ["Name", "Phone"]})).send().await.unwrap();
    assert_eq!(set.status(), 201);

    let id = crm.account(json!({"Name": "Smith & <Sons>"})).await;
    let (first, again) = (next(&mut told).await, next(&mut told).await);
    assert_eq!(first, again);
    assert_eq!(texts(&first, "Name"), ["Smith & <Sons>"]);
    assert!(texts(&first, "Phone").is_empty());
    assert_eq!(texts(&first, "Id")[1], id);
    assert_eq!(texts(&first, "OrganizationId"), ["00D5gS0000000SbEBI"]);

    crm.ask("POST", "/sobjects/Lead", json!({"LastName": "Nobody", "Company": "asked"})).await;
    let records: Vec<Value> = (0..150).map(|n| json!({"attributes": {"type": "Account"}, "Name": format!("n{n}")})).collect();
    crm.ask("POST", "/composite/sobjects", json!({"records": records})).await;
    let mut sizes = [texts(&next(&mut told).await, "Notification").len(), texts(&next(&mut told).await, "Notification").len()];
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100]);

    crm.http.patch(format!("{}/_sandbox/records/Account/{id}", crm.url)).json(&json!({"Phone": "55"})).send().await.unwrap();
    assert_eq!(texts(&next(&mut told).await, "Phone"), ["55"]);
    crm.sandbox.stop().await;
    tasks.shutdown().await;
}
