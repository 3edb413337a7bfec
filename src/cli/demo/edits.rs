//! What people do in the meantime, each in a system of their own: through the pages' own interface, as a person's hand would.

use anyhow::Context;
use serde_json::{Value, json};

use super::act::Act;
use crate::bounds::SLICE_RECORDS;
use crate::cli::out::{self, styled};
use crate::id::{EntityId, MappingName, SystemName};
use crate::run::Laid;
use crate::sync::entity::Entity;

/// After so many minutes everything written before is sure to be seen.
pub const MINUTES_UNTIL_SEEN: u32 = 3;

/// An edit, and where its trace is to be looked for afterwards.
struct Edit {
    what: &'static str,
    mapping: &'static str,
    entity: EntityId,
    field: &'static str,
}

/// The edits that were made.
pub struct Edits(Vec<Edit>);

/// Someone at a system's own screens.
struct Person<'a> {
    act: &'a Act<'a>,
    client: reqwest::Client,
}

/// Makes all edits.
pub async fn make(act: &Act<'_>) -> anyhow::Result<Edits> {
    let person = Person { act, client: reqwest::Client::builder().no_proxy().build()? };
    let deals = mapping(act, "deals")?;
    let accounts = mapping(act, "accounts")?;
    let open = |entity: &Entity| in_all(deals, entity, &["prm", "crm"]) && in_state(deals, entity, &["qualified", "proposal"]);
    let open = some(act, deals, 6, open).await?;
    let known = some(act, accounts, 2, |entity| in_all(accounts, entity, &["crm", "erp"])).await?;
    let ([amount, stage, conflict, won, gone, name], [phone, street]) =
        (<[Entity; 6]>::try_from(open).map_err(|_| too_small())?, <[Entity; 2]>::try_from(known).map_err(|_| too_small())?);
    // A vendor that tells times in whole seconds cannot say whether an edit came before or after a read in the same second.
    act.clock.by_minutes(1);
    let mut edits = Vec::new();
    let mut edit = |what, mapping, entity: &Entity, field| edits.push(Edit { what, mapping, entity: entity.id, field });

    person.edits(deals, &amount, "crm", "Opportunity", json!({ "Amount": 123_456 })).await?;
    edit("the amount typed in the CRM", "deals", &amount, "amount");
    person.edits(deals, &stage, "prm", "deals", json!({ "stage": "negotiation" })).await?;
    edit("the stage set in the portal", "deals", &stage, "status");
    person.edits(accounts, &phone, "erp", "customers", json!({ "phoneNumber": "+1 512 555 0142" })).await?;
    edit("the phone number typed in the ERP", "accounts", &phone, "phone");
    person.edits(deals, &conflict, "crm", "Opportunity", json!({ "Amount": 70_000 })).await?;
    act.clock.by_minutes(1);
    person.edits(deals, &conflict, "prm", "deals", json!({ "amount": 7_250_000 })).await?;
    edit("the amount changed in two systems", "deals", &conflict, "amount");
    person.edits(accounts, &street, "crm", "Account", json!({ "BillingStreet": "1 Typo Street" })).await?;
    edit("the street typed in the CRM, which the ERP owns", "accounts", &street, "street");
    person.edits(deals, &won, "crm", "Opportunity", json!({ "StageName": "Closed Won" })).await?;
    edit("the deal won in the CRM", "deals", &won, "status");
    person.edits(deals, &name, "crm", "Opportunity", json!({ "Name": "Renamed by its owner" })).await?;
    edit("the name changed in the CRM, its owner", "deals", &name, "name");
    person.deletes(deals, &gone, "crm", "Opportunity").await?;
    edit("the deal deleted in the CRM", "deals", &gone, "name");
    Ok(Edits(edits))
}

fn too_small() -> anyhow::Error {
    anyhow::anyhow!("the world is too small for all the edits of the demo; ask for more with --records 100")
}

