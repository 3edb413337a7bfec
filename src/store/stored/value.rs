//! Values as bytes: the canonical form of floor 1 is also the stored one.

use crate::value::{Value, fingerprint};

pub fn write(value: &Value, out: &mut Vec<u8>) {
    fingerprint::canonical(value, out);
}

/// The value and what follows it; `None` for bytes that are no value.
pub fn read(bytes: &[u8]) -> Option<(Value, &[u8])> {
    fingerprint::decode(bytes).ok()
}
