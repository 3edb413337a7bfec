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
        bed.forget()?;
        bed.run().await?;
        let asked = bed.asked().await?;
        let read = asked.iter().map(|asked| asked.reading_us).max().unwrap_or(0) as f64 / 1e6;
        let pages = f64::from(count).div_euclid(PAGE as f64);
        let waiting = pages * f64::from(ms) / 1e3;
        let ratio = read / waiting;
        table.row(
            format!("{ms} ms a request"),
            Some((format!("{waiting:.2} s"), ratio)),
            format!("{read:.2} s"),
            "at most 1.15x of pages x latency",
            ratio <= 1.15,
        );
    }
    Ok(vec![table])
}
