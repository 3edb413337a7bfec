//! One run of one mapping: observe, link, merge, plan, guard, apply, commit. It carries out and never decides.

pub mod ground;

use crate::id::ConnectionName;
use crate::store::StoreError;
use crate::system::SystemError;

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the project has no connection `{connection}`")]
    NoConnection { connection: ConnectionName },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    System(#[from] SystemError),
}
