//! Tryton: sessions, positional calls, typed values, and every error inside 200.

use super::*;
use crate::system::{Outcome, System, SystemError, WriteKind};

async fn tryton() -> Vendor {
    let vendor = Vendor::start("tryton", &[("url", "SERVER"), ("database", "db"), ("username", "admin"), ("password", "pw")]).await;
    Mock::given(method("common.db.login")).respond_with(answer(200, &json!({ "id": 0, "result": [1, "c0ffee", null] }))).mount(&vendor.server).await;
    vendor
}

fn method(name: &'static str) -> impl Match {
    move |request: &Request| request.url.path() == "/db/rpc/" && request.body_json::<Json>().is_ok_and(|body| body["method"] == name)
}

async fn calls(vendor: &Vendor) -> Vec<Json> {
    vendor.requests().await.iter().map(body).filter(|body| body["method"] != "common.db.login").collect()
}

fn context() -> Json {
    json!({ "company": 1, "language": "en", "active_test": false })
}

fn columns() -> Read {
    read("party.party", &[("name", Form::Text), ("credit", Form::Decimal), ("since", Form::Date), ("lang", Form::Ref), ("last_modified_at", Form::Instant)])
}

fn party(id: i64, minute: i64) -> Json {
    json!({ "id": id, "name": "Acme", "credit": { "__class__": "Decimal", "decimal": "12.50" }, "since": { "__class__": "date", "year": 2026, "month": 1, "day": 31 }, "lang": 7,
        "active": true, "_timestamp": "1795170854.98171", "last_modified_at": { "__class__": "datetime", "year": 2026, "month": 11, "day": 20, "hour": 9, "minute": minute, "second": 0, "microsecond": 250_000 } })
}

#[tokio::test]
async fn signs_in_once_and_reads_typed_values() {
    let vendor = tryton().await;
    vendor.plays(method("model.party.party.search_read"), answer(200, &json!({ "id": 1, "result": [party(1, 0), party(2, 1)] })), 1).await;
    let pages = all(vendor.connection.list(columns())).await;
    assert_eq!(keys(&pages), ["1", "2"]);
    let record = &pages[0].records[0];
    let time = "2026-11-20T09:00:00.25Z".parse().expect("a time");
    assert_eq!(
        record.cells,
        [
            value(Value::text("Acme")),
            value(Value::Decimal("12.50".parse().expect("a number"))),
            value(Value::Date(jiff::civil::date(2026, 1, 31))),
            value(Value::text("7")),
            value(Value::Instant(time))
        ]
    );
    assert_eq!((record.version.as_deref(), record.time, record.archived), (Some("1795170854.98171"), Some(time), false));
    let requests = vendor.requests().await;
    assert_eq!(requests.len(), 2, "a page shorter than asked for is the last");
    assert_eq!(header(&requests[1], "authorization"), "Session YWRtaW46MTpjMGZmZWU=");
    let fields = json!(["id", "last_modified_at", "_timestamp", "name", "credit", "since", "lang", "active"]);
    assert_eq!(
        body(&requests[1]),
        json!({ "id": 1, "method": "model.party.party.search_read", "params": [[["id", ">", 0]], 0, 1000, [["id", "ASC"]], fields, context()] })
    );
}

#[tokio::test]
async fn keysets_go_by_time_and_id() {
    let vendor = tryton().await;
    vendor.plays(method("model.party.party.search_read"), answer(200, &json!({ "id": 1, "result": [] })), 2).await;
    let first = all(vendor.connection.changes(columns(), None)).await;
    all(vendor.connection.changes(columns(), first[0].cursor.clone())).await;
    let calls = calls(&vendor).await;
    let at = |hour: i64, minute: i64, second: i64| json!({ "__class__": "datetime", "year": 2026, "month": 11, "day": 20, "hour": hour, "minute": minute, "second": second, "microsecond": 0 });
    assert_eq!(
        calls[1]["params"][0],
        json!([
            ["OR", ["last_modified_at", ">", at(9, 54, 30)], [["last_modified_at", "=", at(9, 54, 30)], ["id", ">", 0]]],
            ["last_modified_at", "<=", at(10, 0, 1)]
        ])
    );
}

#[tokio::test]
async fn one_bad_create_is_found_by_halving() {
    let vendor = tryton().await;
    let good = |vals: &Json| !vals.as_array().expect("a list").iter().any(|vals| vals["name"] == "bad");
    let respond = move |request: &Request| {
        let params = &body(request)["params"];
        if good(&params[0]) {
            let ids: Vec<usize> = (0..params[0].as_array().map_or(0, Vec::len)).map(|at| 40 + at).collect();
            answer(200, &json!({ "id": 1, "result": ids }))
        } else {
            answer(200, &json!({ "id": 1, "error": ["UserError", ["The code on party must be unique.", ""]] }))
        }
    };
    Mock::given(method("model.party.party.create")).respond_with(respond).mount(&vendor.server).await;
    let names = ["a", "b", "bad", "d"];
    let items: Vec<_> = names
        .iter()
        .map(|name| {
            op(
                None,
                None,
                &[
                    ("name", Form::Text, Value::text(name)),
                    ("credit", Form::Decimal, Value::Decimal("0.10".parse().expect("a number"))),
                    ("lang", Form::Ref, Value::text("7")),
                ],
            )
        })
        .collect();
    let outcomes = vendor.connection.write(columns(), &WriteKind::Create, &items).await;
    for (name, outcome) in names.iter().zip(&outcomes) {
        match *name {
            "bad" => assert!(matches!(outcome, Outcome::Duplicate { keys, .. } if keys.is_empty()), "{outcome:?}"),
            _ => assert!(matches!(outcome, Outcome::Done { key: Some(_), .. }), "{outcome:?}"),
        }
    }
    let calls = calls(&vendor).await;
    assert_eq!(calls.len(), 5, "4, 2, 2, 1, 1");
    assert_eq!(calls[0]["params"][0][0], json!({ "name": "a", "credit": { "__class__": "Decimal", "decimal": "0.10" }, "lang": 7 }));
}

