//! Values as an example writes them: trees of YAML, read as records hold them or as fields mean them.

use super::TrialError;
use crate::id::EntityId;
use crate::mapping::Field;
use crate::spec::entries::Tree;
use crate::value::time::Zone;
use crate::value::{Kind, Str, Value};

/// A tree as a record holds it.
pub(super) fn raw(tree: &Tree) -> Value {
    match tree {
        Tree::Null => Value::Blank,
        Tree::Boolean(truth) => Value::Boolean(truth.value),
        Tree::Number(digits) => number(digits.text()),
        Tree::List(items) => Value::list(items.iter().map(raw).collect()),
        Tree::Map(entries) => Value::Map(entries.iter().map(|(key, value)| (Str::from(key.text()), raw(value))).collect()),
        Tree::Text(text) => Value::text(text.text()),
    }
}

fn number(digits: &str) -> Value {
    match (digits.parse::<i64>(), digits.parse()) {
        (Ok(integer), _) => Value::Integer(integer),
        (Err(_), Ok(decimal)) => Value::Decimal(decimal),
        // Digits that are no exact number are compared as they are written.
        (Err(_), Err(_)) => Value::text(digits),
    }
}

/// A tree as an agreed value of the field. `labels` finds the entity that a reference means.
pub(super) fn agreed(field: &Field, tree: &Tree, zone: &Zone, labels: &dyn Fn(&str) -> Option<EntityId>) -> Result<Value, TrialError> {
    let kind = match (&field.kind, tree) {
        (_, Tree::Null) => return Ok(Value::Blank),
        (Kind::Set(_), Tree::List(items)) => {
            let elements = items.iter().map(|item| agreed(field, item, zone, labels)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Value::set(elements.into_iter().flat_map(|element| if let Value::Set(inner) = element { inner } else { vec![element] })));
        }
        (Kind::Set(kind), _) => kind,
        (kind, _) => kind,
    };
    let wrong = |why: String| TrialError::example(format!("`{}` cannot be read: {why}", field.name));
    let value = match (kind, tree) {
        (Kind::Ref(mapping), tree) => {
            let label = text(tree).ok_or_else(|| wrong(format!("it refers to an entity of {mapping}; give its label")))?;
            let entity = labels(&label).ok_or_else(|| wrong(format!("no entity under `others` is called `{label}`")))?;
            Value::Ref(entity)
        }
        (_, tree) if field.rows.is_some() => {
            let row = text(tree).ok_or_else(|| wrong("it is a choice; give one of its rows".to_owned()))?;
            let known = field.rows.as_ref().is_some_and(|rows| rows.position(&row).is_some());
            if !known {
                return Err(wrong(format!("it has no row `{row}`")));
            }
            Value::text(row)
        }
        (kind, Tree::Map(_)) => kind.convert(&raw(tree), zone).map_err(|problem| wrong(problem.to_string()))?,
        (kind, tree) => {
            let text = text(tree).ok_or_else(|| wrong("one value was expected".to_owned()))?;
            kind.read(&text, zone).map_err(|problem| {
                wrong(match problem.help {
                    Some(help) => format!("{} ({help})", problem.message),
                    None => problem.message,
                })
            })?
        }
    };
    Ok(if field.is_set() { Value::set([value]) } else { value })
}

/// What a scalar says.
fn text(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Boolean(truth) => Some(truth.value.to_string()),
        Tree::Number(digits) => Some(digits.text().to_owned()),
        Tree::Text(text) => Some(text.text().to_owned()),
        Tree::Null | Tree::List(_) | Tree::Map(_) => None,
    }
}
