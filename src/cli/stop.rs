//! SIGINT and SIGTERM: the first asks everything to finish what is in flight, the second does not wait for it.

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::screen::CLEAR_LINE;

/// The exit code of a process that a second signal ends.
const INTERRUPTED: i32 = 130;

/// Listens for signals as long as it lives.
pub struct Stop {
    pub token: CancellationToken,
    _listening: JoinSet<()>,
}

impl Stop {
    /// # Errors
    /// When the system lets us listen to no signals.
    pub fn listen() -> std::io::Result<Self> {
        let token = CancellationToken::new();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let told = token.clone();
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if told.is_cancelled() {
                    // A bar may stand there; nobody is left to take it away.
                    if std::io::stderr().is_terminal() {
                        eprint!("{CLEAR_LINE}");
                    }
                    // What was sent is in the journal: the next start settles it.
                    std::process::exit(INTERRUPTED);
                }
                told.cancel();
            }
        });
        Ok(Self { token, _listening: listening })
    }
}
