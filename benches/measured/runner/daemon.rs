//! The daemon under measurement: started, waited for, looked at.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::bed::Bed;
use super::process::Owned;

/// How long a daemon may take until it is ready before the measurement is given up.
const READY_MAX: Duration = Duration::from_secs(60);

/// A running `serve`.
pub struct Daemon {
    pub process: Owned,
    pub port: u16,
    /// From start until `/readyz` said yes.
    pub ready: Duration,
}

/// A port that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Daemon {
    /// Starts it, polling by `schedule`, and waits until it is ready.
    pub async fn start(bed: &Bed, schedule: &str) -> anyhow::Result<Daemon> {
        let port = free_port()?;
        bed.lay(schedule, port)?;
        let started = Instant::now();
        let process = Owned(bed.syncline(&["serve"]).spawn()?);
        ready(&bed.client, port, started).await?;
        Ok(Daemon { process, port, ready: started.elapsed() })
    }
}

/// Waits until `/readyz` says yes.
pub async fn ready(client: &reqwest::Client, port: u16, started: Instant) -> anyhow::Result<()> {
    loop {
        let answer = client.get(format!("http://127.0.0.1:{port}/readyz")).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        ensure!(started.elapsed() < READY_MAX, "not ready after {READY_MAX:?}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
