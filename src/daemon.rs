//! Life: when mappings wake, who runs them, and how everything stops. The daemon owns every task there is.

pub mod asked;
pub mod audit;
pub mod bell;
pub mod board;
pub mod bring_back;
mod feeds;
#[cfg(test)]
pub mod fixture;
pub mod intake;
mod lane;
pub mod lease;
mod pace;
pub mod resolve;
pub mod retry;
pub mod schedule;
mod shared;
pub mod subscribe;
pub mod tally;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::backoff::Waits;
use crate::id::{MappingName, RecordKey, SystemName};
use crate::mapping::Schedule;
use crate::run::{Back, Ground, Intent, Request, RunError};
use crate::store::{StoreError, Touch, Touched, Wake};
use asked::{Asked, Failure, Watched};
use bell::{Bell, Reading};
use board::{Board, DaemonState};
use feeds::Feeds;
use lane::Lane;
use shared::Shared;
use subscribe::Subscriptions;
use tally::Tally;

/// Runs that people may ask of one mapping while another one goes on.
const ASKED_MAX: usize = 8;

/// How a daemon paces itself.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where only a sweep tells of deletes, one is made at most this often.
    pub sweep_every: Duration,
    /// A first match that waits for a person is planned anew this often.
    pub held_again: Duration,
    /// After a run that failed.
    pub waits: Waits,
    /// Between looks at touched records that a run left.
    pub look_again: Waits,
    /// Time to finish or journal what is in flight.
    pub stop_within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let hour = Duration::from_secs(3_600);
        Self {
            sweep_every: hour,
            held_again: hour,
            waits: Waits::default(),
            look_again: Waits { base: Duration::from_secs(5), cap: Duration::from_secs(300) },
            stop_within: Duration::from_secs(30),
        }
    }
}

/// Why a daemon ended.
#[derive(Clone, Debug)]
pub enum End {
    /// It was told to stop.
    Asked,
    /// The store cannot be used any more; a new start reads it from disk.
    Store(Arc<Failure>),
    /// A task of it broke.
    Bug(String),
}

impl End {
    /// The end that a failure means, if it is one that nothing can go on after.
    fn of(failure: Arc<Failure>) -> Option<Self> {
        let Failure::Run(RunError::Store(error)) = &*failure else { return None };
        let ends = matches!(
            error,
            StoreError::Disk { .. } | StoreError::Fenced { .. } | StoreError::Damaged { .. } | StoreError::Held { .. } | StoreError::Newer { .. }
        );
        ends.then_some(Self::Store(failure))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Asked => f.write_str("stopped as asked"),
            End::Store(failure) => {
                write!(f, "the store cannot be used any more: {}; free the disk or stop the other process, then start again", failure.chain())
            }
            End::Bug(what) => write!(f, "a bug in Syncline ended the daemon: {what}; please report it"),
        }
    }
}

/// A running daemon: its tasks end when it is dropped.
pub struct Daemon {
    shared: Arc<Shared>,
    tasks: JoinSet<Result<(), End>>,
}

/// What the faces act through.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    asked: Vec<mpsc::Sender<Asked>>,
}

impl Daemon {
    /// Starts a lane for every mapping. The store's lease is held already, and is given back when the daemon has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        ground: Arc<Ground>,
        tally: Arc<Tally>,
        settings: Settings,
        subscriptions: Subscriptions,
        stop: CancellationToken,
    ) -> Result<(Self, Handle), StoreError> {
        let count = ground.mappings.len();
        let shared = Arc::new(Shared {
            settings,
            tally,
            board: Board::open(&ground).await?,
            feeds: Feeds::of(ground.mappings.iter().map(|laid| &*laid.mapping)),
            bells: (0..count).map(|_| Bell::default()).collect(),
            started: watch::Sender::new(vec![false; count]),
            // Its own token: the daemon may end although nobody asked.
            stop: stop.child_token(),
            end: Mutex::new(None),
            ground,
        });
        let mut tasks = JoinSet::new();
        let mut asked = Vec::with_capacity(count);
        for at in 0..count {
            let (ask, answer) = mpsc::channel(ASKED_MAX);
            asked.push(ask);
            tasks.spawn(Lane::new(Arc::clone(&shared), at, answer).keep());
        }
        tasks.spawn(lease::keep(Arc::clone(&shared)));
        tasks.spawn(subscribe::keep(Arc::clone(&shared), subscriptions));
        Ok((Self { shared: Arc::clone(&shared), tasks }, Handle { shared, asked }))
    }

    /// Compares all systems on this schedule.
    pub fn audit(&mut self, schedule: Schedule) {
        if schedule != Schedule::Off {
            self.tasks.spawn(audit::keep(Arc::clone(&self.shared), schedule));
        }
    }

    /// Lives until it is told to stop or cannot go on; then finishes what is in flight and gives the store back.
    pub async fn ended(mut self) -> End {
        while !self.shared.stop.is_cancelled() {
            tokio::select! {
                () = self.shared.stop.cancelled() => break,
                Some(ended) = self.tasks.join_next() => self.note(ended),
            }
        }
        self.shared.board.stopping();
        let within = self.shared.settings.stop_within;
        let finished = tokio::time::timeout(within, async {
            while let Some(ended) = self.tasks.join_next().await {
                self.note(ended);
            }
        });
        if finished.await.is_err() {
            // What was sent is in the journal; the next start settles it.
            tracing::warn!(seconds = within.as_secs(), "runs did not end in time and are cut off; the next start settles what is in doubt");
            self.tasks.shutdown().await;
        }
        let end = self.shared.end.lock().expect("no holder of this lock can panic").take().unwrap_or(End::Asked);
        if let Err(error) = self.shared.ground.store.release_lease().await {
            tracing::warn!(%error, "the lease on the store could not be given back; it runs out by itself");
        }
        end
    }

    fn note(&self, ended: Result<Result<(), End>, JoinError>) {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(end)) => self.shared.ends(end),
            Err(error) if error.is_cancelled() => {}
            Err(error) => self.shared.ends(End::Bug(error.to_string())),
        }
    }
}

