//! The first sync: everything read on both sides, matched, kept, and the tenth that differs written.

use anyhow::ensure;

use super::Scale;
use super::bed::{Bed, requests};
use super::process::Cost;
use super::table::{Table, median};

struct Turn {
    cost: Cost,
    requests: u64,
    bytes: u64,
}

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let count = scale.count();
    let bed = Bed::new(count)?;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..scale.turns() {
        floor.push(floor_turn(&bed).await?);
        ours.push(our_turn(&bed).await?);
    }
    drop(bed);
    let mut table = Table::new("first", &format!("First sync, {count} x {count}, a tenth differs (median of {})", scale.turns()));
    compare(&mut table, count, &floor, &ours);
    if scale.big {
        million(&mut table, count, &ours).await?;
    }
    Ok(vec![table])
}

fn compare(table: &mut Table, count: u32, floor: &[Turn], ours: &[Turn]) {
    let of = |turns: &[Turn], what: fn(&Turn) -> f64| median(turns.iter().map(what).collect());
    let seconds = |table: &mut Table, name: &str, what: fn(&Turn) -> f64| {
        let (floor, ours) = (of(floor, what), of(ours, what));
        table.row(name, Some((format!("{floor:.2} s"), ours / floor)), format!("{ours:.2} s"), "at most 3x", ours / floor <= 3.0);
    };
    seconds(table, "wall", |turn| turn.cost.wall.as_secs_f64());
    seconds(table, "CPU", |turn| turn.cost.cpu.as_secs_f64());
    let mebibytes = |turn: &Turn| turn.cost.peak_kib as f64 / 1024.0;
    let (least, peak) = (of(floor, mebibytes), of(ours, mebibytes));
    table.row("peak memory", Some((format!("{least:.0} MiB"), peak / least)), format!("{peak:.0} MiB"), "at most 128 MiB", peak <= 128.0);
    let (least, asked) = (of(floor, |turn| turn.requests as f64), of(ours, |turn| turn.requests as f64));
    table.row("requests", Some((least.to_string(), asked / least)), asked.to_string(), "the floor's and 5", asked <= least + 5.0);
    let each = |turn: &Turn| turn.bytes as f64;
    let (least, bytes) = (of(floor, each) / f64::from(count), of(ours, each) / f64::from(count));
    table.row("store per entity", Some((format!("{least:.0} B"), bytes / least)), format!("{bytes:.0} B"), "at most 1,000 B", bytes <= 1000.0);
}

async fn million(table: &mut Table, count: u32, ours: &[Turn]) -> anyhow::Result<()> {
    let many = count * 10;
    let bed = Bed::new(many)?;
    let turn = our_turn(&bed).await?;
    let wall = median(ours.iter().map(|turn| turn.cost.wall.as_secs_f64()).collect());
    let peak = median(ours.iter().map(|turn| turn.cost.peak_kib as f64 / 1024.0).collect());
    let (many_wall, many_peak) = (turn.cost.wall.as_secs_f64(), turn.cost.peak_kib as f64 / 1024.0);
    let times = many_wall / wall;
    table.row(format!("{many} x {many}: wall"), None, format!("{many_wall:.1} s, {times:.1}x"), format!("at most 12x of {count}"), times <= 12.0);
    let more = many_peak - peak;
    table.row(format!("{many} x {many}: peak memory"), None, format!("{many_peak:.0} MiB, {more:.0} more"), "at most 32 MiB more", more <= 32.0);
    let each = turn.bytes as f64 / f64::from(many);
    table.row(format!("{many} x {many}: store per entity"), None, format!("{each:.0} B"), "at most 1,000 B", each <= 1000.0);
    table.note(format!("{many} x {many}: CPU"), None, format!("{:.1} s", turn.cost.cpu.as_secs_f64()));
    let (floor, _) = bed_floor(&bed).await?;
    table.note(
        format!("{many} x {many}: wall beside the floor"),
        Some((format!("{:.1} s", floor.wall.as_secs_f64()), many_wall / floor.wall.as_secs_f64())),
        format!("{many_wall:.1} s"),
    );
    Ok(())
}

async fn bed_floor(bed: &Bed) -> anyhow::Result<(Cost, u64)> {
    bed.control("reset?records=true").await?;
    bed.floor().await
}

async fn floor_turn(bed: &Bed) -> anyhow::Result<Turn> {
    let (cost, bytes) = bed_floor(bed).await?;
    finish(bed, cost, bytes, "the floor").await
}

async fn our_turn(bed: &Bed) -> anyhow::Result<Turn> {
    bed.control("reset?records=true").await?;
    bed.forget()?;
    let cost = bed.run().await?;
    let bytes = std::fs::metadata(bed.store())?.len();
    finish(bed, cost, bytes, "syncline").await
}

async fn finish(bed: &Bed, cost: Cost, bytes: u64, who: &str) -> anyhow::Result<Turn> {
    let asked = bed.asked().await?;
    let written: u64 = asked.iter().map(|asked| asked.written).sum();
    println!("{who}: {cost:?} {asked:?}");
    ensure!(written == u64::from(bed.count / 10), "{who} wrote {written} records; a tenth of {} differs", bed.count);
    Ok(Turn { cost, requests: requests(&asked), bytes })
}
