//! What is known about the request being answered, for code deep inside a look-alike.

use std::cell::Cell;
use std::future::Future;

struct Turn {
    method: String,
    path: String,
    wrote: Cell<bool>,
}

tokio::task_local! {
    static TURN: Turn;
}

/// Runs one request's work; the second part of the answer says whether the work wrote anything.
pub(super) async fn take<F: Future>(method: &str, path: &str, work: impl FnOnce() -> F) -> F::Output {
    let turn = Turn { method: method.to_owned(), path: path.to_owned(), wrote: Cell::new(false) };
    TURN.scope(turn, async move { work().await }).await
}

pub(super) fn note_write() {
    // Outside a request (seeding, the control surface) there is nothing to note.
    if TURN.try_with(|turn| turn.wrote.set(true)).is_err() {
        tracing::trace!("a write outside any request");
    }
}

pub(super) fn wrote() -> bool {
    TURN.try_with(|turn| turn.wrote.get()).unwrap_or(false)
}

/// Whether the request is one that a fault's filters name; outside a request (a webhook being sent) filters do not apply.
pub(super) fn fits(path: Option<&str>, method: Option<&str>) -> bool {
    TURN.try_with(|turn| path.is_none_or(|text| turn.path.contains(text)) && method.is_none_or(|name| turn.method.eq_ignore_ascii_case(name))).unwrap_or(true)
}
