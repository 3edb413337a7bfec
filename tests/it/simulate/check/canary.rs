//! I21: what users type carries a mark, and no log line, trace or error of the engine does.

use std::cell::RefCell;
use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Every text that a user types begins with it; no vendor folds or cuts it away.
pub const CANARY: char = 'ǂ';

thread_local! {
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Listens to everything that is said on this thread, for as long as the guard lives.
pub fn listen() -> DefaultGuard {
    tracing::subscriber::set_default(Ear)
}

/// The first line since it was last asked that gives something away.
pub fn heard() -> Option<String> {
    HEARD.take()
}

/// Whether a text that is shown to no user gives something away.
pub fn gives_away(text: &str) -> bool {
    text.contains(CANARY)
}

struct Ear;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("text");
    }
}

fn hear(line: Line) {
    if gives_away(&line.0) {
        HEARD.with_borrow_mut(|heard| heard.get_or_insert(line.0).truncate(200));
    }
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("syncline")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        hear(line);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        hear(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        hear(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
