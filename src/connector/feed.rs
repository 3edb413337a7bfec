//! Feeds of changes: windows on the vendor's clock, with lag and overlap, whose cursor moves only when all of a window was told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::Line;
use super::cursor::{Place, Within};
use super::frame::Local;
use super::page::{After, Asked, Leaf, Step, Walk, Want};
use crate::catalog::feed::{Changes, Window};
use crate::catalog::read::Sorted;
use crate::plant::planted;
use crate::system::{Cursor, Page, Pages, Read, SystemError};
use crate::value::record::Columns;

/// A window this short that is still too big cannot be halved any more.
const WINDOW_MIN: SignedDuration = SignedDuration::from_secs(1);

/// Reads what changed, or everything where there is no cursor yet.
pub fn changes(line: Arc<Line>, read: Read, since: Option<Cursor>) -> Feed {
    Feed { line, read, state: State::Start(Ask::Changes(since)) }
}

/// Reads everything.
pub fn list(line: Arc<Line>, read: Read) -> Feed {
    Feed { line, read, state: State::Start(Ask::List) }
}

/// A feed under way.
pub struct Feed {
    line: Arc<Line>,
    read: Read,
    state: State,
}

enum Ask {
    Changes(Option<Cursor>),
    List,
}

enum State {
    Start(Ask),
    /// Everything; `lag` where a cursor is wanted at its end.
    Listing {
        walk: Box<Walk>,
        began: Timestamp,
        lag: Option<Duration>,
    },
    Windows(Box<Windows>),
    End,
}

#[async_trait]
impl Pages for Feed {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        loop {
            match &mut self.state {
                State::End => return Ok(None),
                State::Start(_) => self.start()?,
                State::Windows(windows) => {
                    let page = windows.next().await?;
                    if page.is_none() {
                        self.state = State::End;
                    }
                    return Ok(page);
                }
                State::Listing { walk, began, lag } => {
                    let Step::Leaf(leaf) = walk.step(Asked::default()).await? else {
                        self.state = State::End;
                        return Ok(None);
                    };
                    // The window of the next poll begins where this read began, by the vendor's clock: our own may be ahead of it.
                    let start = walk.first_date().map_or(*began, |date| date.min(*began));
                    let cursor = lag.filter(|_| leaf.last).map(|lag| Place::at(less(start, lag)).write());
                    return Ok(Some(page(leaf, cursor)));
                }
            }
        }
    }
}

impl Feed {
    fn start(&mut self) -> Result<(), SystemError> {
        let State::Start(ask) = std::mem::replace(&mut self.state, State::End) else { return Ok(()) };
        let local = self.line.local(&self.read.object)?;
        let began = self.line.vendor_now();
        self.state = match (ask, &local.object.changes) {
            (Ask::Changes(Some(cursor)), Some(Changes::Window(window))) => {
                let place = Place::read(&cursor).map_err(|why| SystemError::Garbled { connection: self.line.name.clone(), why })?;
                let old = window.keeps.is_some_and(|keeps| place.to < less(began, keeps));
                if old {
                    self.listing(&local, began, Some(window.lag))?
                } else {
                    State::Windows(Box::new(Windows::new(
                        self.line.clone(),
                        local.clone(),
                        (**window).clone(),
                        self.read.columns.clone(),
                        Want::Records,
                        place,
                    )))
                }
            }
            (Ask::Changes(None), Some(Changes::Window(window))) => self.listing(&local, began, Some(window.lag))?,
            (Ask::Changes(_), _) => self.listing(&local, began, Some(Duration::ZERO))?,
            (Ask::List, _) => self.listing(&local, began, None)?,
        };
        Ok(())
    }

    fn listing(&self, local: &Arc<Local>, began: Timestamp, lag: Option<Duration>) -> Result<State, SystemError> {
        let Some(list) = &local.object.list else {
            return Err(SystemError::Drift {
                connection: self.line.name.clone(),
                object: local.name.clone(),
                why: "the connector's file does not say how it is listed".into(),
            });
        };
        let walk = Walk::new(self.line.clone(), local.clone(), list.clone(), &self.read.columns, Want::Records, None);
        Ok(State::Listing { walk: Box::new(walk), began, lag })
    }
}

/// Windows to read, one after the other; one that is too big becomes two.
pub struct Windows {
    line: Arc<Line>,
    local: Arc<Local>,
    window: Window,
    columns: Columns,
    want: Want,
    place: Place,
    left: VecDeque<(Timestamp, Timestamp)>,
    walk: Option<Walk>,
    resume: Option<After>,
    at: (Timestamp, Timestamp),
    hole: bool,
    /// By the vendor's clock of the first answer: no cursor goes beyond.
    bound: Option<Timestamp>,
}

