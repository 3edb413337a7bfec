//! Whether everything stands: each connection and mapping, and why not.

use serde_json::{Map, Value, json};

use crate::daemon::board::{DaemonState, MappingState};
use crate::run::breaker::Pause;
use crate::store::RunState;

/// Whether nothing needs anybody.
pub fn is_ready(state: &DaemonState) -> bool {
    state.store_failed.is_none()
        && !state.stopping
        && state.connections.values().all(|connection| connection.down.is_none())
        && state.pauses.is_empty()
        && state.mappings.iter().all(|mapping| reasons(mapping).is_empty())
}

/// The state as `/readyz` and `status` show it.
pub fn page(state: &DaemonState) -> Value {
    let mappings: Map<String, Value> = state.mappings.iter().map(|mapping| (mapping.name.to_string(), of_mapping(mapping))).collect();
    let connections = state.connections.iter().map(|(name, connection)| {
        let why = connection.down.as_ref().map(|(since, why)| format!("does not answer since {since}: {why}"));
        let paused: Vec<String> = state.pauses.iter().filter(|pause| pause.connection == *name).map(Pause::sentence).collect();
        let told = json!({ "up": why.is_none(), "why": why, "writes_paused": paused, "last_answer_at": connection.last_answer_at.map(|at| at.to_string()) });
        (name.to_string(), told)
    });
    let connections: Map<String, Value> = connections.collect();
    json!({
        "ready": is_ready(state),
        "why": general(state),
        "started_at": state.started_at.to_string(),
        "now": state.now.to_string(),
        "connections": connections,
        "mappings": mappings,
    })
}

fn general(state: &DaemonState) -> Vec<String> {
    let stopping = state.stopping.then(|| "the daemon is stopping".to_owned());
    state.store_failed.iter().cloned().chain(stopping).collect()
}

fn of_mapping(mapping: &MappingState) -> Value {
    let why = reasons(mapping);
    json!({
        "ready": why.is_empty(),
        "why": why,
        "running": mapping.running,
        "last_run": mapping.last_run.map(|run| json!({ "ended_at": run.ended_at.to_string(), "state": run.state.word() })),
        "last_success_at": mapping.last_success_at.map(|at| at.to_string()),
        "next_wake_at": mapping.next_wake_at.map(|at| at.to_string()),
    })
}

/// Why a mapping is not ready; empty if it is.
pub fn reasons(mapping: &MappingState) -> Vec<String> {
    let mut why = Vec::new();
    if let Some(failing) = &mapping.failing {
        why.push(format!("its runs fail since {} ({} in a row): {}", failing.since, failing.attempts, failing.why));
    }
    let held = mapping.held.iter().map(|reason| format!("waits for a person: {reason}; look at it with `syncline plan {}`", mapping.name));
    why.extend(held);
    let left_held = mapping.last_run.is_some_and(|run| run.state == RunState::Held);
    if mapping.held.is_empty() && left_held {
        why.push(format!("its last run waits for a person; look at it with `syncline plan {}`", mapping.name));
    }
    if mapping.last_success_at.is_none() && why.is_empty() {
        why.push("has not run yet".to_owned());
    }
    why
}

#[cfg(test)]
mod tests;
