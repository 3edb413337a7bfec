//! Whole histories of the real engine against vendors in memory, from a seed that owns time, order and faults.
//!
//! `HISTORIES=1000000 cargo test --release --test it simulate` plays that many, `SEED=7` one and tells it line by line.

mod check;
mod dice;
mod engine;
mod files;
mod history;
mod ledger;
mod person;
mod shape;
mod time;
mod trace;
mod user;
mod vendor;
mod watch;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use history::{Told, play};

const STEPS: usize = 200;
/// Histories of a plain `cargo test`.
const HISTORIES: u64 = 300;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn told(seed: u64, steps: usize, keep: bool) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(play(seed, steps, keep))
}

#[test]
fn histories_end_as_promised() {
    let steps = number("STEPS").map_or(STEPS, |steps| steps as usize);
    if let Some(seed) = number("SEED") {
        let told = told(seed, steps, true);
        println!("{}", told.text);
        assert_eq!(told.broken, None, "SEED={seed}");
        return;
    }
    let histories = number("HISTORIES").unwrap_or(HISTORIES);
    let first = number("FIRST").unwrap_or(0);
    let next = AtomicU64::new(first);

    let broken = std::sync::Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + histories {
                        return;
                    }
                    if let Some(why) = told(seed, steps, false).broken {
                        broken.lock().expect("no thread panics with it").push((seed, why));
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().expect("all threads ended");
    broken.sort();
    let shown: Vec<String> = broken.iter().take(40).map(|(seed, why)| format!("SEED={seed}: {why}")).collect();
    assert!(broken.is_empty(), "{} of {histories} histories break a promise:\n{}", broken.len(), shown.join("\n"));
}

#[test]
fn a_seed_is_the_same_twice() {
    for seed in 0..10 {
        let (one, other) = (told(seed, STEPS, true), told(seed, STEPS, true));
        assert_eq!(one.text, other.text, "SEED={seed}");
        assert_eq!(one.hash, other.hash);
    }
}
