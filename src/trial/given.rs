//! The entities an example begins with: its own, and the others that it refers to.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::TrialError;
use super::fit::fitting;
use super::memory::MemorySystem;
use super::written::agreed;
use crate::id::{ConnectionName, EntityId, RecordKey};
use crate::mapping::field::CellProgram;
use crate::mapping::{EntityView, FieldIx, Mapping, SystemIx};
use crate::spec::entries::{Entries, Tree};
use crate::spec::mapping::Example;
use crate::value::time::Zone;
use crate::value::{Kind, Value};

/// Systems in memory by their connection.
pub(super) type Memories = BTreeMap<ConnectionName, Arc<MemorySystem>>;

/// One entity that is there at the start.
pub(super) struct Given<'a> {
    /// Position of its mapping.
    pub mapping: usize,
    pub id: EntityId,
    /// The name by which others refer to it; the example's own entity has none.
    pub label: Option<&'a str>,
    written: &'a Entries<Tree>,
    /// Agreed values, in the order of its mapping's fields.
    pub values: Vec<Value>,
    /// Its records' keys; `None` where it has none.
    pub keys: Vec<Option<RecordKey>>,
}

/// All entities of an example, with what they say of each other.
pub(super) struct Cast<'a> {
    pub mappings: &'a [Arc<Mapping>],
    pub all: Vec<Given<'a>>,
    pub today: Date,
}

impl<'a> Cast<'a> {
    /// The entities of an example; the example's own comes last, if anything is given.
    pub fn of(mappings: &'a [Arc<Mapping>], at: usize, example: &'a Example, today: Date, first: EntityId) -> Result<Self, TrialError> {
        let mut cast = Cast { mappings, all: Vec::new(), today };
        for (name, others) in example.others.iter() {
            let Some(mapping) = mappings.iter().position(|mapping| mapping.name.as_str() == name.text()) else {
                return Err(TrialError::example(format!("`others` names `{}`, which is no mapping that can run", name.text())));
            };
            for other in others {
                cast.add(first, mapping, Some(other.label.text()), &other.values);
            }
        }
        if !example.given.is_empty() {
            cast.add(first, at, None, &example.given);
        }
        for place in 0..cast.all.len() {
            cast.all[place].values = cast.read(&cast.all[place])?;
        }
        cast.compute()?;
        Ok(cast)
    }

    fn add(&mut self, first: EntityId, mapping: usize, label: Option<&'a str>, written: &'a Entries<Tree>) {
        let id = EntityId(first.0 + self.all.len() as i64);
        let systems = self.mappings[mapping].systems.len();
        self.all.push(Given { mapping, id, label, written, values: Vec::new(), keys: vec![None; systems] });
    }

    fn read(&self, given: &Given<'_>) -> Result<Vec<Value>, TrialError> {
        let mapping = &self.mappings[given.mapping];
        let value = |field: &crate::mapping::Field| match given.written.get(field.name.as_str()) {
            None => Ok(Value::Blank),
            Some(tree) => agreed(field, tree, &Zone::utc(), &|label| self.labelled(label)),
        };
        mapping.fields.iter().map(value).collect()
    }

    /// Fills in what is computed. One entity's formula may see what another's gave, so that all are gone through as often as there are entities.
    fn compute(&mut self) -> Result<(), TrialError> {
        for _ in 0..self.all.len() {
            for place in 0..self.all.len() {
                let mapping = &self.mappings[self.all[place].mapping];
                for field in &mapping.formulas {
                    let computed = mapping.computed(*field, &self.view(&self.all[place]));
                    let value = computed
                        .unwrap_or(Ok(Value::Blank))
                        .map_err(|why| TrialError::example(format!("`{}` cannot be computed: {why}", mapping.field(*field).name)))?;
                    self.all[place].values[field.0 as usize] = value;
                }
            }
        }
        Ok(())
    }

    /// The entity under this label.
    pub fn labelled(&self, label: &str) -> Option<EntityId> {
        self.all.iter().find(|given| given.label == Some(label)).map(|given| given.id)
    }

