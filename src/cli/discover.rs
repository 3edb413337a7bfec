//! `discover`: what a system offers: its objects, and an object's fields.

use clap::Args;
use serde_json::json;

use super::exit::Exit;
use super::out::{self, Out, styled};
use super::{Global, ground, logs, open};
use std::sync::Arc;

use crate::connector::meter::{Meter, Unmetered};
use crate::id::ObjectName;
use crate::project::Project;
use crate::run::connect;
use crate::system::{Description, FieldDescription, System, SystemError};

/// List what the systems offer: connections, the objects of one, the fields of an object.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline discover
  syncline discover crm
  syncline discover crm Opportunity
  syncline discover crm Opportunity --json | jq '.fields[].path'")]
pub struct Discover {
    /// Which connection
    connection: Option<String>,
    /// Which of its objects
    object: Option<String>,
}

impl Discover {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let Some((project, files)) = open::project(global, out)? else { return Ok(Exit::Usage) };
        let Some(name) = &self.connection else { return connections(&project, out) };
        let Some(connection) = project.connection(name) else {
            return Err(ground::unknown("connection", name, project.connections.iter().map(|connection| connection.name.as_str())));
        };
        if !connection.missing.is_empty() {
            open::told(&connection.missing, &files, out)?;
            return Ok(Exit::Usage);
        }
        logs::start(global, Some(&project.log), "warn", out)?;
        let meter: Arc<dyn Meter> = Arc::new(Unmetered);
        let system = connect::one(connection, &ground::wall_clock(), &meter)?;
        match &self.object {
            None => objects(&system.objects().await?, out),
            Some(object) => match system.describe(&ObjectName::new(object)).await {
                Ok(described) => fields(&described, out),
                Err(error) => Err(not_described(&system, object, error).await),
            },
        }
    }
}

/// A vendor says at most that there is no such object; which one was probably meant, its list tells.
async fn not_described(system: &dyn System, object: &str, error: SystemError) -> anyhow::Error {
    match system.objects().await {
        Ok(all) if !all.iter().any(|known| known.name == object) => ground::unknown("object", object, all.iter().map(|known| known.name.as_str())),
        Ok(_) | Err(_) => error.into(),
    }
}

fn connections(project: &Project, out: &Out) -> anyhow::Result<Exit> {
    if out.json {
        let all = project.connections.iter().map(|connection| json!({ "name": connection.name.as_str(), "connector": connection.connector.name.as_str(), "title": connection.connector.title.as_str() }));
        out.json(&json!({ "connections": all.collect::<Vec<_>>() }))?;
    } else {
        let rows = project.connections.iter().map(|connection| vec![connection.name.to_string(), connection.connector.title.to_string()]);
        out.table(&["connection", "connector"], rows.collect())?;
        out.line(styled(out::QUIET, "\nObjects of one: syncline discover CONNECTION"))?;
    }
    Ok(Exit::Done)
}

fn objects(objects: &[Description], out: &Out) -> anyhow::Result<Exit> {
    if out.json {
        out.json(&json!({ "objects": objects.iter().map(|object| json!({ "name": object.name, "label": object.label })).collect::<Vec<_>>() }))?;
    } else {
        out.table(&["object", "label"], objects.iter().map(|object| vec![object.name.clone(), object.label.clone()]).collect())?;
    }
    Ok(Exit::Done)
}

fn fields(object: &Description, out: &Out) -> anyhow::Result<Exit> {
    if out.json {
        out.json(&json!({ "object": object.name, "label": object.label, "fields": object.fields.iter().map(field_json).collect::<Vec<_>>() }))?;
    } else {
        out.table(
            &["path", "kind", "label", "remarks"],
            object.fields.iter().map(|field| vec![field.path.clone(), kind(field), field.label.clone(), remarks(field)]).collect(),
        )?;
    }
    Ok(Exit::Done)
}

fn kind(field: &FieldDescription) -> String {
    let many = if field.many { "list of " } else { "" };
    let length = field.length.filter(|length| *length > 0).map_or(String::new(), |length| format!("({length})"));
    format!("{many}{}{length}", field.kind)
}

fn remarks(field: &FieldDescription) -> String {
    /// Values of a choice shown in a table.
    const VALUES_MAX: usize = 8;
    let mut remarks = Vec::new();
    if !field.writable {
        remarks.push(if field.creatable { "set once".to_owned() } else { "read only".to_owned() });
    }
    if field.required {
        remarks.push("required".to_owned());
    }
    if field.unique {
        remarks.push("unique".to_owned());
    }
    if !field.refers_to.is_empty() {
        remarks.push(format!("→ {}", field.refers_to.join(", ")));
    }
    if !field.values.is_empty() {
        let more = if field.values.len() > VALUES_MAX { " …" } else { "" };
        remarks.push(format!("one of {}{more}", field.values.iter().take(VALUES_MAX).map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" | ")));
    }
    remarks.join(", ")
}

fn field_json(field: &FieldDescription) -> serde_json::Value {
    let values: Vec<_> = field.values.iter().map(|(key, label)| json!({ "key": key, "label": label })).collect();
    json!({
        "path": field.path, "label": field.label, "kind": field.kind, "many": field.many, "length": field.length, "values": values, "creatable": field.creatable,
        "writable": field.writable, "required": field.required, "unique": field.unique, "refers_to": field.refers_to,
    })
}
