//! `/metrics`: what the tally counted since the start, and how things stand in the store now.

use jiff::Timestamp;

use super::exposition::Page;
use crate::daemon::Handle;
use crate::daemon::board::DaemonState;
use crate::daemon::tally::{Audited, Counts, REQUEST_SECONDS};
use crate::id::MappingName;
use crate::report::agreement::Class;
use crate::store::{StoreError, Totals};

/// What the store says of one mapping.
pub struct Standing {
    pub mapping: MappingName,
    pub totals: Totals,
    pub oldest_touched: Option<Timestamp>,
}

/// The page.
///
/// # Errors
/// When the store cannot be read.
pub async fn page(handle: &Handle) -> Result<String, StoreError> {
    let ground = handle.ground();
    let mut standing = Vec::with_capacity(ground.mappings.len());
    for laid in &ground.mappings {
        let totals = ground.store.totals(laid.id).await?;
        let (_, oldest_touched) = ground.store.touched_count(laid.id).await?;
        standing.push(Standing { mapping: laid.mapping.name.clone(), totals, oldest_touched });
    }
    Ok(render(&handle.tally().snapshot(), &handle.state(), &standing))
}

/// The page as text: pure, so that its form can be checked.
pub fn render(counts: &Counts, state: &DaemonState, standing: &[Standing]) -> String {
    let mut page = Page::default();
    page.gauge("syncline_build_info", "Always 1; the labels tell which Syncline this is.").sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.gauge("syncline_start_time_seconds", "When the daemon started, in seconds since 1970.")
        .sample(&[], state.started_at.as_millisecond() as f64 / 1_000.0);
    counted(&mut page, counts);
    standing_now(&mut page, state, standing);
    paused(&mut page, state);
    audited(&mut page, counts);
    requests(&mut page, counts);
    page.into_text()
}

fn counted(page: &mut Page, counts: &Counts) {
    let mut runs = page.counter("syncline_runs_total", "Runs by how they ended.");
    for ((mapping, outcome), count) in &counts.runs {
        runs.sample(&[("mapping", mapping.as_str()), ("outcome", outcome)], *count as f64);
    }
    let mut read = page.counter("syncline_records_read_total", "Records read from feeds.");
    for ((mapping, system), count) in &counts.read {
        read.sample(&[("mapping", mapping.as_str()), ("system", system.as_str())], *count as f64);
    }
    let mut planned = page.counter("syncline_ops_planned_total", "Ops that runs decided on, held runs included.");
    for ((mapping, system, kind), count) in &counts.planned {
        planned.sample(&[("mapping", mapping.as_str()), ("system", system.as_str()), ("kind", kind)], *count as f64);
    }
    let mut ops = page.counter("syncline_ops_total", "Ops that were sent, by what became of them.");
    for ((mapping, system, kind, outcome), count) in &counts.ops {
        ops.sample(&[("mapping", mapping.as_str()), ("system", system.as_str()), ("kind", kind), ("outcome", outcome)], *count as f64);
    }
    let mut conflicts = page.counter("syncline_conflicts_total", "Conflicts that were decided and logged.");
    for (mapping, count) in &counts.conflicts {
        conflicts.sample(&[("mapping", mapping.as_str())], *count as f64);
    }
    let mut deliveries = page.counter("syncline_deliveries_total", "Webhook requests by what they were answered.");
    for ((connection, outcome), count) in &counts.deliveries {
        deliveries.sample(&[("connection", connection.as_str()), ("outcome", outcome)], *count as f64);
    }
}

/// Name, help, and what of a mapping's totals it shows.
type Gauge = (&'static str, &'static str, fn(&Totals) -> u64);