    fn find(&self, entity: &Value) -> Option<&Given<'a>> {
        let Value::Ref(id) = entity else { return None };
        self.all.iter().find(|given| given.id == *id)
    }

    /// Puts every entity's records into the systems that may hold it: first all keys, then all values, since references lead both ways.
    pub fn write(&mut self, memories: &Memories) -> Result<(), TrialError> {
        for place in 0..self.all.len() {
            let mapping = &self.mappings[self.all[place].mapping];
            for system in mapping.systems_ix() {
                if self.holds(&self.all[place], mapping, system) {
                    let of = mapping.system(system);
                    let key = memories[&of.connection].put(&of.object, Value::Map(Vec::new()));
                    self.all[place].keys[system.0 as usize] = Some(key);
                }
            }
        }
        for given in &self.all {
            let mapping = &self.mappings[given.mapping];
            for system in mapping.systems_ix() {
                let Some(key) = &given.keys[system.0 as usize] else { continue };
                self.fill(given, mapping, system, key, memories)?;
            }
        }
        Ok(())
    }

    /// Whether a system may hold the entity: inside its wall, and where a record is made by us, made for this entity as far as `given` tells.
    fn holds(&self, given: &Given<'_>, mapping: &Mapping, system: SystemIx) -> bool {
        let view = Seen { cast: self, given };
        let told = mapping
            .system(system)
            .create
            .fields(&mapping.slots)
            .iter()
            .all(|field| mapping.field(*field).formula.is_some() || given.written.contains(mapping.field(*field).name.as_str()));
        let made = matches!(mapping.system(system).create, crate::mapping::Create::Never) || !told || mapping.create_wanted(system, &view);
        made && mapping.inside_wall(system, &view)
    }

    fn fill(&self, given: &Given<'_>, mapping: &Mapping, system: SystemIx, key: &RecordKey, memories: &Memories) -> Result<(), TrialError> {
        let (of, view) = (mapping.system(system), Seen { cast: self, given });
        let forms = mapping.fields_ix().filter_map(|field| Some((field, mapping.form(field, system, &given.values[field.0 as usize], &view)?)));
        let fields: Vec<(FieldIx, Value)> = forms.filter(|(_, form)| !form.is_blank()).collect();
        let cells = mapping
            .spell(system, &fields, &view, crate::mapping::spell::Spelling::Update)
            .map_err(|problem| TrialError::example(format!("{}: {problem}", of.name)))?;
        let memory = &memories[&of.connection];
        let read_only = fields.iter().filter_map(|(field, form)| told(mapping, *field, system, form, &view));
        for (path, value) in cells.into_iter().map(|cell| (cell.path, cell.value)).chain(read_only) {
            memory.edit(&of.object, key, &path, value);
        }
        let by = mapping.fields_ix().filter_map(|field| match &mapping.field(field).cells[system.0 as usize] {
            Some(CellProgram::Path { by: Some(by), .. }) => Some((by.path.clone(), Value::text(mapping.by(field, system, &view)?))),
            _ => None,
        });
        for (path, value) in fitting(of).into_iter().chain(by) {
            if memory.values(&of.object, key).is_some_and(|values| path.get(&values).is_none_or(Value::is_blank)) {
                memory.edit(&of.object, key, &path, value);
            }
        }
        Ok(())
    }

    /// The entity as expressions see it.
    pub fn view<'b>(&'b self, given: &'b Given<'b>) -> Seen<'b, 'a> {
        Seen { cast: self, given }
    }
}

/// A value for a path that is read only for us: the system came to it by itself.
fn told(mapping: &Mapping, field: FieldIx, system: SystemIx, form: &Value, view: &dyn EntityView) -> Option<(crate::value::Path, Value)> {
    let of = mapping.field(field);
    match &of.cells[system.0 as usize] {
        Some(cell @ CellProgram::Path { path, .. }) if !cell.writes() => {
            let value = match (form, &of.rows) {
                (Value::Text(row), Some(rows)) => {
                    rows.position(row).and_then(|row| rows.spelling(row, system, mapping.by(field, system, view).as_deref())).map(Value::text)?
                }
                (Value::Ref(_), _) => return None,
                (value, _) => value.clone(),
            };
            Some((path.clone(), value))
        }
        _ => None,
    }
}

/// An entity of the cast, as its expressions see it.
pub(super) struct Seen<'a, 'b> {
    cast: &'a Cast<'b>,
    given: &'a Given<'a>,
}

impl EntityView for Seen<'_, '_> {
    fn agreed(&self, field: FieldIx) -> Value {
        self.given.values[field.0 as usize].clone()
    }

    fn through(&self, reference: FieldIx, field: &str) -> Value {
        self.field_of(&self.agreed(reference), reference, field).unwrap_or_default()
    }

    fn deleted(&self, _: Option<SystemIx>) -> bool {
        false
    }

    fn outside(&self, _: Option<SystemIx>) -> bool {
        false
    }

    fn today(&self) -> Date {
        self.cast.today
    }

    fn key_of(&self, reference: &Value, field: FieldIx, system: SystemIx) -> Option<RecordKey> {
        let mapping = &self.cast.mappings[self.given.mapping];
        let target = mapping.field(field).targets[system.0 as usize].as_ref()?;
        self.cast.find(reference)?.keys[target.system.0 as usize].clone()
    }

    fn field_of(&self, reference: &Value, _: FieldIx, through: &str) -> Option<Value> {
        let given = self.cast.find(reference)?;
        let at = self.cast.mappings[given.mapping].fields.iter().position(|field| field.name.as_str() == through)?;
        Some(given.values[at].clone())
    }

    fn stand_in(&self, field: FieldIx, by: &Value) -> Option<Value> {
        let mapping = &self.cast.mappings[self.given.mapping];
        let Kind::Ref(target) = &mapping.field(field).kind else { return None };
        let stands = |given: &&Given<'_>| {
            let of = &self.cast.mappings[given.mapping];
            let first = of.matching.first().and_then(|rule| rule.fields.first());
            of.name == *target && first.is_some_and(|first| given.values[first.0 as usize] == *by)
        };
        self.cast.all.iter().find(stands).map(|given| Value::Ref(given.id))
    }
}
