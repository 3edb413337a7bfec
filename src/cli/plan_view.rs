//! A plan as people see it: a table of fields under each op, and what it adds up to.

use std::collections::BTreeMap;

use serde_json::json;

use super::out::{self, Out, styled};
use crate::mapping::Mapping;
use crate::run::Ended;
use crate::run::offline::Known;
use crate::run::plan::{PlanSink, PlannedOp};

/// Prints ops as they come, up to a limit of each mapping, and counts all.
pub struct PlanView {
    out: Out,
    limit: usize,
    shown: usize,
    /// Of all mappings.
    pub ops: u64,
    /// Of this mapping: by system, then by kind.
    counts: BTreeMap<(String, String), u64>,
    /// Of this mapping: what a person would be asked.
    questions: u64,
    /// For JSON: of all mappings.
    totals: Vec<serde_json::Value>,
}

impl PlanView {
    pub fn new(out: Out, limit: usize) -> Self {
        Self { out, limit, shown: 0, ops: 0, counts: BTreeMap::new(), questions: 0, totals: Vec::new() }
    }

    /// Counts an op without showing it.
    pub fn count(&mut self, system: String, kind: String) {
        self.ops += 1;
        *self.counts.entry((system, kind)).or_default() += 1;
    }

    /// `prm: 3 creates, 2 updates; crm: 1 update`.
    pub fn summary(&self) -> String {
        let mut systems: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((system, kind), count) in &self.counts {
            systems.entry(system).or_default().push(out::counted(*count, kind));
        }
        let mut parts: Vec<String> = systems.into_iter().map(|(system, kinds)| format!("{system}: {}", kinds.join(", "))).collect();
        if parts.is_empty() {
            parts.push("nothing to write".to_owned());
        }
        if self.questions > 0 {
            parts.push(format!("{} for a person", out::counted(self.questions, "question")));
        }
        parts.join("; ")
    }

    /// Ends a mapping's part: what it adds up to, and what could not be read.
    pub fn mapping_done(&mut self, mapping: &Mapping, ended: &Ended) -> std::io::Result<()> {
        if self.out.json {
            let counts: Vec<_> = self.counts.iter().map(|((system, kind), count)| json!({ "system": system, "kind": kind, "ops": count })).collect();
            let down: Vec<_> = ended.down.iter().map(|(system, why)| json!({ "system": system.as_str(), "why": why })).collect();
            self.totals.push(json!({ "mapping": mapping.name.as_str(), "ops": counts, "linked": ended.end.linked, "questions": self.questions, "left_alone": ended.remarks, "down": down }));
        } else {
            let ops: u64 = self.counts.values().sum();
            if ops > self.shown as u64 {
                self.out.line(styled(out::QUIET, format!("… and {}", out::counted(ops - self.shown as u64, "more op"))))?;
            }
            self.out.flow(format!("{}  {}", styled(out::TITLE, &mapping.name), self.summary()))?;
            for remark in &ended.remarks {
                self.out.flow(format!("  {} {remark}", styled(out::WAITING, "left alone:")))?;
            }
            for (system, why) in &ended.down {
                self.out.flow(format!("  {} {system}: {why}", styled(out::BAD, "not read")))?;
            }
            self.out.line("")?;
        }
        (self.shown, self.questions) = (0, 0);
        self.counts.clear();
        Ok(())
    }

    /// Ends the part of a mapping that was planned out of the store alone: what it adds up to, and what only the systems can tell.
    pub fn offline_done(&mut self, mapping: &Mapping, known: &Known) -> std::io::Result<()> {
        if self.out.json {
            let counts: Vec<_> = self.counts.iter().map(|((system, kind), count)| json!({ "system": system, "kind": kind, "ops": count })).collect();
            self.totals.push(json!({ "mapping": mapping.name.as_str(), "ops": counts, "entities": known.entities, "questions": self.questions, "left_alone": known.remarks, "held": known.held, "not_known": known.unknown }));
        } else {
            let ops: u64 = self.counts.values().sum();
            if ops > self.shown as u64 {
                self.out.line(styled(out::QUIET, format!("… and {}", out::counted(ops - self.shown as u64, "more op"))))?;
            }
            self.out.flow(format!("{}  {}", styled(out::TITLE, &mapping.name), self.summary()))?;
            let told = [("left alone:", &known.remarks), ("would wait:", &known.held), ("not known:", &known.unknown)];
            for (word, sentences) in told {
                for sentence in sentences {
                    self.out.flow(format!("  {} {sentence}", styled(out::WAITING, word)))?;
                }
            }
            self.out.line("")?;
        }
        (self.shown, self.questions) = (0, 0);
        self.counts.clear();
        Ok(())
    }

    /// Ends the plan.
    pub fn done(&self) -> std::io::Result<()> {
        if self.out.json { self.out.json(&json!({ "totals": self.totals })) } else { Ok(()) }
    }

    fn show(&self, op: &PlannedOp) -> std::io::Result<()> {
        let style = match op.kind.as_str() {
            "create" => out::GOOD,
            "delete" | "archive" => out::BAD,
            _ => out::WAITING,
        };
        let record = op.key.as_ref().map_or(String::new(), |key| format!(" {key}"));
        let label = if op.label.is_empty() { String::new() } else { format!(" \"{}\"", op.label) };
        // What a field says anyway, with the rule's place, is not said above it as well.
        let said = op.fields.iter().any(|field| field.reason.starts_with(&op.reason));
        let why = if said { String::new() } else { format!("  {}", styled(out::QUIET, &op.reason)) };
        self.out.flow(format!("{} {} {}{record}{label}{why}", styled(style, &op.kind), op.mapping, op.system))?;
        let names = op.fields.iter().map(|field| &field.field).chain(&op.deferred);
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
        for field in &op.fields {
            let change = match &field.from {
                Some(from) if from.is_empty() => format!("blank → {}", shown(&field.to)),
                Some(from) => format!("{} → {}", shown(from), shown(&field.to)),
                None => shown(&field.to),
            };
            self.out.flow(format!("  {:width$}  {change}  {}", field.field, styled(out::QUIET, &field.reason)))?;
        }
        for field in &op.deferred {
            self.out.flow(format!("  {field:width$}  to be linked  {}", styled(out::QUIET, "written once the record that it refers to is there")))?;
        }
        Ok(())
    }
}

impl PlanSink for PlanView {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        self.count(op.system.clone(), op.kind.clone());
        if self.out.json {
            return self.out.json(&op);
        }
        if self.shown < self.limit {
            self.shown += 1;
            self.show(&op)?;
        }
        Ok(())
    }

    fn questions(&mut self, count: usize) {
        self.questions += count as u64;
    }
}

/// A value as it stands in a line: blanks are named, long texts cut.
fn shown(value: &str) -> String {
    const CHARS_MAX: usize = 60;
    if value.is_empty() {
        return "blank".to_owned();
    }
    let line = value.replace(['\n', '\r'], " ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
