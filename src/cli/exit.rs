//! Exit codes, and the last words of a command that failed.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    /// Usage, or files that are not right.
    Usage,
    /// Finished, and something waits for a person.
    Waiting,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Waiting => 3,
        })
    }
}

/// The command cannot be done as it was asked for: who asked must ask otherwise.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Misused {
    pub what: String,
    /// What to do, as a line of its own.
    pub help: String,
}

impl Misused {
    pub fn because(what: impl Into<String>, help: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { what: what.into(), help: help.into() })
    }
}

/// Prints what went wrong, each cause once, and says with what code to end.
pub fn told(error: &anyhow::Error) -> Exit {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::BrokenPipe
    {
        // Whoever read our output had enough of it.
        return Exit::Done;
    }
    let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    anstream::eprintln!("{}error{}: {error}", red.render(), red.render_reset());
    error.chain().skip(1).for_each(|cause| anstream::eprintln!("  because: {cause}"));
    match error.downcast_ref::<Misused>() {
        Some(misused) => {
            misused.help.lines().for_each(|line| anstream::eprintln!("  {line}"));
            Exit::Usage
        }
        None => Exit::Failed,
    }
}
