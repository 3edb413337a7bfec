//! The options that narrow a list down, the same for every list.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::exit::Misused;
use super::ground;
use crate::id::EntityId;
use crate::project::Project;
use crate::report::logs::Narrow;
use crate::value::time::duration;

/// Which rows.
#[derive(Clone, Debug, Args)]
pub struct Narrowed {
    /// Only these mappings
    pub mappings: Vec<String>,
    /// Only this field
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,
    /// Only where this system has to do with it
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// Only what happened since: 30m, 12h, 7d, or 2026-11-20T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only of this thing, as Syncline calls it: e17
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// At most so many of each mapping
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

impl Narrowed {
    /// Everything of these mappings and this system.
    pub fn all(mappings: Vec<String>, system: Option<String>) -> Self {
        Self { mappings, field: None, system, since: None, entity: None, limit: usize::MAX }
    }

    /// The same, with every name known to the project.
    ///
    /// # Errors
    /// When a name is not, or a time cannot be read.
    pub fn read(&self, project: &Project, now: Timestamp) -> anyhow::Result<Narrow> {
        let mappings = || project.mappings.iter().filter(|mapping| self.mappings.is_empty() || self.mappings.iter().any(|name| *name == mapping.name.as_str()));
        if let Some(field) = &self.field {
            let known = || mappings().flat_map(|mapping| mapping.fields.iter().map(|field| field.name.as_str()));
            if !known().any(|known| known == field) {
                return Err(ground::unknown("field", field, known().collect::<Vec<_>>().into_iter()));
            }
        }
        if let Some(system) = &self.system {
            let known = || mappings().flat_map(|mapping| mapping.systems.iter().map(|system| system.name.as_str()));
            if !known().any(|known| known == system) {
                return Err(ground::unknown("system", system, known().collect::<Vec<_>>().into_iter()));
            }
        }
        Ok(Narrow {
            entity: self.entity.as_deref().map(entity).transpose()?,
            field: self.field.clone(),
            system: self.system.clone(),
            since: self.since.as_deref().map(|text| since(text, now)).transpose()?,
            limit: self.limit,
        })
    }
}

/// `e17`.
fn entity(text: &str) -> anyhow::Result<EntityId> {
    let number = text.strip_prefix('e').unwrap_or(text).parse().ok();
    number.map(EntityId).ok_or_else(|| Misused::because(format!("`{text}` is no entity"), "Write it as lists show it: e17"))
}

/// A length of time before now, or a moment.
///
/// # Errors
/// When it is neither.
pub fn since(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let ago = duration(text).and_then(|length| SignedDuration::try_from(length).ok()).and_then(|length| now.checked_sub(length).ok());
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    ago.or_else(|| text.parse().ok()).or_else(day).ok_or_else(|| {
        Misused::because(format!("`{text}` is no time"), "Write how long ago, such as 30m, 12h or 7d; or a moment, such as 2026-11-20T08:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_lengths_moments_and_days() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a literal");
        let read = |text: &str| since(text, now).expect("a time").to_string();
        assert_eq!(read("90m"), "2026-11-20T08:30:00Z");
        assert_eq!(read("2026-11-19T08:00:00Z"), "2026-11-19T08:00:00Z");
        assert_eq!(read("2026-11-19"), "2026-11-19T00:00:00Z");
        assert!(since("yesterday", now).is_err());
    }
}
