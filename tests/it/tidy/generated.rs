//! Pages and schemas that are made from the code, and how they would read now.

/// The files that differ from what the code says.
pub fn stale() -> Vec<String> {
    Vec::new()
}
