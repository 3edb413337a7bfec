//! `demo`: a small world is brought into agreement, and nothing is left unexplained.

use serde_json::Value;

use super::{directory, run};

#[test]
fn the_demo_ends_in_agreement() {
    let empty = directory(&[]);
    let ran = run(empty.path(), &[], &["demo", "--records", "40", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let told: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(told["unexplained"], 0, "{told}");
    let mappings: Vec<&str> = told["mappings"].as_array().expect("a list").iter().map(|mapping| mapping["mapping"].as_str().expect("a name")).collect();
    assert_eq!(mappings, ["accounts", "orders", "partners", "deals", "leads"]);
    assert!(told["mappings"].as_array().expect("a list").iter().all(|mapping| mapping["entities"].as_u64() > Some(0)), "{told}");
}
