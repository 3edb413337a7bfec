//! A synced project at rest: polls that find nothing, few changes among many records, start, and idle memory; few entities beside many.

use std::time::Duration;

use anyhow::ensure;

use super::Scale;
use super::bed::{Bed, requests};
use super::daemon::Daemon;
use super::process::{cpu_ns, memory_kib};
use super::table::{Table, median};
use crate::vendor::{BATCH, PAGE};

const FEW: u32 = 10_000;
/// How long polls are watched, at one a second.
const WATCHED: Duration = Duration::from_secs(20);
/// Polls by hand whose median is told.
const POLLS: usize = 9;

/// What polls cost.
struct Polls {
    wall_ms: f64,
    cpu_ms: f64,
    requests: f64,
}

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let many = if scale.big { 1_000_000 } else { scale.count() };
    let few = synced(FEW).await?;
    let few_polls = polls(&few).await?;
    drop(few);
    let bed = synced(many).await?;
    let many_polls = polls(&bed).await?;
    let mut poll = Table::new("poll", &format!("Polls that find nothing, {FEW} entities and {many}"));
    poll.row("requests a poll", None, format!("{:.2}", many_polls.requests), "one per feed: 2", (many_polls.requests - 2.0).abs() < 0.01);
    poll.row(format!("CPU a poll, {FEW}"), None, format!("{:.2} ms", few_polls.cpu_ms), "at most 2 ms", few_polls.cpu_ms <= 2.0);
    poll.row(format!("CPU a poll, {many}"), None, format!("{:.2} ms", many_polls.cpu_ms), "at most 2 ms", many_polls.cpu_ms <= 2.0);
    let times = many_polls.wall_ms / few_polls.wall_ms;
    let walls = format!("{:.1} ms against {:.1} ms, {times:.2}x", many_polls.wall_ms, few_polls.wall_ms);
    poll.row(format!("`run`, {many} against {FEW}"), None, walls, "at most 1.5x", times <= 1.5);
    let few_changes = changes(&bed).await?;
    let rest = rest(&bed).await?;
    Ok(vec![poll, few_changes, rest])
}

/// A project after its first sync, its own writes read back.
async fn synced(count: u32) -> anyhow::Result<Bed> {
    let bed = Bed::new(count)?;
    bed.run().await?;
    settle(&bed).await?;
    Ok(bed)
}

/// The vendors' clock tells whole seconds: what was changed within this one is told in the next.
async fn settle(bed: &Bed) -> anyhow::Result<()> {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    bed.run().await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    Ok(())
}

async fn polls(bed: &Bed) -> anyhow::Result<Polls> {
    let mut walls = Vec::new();
    for _ in 0..POLLS {
        walls.push(bed.run().await?.wall.as_secs_f64() * 1e3);
    }
    let daemon = Daemon::start(bed, "every 1s").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    bed.control("reset").await?;
    let before = cpu_ns(daemon.process.id())?;
    tokio::time::sleep(WATCHED).await;
    let cpu_ms = (cpu_ns(daemon.process.id())? - before) as f64 / 1e6;
    let asked = bed.asked().await?;
    ensure!(asked.iter().all(|asked| asked.list + asked.get + asked.update == 0), "a poll that finds nothing asked for more: {asked:?}");
    let polls = asked[0].changes as f64;
    ensure!(polls > 0.0, "nothing was polled in {WATCHED:?}");
    Ok(Polls { wall_ms: median(walls), cpu_ms: cpu_ms / polls, requests: requests(&asked) as f64 / polls })
}

async fn changes(bed: &Bed) -> anyhow::Result<Table> {
    let mut table = Table::new("changes", &format!("k changes on the left among {} entities", bed.count));
    for (mark, k) in [10_u32, 1_000, 5_000].into_iter().enumerate() {
        settle(bed).await?;
        bed.control(&format!("touch?k={k}&mark={mark}")).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        bed.control("reset").await?;
        let cost = bed.run().await?;
        let asked = bed.asked().await?;
        let written: u64 = asked.iter().map(|asked| asked.written).sum();
        ensure!(written == u64::from(k), "{k} records were edited and {written} written: {asked:?}");
        let ceil = |per: usize| u64::from(k).div_ceil(per as u64);
        let reads = asked.iter().map(|asked| asked.list + asked.changes + asked.get).sum::<u64>();
        let writes = asked.iter().map(|asked| asked.update).sum::<u64>();
        let (most_reads, most_writes) = (ceil(PAGE) + 1 + ceil(BATCH), ceil(BATCH));
        table.row(format!("{k}: reads"), None, reads.to_string(), format!("at most {most_reads}"), reads <= most_reads);
        table.row(format!("{k}: writes"), None, writes.to_string(), format!("at most {most_writes}"), writes <= most_writes);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        bed.control("reset").await?;
        bed.run().await?;
        let echoed: u64 = bed.asked().await?.iter().map(|asked| asked.update).sum();
        table.row(format!("{k}: writes of the next poll"), None, echoed.to_string(), "none", echoed == 0);
        table.note(format!("{k}: wall, CPU"), None, format!("{:.0} ms, {:.0} ms", cost.wall.as_secs_f64() * 1e3, cost.cpu.as_secs_f64() * 1e3));
    }
    Ok(table)
}

async fn rest(bed: &Bed) -> anyhow::Result<Table> {
    let mut table = Table::new("rest", &format!("Start and rest with {} entities", bed.count));
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(Daemon::start(bed, "every 1h").await?.ready.as_secs_f64() * 1e3);
    }
    let ready = median(starts);
    table.row("start to ready", None, format!("{ready:.0} ms"), "at most 50 ms", ready <= 50.0);
    let daemon = Daemon::start(bed, "every 1h").await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mebibytes = memory_kib(daemon.process.id(), "VmRSS:")? as f64 / 1024.0;
    table.row("idle memory", None, format!("{mebibytes:.0} MiB"), "at most 64 MiB", mebibytes <= 64.0);
    Ok(table)
}
