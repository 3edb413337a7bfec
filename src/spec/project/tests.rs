//! Project files as people write them.

use super::*;
use crate::diag::render::{Paint, render_all};

fn check(text: &str) -> (Option<ProjectSpec>, String) {
    let mut files = Files::new();
    let file = files.add("syncline.yaml", text);
    let (spec, found) = read(&files, file);
    (spec, render_all(&found, &files, Paint::Plain))
}

#[test]
fn the_example_of_the_product_page_is_read_whole() {
    let (spec, said) = check(
        r#"
connections:
  crm:
    connector: salesforce
    currency: EUR
    config:
      instance_url: https://acme.my.salesforce.com
      client_secret: ${SF_CLIENT_SECRET}
      interactive: false
  prm:
    connector: partnerstack
    at: http://127.0.0.1:8702
    config: { public_key: "${PS_PUBLIC_KEY}", company: 1 }
  erp:
    connector: netsuite
    config: { account_id: "1234567", private_key: { file: secrets/netsuite.pem } }
store: sqlite:syncline.db
server: { listen: 127.0.0.1:8080, public_url: https://sync.acme.example, token: "${TOKEN}" }
variables: { partner_record_type: 012xx0000001AbCAAU }
time_zone: Europe/Berlin
log: { format: json, level: info }
"#,
    );
    assert_eq!(said, "");
    let spec = spec.expect("no problem was found");
    let crm = &spec.connections.get("crm").expect("crm").config;
    assert_eq!(crm.get("client_secret").and_then(ConfigValue::reference), Some(Secret::Environment("SF_CLIENT_SECRET")));
    assert_eq!(crm.get("instance_url").and_then(ConfigValue::reference), None);
    assert!(matches!(crm.get("interactive"), Some(ConfigValue::Text(text)) if text.text() == "false"));
    let erp = &spec.connections.get("erp").expect("erp").config;
    assert_eq!(erp.get("private_key").and_then(ConfigValue::reference), Some(Secret::File("secrets/netsuite.pem")));
    assert_eq!(spec.server.and_then(|server| server.token).expect("a token").secret(), Secret::Environment("TOKEN"));
}

#[test]
fn names_currencies_stores_and_references_are_checked() {
    let (spec, said) =
        check("connections:\n  latest: { connector: x, currency: euro, country: Germany, config: { key: \"${A} b\" } }\nstore: postgres://db/x\n");
    assert!(spec.is_some(), "the rest can still be checked");
    insta::assert_snapshot!(said);
    assert!(check("connections: {}\n").1.contains("There are no connections"));
    assert!(check("connections: { a: { connector: x } }\nstore: state.db\n").1.contains("`state.db` is no store"));
}
