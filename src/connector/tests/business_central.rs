//! Business Central: `$batch` with `If-Match`, next links, blank spellings, metadata, subscriptions.

use super::*;
use crate::system::{Outcome, System, WriteKind};

async fn business_central() -> Vendor {
    let config = [("tenant", "contoso"), ("environment", "Production"), ("company", "c0ffee"), ("client_id", "app"), ("client_secret", "s3cret")];
    let vendor = Vendor::start("business-central", &config).await;
    let token = answer(200, &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": "tok" }));
    Mock::given(on("POST", "/contoso/oauth2/v2.0/token")).respond_with(token).mount(&vendor.server).await;
    vendor
}

const BASE: &str = "/v2.0/contoso/Production/api/v2.0";
const CUSTOMERS: &str = "/v2.0/contoso/Production/api/v2.0/companies(c0ffee)/customers";
const BATCH: &str = "/v2.0/contoso/Production/api/v2.0/$batch";

fn customer(id: &str) -> Json {
    json!({ "@odata.etag": "W/\"abc==\"", "id": id, "number": "10000", "displayName": "Acme", "phoneNumber": "", "blocked": "_x0020_", "currencyId": "00000000-0000-0000-0000-000000000000", "balanceDue": 12.50, "lastModifiedDateTime": "2026-11-20T09:00:00.123Z" })
}

fn columns() -> Read {
    read("customers", &[("displayName", Form::Text), ("phoneNumber", Form::Text), ("blocked", Form::Enum), ("balanceDue", Form::Decimal)])
}

#[tokio::test]
async fn follows_next_links_and_reads_its_own_blanks() {
    let vendor = business_central().await;
    let link = format!("https://api.businesscentral.dynamics.com{CUSTOMERS}?$skiptoken=x%27y");
    vendor.plays(on("GET", CUSTOMERS), answer(200, &json!({ "value": [customer("A1")], "@odata.nextLink": link })), 1).await;
    vendor.plays(on("GET", CUSTOMERS), answer(200, &json!({ "value": [customer("a2")] })), 1).await;
    let pages = all(vendor.connection.list(columns())).await;
    assert_eq!(keys(&pages), ["A1", "a2"]);
    let record = &pages[0].records[0];
    assert_eq!((record.identity.as_str(), record.version.as_deref()), ("a1", Some("W/\"abc==\"")));
    assert_eq!(record.cells, [value(Value::text("Acme")), value(Value::Blank), value(Value::Blank), value(Value::Decimal("12.50".parse().expect("a number")))]);
    let requests = vendor.requests().await;
    assert_eq!(parameter(&requests[0], "$select").as_deref(), Some("id,lastModifiedDateTime,displayName,phoneNumber,blocked,balanceDue"));
    assert_eq!((header(&requests[0], "prefer"), header(&requests[0], "accept-language")), ("odata.maxpagesize=1000", "en-US"));
    assert_eq!(requests[1].url.query(), Some("$skiptoken=x%27y"), "the link is followed byte for byte");
    let token = &vendor.server.received_requests().await.expect("recorded")[0];
    let form = String::from_utf8_lossy(&token.body).into_owned();
    assert!(form.contains("client_secret=s3cret") && form.contains("scope=https%3A%2F%2Fapi.businesscentral.dynamics.com%2F.default"), "{form}");
    assert_eq!(header(token, "host"), "login.microsoftonline.com");
}

#[tokio::test]
async fn windows_are_closed_above() {
    let vendor = business_central().await;
    vendor.plays(on("GET", CUSTOMERS), answer(200, &json!({ "value": [] })), 2).await;
    let first = all(vendor.connection.changes(columns(), None)).await;
    vendor.clock.advance(std::time::Duration::from_secs(60));
    all(vendor.connection.changes(columns(), first[0].cursor.clone())).await;
    let requests = vendor.requests().await;
    assert_eq!(
        parameter(&requests[1], "$filter").as_deref(),
        Some("lastModifiedDateTime ge 2026-11-20T09:57:30Z and lastModifiedDateTime lt 2026-11-20T10:01:01Z")
    );
}

#[tokio::test]
async fn batches_carry_an_etag_per_part() {
    let vendor = business_central().await;
    let told = json!({ "responses": [
        { "id": "op2", "status": 409, "headers": {}, "body": { "error": { "code": "Request_EntityChanged", "message": "Another user has already changed the record.  CorrelationId:  1." } } },
        { "id": "op1", "status": 200, "headers": {}, "body": customer("a1") },
        { "id": "op3", "status": 400, "headers": {}, "body": { "error": { "code": "Application_FieldValidationException", "message": "No.  CorrelationId:  2." } } },
        { "id": "op4", "status": 500, "headers": {}, "body": { "error": { "code": "Internal_ServerError", "message": "x" } } },
    ] });
    vendor.plays(on("POST", BATCH), answer(200, &told), 1).await;
    let etag = Some("W/\"abc==\"");
    let items: Vec<_> = ["a1", "a2", "a3", "a4", "a5"].iter().map(|key| op(Some(key), etag, &[("displayName", Form::Text, Value::text("B"))])).collect();
    let outcomes = vendor.connection.write(columns(), &WriteKind::Update, &items).await;
    assert!(matches!(&outcomes[0], Outcome::Done { record: Some(_), version: Some(_), .. }), "{:?}", outcomes[0]);
    assert!(matches!(outcomes[1], Outcome::Stale), "{:?}", outcomes[1]);
    assert!(matches!(&outcomes[2], Outcome::Refused { message, .. } if message == "No."), "{:?}", outcomes[2]);
    assert!(matches!(outcomes[3], Outcome::InDoubt { .. }) && matches!(outcomes[4], Outcome::InDoubt { .. }));
    let sent = body(&vendor.requests().await[0]);
    assert_eq!(
        sent["requests"][0],
        json!({ "id": "op1", "method": "PATCH", "url": "companies(c0ffee)/customers(a1)", "headers": { "Content-Type": "application/json", "If-Match": "W/\"abc==\"" }, "body": { "displayName": "B" } })
    );
}

#[tokio::test]
async fn reads_by_key_in_a_batch() {
    let vendor = business_central().await;
    let told = json!({ "responses": [{ "id": "op1", "status": 200, "body": customer("a1") }, { "id": "op2", "status": 404, "body": { "error": { "code": "Internal_RecordNotFound", "message": "x" } } }, { "id": "op3", "status": 503, "body": null }] });
    vendor.plays(on("POST", BATCH), answer(200, &told), 1).await;
    let wanted = [RecordKey::new("a1"), RecordKey::new("a2"), RecordKey::new("a3")];
    let got = vendor.connection.get(columns(), &wanted).await.expect("it reads");
    assert_eq!(
        got.iter().map(|got| (got.key.as_str(), got.record.is_some())).collect::<Vec<_>>(),
        [("a1", true), ("a2", false)],
        "what was not read has no answer"
    );
}

#[tokio::test]
async fn archives_by_blocking_and_brings_back() {
    let vendor = business_central().await;
    vendor.plays(on("POST", BATCH), answer(200, &json!({ "responses": [{ "id": "op1", "status": 200, "body": customer("a1") }] })), 2).await;
    for kind in [WriteKind::Archive, WriteKind::Restore] {
        let outcomes = vendor.connection.write(columns(), &kind, &[op(Some("a1"), Some("W/\"abc==\""), &[])]).await;
        assert!(matches!(outcomes[0], Outcome::Done { .. }));
    }
    let requests = vendor.requests().await;
    assert_eq!(body(&requests[0])["requests"][0]["body"], json!({ "blocked": "All" }));
    assert_eq!(body(&requests[1])["requests"][0]["body"], json!({ "blocked": "_x0020_" }));
}

#[tokio::test]
async fn sweeps_ask_for_keys_alone() {
    let vendor = business_central().await;
    vendor.plays(on("GET", CUSTOMERS), answer(200, &json!({ "value": [{ "id": "a1" }, { "id": "a2" }] })), 1).await;
    assert_eq!(keys(&all(vendor.connection.sweep(columns())).await), ["a1", "a2"]);
    assert_eq!(parameter(&vendor.requests().await[0], "$select").as_deref(), Some("id"));
}

#[tokio::test]
async fn subscriptions_are_ordered_renewed_and_looked_at() {
    let vendor = business_central().await;
    let path = "/v2.0/contoso/Production/api/v2.0/subscriptions";
    vendor.plays(on("GET", path), answer(200, &json!({ "value": [] })), 1).await;
    vendor
        .plays(on("POST", path), answer(201, &json!({ "subscriptionId": "s1", "@odata.etag": "W/\"1\"", "expirationDateTime": "2026-11-23T10:00:00Z" })), 1)
        .await;
    let url = vendor.connection.hook_url("https://sync.example/");
    assert_eq!(url, "https://sync.example/hooks/crm");
    let customers = ObjectName::new("customers");
    let subscription = vendor.connection.subscribe(&customers, &url).await.expect("it is ordered");
    let secret = vendor.connection.hook_secret().expect("there are credentials");
    let sent = body(&vendor.requests().await[1]);
    assert_eq!(sent, json!({ "notificationUrl": url, "resource": "/api/v2.0/companies(c0ffee)/customers", "clientState": secret.expose() }));
    let kept = super::super::Subscription::from_text(customers, &subscription.to_text()).expect("it can be kept");
    vendor.plays(on("PATCH", "/v2.0/contoso/Production/api/v2.0/subscriptions('s1')"), answer(200, &json!({ "@odata.etag": "W/\"2\"" })), 1).await;
    vendor.connection.renew(&kept, &url).await.expect("it is renewed");
    assert_eq!(header(&vendor.requests().await[2], "if-match"), "W/\"1\"");
    vendor.plays(on("GET", path), answer(200, &json!({ "value": [{ "subscriptionId": "s1" }] })), 1).await;
    assert!(vendor.connection.is_subscribed(&kept).await.expect("it looks"));
    vendor.plays(on("GET", path), answer(200, &json!({ "value": [] })), 1).await;
    assert!(!vendor.connection.is_subscribed(&kept).await.expect("it looks"));
}

#[tokio::test]
async fn a_subscription_that_is_there_already_is_taken_over() {
    let vendor = business_central().await;
    let path = "/v2.0/contoso/Production/api/v2.0/subscriptions";
    let url = vendor.connection.hook_url("https://sync.example/");
    let one = |id: &str, url: &str, set: &str| json!({ "subscriptionId": id, "@odata.etag": format!("W/\"{id}\""), "notificationUrl": url, "resource": format!("api/v2.0/companies(c0ffee)/{set}") });
    let all = json!({ "value": [one("s1", &url, "vendors"), one("s2", "https://elsewhere.example/hooks/crm", "customers"), one("s3", &url, "customers")] });
    vendor.plays(on("GET", path), answer(200, &all), 1).await;
    vendor.plays(on("PATCH", "/v2.0/contoso/Production/api/v2.0/subscriptions('s3')"), answer(200, &json!({ "@odata.etag": "W/\"4\"" })), 1).await;
    let subscription = vendor.connection.subscribe(&ObjectName::new("customers"), &url).await.expect("it is there");
    assert!(subscription.to_text().contains("s3"), "{}", subscription.to_text());
    let renewal = &vendor.requests().await[1];
    assert_eq!(header(renewal, "if-match"), "W/\"s3\"");
    assert_eq!(body(renewal)["clientState"], vendor.connection.hook_secret().expect("there are credentials").expose(), "from now on it repeats our secret");
}

#[tokio::test]
async fn metadata_lists_fields() {
    let vendor = business_central().await;
    let xml = r#"<Edmx xmlns="x"><Schema Namespace="N"><EntityType Name="customer"><Property Name="displayName" Type="Edm.String" MaxLength="100"/><Property Name="balanceDue" Type="Edm.Decimal"/></EntityType><EntitySet Name="customers" EntityType="N.customer"/></Schema></Edmx>"#;
    let template = ResponseTemplate::new(200).insert_header("date", DATE).set_body_string(xml);
    vendor.plays(move |request: &Request| request.url.path() == format!("{BASE}/$metadata"), template, 1).await;
    let described = vendor.connection.describe(&ObjectName::new("customers")).await.expect("it describes");
    assert_eq!(
        described.fields.iter().map(|field| (field.path.as_str(), field.kind.as_str(), field.length)).collect::<Vec<_>>(),
        [("displayName", "text", Some(100)), ("balanceDue", "decimal", None)]
    );
}
