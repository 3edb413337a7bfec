//! Processes and what they cost, as the kernel counts it.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

/// The release binary, built with this benchmark.
pub const SYNCLINE: &str = env!("CARGO_BIN_EXE_syncline");
/// The kernel counts CPU time in hundredths of a second.
const TICK_MS: u64 = 10;
/// How often a running process is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a process cost from start to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall: Duration,
    pub cpu: Duration,
    pub peak_kib: u64,
}

/// Runs a command to its end. A failure gives the command's own words, which it writes to our standard error.
pub async fn cost(command: &mut Command) -> anyhow::Result<Cost> {
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{command:?} cannot be started"))?;
    let mut cost = Cost::default();
    loop {
        let (state, cpu) = state_and_cpu(child.id())?;
        cost.cpu = cpu;
        if state == 'Z' {
            // An ended process is still known by its times until it is waited for.
            cost.wall = started.elapsed();
            let status = child.wait()?;
            ensure!(status.success(), "{command:?} ended with {status}");
            return Ok(cost);
        }
        cost.peak_kib = cost.peak_kib.max(memory_kib(child.id(), "VmHWM:").unwrap_or(0));
        tokio::time::sleep(LOOK).await;
    }
}

fn state_and_cpu(process: u32) -> anyhow::Result<(char, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; everything after it is numbers.
    let (_, after) = stat.rsplit_once(") ").context("no process state")?;
    let words: Vec<&str> = after.split(' ').collect();
    let ticks = words[11].parse::<u64>()? + words[12].parse::<u64>()?;
    let state = words[0].chars().next().context("no process state")?;
    Ok((state, Duration::from_millis(ticks * TICK_MS)))
}

/// A line of a process's memory: `VmHWM:` is its peak, `VmRSS:` what it has now.
pub fn memory_kib(process: u32, line: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)).context("the process ended")?;
    Ok(found.trim().trim_end_matches(" kB").parse()?)
}

/// CPU time of a running process in nanoseconds, threads that ended left out.
pub fn cpu_ns(process: u32) -> anyhow::Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
        let ns = schedstat.split(' ').next().context("no scheduler statistics")?;
        sum += ns.parse::<u64>()?;
    }
    Ok(sum)
}

/// A process that ends with its owner.
pub struct Owned(pub Child);

impl Owned {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("a process stays behind: {error}");
        }
    }
}