#[tokio::test]
async fn a_conflict_inside_200_is_stale() {
    let vendor = tryton().await;
    vendor
        .plays(
            method("model.party.party.write"),
            answer(200, &json!({ "id": 1, "error": ["ConcurrencyException", "Records were modified in the meanwhile"] })),
            1,
        )
        .await;
    vendor.plays(method("model.party.party.write"), answer(200, &json!({ "id": 1, "result": null })), 1).await;
    let item = op(Some("17"), Some("1795170854.98171"), &[("name", Form::Text, Value::text("B"))]);
    let stale = vendor.connection.write(columns(), &WriteKind::Update, std::slice::from_ref(&item)).await;
    assert!(matches!(stale[0], Outcome::Stale), "{stale:?}");
    let done = vendor.connection.write(columns(), &WriteKind::Update, &[item]).await;
    assert!(matches!(done[0], Outcome::Done { .. }), "{done:?}");
    let params = &calls(&vendor).await[0]["params"];
    assert_eq!(
        *params,
        json!([[17], { "name": "B" }, { "company": 1, "language": "en", "active_test": false, "_timestamp": { "party.party,17": "1795170854.98171" } }])
    );
}

#[tokio::test]
async fn a_missing_module_stops_and_a_wrong_password_too() {
    let vendor = tryton().await;
    vendor.plays(method("model.sale.sale.search_read"), answer(200, &json!({ "id": 1, "error": ["'sale.sale'", ""] })), 1).await;
    let error = vendor.connection.list(read("sale.sale", &[])).next().await.expect_err("no such module");
    assert!(matches!(error, SystemError::Stopped { .. }), "{error}");
    let vendor = Vendor::start("tryton", &[("url", "SERVER"), ("database", "db"), ("username", "admin"), ("password", "wrong")]).await;
    vendor.plays(method("common.db.login"), ResponseTemplate::new(401).set_body_string("<html>"), 9).await;
    let error = vendor.connection.probe().await.expect_err("refused");
    assert!(matches!(&error, SystemError::Stopped { why, .. } if why.contains("check user and password") && !why.contains("wrong")), "{error}");
}

#[tokio::test]
async fn archives_by_the_active_flag_and_sweeps_ids() {
    let vendor = tryton().await;
    vendor.plays(method("model.party.party.write"), answer(200, &json!({ "id": 1, "result": null })), 1).await;
    vendor.connection.write(columns(), &WriteKind::Archive, &[op(Some("17"), Some("1"), &[])]).await;
    assert_eq!(calls(&vendor).await[0]["params"][1], json!({ "active": false }));
    vendor.plays(method("model.party.party.write"), answer(200, &json!({ "id": 1, "result": null })), 1).await;
    vendor.connection.write(columns(), &WriteKind::Restore, &[op(Some("17"), Some("1"), &[])]).await;
    assert_eq!(calls(&vendor).await[1]["params"][1], json!({ "active": true }), "what is true or false is turned round");
    vendor.plays(method("model.party.party.search"), answer(200, &json!({ "id": 1, "result": [1, 2, 3] })), 1).await;
    assert_eq!(keys(&all(vendor.connection.sweep(columns())).await), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_required_field_with_a_default_is_not_required_of_us() {
    let vendor = tryton().await;
    let field = |kind: &str, required: bool, readonly: bool| json!({ "type": kind, "string": "a label", "required": required, "readonly": readonly });
    let fields = json!({ "party": field("many2one", true, false), "currency": field("many2one", true, false), "invoice_method": field("selection", true, false),
        "state": field("selection", true, true), "comment": field("text", false, false) });
    vendor.plays(method("model.sale.sale.fields_get"), answer(200, &json!({ "id": 1, "result": fields })), 1).await;
    let defaults = json!({ "currency": 1, "currency.": { "rec_name": "US Dollar" }, "invoice_method": "order", "party": null });
    vendor.plays(method("model.sale.sale.default_get"), answer(200, &json!({ "id": 2, "result": defaults })), 1).await;
    let described = vendor.connection.describe(&ObjectName::new("sale.sale")).await.expect("it describes");
    let required: Vec<&str> = described.fields.iter().filter(|field| field.required).map(|field| field.path.as_str()).collect();
    assert_eq!(required, ["party"], "no default, and not for the server alone to write");
    assert!(described.fills_in, "there may be more than it tells");
    let asked = &calls(&vendor).await[1]["params"];
    assert_eq!(asked, &json!([["party", "currency", "invoice_method"], context()]));
}
