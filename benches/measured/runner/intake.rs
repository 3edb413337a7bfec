//! Durable intake: how many deliveries a second are committed before they are answered, and whether any is lost when the process is killed.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;

use super::Scale;
use super::bed::Bed;
use super::daemon::{Daemon, free_port, ready};
use super::process::Owned;
use super::table::{Table, median};
use crate::intake::kept;
use crate::vendor::sign;

const CONNECTIONS: usize = 16;
const ENTITIES: u32 = 10_000;

/// What one turn came to.
struct Turn {
    a_second: f64,
    p99_ms: f64,
    lost: usize,
}

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let length = Duration::from_secs(if scale.quick { 2 } else { 8 });
    let bed = Bed::new(ENTITIES)?;
    bed.run().await?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for turn in 0..scale.turns() {
        bare.push(bare_turn(&bed, length, turn).await?);
        ours.push(our_turn(&bed, length, turn).await?);
    }
    let of = |turns: &[Turn], what: fn(&Turn) -> f64| median(turns.iter().map(what).collect());
    let (floor, rate) = (of(&bare, |turn| turn.a_second), of(&ours, |turn| turn.a_second));
    let mut table =
        Table::new("intake", &format!("Durable intake, {CONNECTIONS} connections, {} s (floor: a bare axum and SQLite endpoint)", length.as_secs()));
    table.row("deliveries a second", Some((format!("{floor:.0}"), rate / floor)), format!("{rate:.0}"), "at least 0.3x", rate / floor >= 0.3);
    let (floor, late) = (of(&bare, |turn| turn.p99_ms), of(&ours, |turn| turn.p99_ms));
    table.row("p99", Some((format!("{floor:.1} ms"), late / floor)), format!("{late:.1} ms"), "at most 20 ms", late <= 20.0);
    let lost: usize = ours.iter().map(|turn| turn.lost).sum();
    table.row("lost after kill -9", None, lost.to_string(), "none", lost == 0);
    Ok(vec![table])
}

async fn bare_turn(bed: &Bed, length: Duration, turn: usize) -> anyhow::Result<Turn> {
    let (port, file) = (free_port()?, bed.path().join(format!("intake-{turn}.db")));
    let started = Instant::now();
    let process = Owned(Command::new(std::env::current_exe()?).arg("endpoint").arg(port.to_string()).arg(&file).spawn()?);
    ready(&bed.client, port, started).await?;
    press(port, process, file, length, &format!("bare-{turn}")).await
}

async fn our_turn(bed: &Bed, length: Duration, turn: usize) -> anyhow::Result<Turn> {
    let daemon = Daemon::start(bed, "every 1h").await?;
    press(daemon.port, daemon.process, bed.store(), length, &format!("ours-{turn}")).await
}

/// Delivers over all connections at once, kills the process under way, and counts what was answered and is not there.
async fn press(port: u16, mut process: Owned, file: PathBuf, length: Duration, mark: &str) -> anyhow::Result<Turn> {
    let next = Arc::new(AtomicU32::new(0));
    let until = Instant::now() + length;
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(deliver(port, Arc::clone(&next), until, mark.to_owned()));
    }
    tokio::time::sleep_until(until.into()).await;
    process.kill()?;
    let mut accepted = Vec::new();
    while let Some(delivered) = connections.join_next().await {
        accepted.extend(delivered??);
    }
    ensure!(!accepted.is_empty(), "no delivery was accepted");
    let kept = kept(&file)?;
    let lost = accepted.iter().filter(|(identity, _)| !kept.contains(identity)).count();
    let mut micros: Vec<u64> = accepted.iter().map(|(_, micros)| *micros).collect();
    micros.sort_unstable();
    let p99_ms = micros[(micros.len() - 1) * 99 / 100] as f64 / 1e3;
    Ok(Turn { a_second: accepted.len() as f64 / length.as_secs_f64(), p99_ms, lost })
}

/// One connection's deliveries until it is cut: what was answered 2xx, and in how many microseconds.
async fn deliver(port: u16, next: Arc<AtomicU32>, until: Instant, mark: String) -> anyhow::Result<Vec<(String, u64)>> {
    let client = reqwest::Client::builder().tcp_nodelay(true).pool_max_idle_per_host(1).build()?;
    let url = format!("http://127.0.0.1:{port}/hooks/left");
    let mut accepted = Vec::new();
    while Instant::now() < until {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        let identity = format!("{mark}-{nth}");
        let signed = sign(&identity, &format!("L{:09}", nth % ENTITIES));
        let started = Instant::now();
        let request = client.post(&url).header("x-timestamp", signed.at).header("x-signature", signed.signature).body(signed.body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => accepted.push((identity, started.elapsed().as_micros() as u64)),
            Ok(answer) => anyhow::bail!("a delivery was answered {}", answer.status()),
            // Killed under way: what was not answered may be lost.
            Err(_) if Instant::now() >= until => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(accepted)
}