impl Handle {
    pub fn ground(&self) -> &Arc<Ground> {
        &self.shared.ground
    }

    pub fn tally(&self) -> &Arc<Tally> {
        &self.shared.tally
    }

    pub fn state(&self) -> DaemonState {
        let now = self.shared.ground.clock.now();
        self.shared.board.snapshot(now, self.shared.ground.breakers.pauses(now))
    }

    /// Wakes a mapping; `false` if there is none of that name.
    pub fn wake(&self, mapping: &MappingName, why: Wake, reading: Reading) -> bool {
        let at = self.shared.ground.find(mapping);
        if let Some(at) = at {
            self.shared.bells[at].ring(why, reading);
        }
        at.is_some()
    }

    /// A person looked at a store that was restored: runs go on, at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accept_restored(&self) -> Result<(), StoreError> {
        self.shared.ground.store.confirm_restored().await?;
        for bell in &self.shared.bells {
            bell.ring(Wake::Person, Reading::Feeds);
        }
        Ok(())
    }

    /// Touches records that somebody doubts, and wakes the mapping for them.
    ///
    /// # Errors
    /// When there is no such mapping or system, or the store fails.
    pub async fn look_at(&self, mapping: &MappingName, doubted: Vec<(SystemName, RecordKey, bool)>) -> Result<(), AskError> {
        let ground = &self.shared.ground;
        let at = ground.find(mapping).ok_or_else(|| AskError::Unknown { mapping: mapping.clone() })?;
        let laid = &ground.mappings[at];
        let mut touches = Vec::with_capacity(doubted.len());
        for (name, key, gone) in doubted {
            let system = laid.mapping.systems_ix().find(|system| laid.mapping.system(*system).name == name);
            let system = system.ok_or_else(|| AskError::NoSystem { mapping: mapping.clone(), system: name })?;
            let seat = laid.seat(system);
            let identity = seat.system.identity(&seat.object, &key);
            touches.push(Touch { mapping: laid.id, system, key, identity, why: if gone { Touched::Gone } else { Touched::Changed } });
        }
        ground.store.touch(touches, None, ground.clock.now()).await?;
        self.shared.bells[at].ring(Wake::Person, Reading::Touched);
        Ok(())
    }

    /// Asks for a run, to be watched.
    ///
    /// # Errors
    /// When there is no such mapping, too many ask at once, or the daemon is ending.
    pub fn run(&self, mapping: &MappingName, request: Request) -> Result<Watched, AskError> {
        self.ask(mapping, request, None)
    }

    /// Asks for runs of the mapping to be taken back.
    ///
    /// # Errors
    /// As [`Handle::run`].
    pub fn undo(&self, mapping: &MappingName, intent: Intent, back: Back) -> Result<Watched, AskError> {
        self.ask(mapping, Request { wake: Wake::Person, poll: false, sweep: false, intent }, Some(back))
    }

    fn ask(&self, mapping: &MappingName, request: Request, back: Option<Back>) -> Result<Watched, AskError> {
        let at = self.shared.ground.find(mapping).ok_or_else(|| AskError::Unknown { mapping: mapping.clone() })?;
        let (asked, watched) = Asked::new(request, back, self.shared.ground.mappings[at].mapping.systems.len());
        match self.asked[at].try_send(asked) {
            Ok(()) => Ok(watched),
            Err(mpsc::error::TrySendError::Full(_)) => Err(AskError::Busy { mapping: mapping.clone() }),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(AskError::Ending),
        }
    }
}

/// Why a run could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("`{mapping}` has no system `{system}`")]
    NoSystem { mapping: MappingName, system: SystemName },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{ASKED_MAX} runs of `{mapping}` wait already; ask again when they have ended")]
    Busy { mapping: MappingName },
    #[error("the daemon is ending; ask again when it has started anew")]
    Ending,
    #[error("there is no mapping `{mapping}`; `syncline status` lists them")]
    Unknown { mapping: MappingName },
}

#[cfg(test)]
mod tests;
