use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;
use crate::connector::meter::Meter;
use crate::daemon::board::{ConnectionState, MappingState};
use crate::daemon::tally::Tally;
use crate::id::{ConnectionName, SystemName};

fn sample_page() -> String {
    let tally = Tally::default();
    let crm = ConnectionName::new("crm");
    for seconds in [0.004, 0.2, 99.0] {
        tally.request(&crm, "ok", seconds);
    }
    tally.request(&crm, "unreachable", 1.0);
    tally.budget(&crm, "daily", 14_998.0);
    tally.delivery(&crm, "accepted");
    let mut counts = tally.snapshot();
    let deals = MappingName::new("deals");
    counts.runs.insert((deals.clone(), "done"), 3);
    counts.read.insert((deals.clone(), SystemName::new("crm")), 7);
    counts.ops.insert((deals.clone(), SystemName::new("crm"), "update", "done"), 2);
    let differences = BTreeMap::from([(Class::Lossy, 2), (Class::Unexplained, 1)]);
    counts.audited.insert(deals.clone(), Audited { at: Timestamp::UNIX_EPOCH, compared: 40, agree: 37, differences });
    counts.audits.insert((deals.clone(), "done"), 1);
    let now: Timestamp = "2026-11-20T10:01:00Z".parse().expect("a literal of this test");
    let before = "2026-11-20T10:00:00Z".parse().expect("a literal of this test");
    let mapping = MappingState {
        name: deals.clone(),
        running: false,
        last_run: None,
        last_success_at: None,
        next_wake_at: None,
        failing: None,
        held: Vec::new(),
        polled_at: vec![(SystemName::new("crm"), Some(before)), (SystemName::new("a \"quoted\\one\""), None)],
    };
    let connections = BTreeMap::from([(crm, ConnectionState::default())]);
    let state = DaemonState { started_at: now, now, mappings: vec![mapping], connections, pauses: Vec::new(), store_failed: None, stopping: false };
    render(&counts, &state, &[Standing { mapping: deals, totals: Totals { reviews: 4, ..Totals::default() }, oldest_touched: Some(before) }])
}

/// What `promtool check metrics` asks for, as far as a page can break it.
fn check(page: &str) -> HashMap<String, f64> {
    let mut series = HashMap::new();
    let mut families = BTreeSet::new();
    let mut current: Option<(String, String)> = None;
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a HELP has a text");
            assert!(!text.is_empty() && families.insert(name.to_owned()), "{name} is told once, with a text");
            current = Some((name.to_owned(), String::new()));
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a TYPE has a kind");
            let family = current.as_mut().expect("TYPE follows HELP");
            assert_eq!(family.0, name);
            assert_eq!(kind == "counter", name.ends_with("_total"), "counters and only counters end in _total: {name}");
            assert!(["_ms", "_milliseconds", "_minutes", "_gauge", "_counter", "_histogram"].iter().all(|part| !name.contains(part)), "{name}");
            kind.clone_into(&mut family.1);
        } else {
            let (name, kind) = current.as_ref().expect("a sample belongs to a family");
            let (left, value) = line.rsplit_once(' ').expect("a sample has a value");
            let bare = left.split('{').next().expect("there is a first part");
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.iter().any(|suffix| bare == format!("{name}{suffix}")), "{bare} stands under {name}");
            let value: f64 = value.parse().expect("a number");
            assert!(series.insert(left.to_owned(), value).is_none(), "{left} comes twice");
        }
    }
    series
}

#[test]
fn the_page_is_what_prometheus_expects() {
    let series = check(&sample_page());
    assert_eq!(series[r#"syncline_runs_total{mapping="deals",outcome="done"}"#], 3.0);
    assert_eq!(series[r#"syncline_ops_total{mapping="deals",system="crm",kind="update",outcome="done"}"#], 2.0);
    assert_eq!(series[r#"syncline_reviews_open{mapping="deals"}"#], 4.0);
    assert_eq!(series[r#"syncline_lag_seconds{mapping="deals",system="crm"}"#], 60.0);
    assert_eq!(series[r#"syncline_rate_budget_left{connection="crm",pool="daily"}"#], 14_998.0);
    assert!(series.contains_key(r#"syncline_lag_seconds{mapping="deals",system="a \"quoted\\one\""}"#), "labels are escaped");
}

#[test]
fn buckets_add_up() {
    let series = check(&sample_page());
    let bucket = |le: &str| series[&format!(r#"syncline_request_duration_seconds_bucket{{connection="crm",outcome="ok",le="{le}"}}"#)];
    assert_eq!([bucket("0.005"), bucket("0.1"), bucket("0.25"), bucket("60"), bucket("+Inf")], [1.0, 1.0, 2.0, 2.0, 3.0]);
    assert_eq!(series[r#"syncline_request_duration_seconds_count{connection="crm",outcome="ok"}"#], 3.0);
}

#[test]
fn promtool_accepts_it_where_it_is_installed() {
    let started = std::process::Command::new("promtool").args(["check", "metrics"]).stdin(std::process::Stdio::piped()).spawn();
    // Not everybody has it; the check above asks for the same.
    let Ok(mut promtool) = started else { return };
    std::io::Write::write_all(&mut promtool.stdin.take().expect("it was piped"), sample_page().as_bytes()).expect("promtool reads");
    assert!(promtool.wait().expect("promtool ends").success());
}
