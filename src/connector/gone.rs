//! How deletes are learnt: a feed of deleted keys, or a sweep that shows which keys are still there.

use std::sync::Arc;

use async_trait::async_trait;

use super::Line;
use super::cursor::Place;
use super::feed::{Windows, less};
use super::frame::Local;
use super::page::{Asked, Step, Walk, Want};
use crate::catalog::feed::{Sweep, Window};
use crate::system::{Cursor, Page, Pages, Read, SystemError};
use crate::value::record::Columns;

/// The feed of deletes, where the vendor has one.
pub fn gone(line: Arc<Line>, read: Read, since: Option<Cursor>) -> Option<Box<dyn Pages>> {
    let local = line.local(&read.object).ok()?;
    let window = local.object.gone.as_ref()?.feed.as_deref()?.clone();
    Some(Box::new(Deletes { line, local, window: Some((window, since)), windows: None }))
}

/// All keys there are.
pub fn sweep(line: Arc<Line>, read: Read) -> Keys {
    Keys { line, read, walk: None, done: false }
}

struct Deletes {
    line: Arc<Line>,
    local: Arc<Local>,
    window: Option<(Window, Option<Cursor>)>,
    windows: Option<Windows>,
}

#[async_trait]
impl Pages for Deletes {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        if let Some((window, since)) = self.window.take() {
            let now = self.line.vendor_now();
            let start = Page { cursor: Some(Place::at(less(now, window.lag)).write()), ..Page::default() };
            let Some(since) = since else { return Ok(Some(start)) };
            let place = Place::read(&since).map_err(|why| SystemError::Garbled { connection: self.line.name.clone(), why })?;
            if window.keeps.is_some_and(|keeps| place.to < less(now, keeps)) {
                return Ok(Some(Page { hole: true, ..start }));
            }
            self.windows = Some(Windows::new(self.line.clone(), self.local.clone(), window, Columns::default(), Want::Gone, place));
        }
        match &mut self.windows {
            Some(windows) => windows.next().await,
            None => Ok(None),
        }
    }
}

/// A sweep under way.
pub struct Keys {
    line: Arc<Line>,
    read: Read,
    walk: Option<Walk>,
    done: bool,
}

#[async_trait]
impl Pages for Keys {
    async fn next(&mut self) -> Result<Option<Page>, SystemError> {
        if self.done {
            return Ok(None);
        }
        let walk = match &mut self.walk {
            Some(walk) => walk,
            None => {
                let local = self.line.local(&self.read.object)?;
                let own = match local.object.gone.as_ref().and_then(|gone| gone.sweep.as_ref()) {
                    Some(Sweep::Keys(read)) => Some((**read).clone()),
                    Some(Sweep::List) | None => local.object.list.clone(),
                };
                let Some(read) = own else {
                    return Err(SystemError::Drift {
                        connection: self.line.name.clone(),
                        object: local.name.clone(),
                        why: "the connector's file does not say how it is listed".into(),
                    });
                };
                self.walk.insert(Walk::new(self.line.clone(), local, read, &Columns::default(), Want::Keys, None))
            }
        };
        match walk.step(Asked::default()).await? {
            Step::Leaf(leaf) => {
                self.done = leaf.last;
                Ok(Some(Page { records: leaf.records, ..Page::default() }))
            }
            Step::Split(_) | Step::End => Ok(None),
        }
    }
}
