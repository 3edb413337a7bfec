//! A run's progress: a bar on a terminal, nothing in a pipe, where the result's line is enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::out::{Out, grouped};
use crate::mapping::Mapping;
use crate::run::progress::{Progress, Step};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// The bar of one run; clones draw the same one.
#[derive(Clone)]
pub struct Bars(Arc<Bar>);

struct Bar {
    bar: ProgressBar,
    read: AtomicU64,
    looked: AtomicU64,
}

impl Bars {
    pub fn new(mapping: &Mapping, out: &Out) -> Self {
        let bar = if out.progress { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{spinner} {prefix}  {msg}").expect("the template is right"));
        bar.set_prefix(mapping.name.to_string());
        if out.progress {
            bar.enable_steady_tick(TURN);
        }
        Self(Arc::new(Bar { bar, read: AtomicU64::new(0), looked: AtomicU64::new(0) }))
    }

    /// Takes the bar away while something else is printed.
    pub fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.bar.suspend(work)
    }

    pub fn finish(&self) {
        self.0.bar.finish_and_clear();
    }
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        let Bar { bar, read, looked } = &*self.0;
        match step {
            Step::Read { records, .. } => {
                let read = read.fetch_add(records as u64, Ordering::Relaxed) + records as u64;
                bar.set_message(format!("{} records read", grouped(read)));
            }
            Step::Looked { entities } => {
                let looked = looked.fetch_add(entities as u64, Ordering::Relaxed) + entities as u64;
                bar.set_message(format!("{} records read, {} entities looked at", grouped(read.load(Ordering::Relaxed)), grouped(looked)));
            }
            Step::Planned { ops } => {
                bar.set_style(
                    ProgressStyle::with_template("{spinner} {prefix}  {bar:30} {human_pos}/{human_len} ops  {per_sec}  {eta}").expect("the template is right"),
                );
                bar.set_length(ops);
                bar.set_position(0);
            }
            Step::Applied { ops, .. } => bar.inc(ops as u64),
            Step::Settled { .. } => {}
        }
    }
}
