//! The daemon's end of the socket. Only its own user may connect.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Agreement, Ask, Done, Reply, lines};
use crate::daemon::Handle;
use crate::daemon::asked::{Told, Watched};
use crate::id::{ConflictId, DeadLetterId, MappingName, RecordKey, ReviewId, RunId, SystemName};
use crate::run::plan::Approval;
use crate::run::{Back, Intent, Request};
use crate::server::{ServerError, health};
use crate::store::Wake;

/// Commands at once; people start a few.
const CALLS_MAX: usize = 16;
/// Progress is told this often at most.
const STEP_EVERY: Duration = Duration::from_millis(100);

/// The socket, bound and not yet served; its file goes with it.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl LocalSocket {
    /// Makes the socket. Whoever holds the store's lease may replace what lies there: its daemon is gone.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn bind(path: &Path) -> Result<Self, ServerError> {
        let bound = || {
            // Made under another name first, so that it is never there with wider permissions.
            let mut new = path.as_os_str().to_owned();
            new.push("~");
            let new = PathBuf::from(new);
            match std::fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&new)?;
            std::fs::set_permissions(&new, Permissions::from_mode(0o600))?;
            std::fs::rename(&new, path)?;
            Ok(listener)
        };
        let listener = bound().map_err(|source| ServerError::Socket { path: path.display().to_string(), source })?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers commands until told to stop.
    pub async fn serve(self, handle: Handle, stop: CancellationToken) {
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = calls.join_next(), if !calls.is_empty() => {}
                accepted = self.listener.accept(), if calls.len() < CALLS_MAX => match accepted {
                    Ok((stream, _)) => {
                        calls.spawn(call(stream, handle.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a command could not be heard");
                        tokio::time::sleep(STEP_EVERY).await;
                    }
                },
            }
        }
        // Runs end by themselves when the daemon stops, and whoever asked is told.
        while calls.join_next().await.is_some() {}
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the local socket was gone already");
        }
    }
}

async fn call(stream: UnixStream, handle: Handle) {
    if let Err(error) = answer(stream, &handle).await {
        tracing::debug!(%error, "a command went away");
    }
}

async fn answer(stream: UnixStream, handle: &Handle) -> io::Result<()> {
    let (heard, mut say) = stream.into_split();
    let mut heard = BufReader::new(heard);
    let ask = match lines::read(&mut heard).await {
        Ok(Some(ask)) => ask,
        Ok(None) => return Ok(()),
        Err(error) => {
            return lines::write(&mut say, &Reply::Failed { why: format!("the daemon does not understand: {error}; are both of one version?") }).await;
        }
    };
    let last = match ask {
        Ask::Status => Reply::Status(health::page(&handle.state())),
        Ask::Resolve { review, answer } => match handle.resolve(ReviewId(review), answer).await {
            Ok(mapping) => Reply::Resolved { mapping: mapping.to_string() },
            Err(error) => Reply::Failed { why: error.to_string() },
        },
        Ask::BringBack { conflict, taking } => match handle.bring_back(ConflictId(conflict), taking).await {
            Ok(mapping) => Reply::Resolved { mapping: mapping.to_string() },
            Err(error) => Reply::Failed { why: error.to_string() },
        },
        Ask::Retry { dead_letters } => match handle.retry(&dead_letters.into_iter().map(DeadLetterId).collect::<Vec<_>>()).await {
            Ok(retried) => Reply::Retried {
                dead_letters: retried.letters.iter().map(|id| id.0).collect(),
                mappings: retried.mappings.iter().map(ToString::to_string).collect(),
                not_open: retried.not_open.iter().map(|id| id.0).collect(),
            },
            Err(error) => Reply::Failed { why: error.to_string() },
        },
        Ask::Run { mapping, sweep, plan } => {
            let intent = intent(&mapping, plan);
            let request = Request { wake: Wake::Person, poll: true, sweep, intent };
            match handle.run(&MappingName::new(mapping), request) {
                Ok(watched) => watch(watched, &mut heard, &mut say).await?,
                Err(error) => Reply::Failed { why: error.to_string() },
            }
        }
        Ask::Repair { mapping, records } => {
            let asked = records.len() as u64;
            let doubted = records.into_iter().map(|one| (SystemName::new(one.system), RecordKey::new(one.key), one.gone)).collect();
            match handle.look_at(&MappingName::new(mapping), doubted).await {
                Ok(()) => Reply::Touched(asked),
                Err(error) => Reply::Failed { why: error.to_string() },
            }
        }
        Ask::TakeBack { mapping, runs, plan } => {
            let back = Back { runs: runs.into_iter().map(RunId).collect(), at: handle.ground().clock.now() };
            match handle.take_back(&MappingName::new(&mapping), intent(&mapping, plan), back) {
                Ok(watched) => watch(watched, &mut heard, &mut say).await?,
                Err(error) => Reply::Failed { why: error.to_string() },
            }
        }
    };
    lines::write(&mut say, &last).await
}

fn intent(mapping: &str, plan: Option<Vec<String>>) -> Intent {
    plan.map_or(Intent::Apply, |ops| Intent::Approved(Approval::of_ids(mapping, ops)))
}

/// Tells what a run does, asks what it asks, and returns what it came to.
async fn watch(mut watched: Watched, heard: &mut BufReader<OwnedReadHalf>, say: &mut OwnedWriteHalf) -> io::Result<Reply> {
    let mut pace = tokio::time::interval(STEP_EVERY);
    loop {
        tokio::select! {
            biased;
            Some(told) = watched.told.recv() => match told {
                Told::Op(op) => lines::write(say, &Reply::Op(op)).await?,
                Told::Held { why, agree } => {
                    let shown = watched.shown.borrow_and_update().clone();
                    lines::write(say, &Reply::Step(shown)).await?;
                    lines::write(say, &Reply::Held { why }).await?;
                    let said: Option<Agreement> = lines::read(heard).await?;
                    // The run may be gone by now; then its outcome says so.
                    if agree.send(said.is_some_and(|said| said.agree)).is_err() {
                        tracing::debug!("a held run ended before it was answered");
                    }
                }
            },
            outcome = &mut watched.outcome => {
                let shown = watched.shown.borrow().clone();
                lines::write(say, &Reply::Step(shown)).await?;
                return Ok(match outcome {
                    Ok(Ok(ended)) => Reply::Done(Done::from(&ended)),
                    Ok(Err(failure)) => Reply::Failed { why: failure.chain() },
                    Err(_) => Reply::Failed { why: "the daemon ended before the run began".to_owned() },
                });
            }
            _ = pace.tick() => {
                if watched.shown.has_changed().unwrap_or(false) {
                    let shown = watched.shown.borrow_and_update().clone();
                    lines::write(say, &Reply::Step(shown)).await?;
                }
            }
        }
    }
}
