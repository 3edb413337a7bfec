//! The plan as people and files see it: every op, field by field, with the rule that decided.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::mapping::{EntityView, FieldIx, Mapping};
use crate::sync::op::{FieldWrite, Op, OpKind};
use crate::value::{Value, fingerprint};

/// One planned op, spelt out. Its `id` stays the same as long as the op would do the same to the same record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOp {
    pub id: String,
    pub mapping: String,
    pub system: String,
    pub kind: String,
    /// The record written; absent for a create.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// What people call the thing: the first text of the mapping that is not blank.
    pub label: String,
    /// The records the entity is made of, as `system key`.
    pub records: Vec<String>,
    pub reason: String,
    pub fields: Vec<PlannedField>,
    /// Left out for now: the record they refer to is not there yet.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deferred: Vec<String>,
}

/// One field of a planned op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedField {
    pub field: String,
    /// What the system shows now; absent where nothing was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    pub to: String,
    pub reason: String,
}

impl PlannedOp {
    /// The op in a few words: `update crm 006… "Acme"`.
    pub fn words(&self) -> String {
        let key = self.key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
        format!("{} {}{key} \"{}\"", self.kind, self.system, self.label)
    }
}

/// First line of a plan file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub syncline_plan: u32,
    pub store: String,
    pub made_at: String,
    pub mappings: Vec<String>,
}

/// Takes planned ops as they come; a big plan is never held whole.
pub trait PlanSink: Send {
    /// # Errors
    /// When the plan cannot be written where it goes.
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()>;

    /// So many questions would be opened.
    fn questions(&mut self, count: usize);
}

/// Nobody wants to see it.
pub struct Unseen;

impl PlanSink for Unseen {
    fn op(&mut self, _: PlannedOp) -> std::io::Result<()> {
        Ok(())
    }

    fn questions(&mut self, _: usize) {}
}

/// A plan that a person agreed to: these ops and no others.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// By id: the mapping, and the op in words.
    pub ops: HashMap<String, Approved>,
}

/// An op that was agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    pub mapping: String,
    pub words: String,
}

impl Approval {
    /// Ops of one mapping known by their ids alone, as a plan handed over names them.
    pub fn of_ids(mapping: &str, ids: impl IntoIterator<Item = String>) -> Self {
        let approved = |id: String| (id.clone(), Approved { mapping: mapping.to_owned(), words: format!("op {id}") });
        Self { ops: ids.into_iter().map(approved).collect() }
    }

    /// Reads a plan file back. Returns its head, too, so that the store can be compared.
    ///
    /// # Errors
    /// When the file is not a plan.
    pub fn read(file: impl BufRead) -> Result<(Head, Approval), PlanFileError> {
        let mut lines = file.lines();
        let first = lines.next().ok_or(PlanFileError::Empty)??;
        let head: Head = serde_json::from_str(&first).map_err(|source| PlanFileError::Line { line: 1, source })?;
        if head.syncline_plan != PLAN_VERSION {
            return Err(PlanFileError::Version { found: head.syncline_plan });
        }
        let mut ops = HashMap::new();
        for (at, line) in lines.enumerate() {
            let op: PlannedOp = serde_json::from_str(&line?).map_err(|source| PlanFileError::Line { line: at + 2, source })?;
            let approved = Approved { words: op.words(), mapping: op.mapping };
            ops.insert(op.id, approved);
        }
        Ok((head, Approval { ops }))
    }
}

/// The form of plan files that this program writes and reads.
pub const PLAN_VERSION: u32 = 1;

/// Why a file is not a plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    #[error("the file is empty; make a plan with `syncline plan --out FILE`")]
    Empty,
    #[error("line {line} is no line of a plan; make a new one with `syncline plan --out FILE`")]
    Line {
        line: usize,
        #[source]
        source: serde_json::Error,
    },
    #[error("the plan was written in form {found}; this program reads form {PLAN_VERSION}")]
    Version { found: u32 },
    #[error("the file cannot be read")]
    Read(#[from] std::io::Error),
}

/// Writes a plan file: a line for the head, a line for each op.
pub struct PlanFile<W: Write + Send> {
    to: W,
}

impl<W: Write + Send> PlanFile<W> {
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(mut to: W, head: &Head) -> std::io::Result<Self> {
        serde_json::to_writer(&mut to, head)?;
        to.write_all(b"\n")?;
        Ok(Self { to })
    }

    /// Gives back what was written to.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write + Send> PlanSink for PlanFile<W> {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.to, &op)?;
        self.to.write_all(b"\n")
    }

    fn questions(&mut self, _: usize) {}
}

/// Spells an op out. `records` are the entity's own, sorted: they name an entity that has no id yet.
pub fn spell_out(mapping: &Mapping, op: &Op, records: &[String], view: &dyn EntityView) -> PlannedOp {
    let show = |field: FieldIx, value: &Value| match view.key_of(value, field, op.system) {
        Some(key) => key.to_string(),
        None => value.to_string(),
    };
    PlannedOp {
        id: id(mapping, op, records),
        mapping: mapping.name.to_string(),
        system: mapping.system(op.system).name.to_string(),
        kind: op.kind.word().to_owned(),
        key: op.key.as_ref().map(ToString::to_string),
        label: mapping.label(|field| view.agreed(field).to_string()),
        records: records.to_vec(),
        reason: op.reason.sentence(mapping, None),
        fields: op
            .fields
            .iter()
            .map(|write| PlannedField {
                field: mapping.field(write.field).name.to_string(),
                from: write.pre.as_ref().map(|pre| show(write.field, pre)),
                to: show(write.field, &write.want),
                reason: write.reason.sentence(mapping, Some(write.field)),
            })
            .collect(),
        deferred: op.deferred.iter().map(|field| mapping.field(*field).name.to_string()).collect(),
    }
}

/// What makes an op the same op when it is planned again: the record, what is done, and from what to what.
pub fn id(mapping: &Mapping, op: &Op, records: &[String]) -> String {
    let mut bytes = Vec::new();
    let mut put = |text: &str| {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    };
    put(mapping.name.as_str());
    put(mapping.system(op.system).name.as_str());
    put(op.kind.word());
    match &op.key {
        Some(key) => put(key.as_str()),
        None => records.iter().for_each(|record| put(record)),
    }
    // A create may be shown before the records it refers to are there: its references are deferred in the plan, and no surprise later.
    let settled = |write: &&FieldWrite| op.kind != OpKind::Create || mapping.field(write.field).refers_to().is_none();
    for write in op.fields.iter().filter(settled) {
        bytes.extend_from_slice(mapping.field(write.field).name.as_str().as_bytes());
        fingerprint::canonical(write.pre.as_ref().unwrap_or(&Value::Blank), &mut bytes);
        fingerprint::canonical(&write.want, &mut bytes);
    }
    format!("{:016x}", fingerprint::hash64(&bytes))
}
