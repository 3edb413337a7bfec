//! What a failure of SQLite means for the caller, and what may follow it.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::store::StoreError;
use crate::store::stored::Broken;

/// A failure inside one call: SQLite's, or a stored form that does not read.
#[derive(Debug)]
pub enum Fault {
    Sqlite(rusqlite::Error),
    Store(StoreError),
    Broken(Broken),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<Broken> for Fault {
    fn from(error: Broken) -> Self {
        Fault::Broken(error)
    }
}

impl Fault {
    pub fn unknown(what: impl Into<String>) -> Self {
        Fault::Store(StoreError::Unknown { what: what.into() })
    }

    pub fn told(self, file: &str, doing: &'static str) -> StoreError {
        match self {
            Fault::Store(error) => error,
            Fault::Broken(broken) => StoreError::Damaged { file: file.into(), why: broken.to_string() },
            Fault::Sqlite(error) => disk(file, doing, error),
        }
    }
}

/// Whether nothing may be written any more: after a failed sync nobody knows what the disk holds, so it is never tried again.
pub fn is_fatal(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, SystemIoFailure};
    matches!(error.sqlite_error_code(), Some(CannotOpen | DatabaseCorrupt | DiskFull | NotADatabase | SystemIoFailure))
}

/// A failure in the words of the contract.
pub fn disk(file: &str, doing: &'static str, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged { file: file.into(), why: error.to_string() },
        _ if is_fatal(&error) => StoreError::Disk { file: file.into(), source: error },
        _ => StoreError::Failed { doing, source: error },
    }
}

/// The same failure again, for each caller that it hits.
pub fn again(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => rusqlite::Error::SqliteFailure(*code, message.clone()),
        other => rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(other.to_string())),
    }
}
