//! Salesforce: SOQL windows and keysets, the deleted feed, collections, composite, upserts, sessions and limits.

use super::*;
use crate::system::{Outcome, System, SystemError, WriteKind};

async fn salesforce() -> Vendor {
    let vendor = Vendor::start("salesforce", &[("instance_url", "SERVER"), ("client_id", "app"), ("client_secret", "s3cret")]).await;
    let uri = vendor.server.uri();
    let token = move |_: &Request| {
        answer(
            200,
            &json!({ "access_token": "tok", "instance_url": uri, "id": "https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx", "token_type": "Bearer", "issued_at": "1700000000000" }),
        )
    };
    Mock::given(on("POST", "/services/oauth2/token")).respond_with(token).mount(&vendor.server).await;
    vendor
}

const QUERY: &str = "/services/data/v67.0/query";

fn account(id: &str, name: &str, at: &str) -> Json {
    json!({ "attributes": { "type": "Account" }, "Id": id, "Name": name, "SystemModstamp": at, "LastModifiedDate": at })
}

#[tokio::test]
async fn signs_in_as_the_app_and_names_the_org() {
    let vendor = salesforce().await;
    assert_eq!(vendor.connection.probe().await.expect("it signs in"), "00Dxx0000001gPLEAY");
    let requests = vendor.server.received_requests().await.expect("recorded");
    assert_eq!(header(&requests[0], "authorization"), "Basic YXBwOnMzY3JldA==");
    assert_eq!(String::from_utf8_lossy(&requests[0].body), "grant_type=client_credentials");
}

#[tokio::test]
async fn the_first_read_lists_everything_and_the_next_is_a_window() {
    let vendor = salesforce().await;
    let at = "2026-11-20T09:00:00.000+0000";
    let more =
        json!({ "totalSize": 2, "done": false, "nextRecordsUrl": format!("{QUERY}/0r8xx-2000"), "records": [account("001000000000001AAA", "Acme", at)] });
    vendor.plays(on("GET", QUERY), answer(200, &more), 1).await;
    vendor
        .plays(
            on("GET", "/services/data/v67.0/query/0r8xx-2000"),
            answer(200, &json!({ "totalSize": 2, "done": true, "records": [account("001000000000002AAA", "Beta", at)] })),
            1,
        )
        .await;
    let columns = read("Account", &[("Name", Form::Text), ("SystemModstamp", Form::Instant)]);
    let pages = all(vendor.connection.changes(columns.clone(), None)).await;
    assert_eq!(keys(&pages), ["001000000000001AAA", "001000000000002AAA"]);
    let record = &pages[0].records[0];
    assert_eq!(record.cells, [value(Value::text("Acme")), value(Value::Instant("2026-11-20T09:00:00Z".parse().expect("a time")))]);
    assert_eq!((record.identity.as_str(), record.version.as_deref()), ("001000000000001", Some(at)));
    let requests = vendor.requests().await;
    assert_eq!(
        parameter(&requests[0], "q").as_deref(),
        Some("SELECT Id,SystemModstamp,LastModifiedDate,LastModifiedById,Name FROM Account WHERE Id > '000000000000000' ORDER BY Id")
    );
    assert_eq!((header(&requests[0], "authorization"), header(&requests[0], "sforce-call-options")), ("Bearer tok", "client=syncline"));
    assert!(pages[0].cursor.is_none() && pages[1].cursor.is_some(), "only a whole read moves the cursor");

    vendor.plays(on("GET", QUERY), answer(200, &no_records()), 1).await;
    let before = vendor.requests().await.len();
    let pages = all(vendor.connection.changes(columns, pages[1].cursor.clone())).await;
    assert!(pages[0].cursor.is_some() && pages[0].records.is_empty());
    let requests = vendor.requests().await;
    assert_eq!(requests.len(), before + 1, "a poll without changes is one request");
    assert_eq!(
        parameter(&requests[before], "q").as_deref(),
        Some(
            "SELECT Id,SystemModstamp,LastModifiedDate,LastModifiedById,Name FROM Account WHERE ((SystemModstamp = 2026-11-20T09:48:00Z AND Id > '000000000000000') OR SystemModstamp > 2026-11-20T09:48:00Z) AND SystemModstamp < 2026-11-20T10:00:01Z ORDER BY SystemModstamp, Id"
        )
    );
}

