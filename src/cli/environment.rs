//! The environment, read here and nowhere else.

/// The value of a variable, if it is set and text.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The name of this machine, for the store's lease.
pub fn host() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/hostname") {
        Ok(name) => name.trim().to_owned(),
        Err(_) => variable("HOSTNAME").unwrap_or_else(|| "this machine".to_owned()),
    }
}
