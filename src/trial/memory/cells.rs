//! Values in memory, told in the form a column asks for: as a vendor's JSON is read, so that an example may write `Amount: 40000` or `CloseDate: 2026-03-02`.

use crate::value::record::{Cell, Column, Form};
use crate::value::time::{self, Zone};
use crate::value::{Path, Str, Value};

/// The cells of a record. A member that is not there is blank: a system in memory tells all it was asked for.
pub(in crate::trial) fn cells(values: &Value, columns: &[Column]) -> Vec<Cell> {
    columns.iter().map(|column| cell(values, &column.path, &column.form)).collect()
}

fn cell(values: &Value, path: &Path, form: &Form) -> Cell {
    match path.get(values) {
        None => Cell::Value(Value::Blank),
        Some(value) => match told(value, form) {
            Some(value) => Cell::Value(value),
            None => Cell::Wrong(Str::from(format!("{path} does not hold what was asked for"))),
        },
    }
}

/// The value in this form; `None` where it has none.
pub(in crate::trial) fn told(value: &Value, form: &Form) -> Option<Value> {
    let told = match (form, value) {
        (_, Value::Blank) => Value::Blank,
        (Form::Natural, value) => value.clone(),
        (Form::Text | Form::Enum | Form::Ref, Value::Text(_)) => value.clone(),
        (Form::Text | Form::Enum | Form::Ref, Value::Integer(number)) => Value::text(number.to_string()),
        (Form::Text | Form::Enum | Form::Ref, Value::Decimal(number)) => Value::text(number.to_string()),
        (Form::Text | Form::Enum | Form::Ref, Value::Boolean(truth)) => Value::text(if *truth { "true" } else { "false" }),
        (Form::Text | Form::Enum, Value::Date(date)) => Value::text(date.to_string()),
        (Form::Integer, Value::Integer(_)) => value.clone(),
        (Form::Integer, Value::Text(text)) => Value::Integer(text.parse().ok()?),
        (Form::Decimal | Form::Money, Value::Integer(_) | Value::Decimal(_)) => value.clone(),
        (Form::Money, Value::Money(_)) => value.clone(),
        (Form::Decimal, Value::Money(money)) => Value::Decimal(money.value),
        (Form::Decimal | Form::Money, Value::Text(text)) => Value::Decimal(text.parse().ok()?),
        (Form::Boolean, Value::Boolean(_)) => value.clone(),
        (Form::Boolean, Value::Text(text)) => Value::Boolean(text.parse().ok()?),
        (Form::Date, Value::Date(_)) => value.clone(),
        (Form::Date, Value::Text(text)) => Value::Date(time::date(text).ok()?),
        (Form::Instant, Value::Instant(_)) => value.clone(),
        (Form::Instant, Value::Text(text)) => Value::Instant(time::instant(text, &Zone::utc()).ok()?),
        (Form::Document, Value::Map(_) | Value::Name(_) | Value::Address(_) | Value::Money(_)) => value.clone(),
        (Form::List(of), Value::List(items) | Value::Set(items)) => Value::list(items.iter().map(|item| told(item, of)).collect::<Option<_>>()?),
        (Form::List(of), one) => Value::list(vec![told(one, of)?]),
        _ => return None,
    };
    Some(told)
}
