//! Reading several systems at once, a page ahead of each, with a bound on what waits.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::{Page, Pages, SystemError};

/// Pages that may wait: one being used and one ahead for each of a few systems keeps memory flat.
const PAGES_AHEAD: usize = 2;

/// What a reader reports, by the name that its read was given.
pub enum Told<N> {
    Page(N, Page),
    /// The read is complete.
    End(N),
    Failed(N, SystemError),
}

/// Reads under way; dropping it stops them.
pub struct Readers<N> {
    /// Owns the reading tasks: they end with it.
    tasks: JoinSet<()>,
    told: mpsc::Receiver<Told<N>>,
    tell: Option<mpsc::Sender<Told<N>>>,
}

impl<N: Copy + Send + 'static> Readers<N> {
    /// Nothing is read yet.
    #[expect(clippy::new_without_default, reason = "readers are begun, not defaulted")]
    pub fn new() -> Self {
        let (tell, told) = mpsc::channel(PAGES_AHEAD);
        Self { tasks: JoinSet::new(), told, tell: Some(tell) }
    }

    pub fn start(&mut self, name: N, mut pages: Box<dyn Pages>) {
        let tell = self.tell.clone().expect("readers are started before the first page is taken");
        let read = async move {
            loop {
                let told = match pages.next().await {
                    Ok(Some(page)) => Told::Page(name, page),
                    Ok(None) => Told::End(name),
                    Err(error) => Told::Failed(name, error),
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
    pub async fn next(&mut self) -> Option<Told<N>> {
        self.tell = None;
        self.told.recv().await
    }
}