impl Windows {
    pub fn new(line: Arc<Line>, local: Arc<Local>, window: Window, columns: Columns, want: Want, place: Place) -> Windows {
        let (range, resume) = match &place.within {
            Some(within) => ((within.from, within.to), Some(After { time: Some(within.time), key: within.key.clone() })),
            None => (next_window(&window, place.to, line.vendor_now()), None),
        };
        let left = if range.0 < range.1 { VecDeque::from([range]) } else { VecDeque::new() };
        Windows { line, local, window, columns, want, place, left, walk: None, resume, at: range, hole: false, bound: None }
    }

    pub async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        loop {
            let walk = match &mut self.walk {
                Some(walk) => walk,
                None => {
                    let Some(range) = self.left.pop_front() else { return Ok(None) };
                    self.at = range;
                    let walk = Walk::new(self.line.clone(), self.local.clone(), self.window.read.clone(), &self.columns, self.want, Some(range));
                    self.walk.insert(match self.resume.take() {
                        Some(after) => walk.resume(after),
                        None => walk,
                    })
                }
            };
            let asked = Asked { moves_to: self.window.moves_to.as_ref(), hole: self.window.hole.as_ref() };
            match walk.step(asked).await? {
                Step::End => self.walk = None,
                Step::Split(why) => self.split(&why)?,
                Step::Leaf(leaf) => return Ok(Some(self.told(leaf))),
            }
        }
    }

    fn told(&mut self, leaf: Leaf) -> Page {
        let walk = self.walk.as_ref();
        if self.bound.is_none() {
            self.bound = walk.and_then(Walk::first_date).map(|date| less(date, self.window.lag));
        }
        self.hole |= leaf.hole;
        let cursor = if !leaf.last {
            self.midway()
        } else if self.left.is_empty() {
            Some(self.finished(leaf.moves_to))
        } else {
            // Halves that are done need not be read again.
            Some(Place::at(self.at.1.max(self.place.to)).write())
        };
        page(Leaf { hole: self.hole, ..leaf }, cursor)
    }

    /// Where a cut read goes on: only a full order makes the last record such a place.
    fn midway(&self) -> Option<Cursor> {
        let walk = self.walk.as_ref().filter(|walk| walk.sorted() == Sorted::ByTimeAndKey && self.left.is_empty())?;
        let after = walk.after()?;
        let within = Within { from: self.at.0, to: self.at.1, time: after.time?, key: after.key.clone() };
        Some(Place { to: self.place.to, within: Some(within) }.write())
    }

    fn finished(&self, moves_to: Option<Timestamp>) -> Cursor {
        let asked = match (&self.window.moves_to, moves_to) {
            (None, _) => self.at.1,
            (Some(_), Some(told)) => told,
            // The answer names no time: nothing was learnt.
            (Some(_), None) => self.place.to,
        };
        let bound = self.bound.unwrap_or(self.at.1);
        Place::at(asked.min(bound).max(self.place.to)).write()
    }

    fn split(&mut self, why: &str) -> Result<(), SystemError> {
        let (from, to) = self.at;
        let length = to.duration_since(from);
        if length <= WINDOW_MIN {
            let why = format!("the window of `{}` at {from} is too big and cannot be halved any more ({why})", self.local.name);
            return Err(SystemError::Garbled { connection: self.line.name.clone(), why });
        }
        let middle = from.saturating_add(length / 2).expect("it lies between two instants");
        self.left.push_front((middle, to));
        self.left.push_front((from, middle));
        self.walk = None;
        Ok(())
    }
}

/// Vendors tell the time in whole seconds: what was typed in the second that is running is told, too.
const CLOCK_GRAIN: SignedDuration = SignedDuration::from_secs(1);

/// From a little before where the last one ended, up to the vendor's clock. A change that shows later than its stamp is not missed: the cursor
/// stays the lag behind, so the next window covers it.
fn next_window(window: &Window, to: Timestamp, vendor_now: Timestamp) -> (Timestamp, Timestamp) {
    let from = crate::value::time::truncate(from(window.overlap, to), window.precision);
    let until = crate::value::time::truncate(vendor_now.saturating_add(CLOCK_GRAIN).unwrap_or(vendor_now), window.precision);
    (from, until)
}

/// Never later than where the last window ended: what shares its last second may have come after it was read.
fn from(overlap: Duration, to: Timestamp) -> Timestamp {
    if planted!("strict-cursor") {
        return to.saturating_add(CLOCK_GRAIN).unwrap_or(to);
    }
    less(to, overlap)
}

/// An instant less a length of time.
pub fn less(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

fn page(leaf: Leaf, cursor: Option<Cursor>) -> Page {
    Page { records: leaf.records, gone: leaf.gone, cursor, hole: leaf.hole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_begins_no_later_than_the_last_one_ended() {
        let to: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a literal");
        for overlap in [Duration::ZERO, Duration::from_secs(600)] {
            assert!(from(overlap, to) <= to, "{overlap:?}");
        }
    }

    /// A planted bug, caught.
    #[test]
    fn a_strict_cursor_is_noticed() {
        crate::plant::caught_by("strict-cursor", a_window_begins_no_later_than_the_last_one_ended);
    }
}
