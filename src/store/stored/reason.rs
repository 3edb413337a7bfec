//! Why a decision was taken, as bytes.

use super::{Broken, Reader, Terms, Writer};
use crate::mapping::SystemIx;
use crate::sync::reason::Reason;

pub fn write(out: &mut Writer, reason: &Reason, terms: &Terms) {
    match reason {
        Reason::Edited { in_system } => {
            out.byte(0);
            out.number(terms.system(*in_system).into());
        }
    }
}

/// `None`: a system the reason names left the mapping.
pub fn read(input: &mut Reader, terms: &Terms) -> Result<Option<Reason>, Broken> {
    Ok(match input.byte()? {
        0 => terms.system_ix(input.small()?).map(|in_system| Reason::Edited { in_system }),
        _ => return Err(input.broken()),
    })
}

/// What an op of a system is told to be for, once the system its reason names has left the mapping.
pub fn instead(system: SystemIx) -> Reason {
    Reason::Edited { in_system: system }
}
