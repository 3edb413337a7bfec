//! What an example expects, held against what is there.

use super::TrialError;
use super::given::{Cast, Memories};
use super::written::{agreed, raw};
use crate::id::EntityId;
use crate::mapping::{Mapping, SystemIx};
use crate::spec::entries::{Entries, Tree};
use crate::spec::mapping::Expectation;
use crate::store::{Review, ReviewAbout};
use crate::sync::entity::Entity;
use crate::value::time::Zone;
use crate::value::{Path, Value};

/// What is there after the run.
pub(super) struct After<'a> {
    pub mapping: &'a Mapping,
    pub cast: &'a Cast<'a>,
    pub memories: &'a Memories,
    /// The example's entity; `None` if none came to be.
    pub entity: Option<&'a Entity>,
    pub reviews: &'a [Review],
    pub writes: u64,
}

/// Everything that is not as expected, in sentences.
pub(super) fn failures(expect: &Expectation, after: &After<'_>) -> Result<Vec<String>, TrialError> {
    let mut failures = Vec::new();
    for (system, values) in expect.records.iter() {
        after.record(system.text(), values, &mut failures)?;
    }
    for (name, tree) in expect.agreed.iter() {
        after.agreed(name.text(), tree, &mut failures)?;
    }
    for system in &expect.absent {
        if after.key(after.system(system.text())?).is_some() {
            failures.push(format!("{} holds a record of it, and none was expected", system.text()));
        }
    }
    for field in &expect.review {
        if !after.asked(field.text()) {
            failures.push(format!("`{}` does not wait for a person", field.text()));
        }
    }
    if let Some(writes) = expect.writes
        && writes.value != after.writes
    {
        failures.push(format!("{} records were written, and {} were expected", after.writes, writes.value));
    }
    Ok(failures)
}

impl After<'_> {
    fn system(&self, name: &str) -> Result<SystemIx, TrialError> {
        let found = self.mapping.systems.iter().position(|system| system.name.as_str() == name);
        found.map(|at| SystemIx(at as u16)).ok_or_else(|| TrialError::example(format!("`{name}` is no system of the mapping")))
    }

    /// The entity's live record there, which is neither deleted nor archived.
    fn key(&self, system: SystemIx) -> Option<&crate::id::RecordKey> {
        let of = self.mapping.system(system);
        let key = &self.entity?.live(system)?.key;
        let memory = &self.memories[&of.connection];
        (memory.values(&of.object, key).is_some() && !memory.archived(&of.object, key)).then_some(key)
    }

    fn record(&self, name: &str, expected: &Entries<Tree>, failures: &mut Vec<String>) -> Result<(), TrialError> {
        let system = self.system(name)?;
        let of = self.mapping.system(system);
        let values = self.key(system).and_then(|key| self.memories[&of.connection].values(&of.object, key));
        let Some(values) = values else {
            failures.push(format!("{name} holds no record of it"));
            return Ok(());
        };
        for (path, tree) in expected.iter() {
            let parsed = Path::parse(path.text()).map_err(|problem| TrialError::example(format!("`{}` is no path: {problem}", path.text())))?;
            let there = parsed.get(&values).cloned().unwrap_or_default();
            let wanted = self.labelled(raw(tree), &parsed, system);
            if !alike(&wanted, &there) {
                failures.push(format!("{name} {} is {}, and {} was expected", path.text(), shown(&there), shown(&wanted)));
            }
        }
        Ok(())
    }

    /// A label stands for the record key of its entity, where a reference is held.
    fn labelled(&self, wanted: Value, path: &Path, system: SystemIx) -> Value {
        let Value::Text(label) = &wanted else { return wanted };
        let holds = |field: &&crate::mapping::Field| field.cells[system.0 as usize].as_ref().is_some_and(|cell| cell.paths().contains(&path));
        let target = self.mapping.fields.iter().find(holds).and_then(|field| field.targets[system.0 as usize].as_ref());
        let given = self.cast.all.iter().find(|given| given.label == Some(label.as_str()));
        match (target, given) {
            (Some(target), Some(given)) => given.keys[target.system.0 as usize].as_ref().map_or(wanted, |key| Value::text(key.as_str())),
            _ => wanted,
        }
    }

    fn agreed(&self, name: &str, tree: &Tree, failures: &mut Vec<String>) -> Result<(), TrialError> {
        let at = self.mapping.fields_ix().find(|field| self.mapping.field(*field).name.as_str() == name);
        let at = at.ok_or_else(|| TrialError::example(format!("`{name}` is no field of the mapping")))?;
        let wanted = agreed(self.mapping.field(at), tree, &Zone::utc(), &|label| self.cast.labelled(label))?;
        let there = self.entity.map(|entity| entity.agreed(at).clone()).unwrap_or_default();
        if !self.mapping.same(at, &wanted, &there) {
            failures.push(format!("the agreed `{name}` is {}, and {} was expected", shown(&there), shown(&wanted)));
        }
        Ok(())
    }

    fn asked(&self, field: &str) -> bool {
        let of = |id: EntityId| self.entity.is_some_and(|entity| entity.id == id);
        self.reviews.iter().any(|review| {
            let about = match &review.about {
                ReviewAbout::Conflict { field: at, .. } => self.mapping.field(*at).name.as_str() == field,
                _ => false,
            };
            about && review.entity.is_some_and(of)
        })
    }
}

/// Equal, or spelt alike: an example may write a date as text, and an amount without its currency.
fn alike(wanted: &Value, there: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Decimal(number) => Some(*number),
        Value::Money(money) => Some(money.value),
        _ => None,
    };
    match (wanted, there) {
        (Value::List(wanted), Value::List(there)) => wanted.len() == there.len() && wanted.iter().zip(there).all(|(a, b)| alike(a, b)),
        (Value::Integer(_) | Value::Decimal(_), there) if number(there).is_some() => number(wanted) == number(there),
        (wanted, there) => wanted == there || (wanted.is_blank() == there.is_blank() && wanted.to_string() == there.to_string()),
    }
}

fn shown(value: &Value) -> String {
    if value.is_blank() { "blank".to_owned() } else { format!("`{value}`") }
}