#[tokio::test]
async fn deletes_come_from_their_feed_and_a_trimmed_log_is_a_hole() {
    let vendor = salesforce().await;
    let start = all(vendor.connection.gone(read("Account", &[]), None).expect("it has a feed")).await;
    assert!(vendor.requests().await.is_empty(), "without a cursor the feed starts now");
    let told = |earliest: &str| json!({ "deletedRecords": [{ "id": "001000000000001AAA", "deletedDate": "2026-11-20T09:59:00.000+0000" }], "earliestDateAvailable": earliest, "latestDateCovered": "2026-11-20T09:59:00.000+0000" });
    let path = "/services/data/v67.0/sobjects/Account/deleted/";
    vendor.plays(on("GET", path), answer(200, &told("2026-11-01T00:00:00.000+0000")), 1).await;
    let pages = all(vendor.connection.gone(read("Account", &[]), start[0].cursor.clone()).expect("a feed")).await;
    assert_eq!((pages[0].gone[0].key.as_str(), pages[0].gone[0].identity.as_str(), pages[0].hole), ("001000000000001AAA", "001000000000001", false));
    let requests = vendor.requests().await;
    assert_eq!(
        (parameter(&requests[0], "start").as_deref(), parameter(&requests[0], "end").as_deref()),
        (Some("2026-11-20T09:58:00Z"), Some("2026-11-20T10:00:00Z"))
    );
    vendor.plays(on("GET", path), answer(200, &told("2026-11-20T09:59:30.000+0000")), 1).await;
    let pages = all(vendor.connection.gone(read("Account", &[]), start[0].cursor.clone()).expect("a feed")).await;
    assert!(pages[0].hole, "the log begins after the window");
}

#[tokio::test]
async fn a_batch_of_creates_fails_in_part() {
    let vendor = salesforce().await;
    let told = json!([
        { "id": "001000000000009AAA", "success": true, "errors": [] },
        { "success": false, "errors": [{ "statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": [] }], "duplicateResut": { "matchResults": [{ "matchRecords": [{ "record": { "Id": "001000000000003AAA" } }] }] } },
        { "success": false, "errors": [{ "statusCode": "STRING_TOO_LONG", "message": "Name: too long", "fields": ["Name"] }] },
    ]);
    vendor.plays(on("POST", "/services/data/v67.0/composite/sobjects"), answer(200, &told), 1).await;
    let items = [op(None, None, &named("A")), op(None, None, &named("B")), op(None, None, &named("C"))];
    let outcomes = vendor.connection.write(read("Account", &[]), &WriteKind::Create, &items).await;
    assert!(matches!(&outcomes[0], Outcome::Done { key: Some(key), .. } if key.as_str() == "001000000000009AAA"), "{:?}", outcomes[0]);
    assert!(matches!(&outcomes[1], Outcome::Duplicate { keys, .. } if keys.len() <= 1), "{:?}", outcomes[1]);
    assert!(matches!(&outcomes[2], Outcome::Refused { code, fields, .. } if code == "STRING_TOO_LONG" && fields.len() == 1), "{:?}", outcomes[2]);
    let sent = body(&vendor.requests().await[0]);
    assert_eq!(
        sent,
        json!({ "allOrNone": false, "records": [{ "attributes": { "type": "Account" }, "Name": "A" }, { "attributes": { "type": "Account" }, "Name": "B" }, { "attributes": { "type": "Account" }, "Name": "C" }] })
    );
}

