//! Agreed values spelt for one system: the cells that a connector writes.

use super::field::{CellProgram, Field, Part, PartName};
use super::form::{cut, first_characters, full_name};
use super::scope::EntityEnv;
use super::system::NewText;
use super::world::{Access, Shows};
use super::{EntityView, FieldIx, Mapping, System, SystemIx};
use crate::expr::Item;
use crate::value::record::{Form, WriteCell};
use crate::value::{Address, Name, Path, Str, Value};

/// Why a value cannot be spelt. Nothing of the op is sent then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be written: {why}")]
pub struct SpellProblem {
    /// `None` for a line of `new:`.
    pub field: Option<FieldIx>,
    pub path: Path,
    pub why: Str,
}

/// Whether a record is made or changed: some paths can only be set at birth, and `new:` counts only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    Create,
    Update,
}

impl Mapping {
    /// The cells to write for these fields, each with its form in `system` (as [`Mapping::form`] gives it). Cells may be written only where the vendor lets them:
    /// what is read only is left out.
    ///
    /// # Errors
    /// When a `write` expression or a text of `new:` fails on this entity, or a reference lost its link since it was planned.
    pub fn spell(&self, system: SystemIx, fields: &[(FieldIx, Value)], view: &dyn EntityView, spelling: Spelling) -> Result<Vec<WriteCell>, SpellProblem> {
        let mut cells: Vec<WriteCell> = Vec::with_capacity(fields.len() + 4);
        for (at, value) in fields {
            let field = self.field(*at);
            let Some(cell) = &field.cells[system.0 as usize] else { continue };
            self.spell_cell(&mut cells, Spelt { at: *at, field, system, spelling }, cell, value, view)?;
        }
        if spelling == Spelling::Create {
            self.spell_new(&mut cells, self.system(system), view)?;
        }
        Ok(cells)
    }

    fn spell_cell(&self, cells: &mut Vec<WriteCell>, of: Spelt<'_>, cell: &CellProgram, value: &Value, view: &dyn EntityView) -> Result<(), SpellProblem> {
        match cell {
            CellProgram::Path { path, form, access, .. } if of.may(*access) => {
                let target = of.field.targets[of.system.0 as usize].as_ref().map(|target| target.object.clone());
                let value = self.spelt(&of, path, form, value, view)?;
                cells.push(WriteCell { path: path.clone(), form: form.clone(), value, target });
            }
            CellProgram::KeyedRef { path, form, field: through, access, .. } if of.may(*access) => {
                let value = if value.is_blank() {
                    Value::Blank
                } else {
                    let held = view.field_of(value, of.at, through.as_str());
                    held.ok_or_else(|| of.problem(path, format!("`{through}` of what it refers to is not known")))?
                };
                cells.push(WriteCell { path: path.clone(), form: form.clone(), value, target: None });
            }
            CellProgram::Parts(parts) => {
                let written = parts.iter().filter(|part| of.may(part.access));
                cells.extend(written.map(|part| WriteCell { path: part.path.clone(), form: part.form.clone(), value: part_of(part, value), target: None }));
            }
            CellProgram::Computed { write: Some(written), .. } => {
                let env = EntityEnv { slots: &self.slots, view };
                for written in written {
                    let value = match written.program.eval(&env) {
                        Ok(Item::Value(value)) => value,
                        Ok(_) => return Err(of.problem(&written.path, "`write` gives no single value".to_owned())),
                        Err(fault) => return Err(of.problem(&written.path, fault.to_string())),
                    };
                    cells.push(WriteCell { path: written.path.clone(), form: written.form.clone(), value, target: None });
                }
            }
            CellProgram::Path { .. } | CellProgram::KeyedRef { .. } | CellProgram::Computed { write: None, .. } => {}
        }
        Ok(())
    }

    fn spelt(&self, of: &Spelt<'_>, path: &Path, form: &Form, value: &Value, view: &dyn EntityView) -> Result<Value, SpellProblem> {
        if let Value::Set(elements) = value {
            let inner = if let Form::List(inner) = form { inner } else { form };
            let elements: Result<Vec<Value>, _> = elements.iter().map(|element| self.spelt(of, path, inner, element, view)).collect();
            return Ok(Value::List(elements?));
        }
        match (value, &of.field.rows) {
            (Value::Text(name), Some(rows)) => {
                let by = self.by(of.at, of.system, view);
                let spelling = rows.position(name).and_then(|at| rows.spelling(at, of.system, by.as_deref()));
                let spelling = spelling.ok_or_else(|| of.problem(path, format!("`{name}` has no counterpart in {}", self.system(of.system).name)))?;
                typed(spelling, form).ok_or_else(|| of.problem(path, format!("`{spelling}` is not what the field holds")))
            }
            (Value::Ref(_), _) => {
                let key = view.key_of(value, of.at, of.system);
                let key = key.ok_or_else(|| of.problem(path, "what it refers to has no live record there".to_owned()))?;
                typed(key.as_str(), form).ok_or_else(|| of.problem(path, "the key of what it refers to is no number".to_owned()))
            }
            (Value::Text(text), None) if matches!(form, Form::Integer) => typed(text, form).ok_or_else(|| of.problem(path, "the text is no number".to_owned())),
            (Value::Date(date), _) if *form == Form::Instant => {
                let midnight = self.system(of.system).zone.midnight(*date);
                midnight.map(Value::Instant).map_err(|problem| of.problem(path, problem.to_string()))
            }
            (Value::Instant(instant), _) if *form == Form::Date => {
                let date = self.system(of.system).zone.date(*instant);
                date.map(Value::Date).map_err(|problem| of.problem(path, problem.to_string()))
            }
            (Value::Name(name), _) if *form != Form::Document => Ok(full_name(name)),
            (Value::Money(money), _) if matches!(form, Form::Decimal) => Ok(Value::Decimal(money.value)),
            _ => Ok(value.clone()),
        }
    }

