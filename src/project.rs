//! A directory of files to one immutable project: every connection and mapping checked and compiled, or everything that is wrong.
//!
//! Nothing is asked of a system here. Secrets are looked up through the caller, who owns the environment; one that is not there stops only
//! what signs in, so that files can be checked anywhere.

pub mod connection;
mod facts;
mod files;
mod order;
mod settings;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Files, LITERAL_SECRET, has_error};
use crate::id::{ConnectionName, MappingName};
use crate::mapping::compile::{sketch, together};
use crate::mapping::world::World;
use crate::mapping::{Mapping, Schedule};
use crate::secret::Secret;
use crate::spec::ScheduleSlot;
use crate::spec::lost::Lost;
use crate::spec::mapping::MappingSpec;
use crate::spec::project::{LogFormat, ProjectSpec};
use crate::spec::slot::Schedule as ScheduleOf;
use crate::value::Value;
use crate::value::time::Zone;

pub use connection::{Connection, Given};
use facts::Known;

/// The project file, unless another one is named.
pub const FILE: &str = "syncline.yaml";

/// A project, whole and checked.
#[derive(Debug)]
pub struct Project {
    /// The directory that paths in its files start from.
    pub dir: PathBuf,
    pub connections: Vec<Connection>,
    /// In dependency order: what others refer to comes first.
    pub mappings: Vec<Arc<Mapping>>,
    /// The SQLite file.
    pub store: PathBuf,
    pub server: Server,
    pub log: Log,
    /// What `today` and cron mean.
    pub time_zone: Zone,
    /// When the daemon compares all systems.
    pub audit: Schedule,
}

/// The HTTP side of `serve`.
#[derive(Clone, Debug)]
pub struct Server {
    pub listen: SocketAddr,
    /// How vendors reach us; without it nothing is subscribed.
    pub public_url: Option<Url>,
    /// Who may see `/metrics`; none: whoever reaches the address.
    pub token: Option<Secret>,
    /// What keeps it from being used: a token that is not there.
    pub missing: Vec<Diagnostic>,
}

/// What the log looks like, where the command line says nothing.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub format: LogFormat,
    /// `info`, `run=debug`, …; empty: the default.
    pub level: Vec<String>,
}

/// What a demo or a test puts in the place of what the files say.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Sends a connection's calls to this address on this machine.
    pub at: BTreeMap<ConnectionName, Url>,
    pub listen: Option<SocketAddr>,
}

/// What came of reading a directory.
#[derive(Debug)]
pub struct Loaded {
    /// There only when no problem is an error.
    pub project: Option<Project>,
    pub files: Files,
    /// All problems of all files.
    pub problems: Vec<Diagnostic>,
    /// The connectors that it could name.
    pub catalog: Catalog,
}

impl Project {
    /// Reads and compiles the project in `dir`; `file` is another project file than `syncline.yaml`, `env` the environment.
    pub fn load(dir: &Path, file: Option<&str>, env: &dyn Fn(&str) -> Option<String>, overrides: &Overrides) -> Loaded {
        let mut read = files::Reading::new(dir);
        let catalog = read.catalog();
        let spec = read.project(file.unwrap_or(FILE));
        let specs = read.mappings();
        let files::Reading { mut files, mut problems, .. } = read;
        let project = match spec {
            Some(spec) => {
                let mut settings = settings::Settings { dir, env, overrides, catalog: &catalog, lost: &spec.lost, problems: &mut problems };
                let connections = settings.connections(&spec);
                let server = settings.server(&spec);
                let time_zone = settings.time_zone(&spec);
                let known = Known { connections: &connections, named: spec.connections.keys().map(ConnectionName::new).collect(), lost: &spec.lost };
                let mappings = mappings(known, &variables(&spec), &specs, &time_zone, &files, &mut problems);
                Some(Project { dir: dir.to_owned(), connections, mappings, store: store(dir, &spec), server, log: log(&spec), time_zone, audit: audit(&spec) })
            }
            None => {
                // The mappings are still checked, as far as they go without connections.
                let known = Known { connections: &[], named: Vec::new(), lost: &Lost::whole() };
                mappings(known, &BTreeMap::new(), &specs, &Zone::utc(), &files, &mut problems);
                None
            }
        };
        let project = project.filter(|_| !has_error(&problems));
        // Another problem may show the line that a literal secret stands in.
        problems.iter().filter(|problem| problem.code == LITERAL_SECRET).filter_map(|problem| problem.span).for_each(|span| files.blot(span));
        problems.sort_by_key(|problem| (problem.span.map(|span| (span.file, span.start)), problem.severity));
        Loaded { project, files, problems, catalog }
    }

    pub fn mapping(&self, name: &str) -> Option<&Arc<Mapping>> {
        self.mappings.iter().find(|mapping| mapping.name.as_str() == name)
    }

    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name.as_str() == name)
    }

    /// What keeps connections from signing in: settings whose variable or file is not there.
    pub fn missing(&self) -> impl Iterator<Item = &Diagnostic> {
        self.connections.iter().flat_map(|connection| &connection.missing)
    }

    pub fn mapping_names(&self) -> impl Iterator<Item = &MappingName> {
        self.mappings.iter().map(|mapping| &mapping.name)
    }
}

fn variables(spec: &ProjectSpec) -> BTreeMap<String, Value> {
    spec.variables.iter().map(|(name, text)| (name.text().to_owned(), Value::text(text.text()))).collect()
}

fn mappings(
    known: Known<'_>,
    variables: &BTreeMap<String, Value>,
    specs: &[MappingSpec],
    time_zone: &Zone,
    files: &Files,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Arc<Mapping>> {
    let world = World { mappings: specs, objects: &known, variables, lost: known.lost, time_zone: time_zone.clone(), files };
    let mut compiled = Vec::with_capacity(specs.len());
    for spec in specs {
        let (mapping, found) = sketch(spec, &world);
        compiled.extend(mapping);
        // What joining said of a place is not said again.
        let told =
            |problem: &Diagnostic| problem.is_error() && problems.iter().any(|known| known.is_error() && known.span.is_some() && known.span == problem.span);
        let found: Vec<_> = found.into_iter().filter(|problem| !told(problem)).collect();
        problems.extend(found);
    }
    problems.extend(together(&compiled));
    order::by_reference(compiled).into_iter().map(Arc::new).collect()
}

fn store(dir: &Path, spec: &ProjectSpec) -> PathBuf {
    let text = spec.store.as_ref().map_or("sqlite:syncline.db", |store| store.text());
    dir.join(text.strip_prefix("sqlite:").unwrap_or(text))
}

fn audit(spec: &ProjectSpec) -> Schedule {
    match spec.audit.as_ref().map(ScheduleSlot::schedule) {
        Some(ScheduleOf::Every(every)) => Schedule::Every(every),
        Some(ScheduleOf::Cron(cron)) => Schedule::Cron(cron),
        Some(ScheduleOf::Off) | None => Schedule::Off,
    }
}

fn log(spec: &ProjectSpec) -> Log {
    let Some(log) = &spec.log else { return Log::default() };
    Log {
        format: log.format.as_ref().map(|format| format.value).unwrap_or_default(),
        level: log.level.iter().flat_map(|level| level.as_slice()).map(|level| level.text().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests;
