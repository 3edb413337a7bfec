//! Queries, pages, feeds, descriptions.

use std::time::Duration;

use serde_json::{Value, json};

use super::Client;

async fn five(crm: &Client) {
    for (name, fields) in [
        ("Alder", json!({"Phone": "1", "NumberOfEmployees": 10, "Type": "Partner"})),
        ("beech", json!({"NumberOfEmployees": 20})),
        ("Cedar", json!({"Phone": "3", "NumberOfEmployees": 30})),
        ("Douglas", json!({"AnnualRevenue": 1_000_000})),
        ("O'Elm", json!({"Phone": "5"})),
    ] {
        let mut account = fields;
        account["Name"] = json!(name);
        crm.account(account).await;
        crm.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn conditions_mean_what_the_vendor_means() {
    let crm = Client::start().await;
    five(&crm).await;
    for (condition, expected) in [
        ("Name = 'ALDER'", vec!["Alder"]),
        ("Phone != '1'", vec!["beech", "Cedar", "Douglas", "O'Elm"]),
        ("Phone = null", vec!["beech", "Douglas"]),
        ("Phone != null AND NumberOfEmployees >= 10", vec!["Alder", "Cedar"]),
        ("NumberOfEmployees > 10 OR AnnualRevenue = 1e6", vec!["beech", "Cedar", "Douglas"]),
        ("NOT (NumberOfEmployees > 10)", vec!["Alder", "Douglas", "O'Elm"]),
        ("Name IN ('cedar', 'Alder') AND Type NOT IN ('Partner')", vec!["Cedar"]),
        (r"Name LIKE 'o\'%'", vec!["O'Elm"]),
        ("SystemModstamp >= 2026-11-20T10:02:00Z AND SystemModstamp < 2026-11-20T10:03:00.001+0000", vec!["Cedar", "Douglas"]),
        ("(SystemModstamp = 2026-11-20T10:01:00Z AND Id > '000000000000000') OR SystemModstamp > 2026-11-20T10:03:00Z", vec!["beech", "O'Elm"]),
        ("Owner.Name = 'Integration User' AND IsDeleted = false AND Name < 'b'", vec!["Alder"]),
    ] {
        assert_eq!(crm.names(&format!("SELECT Name FROM Account WHERE {condition}")).await, expected, "{condition}");
    }
    assert_eq!(crm.names("SELECT Name FROM Account ORDER BY Phone NULLS LAST, Name DESC LIMIT 4 OFFSET 1").await, ["Cedar", "O'Elm", "Douglas", "beech"]);
    for (soql, code) in [
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > '2026-11-20T10:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id, id FROM Account", "INVALID_FIELD"),
        ("SELECT Nobody.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id = '12'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Id LIKE '00%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Nobody", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
    ] {
        let refused = crm.query(soql).await;
        assert_eq!((refused.status, refused.code()), (400, code), "{soql}: {}", refused.body);
    }
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn pages_follow_a_locator_for_two_days() {
    let crm = Client::start().await;
    for chunk in 0..3 {
        let records: Vec<_> = (0..150).map(|n| json!({"attributes": {"type": "Account"}, "Name": format!("{:03}", chunk * 150 + n)})).collect();
        assert_eq!(crm.ask("POST", "/composite/sobjects", json!({"records": records})).await.status, 200);
    }
    let path = "/query?q=SELECT+Name+FROM+Account+ORDER+BY+Id";
    let first = crm.ask_with("GET", path, Value::Null, &[("Sforce-Query-Options", "batchSize=10")]).await.body;
    assert_eq!((first["records"].as_array().unwrap().len(), &first["done"], &first["totalSize"]), (200, &json!(false), &json!(450)));
    let next = first["nextRecordsUrl"].as_str().unwrap().strip_prefix(super::DATA).unwrap().to_owned();
    let second = crm.ask("GET", &next, Value::Null).await.body;
    assert_eq!((second["records"].as_array().unwrap().len(), &second["done"]), (250, &json!(true)));
    assert_eq!(second["records"][0]["Name"], "200");
    assert!(second.get("nextRecordsUrl").is_none());
    assert_eq!(crm.ask("GET", "/query/0r8xx00000000AB-2000", Value::Null).await.code(), "INVALID_QUERY_LOCATOR");
    crm.clock.advance(Duration::from_secs(49 * 60 * 60));
    let mut crm = crm;
    crm.sign_in().await;
    assert_eq!(crm.ask("GET", &next, Value::Null).await.code(), "INVALID_QUERY_LOCATOR");
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn feeds_tell_what_changed_and_what_is_gone() {
    let crm = Client::start().await;
    let (one, two) = (crm.account(json!({"Name": "one"})).await, crm.account(json!({"Name": "two"})).await);
    crm.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(crm.ask("DELETE", &format!("/sobjects/Account/{one}"), Value::Null).await.status, 204);
    crm.clock.advance(Duration::from_secs(5 * 60));
    let span = "start=2026-11-20T09:59:30%2B00:00&end=2026-11-20T10:20:00%2B0000";
    let updated = crm.ask("GET", &format!("/sobjects/Account/updated/?{span}"), Value::Null).await.body;
    assert_eq!(updated, json!({"ids": [two], "latestDateCovered": "2026-11-20T10:10:00.000+0000"}));
    let deleted = crm.ask("GET", &format!("/sobjects/Account/deleted/?{span}"), Value::Null).await.body;
    assert_eq!(deleted["deletedRecords"], json!([{"id": one, "deletedDate": "2026-11-20T10:05:00.000+0000"}]));
    assert_eq!(deleted["earliestDateAvailable"], "2026-11-05T10:10:00.000+0000");
    let gone = crm.ask("GET", &format!("/sobjects/Account/{one}"), Value::Null).await;
    assert_eq!((gone.status, gone.code()), (404, "ENTITY_IS_DELETED"));
    assert_eq!(crm.names("SELECT Name FROM Account").await, ["two"]);
    let all = crm.ask("GET", "/queryAll?q=SELECT+Id,IsDeleted,MasterRecordId+FROM+Account+WHERE+IsDeleted=true", Value::Null).await.body;
    assert_eq!((&all["records"][0]["Id"], &all["records"][0]["MasterRecordId"]), (&json!(one), &Value::Null));
    for span in ["start=2026-11-20T10:00:10Z&end=2026-11-20T10:00:50Z", "start=2026-10-01T00:00:00Z&end=2026-11-20T10:00:00Z"] {
        assert_eq!(crm.ask("GET", &format!("/sobjects/Account/deleted/?{span}"), Value::Null).await.code(), "INVALID_REPLICATION_DATE");
    }
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn describes_itself_and_says_when_nothing_changed() {
    let crm = Client::start().await;
    let described = crm.ask("GET", "/sobjects/Account/describe", Value::Null).await;
    let fields = described.body["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!((&field("Type")["type"], &field("Type")["restrictedPicklist"]), (&json!("picklist"), &json!(true)));
    assert_eq!((&field("Name")["nillable"], &field("Name")["length"]), (&json!(false), &json!(255)));
    assert_eq!((&field("Partner__c")["referenceTo"], &field("Partner__c")["relationshipName"]), (&json!(["Account"]), &json!("Partner__r")));
    assert_eq!((&field("Legacy_Number__c")["externalId"], &field("Legacy_Number__c")["unique"]), (&json!(true), &json!(false)));
    assert_eq!(field("SystemModstamp")["createable"], false);
    let since = described.headers["last-modified"].to_str().unwrap();
    assert_eq!(crm.ask_with("GET", "/sobjects/Account/describe", Value::Null, &[("If-Modified-Since", since)]).await.status, 304);
    assert_eq!(crm.ask("GET", "/sobjects/Nobody/describe", Value::Null).await.status, 404);
    let all = crm.ask("GET", "/sobjects", Value::Null).await.body;
    assert_eq!(all["sobjects"].as_array().unwrap().len(), 5);
    crm.sandbox.stop().await;
}
