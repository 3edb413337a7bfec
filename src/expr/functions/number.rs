//! Functions on numbers and money.

use super::text::function;
use super::{Arguments, Blanks, Function, Gives, Known, Takes, required};
use crate::expr::{Fault, Item, Shape};
use crate::value::{Currency, Money, Value, doc};

pub(super) const TABLE: &[Function] = &[
    function!("int", [required("value", Takes::Any)], Gives::Shape(Shape::Integer), "The integer that a text or number spells; anything else is an error.", "'42' | int" => "42", int),
    function!("number", [required("value", Takes::Any)], Gives::Shape(Shape::Number), "The exact number that a text or number spells; anything else is an error.", "'12.50' | number" => "12.50", number),
    function!("money", [required("amount", Takes::Number), required("currency", Takes::Text)], Gives::Shape(Shape::Money), "An amount with its currency.", "money(1000, 'EUR')" => "1000 EUR", money),
];

fn int(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let item = call.item(0);
    let integer = match &item {
        Item::Value(Value::Integer(integer)) => Some(*integer),
        Item::Value(Value::Decimal(decimal)) if decimal.is_integer() => i64::try_from(*decimal).ok(),
        Item::Value(Value::Text(text)) => text.trim().parse().ok(),
        _ => None,
    };
    integer.map(Item::integer).ok_or_else(|| call.fault(format!("no integer can be read from {} here", item.noun())))
}

fn number(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let item = call.item(0);
    let number = match &item {
        Item::Value(value @ (Value::Integer(_) | Value::Decimal(_))) => Some(value.clone()),
        Item::Value(Value::Text(text)) => doc::decimal(text.trim()).map(Value::Decimal),
        _ => None,
    };
    number.map(Item::Value).ok_or_else(|| call.fault(format!("no number can be read from {} here", item.noun())))
}

fn money(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let Item::Value(amount) = call.item(0) else { return Err(call.fault("an amount is a number")) };
    let amount = amount.as_decimal().ok_or_else(|| call.fault(format!("an amount is a number, not {}", amount.noun())))?;
    let code = call.text(1)?;
    let currency = Currency::parse(&code).map_err(|problem| call.fault(problem.to_string()))?;
    Ok(Item::Value(Value::Money(Money::new(amount, currency))))
}