#[tokio::test]
async fn a_short_answer_leaves_every_op_in_doubt() {
    let vendor = salesforce().await;
    vendor
        .plays(on("POST", "/services/data/v67.0/composite/sobjects"), answer(200, &json!([{ "id": "001000000000009AAA", "success": true, "errors": [] }])), 1)
        .await;
    let outcomes = vendor.connection.write(read("Account", &[]), &WriteKind::Create, &[op(None, None, &named("A")), op(None, None, &named("B"))]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::InDoubt { .. })), "{outcomes:?}");
}

#[tokio::test]
async fn updates_carry_the_version_and_an_old_one_is_stale() {
    let vendor = salesforce().await;
    let told = json!({ "compositeResponse": [
        { "body": null, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "op1" },
        { "body": [{ "errorCode": "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "message": "changed" }], "httpHeaders": {}, "httpStatusCode": 412, "referenceId": "op2" },
    ] });
    vendor.plays(on("POST", "/services/data/v67.0/composite"), answer(200, &told), 1).await;
    let version = Some("2026-11-20T09:00:00.000+0000");
    let items = [
        op(Some("001000000000001AAA"), version, &named("A")),
        op(Some("001000000000002AAA"), version, &[("Phone", Form::Text, Value::Blank)]),
        op(Some("001000000000003AAA"), version, &named("C")),
        op(Some("x"), None, &named("D")),
    ];
    let outcomes = vendor.connection.write(read("Account", &[]), &WriteKind::Update, &items).await;
    assert!(matches!(outcomes[0], Outcome::Done { .. }), "{:?}", outcomes[0]);
    assert!(matches!(outcomes[1], Outcome::Stale), "{:?}", outcomes[1]);
    assert!(matches!(outcomes[2], Outcome::InDoubt { .. }), "nothing was said of it: {:?}", outcomes[2]);
    assert!(matches!(outcomes[3], Outcome::Stale), "without a version nothing is sent: {:?}", outcomes[3]);
    let sent = &body(&vendor.requests().await[0])["compositeRequest"];
    assert_eq!(sent.as_array().map(Vec::len), Some(3));
    assert_eq!(
        sent[0],
        json!({ "method": "PATCH", "url": "/services/data/v67.0/sobjects/Account/001000000000001AAA", "referenceId": "op1", "httpHeaders": { "If-Unmodified-Since": "Fri, 20 Nov 2026 09:00:00 GMT" }, "body": { "Name": "A" } })
    );
    assert_eq!(sent[1]["body"], json!({ "Phone": null }), "clearing sends null");
}

#[tokio::test]
async fn upserts_go_by_the_unique_field() {
    let vendor = salesforce().await;
    vendor
        .plays(
            on("PATCH", "/services/data/v67.0/composite/sobjects/Account/Syncline_Id__c"),
            answer(200, &json!([{ "id": "001000000000009AAA", "success": true, "created": true, "errors": [] }])),
            1,
        )
        .await;
    let mut item = op(None, None, &named("A"));
    item.by = Some(Value::text("e17"));
    let kind = WriteKind::Upsert(Path::member("Syncline_Id__c"));
    let outcomes = vendor.connection.write(read("Account", &[]), &kind, &[item]).await;
    assert!(matches!(&outcomes[0], Outcome::Done { key: Some(_), created: Some(true), .. }), "{:?}", outcomes[0]);
    assert_eq!(body(&vendor.requests().await[0])["records"], json!([{ "attributes": { "type": "Account" }, "Syncline_Id__c": "e17", "Name": "A" }]));
}

#[tokio::test]
async fn an_expired_session_is_renewed_once() {
    let vendor = salesforce().await;
    let expired = json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]);
    vendor.plays(on("GET", QUERY), answer(401, &expired), 1).await;
    vendor.plays(on("GET", QUERY), answer(200, &no_records()), 1).await;
    all(vendor.connection.list(read("Account", &[]))).await;
    let tokens = vendor.server.received_requests().await.expect("recorded").iter().filter(|request| request.url.path().ends_with("/token")).count();
    assert_eq!((tokens, vendor.requests().await.len()), (2, 2));
    vendor.plays(on("GET", QUERY), answer(401, &expired), 9).await;
    let error = vendor.connection.list(read("Account", &[])).next().await.expect_err("it stays refused");
    assert!(matches!(error, SystemError::Stopped { .. }), "{error}");
    assert_eq!(vendor.requests().await.len(), 4, "one refresh, once more, then a person");
}

#[tokio::test]
async fn a_spent_day_stops_asking() {
    let vendor = salesforce().await;
    vendor.plays(on("GET", QUERY), answer(403, &json!([{ "message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED" }])), 9).await;
    for _ in 0..2 {
        let error = vendor.connection.list(read("Account", &[])).next().await.expect_err("nothing is left");
        assert!(matches!(&error, SystemError::Later { wait, .. } if wait.as_secs() > 60), "{error:?}");
    }
    assert_eq!(vendor.requests().await.len(), 1, "once told, nobody asks again");
}

#[tokio::test]
async fn reads_by_key_and_looks_up_with_quotes() {
    let vendor = salesforce().await;
    vendor
        .plays(
            on("POST", "/services/data/v67.0/composite/sobjects/Account"),
            answer(200, &json!([account("001000000000001AAA", "A", "2026-11-20T09:00:00.000+0000"), null])),
            1,
        )
        .await;
    let wanted = [RecordKey::new("001000000000001"), RecordKey::new("001000000000002AAA")];
    let got = vendor.connection.get(read("Account", &[("Name", Form::Text)]), &wanted).await.expect("it reads");
    assert_eq!(got.iter().map(|got| (got.key.as_str(), got.record.is_some())).collect::<Vec<_>>(), [("001000000000001", true), ("001000000000002AAA", false)]);
    vendor.plays(on("GET", QUERY), answer(200, &no_records()), 1).await;
    let found = vendor.connection.find(read("Account", &[]), &Path::member("Name"), &Value::text("O'Neil \\ Sons")).await.expect("it looks");
    assert!(found.is_empty());
    let requests = vendor.requests().await;
    assert!(parameter(&requests[1], "q").expect("a query").ends_with("WHERE Name = 'O\\'Neil \\\\ Sons' LIMIT 3"));
}

#[tokio::test]
async fn describes_fields_with_choices_and_unique_ids() {
    let vendor = salesforce().await;
    let fields = json!({ "fields": [
        { "name": "Stage", "label": "Stage", "type": "picklist", "length": 40, "createable": true, "updateable": true, "nillable": true, "picklistValues": [{ "value": "Won", "label": "Closed Won", "active": true }, { "value": "Old", "label": "Old", "active": false }] },
        { "name": "Ext__c", "label": "Ext", "type": "string", "length": 64, "createable": true, "updateable": true, "nillable": true, "unique": true, "externalId": true },
    ] });
    vendor.plays(on("GET", "/services/data/v67.0/sobjects/Opportunity/describe"), answer(200, &fields), 1).await;
    let described = vendor.connection.describe(&ObjectName::new("Opportunity")).await.expect("it describes");
    assert_eq!(
        (described.fields[0].kind.as_str(), described.fields[0].values.clone(), described.fields[0].length),
        ("enum", vec![("Won".to_string(), "Closed Won".to_string())], Some(40))
    );
    assert!(described.fields[1].unique && !described.fields[0].unique);
}

#[tokio::test]
async fn a_converted_lead_cannot_be_written() {
    let vendor = salesforce().await;
    let lead = json!({ "Id": "00Q000000000001AAA", "IsConverted": true, "SystemModstamp": "2026-11-20T09:00:00.000+0000", "LastModifiedDate": "2026-11-20T09:00:00.000+0000" });
    vendor.plays(on("GET", QUERY), answer(200, &json!({ "done": true, "records": [lead] })), 1).await;
    let pages = all(vendor.connection.list(read("Lead", &[("Email", Form::Text)]))).await;
    let record = &pages[0].records[0];
    assert!(matches!(record.gate, crate::value::record::Gate::Shut(crate::value::record::Closed::Refused(_))));
    assert_eq!(record.cells, [Cell::Unread], "what the vendor leaves out is not blank");
}
