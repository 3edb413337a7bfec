//! Functions on lists and maps.

use super::text::function;
use super::{Arguments, Blanks, Function, Gives, Known, Takes, many, optional, required};
use crate::expr::{Fault, Item, Shape};
use crate::value::{Str, Value};

const ANY: Gives = Gives::Shape(Shape::Any);
const LIST: Gives = Gives::Shape(Shape::List);

pub(super) const TABLE: &[Function] = &[
    function!("length", [required("value", Takes::Any)], Gives::Shape(Shape::Integer), "How many elements, members or characters.", "['a', 'b'] | length" => "2", length),
    function!("first", [required("list", Takes::List)], ANY, "The first element.", "['a', 'b'] | first" => "a", |call| {
        let list = call.item(0);
        let first = list.elements().ok_or_else(|| call.fault("only a list has a first element"))?.next();
        Ok(first.unwrap_or(Item::BLANK))
    }),
    function!("last", [required("list", Takes::List)], ANY, "The last element.", "['a', 'b'] | last" => "b", |call| {
        Ok(call.elements(0)?.pop().unwrap_or(Item::BLANK))
    }),
    function!("entries", [required("map", Takes::Map)], LIST, "The members of a map as a list of maps with `key` and `value`.", "({'a': 1} | entries)[0].key" => "a", |call| {
        let entry = |(name, item): (Str, Item)| Item::Map(vec![("key".into(), Item::text(name)), ("value".into(), item)]);
        Ok(Item::List(call.members(0)?.into_iter().map(entry).collect()))
    }),
    Function {
        name: "without",
        params: &[required("map", Takes::Map), many("names", Takes::Any)],
        gives: Gives::Shape(Shape::Map),
        blanks: Blanks::Pass,
        known: Known::Everywhere,
        doc: "The map without these members; names as texts, or one list of them.",
        example: ("{'a': 1, 'b': 2} | without('a') | text", "{\"b\":2}"),
        run: without,
    },
    Function {
        name: "map",
        params: &[required("list", Takes::List), required("function", Takes::Function), optional("attribute", Takes::Text)],
        gives: LIST,
        blanks: Blanks::Pass,
        known: Known::Everywhere,
        doc: "A function applied to each element, `map('f', …)`, or a member of each, `map(attribute='a.b')`.",
        example: ("['a.b', 'c.d'] | map('before', '.') | join(',')", "a,c"),
        run: |call| Err(call.fault("`map` is compiled away and never called")),
    },
    Function {
        name: "default",
        params: &[required("value", Takes::Any), required("instead", Takes::Any)],
        gives: Gives::Either,
        blanks: Blanks::See,
        known: Known::Everywhere,
        doc: "The value, or the other if it is blank.",
        example: ("none | default('x')", "x"),
        run: |call| {
            let value = call.item(0);
            Ok(if value.is_blank() { call.item(1) } else { value })
        },
    },
];

fn length(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let item = call.item(0);
    let length = match &item {
        Item::Value(Value::Text(text)) => text.chars().count(),
        Item::Doc(doc) => doc.len().ok_or_else(|| call.fault("this has no length"))?,
        item => match (item.elements(), item.members()) {
            (Some(elements), _) => elements.count(),
            (None, Some(members)) => members.count(),
            (None, None) => return Err(call.fault(format!("{} has no length", item.noun()))),
        },
    };
    i64::try_from(length).map(Item::integer).map_err(|_| Fault::TooBig)
}

fn without(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let members = call.members(0)?;
    let mut names: Vec<String> = Vec::new();
    for item in call.items.iter().skip(1).flatten() {
        match item.elements() {
            Some(elements) => {
                for element in elements {
                    names.push(element.to_text()?.into_owned());
                }
            }
            None => names.push(item.to_text()?.into_owned()),
        }
    }
    call.run.spend(names.len())?;
    Ok(Item::Map(members.into_iter().filter(|(name, _)| !names.iter().any(|gone| *gone == *name)).collect()))
}
