//! A store full of entities whose last writes are all in doubt: every answer was lost, and each is looked up before anything else is written.

use std::time::Duration;

use anyhow::ensure;

use super::Scale;
use super::bed::Bed;
use super::table::Table;
use crate::vendor::BATCH;

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let count = if scale.big { 1_000_000 } else { scale.count() };
    let doubts: u32 = if scale.quick { 1_000 } else { 10_000 };
    let bed = Bed::new(count)?;
    bed.run().await?;
    // The vendors' clock tells whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    bed.run().await?;
    let quiet = bed.run().await?.wall;
    bed.control(&format!("touch?k={doubts}&mark=77")).await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    bed.control("lose?answers=true").await?;
    bed.run().await?;
    bed.control("lose?answers=false").await?;
    let open = in_doubt(&bed)?;
    ensure!(open > 0, "no write is in doubt");
    bed.control("reset").await?;
    let cost = bed.run().await?;
    let asked = bed.asked().await?;
    let (gets, updates): (u64, u64) = (asked.iter().map(|asked| asked.get).sum(), asked.iter().map(|asked| asked.update).sum());
    // What the outage left unsent is sent now; what had landed is not written again.
    let again = u64::from(doubts).saturating_sub(open).div_ceil(BATCH as u64);
    ensure!(updates <= again, "what had landed was written again, in {updates} requests");
    let left = in_doubt(&bed)?;
    ensure!(left == 0, "{left} writes are still in doubt");
    let answering = Duration::from_micros(asked.iter().map(|asked| asked.answering_us).sum());
    let beyond = cost.wall.saturating_sub(answering).as_secs_f64();
    let mut table = Table::new("recovery", &format!("{open} writes in doubt among {count} entities"));
    table.row("time beyond the vendors' own answers", None, format!("{beyond:.2} s"), "at most 1 s", beyond <= 1.0);
    let needed = open.div_ceil(BATCH as u64);
    table.row("look-ups", None, format!("{gets} requests"), format!("at most {needed} of {BATCH} keys"), gets <= needed);
    table.note("the whole run, its CPU", None, format!("{:.2} s, {:.2} s", cost.wall.as_secs_f64(), cost.cpu.as_secs_f64()));
    table.note("a run without doubts", None, format!("{:.0} ms", quiet.as_secs_f64() * 1e3));
    Ok(vec![table])
}

fn in_doubt(bed: &Bed) -> anyhow::Result<u64> {
    let store = rusqlite::Connection::open(bed.store())?;
    Ok(store.query_row("SELECT count(*) FROM entry WHERE state < 5", [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}
