//! `formula:`: fields that are computed, in the order in which one draws on another.

use super::field::Field;
use super::scope::{EntityEnv, EntitySlot};
use super::{EntityView, FieldIx, Mapping};
use crate::expr::{Item, Program};
use crate::value::time::Zone;
use crate::value::{Kind, Str, Value};

/// How a field is computed.
#[derive(Debug)]
pub enum Formula {
    Expression(Program),
    /// The first line whose condition holds; the last one has none.
    Lines(Vec<(Option<Program>, Value)>),
}

impl Formula {
    fn programs(&self) -> Vec<&Program> {
        match self {
            Formula::Expression(program) => vec![program],
            Formula::Lines(lines) => lines.iter().filter_map(|(condition, _)| condition.as_ref()).collect(),
        }
    }

    /// What it reads of the entity.
    pub fn slots<'a>(&self, slots: &'a [EntitySlot]) -> Vec<&'a EntitySlot> {
        self.programs().into_iter().flat_map(Program::slots).map(|slot| &slots[*slot as usize]).collect()
    }

    /// The fields of the mapping that it reads.
    pub fn fields(&self, slots: &[EntitySlot]) -> Vec<FieldIx> {
        let field = |slot: &EntitySlot| match slot {
            EntitySlot::Field(field) | EntitySlot::Through(field, _) => Some(*field),
            EntitySlot::Deleted(_) | EntitySlot::Outside(_) | EntitySlot::Today | EntitySlot::Constant(_) => None,
        };
        self.slots(slots).into_iter().filter_map(field).collect()
    }

    /// As it is written: a change of it changes what the field means.
    pub fn source(&self) -> String {
        match self {
            Formula::Expression(program) => program.source().to_owned(),
            Formula::Lines(lines) => {
                let line = |(condition, result): &(Option<Program>, Value)| format!("{result:?}: {}", condition.as_ref().map_or("otherwise", Program::source));
                lines.iter().map(line).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

impl Mapping {
    /// The value that the field has by its formula; `None` where it has none.
    ///
    /// # Errors
    /// Why it cannot be computed on this entity, in words.
    pub fn computed(&self, field: FieldIx, view: &dyn EntityView) -> Option<Result<Value, Str>> {
        let of = self.field(field);
        let env = EntityEnv { slots: &self.slots, view };
        Some(match of.formula.as_ref()? {
            Formula::Expression(program) => match program.eval(&env) {
                Ok(Item::Value(value)) => fitted(of, value),
                Ok(_) => Err(Str::from("`formula` gives no single value")),
                Err(fault) => Err(Str::from(fault.to_string())),
            },
            Formula::Lines(lines) => first_that_holds(lines, &env),
        })
    }
}

fn first_that_holds(lines: &[(Option<Program>, Value)], env: &EntityEnv<'_>) -> Result<Value, Str> {
    for (condition, result) in lines {
        let holds = match condition {
            None => true,
            Some(condition) => condition.condition(env).map_err(|fault| Str::from(fault.to_string()))?,
        };
        if holds {
            return Ok(result.clone());
        }
    }
    Ok(Value::Blank)
}

/// The value as one of the field's type.
fn fitted(field: &Field, value: Value) -> Result<Value, Str> {
    if value.is_blank() {
        return Ok(Value::Blank);
    }
    let one = |kind: &Kind, value: &Value| match (&field.rows, value) {
        (Some(rows), Value::Text(name)) => match rows.position(name) {
            Some(at) => Ok(Value::Text(rows.rows[at].name.clone())),
            None => Err(Str::from(format!("`formula` gives `{name}`, which is no row of `{}`", field.name))),
        },
        _ => kind.convert(value, &Zone::utc()).map_err(|problem| Str::from(problem.to_string())),
    };
    match (&field.kind, &value) {
        (Kind::Set(kind), Value::List(elements) | Value::Set(elements)) => {
            elements.iter().map(|element| one(kind, element)).collect::<Result<Vec<_>, _>>().map(Value::set)
        }
        (Kind::Set(kind), value) => one(kind, value).map(|value| Value::set([value])),
        (kind, value) => one(kind, value),
    }
}

/// The computed fields, each behind those it draws on; and a ring of fields that hang on themselves, if there is one.
pub fn order(formulas: &[Option<Vec<FieldIx>>]) -> (Vec<FieldIx>, Option<Vec<FieldIx>>) {
    let mut order = Vec::new();
    let mut ring = None;
    for start in 0..formulas.len() {
        let mut way = Vec::new();
        visit(formulas, start, &mut way, &mut order, &mut ring);
    }
    (order, ring)
}

/// As deep as formulas draw on one another, which is at most the number of fields.
fn visit(formulas: &[Option<Vec<FieldIx>>], at: usize, way: &mut Vec<usize>, order: &mut Vec<FieldIx>, ring: &mut Option<Vec<FieldIx>>) {
    let here = FieldIx(at as u16);
    let Some(reads) = &formulas[at] else { return };
    if order.contains(&here) {
        return;
    }
    if let Some(begin) = way.iter().position(|step| *step == at) {
        ring.get_or_insert_with(|| way[begin..].iter().chain([&at]).map(|step| FieldIx(*step as u16)).collect());
        return;
    }
    way.push(at);
    for read in reads {
        visit(formulas, read.0 as usize, way, order, ring);
    }
    way.pop();
    order.push(here);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(formulas: &[Option<&[u16]>]) -> (Vec<u16>, Option<Vec<u16>>) {
        let formulas: Vec<Option<Vec<FieldIx>>> = formulas.iter().map(|reads| reads.map(|reads| reads.iter().map(|at| FieldIx(*at)).collect())).collect();
        let plain = |fields: Vec<FieldIx>| fields.into_iter().map(|field| field.0).collect::<Vec<_>>();
        let (order, ring) = order(&formulas);
        (plain(order), ring.map(plain))
    }

    #[test]
    fn what_is_drawn_on_is_computed_first() {
        assert_eq!(ordered(&[Some(&[2, 1]), None, Some(&[3]), Some(&[1])]), (vec![3, 2, 0], None));
    }

    #[test]
    fn a_ring_is_named_from_where_it_begins() {
        assert_eq!(ordered(&[Some(&[1]), Some(&[2]), Some(&[1])]).1, Some(vec![1, 2, 1]));
        assert_eq!(ordered(&[Some(&[0])]).1, Some(vec![0, 0]));
    }
}
