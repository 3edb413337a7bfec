//! A run's progress: a bar on a terminal, nothing in a pipe, where the result's line is enough. It makes way for every line that is printed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::out::{Out, grouped};
use crate::mapping::Mapping;
use crate::run::progress::{Progress, Step};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(120);
/// What stands beside the bar: the mapping, the count, the time left.
const BESIDE_BAR: usize = 48;
/// How long the bar itself is where there is room.
const BAR_MAX: usize = 30;
/// How long it is at least.
const BAR_MIN: usize = 6;

/// The bar of one run; clones draw the same one.
#[derive(Clone)]
pub struct Bars(Arc<Bar>);

struct Bar {
    bar: ProgressBar,
    /// Characters of the bar itself.
    length: usize,
    drawn: bool,
    read: AtomicU64,
    looked: AtomicU64,
}

impl Bars {
    pub fn new(mapping: &Mapping, out: &Out) -> Self {
        let bar = if out.progress { out.bars.add(ProgressBar::new_spinner()) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{spinner} {prefix}  {msg}").expect("the template is right"));
        bar.set_prefix(mapping.name.to_string());
        let length = out.columns().map_or(BAR_MAX, |columns| columns.saturating_sub(BESIDE_BAR).clamp(BAR_MIN, BAR_MAX));
        let bars = Self(Arc::new(Bar { bar, length, drawn: out.progress, read: AtomicU64::new(0), looked: AtomicU64::new(0) }));
        bars.turn();
        bars
    }

    fn turn(&self) {
        if self.0.drawn {
            self.0.bar.enable_steady_tick(TURN);
        }
    }

    /// Takes the bar away until `resume`, as for a question that a person may think about.
    pub fn pause(&self) {
        self.0.bar.disable_steady_tick();
        self.0.bar.finish_and_clear();
    }

    pub fn resume(&self) {
        self.0.bar.reset();
        self.turn();
    }

    pub fn finish(&self) {
        self.0.bar.finish_and_clear();
    }
}

impl Progress for Bars {
    fn step(&self, step: Step) {
        let Bar { bar, length, read, looked, .. } = &*self.0;
        match step {
            Step::Read { records, .. } => {
                let read = read.fetch_add(records as u64, Ordering::Relaxed) + records as u64;
                bar.set_message(format!("{} records read", grouped(read)));
            }
            Step::Looked { entities: 0 } => {}
            Step::Looked { entities } => {
                let looked = looked.fetch_add(entities as u64, Ordering::Relaxed) + entities as u64;
                bar.set_message(format!("{} records read, {} entities looked at", grouped(read.load(Ordering::Relaxed)), grouped(looked)));
            }
            Step::Planned { ops: 0 } => {}
            Step::Planned { ops } => {
                let template = format!("{{spinner}} {{prefix}}  {{bar:{length}}} {{human_pos}}/{{human_len}} ops  {{eta}} left");
                bar.set_style(ProgressStyle::with_template(&template).expect("the template is right"));
                bar.set_length(ops);
                bar.set_position(0);
            }
            Step::Applied { ops, .. } => bar.inc(ops as u64),
            Step::Settled { .. } => {}
        }
    }
}
