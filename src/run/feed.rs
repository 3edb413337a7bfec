//! Reading feeds: every system of a mapping side by side, one page ahead, with a bound on what waits.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::mapping::SystemIx;
use crate::system::{Page, Pages, SystemError};

/// Pages that may wait per run: one being used and one ahead for each of a few systems keeps memory flat.
const PAGES_AHEAD: usize = 2;

/// What a reader reports.
pub enum Told {
    Page(SystemIx, Which, Page),
    /// The read is complete.
    End(SystemIx, Which),
    Failed(SystemIx, Which, SystemError),
}

/// Which read of a system a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Changes,
    Gone,
    Sweep,
}

/// Reads under way; dropping it stops them.
pub struct Readers {
    /// Owns the reading tasks: they end with it.
    tasks: JoinSet<()>,
    told: mpsc::Receiver<Told>,
    tell: Option<mpsc::Sender<Told>>,
}

impl Readers {
    pub fn new() -> Self {
        let (tell, told) = mpsc::channel(PAGES_AHEAD);
        Self { tasks: JoinSet::new(), told, tell: Some(tell) }
    }

    pub fn start(&mut self, system: SystemIx, which: Which, mut pages: Box<dyn Pages>) {
        let tell = self.tell.clone().expect("readers are started before the first page is taken");
        let read = async move {
            loop {
                let told = match pages.next().await {
                    Ok(Some(page)) => Told::Page(system, which, page),
                    Ok(None) => Told::End(system, which),
                    Err(error) => Told::Failed(system, which, error),
                };
                let last = !matches!(told, Told::Page(..));
                // The receiver is gone only when the run was dropped; then there is nobody to tell.
                if tell.send(told).await.is_err() || last {
                    return;
                }
            }
        };
        self.tasks.spawn(read.in_current_span());
    }

    /// The next page of any system; `None` when all reads have ended.
    pub async fn next(&mut self) -> Option<Told> {
        self.tell = None;
        self.told.recv().await
    }
}
