//! `explain`: why a record is what it is, out of the store alone.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::{Global, explain_view, ground, open};
use crate::clock::Clock;
use crate::connector::meter::{Meter, Unmetered};
use crate::id::{EntityId, RecordKey};
use crate::mapping::{FieldIx, Mapping, SystemIx};
use crate::project::Project;
use crate::report::Kept;
use crate::report::explain::{Found, explain, find};
use crate::run::connect;
use crate::store::{Store, WaitingWhy};
use crate::system::System;

/// Tell why a record is what it is: who changed it, which rule decided, what was written where.
#[derive(Debug, Args)]
#[command(after_help = "\
For each field: the agreed value, who said it and when, when a run saw it, what it replaced, who else spoke, the rule
with file and line, what lost, what each system shows, and each write with the vendor's answer. Out of the store: no
system is asked, and a running daemon is not disturbed.

Examples:
  syncline explain crm deals 0065f00000AbCdE
  syncline explain crm Opportunity 0065f00000AbCdE amount
  syncline explain erp accounts e17 --json | jq '.explained[0].fields[].agreed'")]
pub struct Explain {
    /// The system that shows it, as the mapping names it
    system: String,
    /// The mapping, or the object in that system
    of: String,
    /// The record's key there; or what Syncline calls it, such as e17
    key: String,
    /// Only this field of the mapping
    field: Option<String>,
}

