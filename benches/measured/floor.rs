//! The physical limit of a first sync: the same requests with a plain client, parsed into plain structs, joined, and the same rows in SQLite.
//!
//! It decides nothing, remembers no origin, survives no crash and knows these two vendors by heart: whatever a sync engine adds, it adds to this.

mod read;
mod rows;
mod thing;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;

use crate::things::Side;
use crate::vendor::{BATCH, Ports};
use read::Vendor;
use rows::{Joined, Rows};
use thing::Thing;

/// Entities written in one transaction.
const COMMIT: usize = 10_000;
/// Pages that may wait between reading and joining.
const PAGES: usize = 4;

/// Runs the floor once: `floor LEFT_PORT RIGHT_PORT FILE`; without a file it only reads.
pub fn main(arguments: &[String]) -> anyhow::Result<()> {
    let (left, right, file) = match arguments {
        [left, right] => (left, right, None),
        [left, right, file] => (left, right, Some(Path::new(file))),
        _ => bail!("usage: floor LEFT_PORT RIGHT_PORT [FILE]"),
    };
    let ports = Ports { left: left.parse()?, right: right.parse()? };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match file {
        Some(file) => runtime.block_on(sync(ports, file)),
        None => runtime.block_on(read(ports)),
    }
}

async fn read(ports: Ports) -> anyhow::Result<()> {
    let [left, right] = [Vendor::new(ports.left)?, Vendor::new(ports.right)?];
    let (to_left, mut receive) = mpsc::channel(PAGES);
    let to_right = to_left.clone();
    let forget = async {
        while receive.recv().await.is_some() {}
        Ok(())
    };
    tokio::try_join!(left.list(Side::Left, to_left), right.list(Side::Right, to_right), forget)?;
    Ok(())
}

async fn sync(ports: Ports, file: &Path) -> anyhow::Result<()> {
    let [left, right] = [Vendor::new(ports.left)?, Vendor::new(ports.right)?];
    let (send, receive) = mpsc::channel::<(Side, Vec<Thing>)>(PAGES);
    let rows = Rows::open(file)?;
    let joining = tokio::task::spawn_blocking(move || join(receive, rows));
    let (to_left, to_right) = (send.clone(), send);
    tokio::try_join!(left.list(Side::Left, to_left), right.list(Side::Right, to_right))?;
    let (mut rows, differing) = joining.await??;
    for batch in differing.chunks(BATCH) {
        let answered = right.update(batch).await?;
        rows.written(batch, &answered)?;
    }
    rows.close()
}

fn join(mut pages: mpsc::Receiver<(Side, Vec<Thing>)>, mut rows: Rows) -> anyhow::Result<(Rows, Vec<Joined>)> {
    let mut waiting: [HashMap<Box<str>, Thing>; 2] = Default::default();
    let mut joined = Vec::with_capacity(COMMIT);
    let mut differing = Vec::new();
    while let Some((side, things)) = pages.blocking_recv() {
        for thing in things {
            let [ours, others] = match side {
                Side::Left => [0, 1],
                Side::Right => [1, 0],
            };
            let Some(other) = waiting[others].remove(thing.sku()) else {
                waiting[ours].insert(thing.sku().into(), thing);
                continue;
            };
            let [left, right] = if side == Side::Left { [thing, other] } else { [other, thing] };
            joined.push(rows.join(left, right)?);
            if joined.len() == COMMIT {
                rows.append(&joined)?;
                differing.extend(joined.drain(..).filter(Joined::differs));
            }
        }
    }
    rows.append(&joined)?;
    differing.extend(joined.drain(..).filter(Joined::differs));
    let left_over = waiting[0].len() + waiting[1].len();
    (left_over == 0).then_some(()).with_context(|| format!("{left_over} records have no counterpart"))?;
    rows.index()?;
    Ok((rows, differing))
}
