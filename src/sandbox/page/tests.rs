use std::time::Duration;

use serde_json::Value;

use super::FILES;
use crate::sandbox::{Sandbox, Settings};

fn text(name: &str) -> &'static str {
    FILES.iter().find(|(known, ..)| *known == name).map(|(_, _, text)| *text).expect("the page has this file")
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Settings { records: 10, seed: 1, ports: [0, 0, 0], empty: false }).await.expect("free ports")
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a plain client")
}

#[test]
fn nothing_comes_from_outside() {
    for (name, _, text) in FILES {
        assert!(!text.contains("://"), "{name} names an address of somewhere else");
    }
}

#[test]
fn every_fault_has_its_switch() {
    let source = include_str!("../fault.rs");
    let kinds = source.split_once("pub enum FaultKind {").and_then(|(_, rest)| rest.split_once('}')).expect("the enum is there").0;
    for kind in kinds.lines().filter_map(|line| line.trim().strip_suffix(',')) {
        let mut name = String::new();
        for letter in kind.chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        assert!(text("faults.js").contains(&format!("['{name}',")), "the page has no switch for {name}");
    }
}

#[tokio::test]
async fn a_page_says_whose_it_is_and_where_the_others_are() {
    let running = sandbox().await;
    for place in running.places() {
        let about: Value = client().get(format!("{}about", place.page)).send().await.expect("it listens").json().await.expect("it is JSON");
        assert_eq!(about["system"], place.system);
        let pages: Vec<&str> = about["places"].as_array().expect("a list").iter().filter_map(|one| one["page"].as_str()).collect();
        assert_eq!(pages, running.places().iter().map(|place| place.page.as_str()).collect::<Vec<_>>());
    }
    running.stop().await;
}

#[tokio::test]
async fn all_that_the_page_asks_for_is_there() {
    let running = sandbox().await;
    let place = running.places().first().expect("three places");
    let page = client().get(&place.page).send().await.expect("it listens");
    assert!(page.headers().get("content-security-policy").is_some_and(|policy| policy.to_str().is_ok_and(|policy| policy.starts_with("default-src 'self'"))));
    for (name, kind, _) in FILES {
        let answer = client().get(format!("{}{name}", place.page)).send().await.expect("it listens");
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().ok()), (200, Some(kind)), "{name}");
    }
    for path in ["about", "objects", "faults", "stats", "requests"] {
        let answer = client().get(format!("{}{path}", place.page)).send().await.expect("it listens");
        assert_eq!(answer.status().as_u16(), 200, "{path}");
    }
    // Without the slash at its end, the page's own files would be looked for beside it.
    let bare = client().get(place.page.trim_end_matches('/')).send().await.expect("it listens");
    assert_eq!(bare.url().as_str(), place.page);
    running.stop().await;
}
