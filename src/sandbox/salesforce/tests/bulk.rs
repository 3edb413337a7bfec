//! Bulk jobs, and what people do at the page.

use serde_json::{Value, json};

use super::{Client, DATA};

impl Client {
    async fn text(&self, method: &str, path: &str, body: &str) -> (u16, http::HeaderMap, String) {
        let request = self.http.request(method.parse().unwrap(), format!("{}{DATA}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header("content-type", "text/csv").body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_load_tells_each_line_its_end() {
    let crm = Client::start().await;
    let parent = crm.account(json!({"Name": "Parent", "Partner_Key__c": "p-1", "Phone": "1", "ERP_Number__c": "e-1"})).await;
    let job = crm
        .ask(
            "POST",
            "/jobs/ingest",
            json!({"object": "Account", "operation": "upsert", "externalIdFieldName": "ERP_Number__c", "contentType": "CSV", "lineEnding": "LF"}),
        )
        .await
        .body;
    let path = format!("/jobs/ingest/{}", job["id"].as_str().unwrap());
    assert_eq!((&job["state"], &job["contentUrl"]), (&json!("Open"), &json!(format!("{}{path}/batches", &DATA[1..]))));
    assert_eq!(crm.text("GET", &format!("{path}/successfulResults"), "").await.0, 400);
    let csv = "ERP_Number__c,Name,Phone,NumberOfEmployees,Partner__r.Partner_Key__c\ne-1,,#N/A,5,\ne-2,\"Two, Ltd\",2,,p-1\ne-3,,3,,\n";
    assert_eq!(crm.text("PUT", &format!("{path}/batches"), csv).await.0, 201);
    assert_eq!(crm.ask("PATCH", &path, json!({"state": "UploadComplete"})).await.body["state"], "InProgress");
    assert_eq!(crm.ask("GET", &path, Value::Null).await.body["state"], "InProgress");
    let done = crm.ask("GET", &path, Value::Null).await.body;
    assert_eq!((&done["state"], &done["numberRecordsProcessed"], &done["numberRecordsFailed"]), (&json!("JobComplete"), &json!(3), &json!(1)));
    let good = crm.text("GET", &format!("{path}/successfulResults"), "").await.2;
    assert!(good.starts_with("\"sf__Id\",\"sf__Created\",\"ERP_Number__c\""), "{good}");
    assert!(good.contains(&format!("\"{parent}\",\"false\",\"e-1\"")) && good.contains("\"true\",\"e-2\",\"Two, Ltd\""), "{good}");
    let bad = crm.text("GET", &format!("{path}/failedResults"), "").await.2;
    assert!(bad.contains("\"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --\",\"e-3\""), "{bad}");
    let read = crm.ask("GET", &format!("/sobjects/Account/{parent}"), Value::Null).await.body;
    assert_eq!((&read["Name"], &read["Phone"], &read["NumberOfEmployees"]), (&json!("Parent"), &Value::Null, &json!(5)));
    assert_eq!(crm.names("SELECT Name FROM Account WHERE Partner__r.Name = 'Parent'").await, ["Two, Ltd"]);
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn an_extract_is_paged_by_a_header() {
    let crm = Client::start().await;
    for name in ["a", "b\"", "c"] {
        crm.account(json!({"Name": name})).await;
    }
    let job = crm.ask("POST", "/jobs/query", json!({"operation": "query", "query": "SELECT Name, Phone FROM Account ORDER BY Name"})).await.body;
    let path = format!("/jobs/query/{}", job["id"].as_str().unwrap());
    assert_eq!(crm.ask("GET", &path, Value::Null).await.body["state"], "InProgress");
    assert_eq!(crm.ask("GET", &path, Value::Null).await.body["state"], "JobComplete");
    let (_, headers, first) = crm.text("GET", &format!("{path}/results?maxRecords=2"), "").await;
    assert_eq!((first.as_str(), headers["sforce-numberofrecords"].to_str().unwrap()), ("\"Name\",\"Phone\"\n\"a\",\"\"\n\"b\"\"\",\"\"\n", "2"));
    let locator = headers["sforce-locator"].to_str().unwrap().to_owned();
    let (_, headers, second) = crm.text("GET", &format!("{path}/results?maxRecords=2&locator={locator}"), "").await;
    assert_eq!((second.as_str(), headers["sforce-locator"].to_str().unwrap()), ("\"Name\",\"Phone\"\n\"c\",\"\"\n", "null"));
    assert_eq!(crm.ask("POST", "/jobs/query", json!({"operation": "query", "query": "SELECT COUNT() FROM Account"})).await.status, 400);
    crm.sandbox.stop().await;
}

#[tokio::test]
async fn people_delete_restore_and_convert_at_the_page() {
    let crm = Client::start().await;
    let lead = crm.ask("POST", "/sobjects/Lead", json!({"LastName": "Doe", "Company": "Acme", "PRM_Lead_Key__c": "L-1"})).await.body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let page = format!("{}/_sandbox/records/Lead/{lead}", crm.url);
    assert_eq!(crm.http.delete(&page).send().await.unwrap().status(), 200);
    assert!(crm.names("SELECT Name FROM Lead").await.is_empty());
    assert_eq!(crm.http.post(format!("{page}/restore")).send().await.unwrap().status(), 200);
    assert_eq!(crm.names("SELECT Name FROM Lead WHERE LastModifiedBy.Name = 'Sam Person'").await, ["Doe"]);
    let refused = crm.http.patch(&page).json(&json!({"Rating": "Lukewarm"})).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(crm.http.patch(&page).json(&json!({"IsConverted": true})).send().await.unwrap().status(), 200);
    assert_eq!(crm.ask("PATCH", &format!("/sobjects/Lead/{lead}"), json!({"Rating": "Hot"})).await.code(), "CANNOT_UPDATE_CONVERTED_LEAD");
    crm.sandbox.stop().await;
}
