//! The log: one subscriber for the whole process, to standard error. It never holds a secret or a field's value; whoever logs sees to that.

use std::io;

use clap::ValueEnum;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Global;
use super::exit::Misused;
use super::out::Out;
use crate::project::Log;
use crate::spec::project::LogFormat;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    // No doc comments here: help stays short.
    Human,
    Json,
}

/// Starts the log: the command line decides, then the project, then what the command usually wants.
///
/// # Errors
/// When a level cannot be understood.
pub fn start(global: &Global, project: Option<&Log>, usual: &str, out: &Out) -> anyhow::Result<()> {
    let levels = match (global.log_level.as_slice(), project.map(|log| log.level.as_slice())) {
        ([], None | Some([])) => vec![usual.to_owned()],
        ([], Some(levels)) => levels.to_vec(),
        (levels, _) => levels.to_vec(),
    };
    let filter = EnvFilter::try_new(levels.iter().map(|level| directive(level)).collect::<Vec<_>>().join(",")).map_err(|error| {
        Misused::because(
            format!("`{}` is no level of the log: {error}", levels.join(",")),
            "Write error, warn, info, debug or trace, or a part of the program with its level: run=debug",
        )
    })?;
    let json = match global.log_format {
        Some(Format::Json) => true,
        Some(Format::Human) => false,
        None => project.is_some_and(|log| log.format == LogFormat::Json),
    };
    let bars = out.bars.clone();
    let writer = move || Beside(bars.clone());
    let started = if json {
        fmt().with_env_filter(filter).json().flatten_event(true).with_writer(writer).try_init()
    } else {
        fmt().with_env_filter(filter).with_ansi(anstream::stderr().is_terminal()).with_writer(writer).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}

/// Standard error, while the bars that are drawn there make way.
struct Beside(MultiProgress);

impl io::Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// `info` is a level for our own parts; `run=debug` one for a part. Libraries speak up only when something is wrong.
fn directive(level: &str) -> String {
    match level.split_once('=') {
        Some((part, level)) => format!("syncline::{part}={level}"),
        None => format!("warn,syncline={level}"),
    }
}