impl Explain {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, _)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let asked = self.asked(&project)?;
        let clock = ground::wall_clock();
        let store = ground::store_to_read(&project, &*clock)?;
        let mut explained = Vec::new();
        let mut waits = Vec::new();
        for (name, system) in asked {
            for kept in ground::kept(&project, &*store, &[name]).await? {
                let only = self.field_of(&kept.mapping);
                match self.look_up(&project, &clock, &*store, &kept, system).await? {
                    Found::Entity(entity) => explained.push(explain(&*store, &kept, entity, only).await?),
                    Found::Waits(why) => waits.push((kept.mapping.name.to_string(), waiting(why))),
                    Found::Nothing => {}
                }
            }
        }
        if explained.is_empty() && waits.is_empty() {
            let what = format!("No record `{}` of {} is linked in {}", self.key, self.system, self.of);
            let elsewhere = self.elsewhere(&project, &clock, &*store).await?;
            let what_to_do =
                elsewhere.unwrap_or_else(|| "It was never read, does not take part, or has another key; `syncline status` tells what was read.".to_owned());
            return Err(Misused::because(what, what_to_do));
        }
        if out.json {
            let waits: Vec<_> = waits.iter().map(|(mapping, why)| json!({ "mapping": mapping, "why": why })).collect();
            out.json(&json!({ "explained": explained, "unlinked": waits }))?;
            return Ok(Exit::Done);
        }
        explained.iter().try_for_each(|one| explain_view::tell(one, out))?;
        for (mapping, why) in waits {
            out.flow(format!("{}  {} {} is linked to nothing: {why}", styled(out::TITLE, mapping), self.system, self.key))?;
        }
        Ok(Exit::Done)
    }

    /// The mappings that are meant, and the system in each.
    fn asked(&self, project: &Project) -> anyhow::Result<Vec<(String, SystemIx)>> {
        let named = |mapping: &Mapping| mapping.systems_ix().find(|at| mapping.system(*at).name.as_str() == self.system);
        let mut asked = Vec::new();
        for mapping in &project.mappings {
            let of = |at: &SystemIx| mapping.name.as_str() == self.of || mapping.system(*at).object.as_str() == self.of;
            asked.extend(named(mapping).filter(of).map(|at| (mapping.name.to_string(), at)));
        }
        if !asked.is_empty() {
            return self.with_field(project, asked);
        }
        let systems = || project.mappings.iter().flat_map(|mapping| mapping.systems.iter().map(|system| system.name.as_str()));
        if !systems().any(|name| name == self.system) {
            return Err(ground::unknown("system", &self.system, systems()));
        }
        let there = project.mappings.iter().filter_map(|mapping| Some((mapping, named(mapping)?)));
        let known: Vec<&str> = there.flat_map(|(mapping, at)| [mapping.name.as_str(), mapping.system(at).object.as_str()]).collect();
        Err(ground::unknown(&format!("mapping or object of {}", self.system), &self.of, known.iter().copied()))
    }

    /// Of several mappings over one object, those that have the field.
    fn with_field(&self, project: &Project, asked: Vec<(String, SystemIx)>) -> anyhow::Result<Vec<(String, SystemIx)>> {
        let Some(field) = &self.field else { return Ok(asked) };
        let mapping = |name: &str| project.mappings.iter().find(|mapping| mapping.name.as_str() == name);
        let with: Vec<_> = asked.iter().filter(|(name, _)| mapping(name).is_some_and(|mapping| self.field_of(mapping).is_some())).cloned().collect();
        if !with.is_empty() {
            return Ok(with);
        }
        let names: Vec<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
        let known = names.iter().filter_map(|name| mapping(name)).flat_map(|mapping| mapping.fields.iter().map(|field| field.name.as_str()));
        Err(ground::unknown(&format!("field of {}", names.join(" or ")), field, known))
    }

    fn field_of(&self, mapping: &Mapping) -> Option<FieldIx> {
        let field = self.field.as_ref()?;
        mapping.fields_ix().find(|at| mapping.field(*at).name.as_str() == field)
    }

    /// Where else the key is known: it may be another system's.
    async fn elsewhere(&self, project: &Project, clock: &Arc<dyn Clock>, store: &dyn Store) -> anyhow::Result<Option<String>> {
        for kept in ground::kept(project, store, &[]).await? {
            for system in kept.mapping.systems_ix() {
                if !matches!(self.look_up(project, clock, store, &kept, system).await?, Found::Nothing) {
                    let (name, of) = (&kept.mapping.system(system).name, &kept.mapping.name);
                    return Ok(Some(format!("It is known as a record of {name}:\n    syncline explain {name} {of} {}", self.key)));
                }
            }
        }
        Ok(None)
    }

    /// By the key as it was given; else as its connector identifies records; else by the entity's own name.
    async fn look_up(&self, project: &Project, clock: &Arc<dyn Clock>, store: &dyn Store, kept: &Kept, system: SystemIx) -> anyhow::Result<Found> {
        let key = RecordKey::new(&self.key);
        match find(store, kept, system, std::slice::from_ref(&key)).await? {
            Found::Nothing => {}
            found => return Ok(found),
        }
        let of = kept.mapping.system(system);
        if let Some(connection) = project.connections.iter().find(|connection| connection.name == of.connection) {
            let meter: Arc<dyn Meter> = Arc::new(Unmetered);
            let identity = connect::one(connection, clock, &meter)?.identity(&of.object, &key);
            match find(store, kept, system, &[identity]).await? {
                Found::Nothing => {}
                found => return Ok(found),
            }
        }
        let number: Option<i64> = self.key.strip_prefix('e').and_then(|number| number.parse().ok());
        let Some(number) = number else { return Ok(Found::Nothing) };
        let entity = store.resolve_alias(EntityId(number)).await?;
        let first = store.entities(kept.id, Some(EntityId(entity.0.saturating_sub(1))), 1).await?;
        Ok(if first == [entity] { Found::Entity(entity) } else { Found::Nothing })
    }
}

fn waiting(why: WaitingWhy) -> &'static str {
    match why {
        WaitingWhy::StartsNever => "`starts: never`, and no other system's record has its match keys",
        WaitingWhy::Outside => "it does not fit `where`",
        WaitingWhy::BeyondWall => "`only` does not hold for it",
        WaitingWhy::Review => "a person is asked what it is: syncline reviews",
        WaitingWhy::LeftAlone => "a person said to leave it alone",
    }
}
