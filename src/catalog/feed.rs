//! Feeds: windows of time, and how deletes are learnt.

use std::time::Duration;

use super::compile::{Compiler, Seen};
use super::read::{PAGE, Read};
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::spec::connector as file;

/// How changes are learnt.
#[derive(Clone, Debug)]
pub enum Changes {
    Window(Box<Window>),
    FullRead,
}

/// A feed read in windows on the vendor's clock.
#[derive(Clone, Debug)]
pub struct Window {
    pub read: Read,
    pub lag: Duration,
    pub overlap: Duration,
    pub precision: Duration,
    pub moves_to: Option<Program>,
    pub keeps: Option<Duration>,
    pub hole: Option<Program>,
}

/// How deletes are learnt.
#[derive(Clone, Debug)]
pub struct Gone {
    pub feed: Option<Box<Window>>,
    pub sweep: Option<Sweep>,
    pub silence: Option<Silence>,
}

/// What finds absent records.
#[derive(Clone, Debug)]
pub enum Sweep {
    List,
    Keys(Box<Read>),
}

/// Why nothing tells of deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    Never,
    Unknown,
}

/// The next window begins earlier by this, where the file says nothing.
const OVERLAP: Duration = Duration::from_secs(120);
/// Windows are cut to this, where the file says nothing.
const PRECISION: Duration = Duration::from_millis(1);

impl Compiler<'_> {
    pub fn changes(&self, spec: &file::Feed, seen: Seen) -> Changes {
        match spec {
            file::Feed::FullRead(_) => Changes::FullRead,
            file::Feed::Window(window) => Changes::Window(Box::new(self.window(window, seen))),
        }
    }

    pub fn gone(&self, spec: &file::Gone, seen: Seen) -> Gone {
        let feed = spec.read.as_ref().and_then(|feed| match feed {
            file::Feed::Window(window) => Some(Box::new(self.window(window, Seen { block: "gone.read", ..seen }))),
            file::Feed::FullRead(_) => {
                self.report(Diagnostic::error("gone", format!("`gone.read` of `{}` cannot be a `full_read`", seen.block)).help("write `sweep: list`"));
                None
            }
        });
        let sweep = spec.sweep.as_ref().map(|sweep| match sweep {
            file::Sweep::List(name) => {
                if name.text() != "list" {
                    self.report(Diagnostic::error("sweep", format!("`sweep` is `list` or a read of keys, not `{}`", name.text())).at(name.span()));
                }
                Sweep::List
            }
            file::Sweep::Keys(read) => Sweep::Keys(Box::new(self.read(read, Seen { block: "gone.sweep", ..seen }))),
        });
        let silence = if spec.never.is_some() { Some(Silence::Never) } else { spec.unknown.as_ref().map(|_| Silence::Unknown) };
        Gone { feed, sweep, silence }
    }

    fn window(&self, spec: &file::Window, seen: Seen) -> Window {
        if spec.recheck.is_some() {
            self.report(Diagnostic::error("later", format!("`recheck` of `{}` is not in this version", seen.block)).help("use a longer `overlap`"));
        }
        let read = self.read(&spec.read, seen);
        if read.page.next.is_some() && read.page.first.is_some() && !read.request.uses(super::scope::WINDOW_TO) && read.sorted == super::read::Sorted::No {
            let found = Diagnostic::error("page", format!("`page.next` of `{}` is an offset over a window with no upper end", seen.block));
            self.report(found.help("send `window.to`, or sort by key"));
        }
        Window {
            read,
            lag: spec.lag.as_ref().map(|lag| lag.duration()).unwrap_or_default(),
            overlap: spec.overlap.as_ref().map_or(OVERLAP, |overlap| overlap.duration()),
            precision: spec.precision.as_ref().map_or(PRECISION, |precision| precision.duration()),
            moves_to: self.maybe(spec.moves_to.as_ref(), seen.with(PAGE), &Want::any()),
            keeps: spec.keeps.as_ref().map(|keeps| keeps.duration()),
            hole: self.maybe(spec.hole.as_ref(), seen.with(PAGE), &Want::any()),
        }
    }
}
