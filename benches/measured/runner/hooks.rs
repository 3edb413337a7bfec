//! From a signed delivery to the write in the other system, fifty times a second.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::Scale;
use super::bed::Bed;
use super::daemon::Daemon;
use super::table::{Table, median};
use crate::vendor::{Arrivals, TOKEN};

const ENTITIES: u32 = 10_000;
const RATE: u32 = 50;

pub async fn measure(scale: Scale) -> anyhow::Result<Vec<Table>> {
    let seconds = if scale.quick { 3 } else { 20 };
    let bed = Bed::new(ENTITIES)?;
    bed.run().await?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let daemon = Daemon::start(&bed, "every 1h").await?;
    let trip_ms = trip_ms(&bed).await?;
    // The first few warm connections and caches on both sides.
    volley(&bed, &daemon, 1, 1).await?;
    let micros = volley(&bed, &daemon, seconds, 2).await?;
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    let mut table = Table::new("hooks", &format!("Signed webhook to written in the other system, {RATE} a second for {seconds} s"));
    for (name, share, most) in [("p50", 0.5, 5.0), ("p99", 0.99, 20.0)] {
        let over = at(share) - 2.0 * trip_ms;
        table.row(format!("{name} over two vendor round trips"), None, format!("{over:.1} ms"), format!("at most {most} ms"), over <= most);
    }
    table.note("p50, p99, longest as they are", None, format!("{:.1}, {:.1}, {:.1} ms", at(0.5), at(0.99), at(1.0)));
    table.note("one vendor round trip", None, format!("{trip_ms:.2} ms"));
    Ok(vec![table])
}

async fn volley(bed: &Bed, daemon: &Daemon, seconds: u32, mark: u32) -> anyhow::Result<Vec<u64>> {
    let to = format!("http://127.0.0.1:{}/hooks/left", daemon.port);
    let sent: usize = bed.control(&format!("hooks?rate={RATE}&seconds={seconds}&mark={mark}&to={to}")).await?.parse()?;
    let mut micros = Vec::new();
    let since = Instant::now();
    loop {
        let arrivals: Arrivals = bed.look("arrived").await?;
        micros.extend(arrivals.micros);
        if arrivals.missing == 0 {
            break;
        }
        ensure!(since.elapsed() < Duration::from_secs(20), "{} of {sent} edits never reached the right", arrivals.missing);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(micros.len() == sent, "{sent} were sent, {} arrived", micros.len());
    micros.sort_unstable();
    Ok(micros)
}

/// One read of one record, as the vendors answer it.
async fn trip_ms(bed: &Bed) -> anyhow::Result<f64> {
    let mut trips = Vec::new();
    for _ in 0..101 {
        let started = Instant::now();
        let url = format!("http://127.0.0.1:{}/things/get", bed.ports.left);
        let request = bed.client.post(url).bearer_auth(TOKEN).body("{\"ids\":[\"L000000001\"]}");
        request.send().await?.error_for_status()?.bytes().await?;
        trips.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(trips))
}