fn standing_now(page: &mut Page, state: &DaemonState, standing: &[Standing]) {
    let gauges: [Gauge; 7] = [
        ("syncline_entities", "Entities known.", |totals| totals.entities),
        ("syncline_reviews_open", "Questions that wait for a person.", |totals| totals.reviews),
        ("syncline_dead_letters_open", "Ops that a system refused for good.", |totals| totals.dead_letters),
        ("syncline_conflicts_logged", "Conflicts in the log.", |totals| totals.conflicts),
        ("syncline_ops_in_doubt", "Ops that were sent and whose outcome is not known.", |totals| totals.in_doubt),
        ("syncline_records_waiting", "Unlinked records that start nothing.", |totals| totals.waiting),
        ("syncline_records_touched", "Records that are still to be looked at.", |totals| totals.touched),
    ];
    for (name, help, of) in gauges {
        let mut gauge = page.gauge(name, help);
        for one in standing {
            gauge.sample(&[("mapping", one.mapping.as_str())], of(&one.totals) as f64);
        }
    }
    let mut oldest = page.gauge("syncline_touched_age_seconds", "How long the oldest touched record waits to be looked at; 0 without one.");
    for one in standing {
        oldest.sample(&[("mapping", one.mapping.as_str())], one.oldest_touched.map_or(0.0, |at| seconds(at, state.now)));
    }
    let mut lag = page.gauge("syncline_lag_seconds", "Time since a system's changes were last read to their end.");
    for mapping in &state.mappings {
        for (system, at) in &mapping.polled_at {
            lag.sample(&[("mapping", mapping.name.as_str()), ("system", system.as_str())], seconds(at.unwrap_or(state.started_at), state.now));
        }
    }
    let mut ready = page.gauge("syncline_mapping_ready", "1 if the mapping is ready, as /readyz says.");
    for mapping in &state.mappings {
        let is = super::health::reasons(mapping).is_empty();
        ready.sample(&[("mapping", mapping.name.as_str())], f64::from(u8::from(is)));
    }
    let mut up = page.gauge("syncline_connection_up", "0 if the connection did not answer when it was last asked.");
    for (name, connection) in &state.connections {
        up.sample(&[("connection", name.as_str())], f64::from(u8::from(connection.down.is_none())));
    }
}

fn paused(page: &mut Page, state: &DaemonState) {
    let mut paused = page.gauge("syncline_writes_paused", "1 while an object takes no writes and is tried again from time to time.");
    for pause in &state.pauses {
        paused.sample(&[("connection", pause.connection.as_str()), ("object", pause.object.as_str())], 1.0);
    }
}

fn audited(page: &mut Page, counts: &Counts) {
    let mut audits = page.counter("syncline_audits_total", "Comparisons of all systems, by how they ended.");
    for ((mapping, outcome), count) in &counts.audits {
        audits.sample(&[("mapping", mapping.as_str()), ("outcome", outcome)], *count as f64);
    }
    let mut differences = page.gauge("syncline_audit_differences", "Differences that the last audit found, by what explains them.");
    for (mapping, audited) in &counts.audited {
        for (class, count) in &audited.differences {
            differences.sample(&[("mapping", mapping.as_str()), ("class", class.word())], *count as f64);
        }
    }
    type Gauge = (&'static str, &'static str, fn(&Audited) -> f64);
    let gauges: [Gauge; 4] = [
        ("syncline_audit_unexplained", "Differences that the last audit could not explain; 0 is right.", |of| {
            of.differences.get(&Class::Unexplained).copied().unwrap_or(0) as f64
        }),
        ("syncline_audit_compared", "Fields that the last audit compared.", |of| of.compared as f64),
        ("syncline_audit_agreeing", "Fields that were as agreed at the last audit.", |of| of.agree as f64),
        ("syncline_audit_time_seconds", "When the last audit ended, in seconds since 1970.", |of| of.at.as_millisecond() as f64 / 1_000.0),
    ];
    for (name, help, of) in gauges {
        let mut gauge = page.gauge(name, help);
        for (mapping, audited) in &counts.audited {
            gauge.sample(&[("mapping", mapping.as_str())], of(audited));
        }
    }
}

fn requests(page: &mut Page, counts: &Counts) {
    let mut times = page.histogram("syncline_request_duration_seconds", "Time that requests to vendors took.");
    for ((connection, outcome), of) in &counts.requests {
        let buckets = REQUEST_SECONDS.into_iter().zip(of.buckets);
        times.distribution(&[("connection", connection.as_str()), ("outcome", outcome)], buckets, of.count, of.sum);
    }
    let mut budgets = page.gauge("syncline_rate_budget_left", "Requests that a vendor says are left in a pool.");
    for ((connection, pool), left) in &counts.budgets {
        budgets.sample(&[("connection", connection.as_str()), ("pool", pool)], *left);
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

#[cfg(test)]
mod tests;
