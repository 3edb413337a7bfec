//! PartnerStack: pages after the last item's key, cents, milliseconds, archive, and lookups by our own key.

use super::*;
use crate::system::{Outcome, System, WriteKind};
use crate::value::{Currency, Money};

async fn partnerstack() -> Vendor {
    Vendor::start("partnerstack", &[("public_key", "pk"), ("secret_key", "sk")]).await
}

const DEALS: &str = "/api/v2/deals";
/// 2026-11-20T09:00:00Z
const NINE: i64 = 1_795_165_200_000;

fn deal(key: &str, updated_at: i64) -> Json {
    json!({ "key": key, "account_name": "Acme", "amount": 150_050, "close_date": "2027-02-25", "partner_key": null, "stage": "", "updated_at": updated_at })
}

fn envelope(items: &[Json], has_more: bool) -> Json {
    json!({ "data": { "items": items, "has_more": has_more }, "message": "ok", "status": 200 })
}

fn columns() -> Read {
    read(
        "deals",
        &[
            ("account_name", Form::Text),
            ("amount", Form::Money),
            ("close_date", Form::Date),
            ("stage", Form::Enum),
            ("updated_at", Form::Instant),
            ("lost_reason", Form::Text),
        ],
    )
}

#[tokio::test]
async fn pages_go_on_after_the_last_key() {
    let vendor = partnerstack().await;
    vendor.plays(on("GET", DEALS), answer(200, &envelope(&[deal("d1", NINE), deal("d2", NINE + 5)], true)), 1).await;
    vendor.plays(on("GET", DEALS), answer(200, &envelope(&[deal("d3", NINE - 5)], false)), 1).await;
    let pages = all(vendor.connection.changes(columns(), None)).await;
    assert_eq!(keys(&pages), ["d1", "d2", "d3"]);
    let euro = Currency::parse("EUR").expect("a currency");
    let nine = Value::Instant("2026-11-20T09:00:00Z".parse().expect("a time"));
    let expected = [
        value(Value::text("Acme")),
        value(Value::Money(Money::from_minor_units(150_050, euro))),
        value(Value::Date(jiff::civil::date(2027, 2, 25))),
        value(Value::Blank),
        value(nine),
        Cell::Unread,
    ];
    assert_eq!(pages[0].records[0].cells, expected);
    let requests = vendor.requests().await;
    assert_eq!((parameter(&requests[0], "limit").as_deref(), parameter(&requests[0], "starting_after")), (Some("250"), None));
    assert_eq!(parameter(&requests[1], "starting_after").as_deref(), Some("d2"));
    assert_eq!(header(&requests[0], "authorization"), "Basic cGs6c2s=");
    assert_eq!(header(&requests[0], "host"), "api.partnerstack.com", "the vendor's host is told, whoever listens");

    vendor.plays(on("GET", DEALS), answer(200, &envelope(&[deal("d1", NINE + 1_800_000)], false)), 1).await;
    let moved = all(vendor.connection.changes(columns(), pages[1].cursor.clone())).await;
    let requests = vendor.requests().await;
    assert_eq!(requests.len(), 3);
    assert_eq!(parameter(&requests[2], "min_updated").as_deref(), Some("1795168500000"), "the read's own start less the overlap");
    vendor.plays(on("GET", DEALS), answer(200, &envelope(&[], false)), 1).await;
    all(vendor.connection.changes(columns(), moved[0].cursor.clone())).await;
    assert_eq!(parameter(&vendor.requests().await[3], "min_updated").as_deref(), Some("1795168500000"), "newest never moves a cursor back");
}

