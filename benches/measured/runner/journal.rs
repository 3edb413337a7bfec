//! The journal: how much a change leaves behind, how fast old rows go again, and how fast `explain` is with many.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rusqlite::Connection;
use syncline::id::RecordKey;
use syncline::mapping::SystemIx;
use syncline::project::{Overrides, Project};
use syncline::report::Kept;
use syncline::report::explain::{Found, explain, find};
use syncline::run::ground::shape;
use syncline::store::sqlite;

use super::Scale;
use super::bed::Bed;
use super::table::Table;
use crate::vendor::{TOKEN, WEBHOOK_SECRET};

/// Rounds in which the same records are edited.
const ROUNDS: u32 = 5;
/// Records that are explained.
const ASKED: u32 = 1_000;

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let bed = Bed::new(scale.count())?;
    bed.run().await?;
    let growth = growth(&bed).await?;
    let rows = if scale.big { 10_000_000 } else { 1_000_000 };
    Ok(vec![growth, explained(&bed, rows).await?])
}

async fn growth(bed: &Bed) -> anyhow::Result<Table> {
    let each = bed.count / 10;
    let before = used(bed)?;
    for round in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        bed.control(&format!("touch?k={each}&mark={round}")).await?;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        bed.run().await?;
    }
    let changes = u64::from(each) * u64::from(ROUNDS);
    let grown = used(bed)?.saturating_sub(before);
    let mut table = Table::new("journal", &format!("What {changes} changes leave in the journal"));
    table.note("a million changes", None, format!("{:.0} MB", grown as f64 / changes as f64));
    let entries = count(bed, "entry")?;
    store(bed)?.execute("UPDATE entry SET settled_at = settled_at - 100 * 86400000", [])?;
    let started = Instant::now();
    let mut runs = 0;
    while count(bed, "entry")? > 0 {
        bed.run().await?;
        runs += 1;
        ensure!(runs < 1_000, "old rows of the journal never go");
    }
    let seconds = started.elapsed().as_secs_f64();
    let freed = grown.saturating_sub(used(bed)?.saturating_sub(before));
    table.note(format!("{entries} rows too old: runs until they are gone"), None, format!("{runs}, {seconds:.1} s, {:.0} MB free again", freed as f64 / 1e6));
    Ok(table)
}

async fn explained(bed: &Bed, rows: u64) -> anyhow::Result<Table> {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    bed.control(&format!("touch?k={}&mark=99", bed.count / 10)).await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    bed.run().await?;
    fill(bed, rows)?;
    let secret = |name: &str| match name {
        "FAST_TOKEN" => Some(TOKEN.to_owned()),
        "FAST_WEBHOOK_SECRET" => Some(WEBHOOK_SECRET.to_owned()),
        _ => None,
    };
    let project = Project::load(bed.path(), None, &secret, &Overrides::default()).project.context("the measured project has problems")?;
    let store = sqlite::open_read_only(&bed.store())?;
    let mapping = project.mappings[0].clone();
    let kept = Kept { id: store.register(shape(&mapping)).await?, mapping };
    let mut took = Vec::new();
    for nth in 0..ASKED {
        let key = RecordKey::new(format!("L{:09}", nth * (bed.count / ASKED)));
        let started = Instant::now();
        let Found::Entity(entity) = find(&*store, &kept, SystemIx(0), &[key]).await? else { anyhow::bail!("record {nth} is not linked") };
        let told = explain(&*store, &kept, entity, None).await?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
        ensure!(!told.fields.is_empty(), "nothing is told");
    }
    took.sort_by(f64::total_cmp);
    let (half, most) = (took[took.len() / 2], took[took.len() * 95 / 100]);
    let mut table = Table::new("explain", &format!("`explain` of {ASKED} records among {rows} rows of the journal"));
    table.note("p50", None, format!("{half:.2} ms"));
    table.row("p95", None, format!("{most:.2} ms"), "at most 10 ms", most <= 10.0);
    Ok(table)
}

/// Copies of the rows that are there, spread over all entities as years would spread them.
fn fill(bed: &Bed, rows: u64) -> anyhow::Result<()> {
    let store = store(bed)?;
    store.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000")?;
    let columns = "mapping, system, run, kind, state, attempt, first_sent_at, deadline, settled_at, answer, body";
    let sql = format!(
        "INSERT INTO entry (uuid, entity, {columns}) SELECT randomblob(16), entity.id, {} FROM entity, (SELECT * FROM entry LIMIT 1) AS one",
        columns.split(", ").map(|column| format!("one.{column}")).collect::<Vec<_>>().join(", ")
    );
    while count(bed, "entry")? < rows {
        store.execute(&sql, [])?;
    }
    store.execute_batch("PRAGMA journal_mode = WAL")?;
    Ok(())
}

fn store(bed: &Bed) -> anyhow::Result<Connection> {
    Ok(Connection::open(bed.store())?)
}

/// Bytes in use: pages that are free again do not count.
fn used(bed: &Bed) -> anyhow::Result<u64> {
    let sql = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    Ok(store(bed)?.query_row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

fn count(bed: &Bed, table: &str) -> anyhow::Result<u64> {
    Ok(store(bed)?.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}
