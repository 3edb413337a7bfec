//! Vendors that are far away: how close reading comes to the time that waiting alone takes.

use super::Scale;
use super::bed::Bed;
use super::table::Table;
use crate::vendor::PAGE;

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let count = if scale.quick { 10_000 } else { 50_000 };
    let bed = Bed::new(count)?;
    let mut table = Table::new("latency", &format!("Reads of {count} x {count} from vendors far away"));
    for ms in [20_u32, 100] {
        bed.control(&format!("latency?ms={ms}")).await?;
        bed.control("reset?records=true").await?;
        bed.floor().await?;
        let floor = reading(&bed).await?;
        bed.control("reset?records=true").await?;
        bed.forget()?;
        bed.run().await?;
        let read = reading(&bed).await?;
        let waiting = (f64::from(count) / PAGE as f64).ceil() * f64::from(ms) / 1e3;
        let times = read / waiting;
        table.row(
            format!("{ms} ms a request, {waiting:.1} s of waiting"),
            Some((format!("{floor:.2} s"), read / floor)),
            format!("{read:.2} s, {times:.2}x"),
            "at most 1.15x of the waiting",
            times <= 1.15,
        );
    }
    Ok(vec![table])
}

/// Seconds from the first request to the last answer, of the slower system.
async fn reading(bed: &Bed) -> anyhow::Result<f64> {
    let asked = bed.asked().await?;
    Ok(asked.iter().map(|asked| asked.reading_us).max().unwrap_or(0) as f64 / 1e6)
}