impl Edits {
    /// What became of each edit, in every system.
    pub async fn tell(&self, act: &Act<'_>) -> anyhow::Result<()> {
        act.title("What became of each edit")?;
        for edit in &self.0 {
            let laid = mapping(act, edit.mapping)?;
            let field = laid.mapping.fields_ix().find(|at| laid.mapping.field(*at).name.as_str() == edit.field).context("the example has this field")?;
            let entity = act.ground.store.load(laid.id, &[edit.entity]).await?.into_iter().next().context("the entity is still there")?.entity;
            act.say(format!("  {}", edit.what))?;
            act.say(format!("    agreed now: {} = {}", edit.field, shown(&entity.agreed(field).to_string())))?;
            let decided = act.ground.store.decided(laid.id, edit.entity).await?;
            if let Some((_, _, decided)) = decided.iter().find(|(_, _, decided)| decided.field == field) {
                act.flow(format!("    {}", styled(out::QUIET, format!("because {}", decided.reason.sentence(&*laid.mapping, Some(field))))))?;
            }
            let records = laid.mapping.systems_ix().map(|at| {
                let state = match entity.link(at) {
                    None => "no record",
                    Some(link) => match link.state {
                        crate::sync::entity::LinkState::Live => "in step",
                        crate::sync::entity::LinkState::Owed(_) => "to leave",
                        crate::sync::entity::LinkState::GoneByUser { .. } => "deleted by a person",
                        crate::sync::entity::LinkState::GoneByUs { .. } => "archived by us",
                    },
                };
                format!("{} {state}", laid.mapping.system(at).name)
            });
            act.say(format!("    {}", styled(out::QUIET, records.collect::<Vec<_>>().join(", "))))?;
        }
        Ok(())
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "blank".to_owned() } else { value.to_owned() }
}

impl Person<'_> {
    async fn edits(&self, laid: &Laid, entity: &Entity, system: &str, object: &str, fields: Value) -> anyhow::Result<()> {
        let (key, url) = self.record(laid, entity, system, object)?;
        let before: Value = self.client.get(&url).send().await?.error_for_status()?.json().await?;
        let answer = self.client.patch(&url).json(&fields).send().await?;
        if !answer.status().is_success() {
            anyhow::bail!("{system} {object} {key} cannot be edited: {}", answer.text().await?);
        }
        for (field, value) in fields.as_object().into_iter().flatten() {
            self.act.flow(format!("  {} {object} {key}: {field} {} → {}", styled(out::TITLE, system), bare(&before["fields"][field]), bare(value)))?;
        }
        Ok(())
    }

    async fn deletes(&self, laid: &Laid, entity: &Entity, system: &str, object: &str) -> anyhow::Result<()> {
        let (key, url) = self.record(laid, entity, system, object)?;
        self.client.delete(&url).send().await?.error_for_status()?;
        self.act.say(format!("  {} {object} {key}: {}", styled(out::TITLE, system), styled(out::BAD, "deleted")))?;
        Ok(())
    }

    fn record(&self, laid: &Laid, entity: &Entity, system: &str, object: &str) -> anyhow::Result<(String, String)> {
        let at = laid.mapping.system_ix(&SystemName::new(system)).context("the example has this system")?;
        let key = entity.live(at).context("the entity has a record there")?.key.to_string();
        let place = self.act.sandbox.place(system).context("the sandbox has this system")?;
        Ok((key.clone(), format!("{}records/{object}/{key}", place.page)))
    }
}

fn bare(value: &Value) -> String {
    match value {
        Value::Null => "blank".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn mapping<'a>(act: &Act<'a>, name: &str) -> anyhow::Result<&'a Laid> {
    let at = act.ground.find(&MappingName::new(name)).context("the example has this mapping")?;
    Ok(&act.ground.mappings[at])
}

/// The first entities that fit.
async fn some(act: &Act<'_>, laid: &Laid, count: usize, fits: impl Fn(&Entity) -> bool) -> anyhow::Result<Vec<Entity>> {
    let mut found = Vec::new();
    let mut after = None;
    while found.len() < count {
        let ids = act.ground.store.entities(laid.id, after, SLICE_RECORDS).await?;
        let Some(last) = ids.last() else { break };
        after = Some(*last);
        let loaded = act.ground.store.load(laid.id, &ids).await?;
        found.extend(loaded.into_iter().map(|loaded| loaded.entity).filter(&fits).take(count - found.len()));
    }
    Ok(found)
}

fn in_all(laid: &Laid, entity: &Entity, systems: &[&str]) -> bool {
    systems.iter().all(|name| laid.mapping.system_ix(&SystemName::new(name)).is_some_and(|at| entity.live(at).is_some_and(|link| !link.asleep)))
}

fn agreed(laid: &Laid, entity: &Entity, field: &str) -> String {
    laid.mapping.fields_ix().find(|at| laid.mapping.field(*at).name.as_str() == field).map_or_else(String::new, |at| entity.agreed(at).to_string())
}

fn in_state(laid: &Laid, entity: &Entity, states: &[&str]) -> bool {
    let state = agreed(laid, entity, "status");
    states.contains(&state.as_str())
}
