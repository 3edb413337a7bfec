use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Sandbox, Settings};

async fn all(sandbox: &Sandbox, system: &str, object: &str) -> Vec<BTreeMap<String, Value>> {
    let url = format!("{}/_sandbox/records/{object}?limit=100000", sandbox.place(system).unwrap().url);
    let records: Vec<Value> = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().json().await.unwrap();
    records.into_iter().map(|record| serde_json::from_value(record["fields"].clone()).unwrap()).collect()
}

async fn start(seed: u64) -> Sandbox {
    Sandbox::start(Settings { records: 200, seed, ports: [0; 3], empty: false }).await.unwrap()
}

#[tokio::test]
async fn the_same_companies_are_in_three_systems_with_differences() {
    let sandbox = start(3).await;
    let (accounts, deals, opportunities) =
        (all(&sandbox, "crm", "Account").await, all(&sandbox, "prm", "deals").await, all(&sandbox, "crm", "Opportunity").await);
    let partners = accounts.iter().filter(|account| account["Type"] == "Partner").count();
    assert!((16..=20).contains(&partners), "{partners} partners of 20");
    assert!((90..=110).contains(&(accounts.len() - partners)), "{} accounts", accounts.len());
    assert!(deals.len() > 150 && opportunities.len() > 150, "{} {}", deals.len(), opportunities.len());
    let customers = all(&sandbox, "erp", "customers").await;
    let named = |name: &Value| customers.iter().find(|customer| customer["displayName"] == *name);
    let both = accounts.iter().filter(|account| named(&account["Name"]).is_some()).count();
    assert!(both > 60 && both < accounts.len(), "{both} in CRM and ERP");
    let by_key = |key: &Value| deals.iter().filter(|_| !key.is_null()).count();
    assert!(opportunities.iter().any(|one| by_key(one.get("PRM_Deal_Key__c").unwrap_or(&Value::Null)) > 0));
    let won = opportunities.iter().filter(|one| one["StageName"] == "Closed Won").count();
    let orders = all(&sandbox, "erp", "salesOrders").await;
    assert!(won > 20 && orders.len() == 10, "{won} won, {} orders of their own", orders.len());
    assert!(orders.iter().all(|order| order["externalDocumentNumber"].as_str().unwrap().starts_with("PO-")), "no won deal has its order yet");
    assert_eq!(all(&sandbox, "erp", "items").await.len(), 20);
    assert!(all(&sandbox, "prm", "leads").await.len() > 50 && all(&sandbox, "crm", "Lead").await.len() > 50);
    sandbox.stop().await;
}

#[tokio::test]
async fn one_seed_makes_one_world() {
    let (first, second, other) = (start(5).await, start(5).await, start(6).await);
    let names = |deals: Vec<BTreeMap<String, Value>>| deals.into_iter().map(|deal| (deal["account_name"].clone(), deal["amount"].clone())).collect::<Vec<_>>();
    let world = names(all(&first, "prm", "deals").await);
    assert_eq!(world, names(all(&second, "prm", "deals").await));
    assert_ne!(world, names(all(&other, "prm", "deals").await));
    for sandbox in [first, second, other] {
        sandbox.stop().await;
    }
}