    /// Lines of `new:`, less those whose path a field already gives.
    fn spell_new(&self, cells: &mut Vec<WriteCell>, of: &System, view: &dyn EntityView) -> Result<(), SpellProblem> {
        let env = EntityEnv { slots: &self.slots, view };
        for new in &of.new {
            if cells.iter().any(|cell| cell.path == new.path && !cell.value.is_blank()) {
                continue;
            }
            let value = new_value(&new.text, &env).map_err(|why| SpellProblem { field: None, path: new.path.clone(), why })?;
            if !value.is_blank() {
                cells.retain(|cell| cell.path != new.path);
                cells.push(WriteCell { path: new.path.clone(), form: new.form.clone(), value, target: None });
            }
        }
        Ok(())
    }
}

/// A text as a field of another form holds it: vendors number their keys and picks, and we compare them as texts.
fn typed(text: &str, form: &Form) -> Option<Value> {
    match form {
        Form::Integer => text.parse().ok().map(Value::Integer),
        Form::Boolean => text.parse().ok().map(Value::Boolean),
        _ => Some(Value::text(text)),
    }
}

struct Spelt<'a> {
    at: FieldIx,
    field: &'a Field,
    system: SystemIx,
    spelling: Spelling,
}

impl Spelt<'_> {
    fn may(&self, access: Access) -> bool {
        match access {
            Access::ReadWrite => true,
            Access::CreateOnly => self.spelling == Spelling::Create,
            Access::ReadOnly => false,
        }
    }

    fn problem(&self, path: &Path, why: String) -> SpellProblem {
        SpellProblem { field: Some(self.at), path: path.clone(), why: Str::from(why) }
    }
}

fn new_value(text: &NewText, env: &EntityEnv<'_>) -> Result<Value, Str> {
    match text {
        NewText::Constant(value) => Ok(value.clone()),
        NewText::Text(template) => match template.eval(env) {
            Ok(Item::Value(value)) => Ok(value),
            Ok(_) => Err(Str::from("the text gives no single value")),
            Err(fault) => Err(Str::from(fault.to_string())),
        },
        NewText::List(texts) => Ok(Value::List(texts.iter().map(|text| new_value(text, env)).collect::<Result<_, _>>()?)),
        NewText::Map(entries) => {
            Ok(Value::Map(entries.iter().map(|(key, text)| Ok::<_, Str>((key.clone(), new_value(text, env)?))).collect::<Result<_, _>>()?))
        }
    }
}

/// One part of a value; all parts of a blank are blank.
fn part_of(part: &Part, value: &Value) -> Value {
    let text = |text: &Str| Value::text(text);
    let whole = match (part.part, value) {
        (PartName::Amount, Value::Money(money)) => Value::Decimal(money.value),
        (PartName::Currency, Value::Money(money)) => Value::text(money.currency.as_str()),
        (PartName::First, Value::Name(name)) => text(&name.first),
        (PartName::Last, Value::Name(name)) => text(&name.last),
        (PartName::Street, Value::Address(address)) => text(&address.street),
        (PartName::City, Value::Address(address)) => text(&address.city),
        (PartName::Region, Value::Address(address)) => text(&address.region),
        (PartName::Postcode, Value::Address(address)) => text(&address.postcode),
        (PartName::Country, Value::Address(address)) => text(&address.country),
        _ => Value::Blank,
    };
    cut(whole, &part.shows)
}

/// A value of parts as paths with declared lengths show it; a part without a path is lost.
pub(super) fn shown_parts<'a>(value: Value, shows: impl Fn(PartName) -> Option<&'a Shows>) -> Value {
    let part = |name: PartName, text: &Str| match shows(name) {
        Some(Shows { length: Some(length), .. }) => first_characters(text, *length as usize),
        Some(_) => text.clone(),
        None => Str::default(),
    };
    match value {
        Value::Name(name) => {
            let shown = Name { first: part(PartName::First, &name.first), last: part(PartName::Last, &name.last) };
            Value::name(shown)
        }
        Value::Address(address) => {
            let shown = Address {
                street: part(PartName::Street, &address.street),
                city: part(PartName::City, &address.city),
                region: part(PartName::Region, &address.region),
                postcode: part(PartName::Postcode, &address.postcode),
                country: part(PartName::Country, &address.country),
            };
            Value::address(shown)
        }
        Value::Money(_) => shows(PartName::Amount).map_or(value.clone(), |shows| cut(value, shows)),
        other => other,
    }
}
