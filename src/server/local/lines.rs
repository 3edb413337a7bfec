//! JSON lines with a cap.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest line: the ids of a plan of a million ops.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// The next line; `None` at the end.
///
/// # Errors
/// When the other end breaks off, or a line is too long or not what was expected.
pub async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) if line.len() as u64 == LINE_BYTES_MAX => Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long")),
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Writes one line.
///
/// # Errors
/// When the other end is gone.
pub async fn write<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), line: &T) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    to.write_all(&bytes).await
}
