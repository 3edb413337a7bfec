//! The command's end of the socket.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{Agreement, Ask, Reply, lines};

/// A question to a running daemon, and its answers as they come.
#[derive(Debug)]
pub struct Call {
    path: PathBuf,
    replies: BufReader<OwnedReadHalf>,
    say: OwnedWriteHalf,
}

/// The daemon could be reached, and then could not be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the daemon behind {path} broke off; what it did is in its log and in `syncline status`")]
    Broken {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("the daemon behind {path} is of another version; start it again")]
    Strange {
        path: String,
        #[source]
        source: io::Error,
    },
}

/// Hands `ask` to the daemon behind the socket; `None` if no daemon is there.
///
/// # Errors
/// When the daemon is there and does not listen.
pub async fn call(path: &Path, ask: &Ask) -> Result<Option<Call>, CallError> {
    let stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        // A socket without a daemon is left by one that was killed.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => return Ok(None),
        Err(source) => return Err(CallError::Broken { path: path.display().to_string(), source }),
    };
    let (replies, say) = stream.into_split();
    let mut call = Call { path: path.to_owned(), replies: BufReader::new(replies), say };
    let asked = lines::write(&mut call.say, ask).await;
    asked.map_err(|source| call.broken(source))?;
    Ok(Some(call))
}

impl Call {
    /// The next answer; `None` after the last.
    ///
    /// # Errors
    /// When the daemon breaks off.
    pub async fn next(&mut self) -> Result<Option<Reply>, CallError> {
        let reply = lines::read(&mut self.replies).await;
        reply.map_err(|source| self.broken(source))
    }

    /// Answers [`Reply::Held`].
    ///
    /// # Errors
    /// When the daemon breaks off.
    pub async fn agree(&mut self, agree: bool) -> Result<(), CallError> {
        let said = lines::write(&mut self.say, &Agreement { agree }).await;
        said.map_err(|source| self.broken(source))
    }

    fn broken(&self, source: io::Error) -> CallError {
        let path = self.path.display().to_string();
        match source.kind() {
            io::ErrorKind::InvalidData => CallError::Strange { path, source },
            _ => CallError::Broken { path, source },
        }
    }
}