#[tokio::test]
async fn writes_cents_and_takes_the_record_back() {
    let vendor = partnerstack().await;
    vendor.plays(on("POST", DEALS), answer(201, &json!({ "data": deal("d9", NINE), "message": "ok", "status": 200 })), 1).await;
    let euro = Currency::parse("EUR").expect("a currency");
    let item = op(
        None,
        None,
        &[
            ("amount", Form::Money, Value::Money(Money::from_minor_units(150_050, euro))),
            ("account_name", Form::Text, Value::text("Acme")),
            ("external_key", Form::Text, Value::text("e17")),
        ],
    );
    let outcomes = vendor.connection.write(columns(), &WriteKind::Create, &[item]).await;
    let Outcome::Done { key: Some(key), record: Some(record), .. } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!((key.as_str(), &record.cells[0]), ("d9", &value(Value::text("Acme"))));
    assert_eq!(body(&vendor.requests().await[0]), json!({ "amount": 150_050, "account_name": "Acme", "external_key": "e17" }));
}

#[tokio::test]
async fn an_amount_that_is_not_whole_in_cents_is_refused_before_it_is_sent() {
    let vendor = partnerstack().await;
    let euro = Currency::parse("EUR").expect("a currency");
    let amount = Value::Money(Money::new("12.345".parse().expect("a number"), euro));
    let outcomes = vendor.connection.write(columns(), &WriteKind::Create, &[op(None, None, &[("amount", Form::Money, amount)])]).await;
    assert!(matches!(&outcomes[0], Outcome::Refused { message, .. } if message.contains("amount")), "{outcomes:?}");
    assert!(vendor.requests().await.is_empty());
}

#[tokio::test]
async fn archives_by_delete_and_finds_by_our_own_key() {
    let vendor = partnerstack().await;
    vendor.plays(on("DELETE", "/api/v2/deals/d%201"), answer(200, &json!({ "message": "ok", "status": 200 })), 1).await;
    let outcomes = vendor.connection.write(columns(), &WriteKind::Archive, &[op(Some("d 1"), None, &[])]).await;
    assert!(matches!(outcomes[0], Outcome::Done { key: None, .. }), "{outcomes:?}");
    vendor.plays(on("GET", "/api/v2/deals/e17%2F.."), answer(404, &json!({ "message": "not found", "status": 404 })), 1).await;
    let found = vendor.connection.find(columns(), &Path::member("external_key"), &Value::text("e17/..")).await.expect("it looks");
    assert!(found.is_empty(), "data stays one segment of the path");
    assert!(vendor.connection.find(columns(), &Path::member("stage"), &Value::text("x")).await.is_err(), "only what the file names can be looked up");
}

#[tokio::test]
async fn single_reads_count_only_when_the_object_can_be_read() {
    let vendor = partnerstack().await;
    vendor.plays(on("GET", "/api/v2/deals/d1"), answer(404, &json!({ "message": "not found", "status": 404 })), 2).await;
    vendor.plays(on("GET", DEALS), answer(403, &json!({ "message": "forbidden", "status": 403 })), 1).await;
    assert!(vendor.connection.get(columns(), &[RecordKey::new("d1")]).await.is_err(), "the control read failed");
    vendor.plays(on("GET", DEALS), answer(200, &envelope(&[], false)), 1).await;
    let got = vendor.connection.get(columns(), &[RecordKey::new("d1")]).await.expect("the control read works");
    assert!(got[0].record.is_none());
}

#[tokio::test]
async fn choices_come_by_their_own_call() {
    let vendor = partnerstack().await;
    vendor.plays(on("GET", "/api/v2/sales-cycles/deals/stages"), answer(200, &envelope(&[json!({ "key": "won", "name": "Won" })], false)), 1).await;
    let described = vendor.connection.describe(&ObjectName::new("deals")).await.expect("it describes");
    let stage = described.fields.iter().find(|field| field.path == "stage").expect("a field");
    assert_eq!(stage.values, [("won".to_string(), "Won".to_string())]);
    let key = described.fields.iter().find(|field| field.path == "key").expect("a field");
    assert!(!key.writable && !key.creatable);
}

/// A planted bug, caught.
#[test]
fn gone_without_a_control_read_is_noticed() {
    crate::plant::caught_by("gone-without-control", single_reads_count_only_when_the_object_can_be_read);
}
