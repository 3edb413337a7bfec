use std::collections::BTreeMap;

use super::*;
use crate::daemon::board::{ConnectionState, Failing, LastRun};
use crate::id::{ConnectionName, MappingName};

fn mapping() -> MappingState {
    let at = "2026-11-20T10:00:00Z".parse().expect("a literal of this test");
    MappingState {
        name: MappingName::new("deals"),
        running: false,
        last_run: Some(LastRun { ended_at: at, state: RunState::Done }),
        last_success_at: Some(at),
        next_wake_at: None,
        failing: None,
        held: Vec::new(),
        polled_at: Vec::new(),
    }
}

fn state(mapping: MappingState) -> DaemonState {
    let now = "2026-11-20T10:01:00Z".parse().expect("a literal of this test");
    let connections = BTreeMap::from([(ConnectionName::new("crm"), ConnectionState::default())]);
    DaemonState { started_at: now, now, mappings: vec![mapping], connections, pauses: Vec::new(), store_failed: None, stopping: false }
}

#[test]
fn a_mapping_that_ran_is_ready() {
    let state = state(mapping());
    assert!(is_ready(&state));
    assert_eq!(page(&state)["mappings"]["deals"]["why"], json!([]));
}

#[test]
fn every_reason_is_told() {
    let at = "2026-11-20T10:00:00Z".parse().expect("a literal of this test");
    let new = MappingState { last_run: None, last_success_at: None, ..mapping() };
    assert_eq!(reasons(&new), ["has not run yet"]);
    let held = MappingState { held: vec!["30 deletes in crm".into()], ..mapping() };
    assert_eq!(reasons(&held), ["waits for a person: 30 deletes in crm; look at it with `syncline plan deals`"]);
    let failing = MappingState { failing: Some(Failing { since: at, attempts: 3, why: "crm is stopped".into() }), ..mapping() };
    assert_eq!(reasons(&failing), ["its runs fail since 2026-11-20T10:00:00Z (3 in a row): crm is stopped"]);
    for unready in [new, held, failing] {
        assert!(!is_ready(&state(unready)));
    }
    let left = MappingState { last_run: Some(LastRun { ended_at: at, state: RunState::Held }), ..mapping() };
    assert!(reasons(&left)[0].contains("waits for a person"), "a hold outlives a restart");
}

#[test]
fn a_connection_that_is_down_or_a_store_that_failed_is_told() {
    let mut down = state(mapping());
    let since = down.now;
    down.connections.insert(ConnectionName::new("crm"), ConnectionState { down: Some((since, "HTTP 503".into())), last_answer_at: None });
    assert!(!is_ready(&down));
    assert_eq!(page(&down)["connections"]["crm"]["why"], "does not answer since 2026-11-20T10:01:00Z: HTTP 503");
    let mut paused = state(mapping());
    let (connection, object) = (ConnectionName::new("crm"), crate::id::ObjectName::new("Account"));
    paused.pauses.push(Pause { connection, object, since, until: since, why: "HTTP 429".into() });
    assert!(!is_ready(&paused));
    let told = page(&paused)["connections"]["crm"]["writes_paused"][0].to_string();
    assert!(told.contains("crm Account takes no writes since 2026-11-20T10:01:00Z: HTTP 429"), "{told}");
    let mut failed = state(mapping());
    failed.store_failed = Some("syncline.db cannot be written".into());
    assert!(!is_ready(&failed));
    assert_eq!(page(&failed)["why"][0], "syncline.db cannot be written");
}
