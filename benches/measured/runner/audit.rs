//! A full audit of both vendors beside a plain read of them.

use super::Scale;
use super::bed::Bed;
use super::table::{Table, median};

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let count = if scale.big { 1_000_000 } else { scale.count() };
    let bed = Bed::new(count)?;
    bed.run().await?;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..scale.turns() {
        floor.push(bed.plain_read().await?);
        // It ends with 0 only where nothing is unexplained.
        ours.push(bed.command(&["audit"]).await?);
    }
    let mut table = Table::new("audit", &format!("A full audit of {count} x {count} records (floor: both read and parsed, nothing compared)"));
    let wall = |costs: &[super::process::Cost]| median(costs.iter().map(|cost| cost.wall.as_secs_f64()).collect());
    let cpu = |costs: &[super::process::Cost]| median(costs.iter().map(|cost| cost.cpu.as_secs_f64()).collect());
    let (least, taken) = (wall(&floor), wall(&ours));
    table.row("wall", Some((format!("{least:.2} s"), taken / least)), format!("{taken:.2} s"), "at most 2x", taken / least <= 2.0);
    let (least, taken) = (cpu(&floor), cpu(&ours));
    table.note("CPU", Some((format!("{least:.2} s"), taken / least)), format!("{taken:.2} s"));
    let peak = ours.iter().map(|cost| cost.peak_kib).max().unwrap_or(0) as f64 / 1024.0;
    table.note("peak memory", None, format!("{peak:.0} MiB"));
    Ok(vec![table])
}
