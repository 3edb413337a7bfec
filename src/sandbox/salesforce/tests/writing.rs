//! Single records, collections, composites.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, DATA};

#[tokio::test]
async fn values_are_kept_as_the_vendor_keeps_them() {
    let crm = Client::start().await;
    let parent = crm.account(json!({"Name": " Acme ", "Phone": "", "AnnualRevenue": "1200", "Website": null})).await;
    let read = crm.ask("GET", &format!("/sobjects/Account/{parent}?fields=Name,Phone,AnnualRevenue,CreatedDate,OwnerId"), Value::Null).await.body;
    assert_eq!((&read["Name"], &read["Phone"], &read["AnnualRevenue"]), (&json!("Acme"), &Value::Null, &json!(1200.0)));
    assert_eq!(read["CreatedDate"], "2026-11-20T10:00:00.000+0000");
    let deal = json!({"Name": "Deal", "StageName": "Closed Won", "CloseDate": "2026-12-24", "Amount": 10.005, "AccountId": &parent[..15]});
    let id = crm.ask("POST", "/sobjects/Opportunity/", deal).await.body["id"].as_str().unwrap().to_owned();
    let read = crm.ask("GET", &format!("/sobjects/Opportunity/{id}"), Value::Null).await.body;
    assert_eq!((&read["Amount"], &read["AccountId"], &read["IsWon"], &read["Probability"]), (&json!(10.01), &json!(parent), &json!(true), &json!(100)));
    for (object, body, code) in [
        ("Account", json!({"Name": "  "}), "REQUIRED_FIELD_MISSING"),
        ("Account", json!({"Name": "x".repeat(256)}), "STRING_TOO_LONG"),
        ("Account", json!({"Name": 5}), "JSON_PARSER_ERROR"),
        ("Account", json!({"Name": "x", "AnnualRevenue": "much"}), "JSON_PARSER_ERROR"),
        ("Account", json!({"Name": "x", "NumberOfEmployees": 1_000_000_000}), "NUMBER_OUTSIDE_VALID_RANGE"),
        ("Account", json!({"Name": "x", "IsDeleted": true}), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account", json!({"Name": "x", "Partner__c": "12"}), "MALFORMED_ID"),
        ("Account", json!({"Name": "x", "Partner__r": {"Partner_Key__c": "nobody"}}), "INVALID_FIELD"),
        ("Lead", json!({"LastName": "x", "Company": "y", "Email": "no address"}), "INVALID_EMAIL_ADDRESS"),
        ("Lead", json!({"LastName": "x", "Company": "y", "Rating": "Lukewarm"}), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Opportunity", json!({"Name": "x", "StageName": "Proposal", "CloseDate": "24.12.2026"}), "JSON_PARSER_ERROR"),
        ("User", json!({"LastName": "x"}), "INSUFFICIENT_ACCESS_OR_READONLY"),
    ] {
        let refused = crm.ask("POST", &format!("/sobjects/{object}"), body.clone()).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{body}: {}", refused.body);
    }
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn a_date_guards_an_update_but_not_a_delete() {
    let crm = Client::start().await;
    let id = crm.account(json!({"Name": "Guarded"})).await;
    let path = format!("/sobjects/Account/{id}");
    crm.clock.advance(Duration::from_secs(60));
    let seen = [("If-Unmodified-Since", "Fri, 20 Nov 2026 10:00:00 GMT")];
    assert_eq!(crm.ask_with("PATCH", &path, json!({"Phone": "1"}), &seen).await.status, 204);
    let stale = crm.ask_with("PATCH", &path, json!({"Phone": "2"}), &seen).await;
    assert_eq!(stale.status, 412);
    assert_eq!(crm.ask("GET", &path, Value::Null).await.body["Phone"], "1");
    assert_eq!(crm.ask_with("PATCH", &path, json!({"Phone": "2"}), &[("If-Unmodified-Since", "yesterday")]).await.status, 400);
    assert_eq!(crm.ask_with("DELETE", &path, Value::Null, &seen).await.status, 204);
    assert_eq!(crm.ask("DELETE", &path, Value::Null).await.code(), "ENTITY_IS_DELETED");
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn upserts_find_one_none_or_several() {
    let crm = Client::start().await;
    let path = "/sobjects/Account/ERP_Number__c/C%2F17%20a";
    let first = crm.ask("PATCH", path, json!({"Name": "One"})).await;
    assert_eq!((first.status, &first.body["created"]), (201, &json!(true)));
    let second = crm.ask("PATCH", path, json!({"Name": "Uno"})).await;
    assert_eq!((second.status, &second.body["created"], &second.body["id"]), (200, &json!(false), &first.body["id"]));
    let read = crm.ask("GET", "/sobjects/Account/ERP_Number__c/c%2F17%20A", Value::Null).await.body;
    assert_eq!((&read["Name"], &read["ERP_Number__c"]), (&json!("Uno"), &json!("C/17 a")));
    assert_eq!(crm.ask("PATCH", "/sobjects/Account/ERP_Number__c/new?updateOnly=true", json!({"Name": "x"})).await.status, 404);
    assert_eq!(crm.ask("PATCH", path, json!({"Name": "x", "ERP_Number__c": "y"})).await.code(), "INVALID_FIELD");
    assert_eq!(crm.ask("PATCH", "/sobjects/Account/Phone/1", json!({"Name": "x"})).await.status, 404);
    let twins = [crm.account(json!({"Name": "a", "Legacy_Number__c": "7"})).await, crm.account(json!({"Name": "b", "Legacy_Number__c": "7"})).await];
    let several = crm.ask("PATCH", "/sobjects/Account/Legacy_Number__c/7", json!({"Name": "x"})).await;
    let urls: Vec<_> = twins.iter().map(|id| json!(format!("{DATA}/sobjects/Account/{id}"))).collect();
    assert_eq!((several.status, several.body), (300, Value::Array(urls)));
    let records = json!([{"attributes": {"type": "Account"}, "Legacy_Number__c": "7", "Name": "x"}, {"attributes": {"type": "Account"}, "Legacy_Number__c": "8", "Name": "y"}]);
    let mixed = crm.ask("PATCH", "/composite/sobjects/Account/Legacy_Number__c", json!({"allOrNone": false, "records": records})).await.body;
    assert_eq!((&mixed[0]["errors"][0]["statusCode"], &mixed[1]["created"]), (&json!("DUPLICATE_EXTERNAL_ID"), &json!(true)));
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn collections_answer_in_order_and_know_their_bounds() {
    let crm = Client::start().await;
    let account = |name: &str| json!({"attributes": {"type": "Account"}, "Name": name});
    let made = crm.ask("POST", "/composite/sobjects", json!({"records": [account("a"), account(""), account("c")]})).await.body;
    assert_eq!((&made[0]["success"], &made[1]["errors"][0]["statusCode"], &made[2]["success"]), (&json!(true), &json!("REQUIRED_FIELD_MISSING"), &json!(true)));
    let undone = crm.ask("POST", "/composite/sobjects", json!({"allOrNone": true, "records": [account("d"), account("")]})).await.body;
    assert_eq!(undone[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(crm.names("SELECT Name FROM Account").await, ["a", "c"]);
    let many: Vec<_> = (0..201).map(|_| account("x")).collect();
    assert_eq!(crm.ask("POST", "/composite/sobjects", json!({"records": many})).await.status, 400);
    let (a, c) = (made[0]["id"].as_str().unwrap(), made[2]["id"].as_str().unwrap());
    let changed = json!({"records": [{"attributes": {"type": "Account"}, "id": c, "Name": "C"}, {"attributes": {"type": "Account"}, "id": "001000000000000AAA", "Name": "?"}]});
    let changed = crm.ask("PATCH", "/composite/sobjects", changed).await.body;
    assert_eq!((&changed[0]["id"], &changed[1]["errors"][0]["statusCode"]), (&json!(c), &json!("INVALID_CROSS_REFERENCE_KEY")));
    let read = crm.ask("POST", "/composite/sobjects/Account", json!({"ids": [c, "001000000000000AAA", a], "fields": ["Name"]})).await.body;
    assert_eq!((&read[0]["Name"], &read[1], &read[2]["Name"]), (&json!("C"), &Value::Null, &json!("a")));
    let gone = crm.ask("DELETE", &format!("/composite/sobjects?ids={a},{a}&allOrNone=false"), Value::Null).await.body;
    assert_eq!((&gone[0]["success"], &gone[1]["errors"][0]["statusCode"]), (&json!(true), &json!("ENTITY_IS_DELETED")));
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn composites_refer_to_their_parts_and_fall_together() {
    let crm = Client::start().await;
    let account = json!({"method": "POST", "url": format!("{DATA}/sobjects/Account"), "referenceId": "acme", "body": {"Name": "Acme"}});
    let deal = |stage: &str| {
        json!({"method": "POST", "url": format!("{DATA}/sobjects/Opportunity"), "referenceId": "deal",
        "body": {"Name": "Deal", "StageName": stage, "CloseDate": "2026-12-01", "AccountId": "@{acme.id}"}})
    };
    let failed = crm.ask("POST", "/composite", json!({"allOrNone": true, "compositeRequest": [account, deal("Nonsense")]})).await.body;
    let statuses: Vec<_> = failed["compositeResponse"].as_array().unwrap().iter().map(|part| part["body"][0]["errorCode"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["PROCESSING_HALTED", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]);
    assert!(crm.names("SELECT Name FROM Account").await.is_empty());
    let query = json!({"method": "GET", "url": format!("{DATA}/query?q=SELECT+Account.Name+FROM+Opportunity+WHERE+Id='@{{deal.id}}'"), "referenceId": "read"});
    let done = crm.ask("POST", "/composite", json!({"compositeRequest": [account, deal("Proposal"), query]})).await.body;
    let parts = done["compositeResponse"].as_array().unwrap();
    assert_eq!(parts[2]["body"]["records"][0]["Account"]["Name"], "Acme", "{done}");
    assert!(parts[0]["httpHeaders"]["Location"].as_str().unwrap().ends_with(parts[0]["body"]["id"].as_str().unwrap()));
    let many: Vec<_> = (0..26).map(|n| json!({"method": "GET", "url": format!("{DATA}/limits"), "referenceId": format!("r{n}")})).collect();
    assert_eq!(crm.ask("POST", "/composite", json!({"compositeRequest": many})).await.status, 400);
    let batch = crm
        .ask("POST", "/composite/batch", json!({"batchRequests": [{"method": "GET", "url": "v67.0/limits"}, {"method": "GET", "url": "v67.0/nothing"}]}))
        .await
        .body;
    assert_eq!((&batch["hasErrors"], &batch["results"][0]["statusCode"], &batch["results"][1]["statusCode"]), (&json!(true), &json!(200), &json!(404)));
    crm.sandbox.stop().await;
}
