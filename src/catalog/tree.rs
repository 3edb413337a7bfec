//! JSON-like trees that are sent: literal where the file is literal, filled in where it says so.

use crate::expr::{Env, Fault, Item, Template};
use crate::value::{Str, Value};

/// A compiled tree.
#[derive(Clone, Debug)]
pub enum Tree {
    /// A literal null, which is sent (a hole that gives null is left out).
    Null,
    Fixed(Value),
    List(Vec<Tree>),
    Map(Vec<(Key, Tree)>),
    Text(Template),
}

/// A key of a map.
#[derive(Clone, Debug)]
pub enum Key {
    Fixed(Str),
    Filled(Template),
    /// `"..."`: the entries of what stands there.
    Spread,
}

impl Tree {
    /// Fills the tree in. In a map, an entry whose hole gives null is left out; in a list its place counts, so null is sent.
    ///
    /// # Errors
    /// Those of its expressions.
    pub fn fill(&self, env: &dyn Env) -> Result<Item, Fault> {
        Ok(match self {
            Tree::Null => Item::Value(Value::Blank),
            Tree::Fixed(value) => Item::Value(value.clone()),
            Tree::Text(template) => template.eval(env)?,
            Tree::List(items) => Item::List(items.iter().map(|item| item.fill(env)).collect::<Result<_, _>>()?),
            Tree::Map(entries) => {
                let mut out: Vec<(Str, Item)> = Vec::with_capacity(entries.len());
                for (key, tree) in entries {
                    let item = tree.fill(env)?;
                    match key {
                        Key::Spread => spread(item, &mut out),
                        Key::Fixed(_) | Key::Filled(_) if matches!(tree, Tree::Text(_)) && is_null(&item) => {}
                        Key::Fixed(name) => put(&mut out, name.clone(), item),
                        Key::Filled(template) => put(&mut out, text(&template.eval(env)?), item),
                    }
                }
                Item::Map(out)
            }
        })
    }

    /// Every slot that is read anywhere in the tree.
    pub fn slots(&self, out: &mut Vec<u32>) {
        match self {
            Tree::Null | Tree::Fixed(_) => {}
            Tree::Text(template) => template_slots(template, out),
            Tree::List(items) => items.iter().for_each(|item| item.slots(out)),
            Tree::Map(entries) => {
                for (key, tree) in entries {
                    if let Key::Filled(template) = key {
                        template_slots(template, out);
                    }
                    tree.slots(out);
                }
            }
        }
    }
}

/// Adds the slots of a template's holes.
pub fn template_slots(template: &Template, out: &mut Vec<u32>) {
    for program in template.programs() {
        out.extend_from_slice(program.slots());
    }
}

/// Whether an item is null or blank.
pub fn is_null(item: &Item) -> bool {
    match item {
        Item::Unread => true,
        Item::Value(value) => value.is_blank(),
        Item::Doc(doc) => doc.kind() == crate::value::doc::DocKind::Null,
        Item::Duration(_) | Item::Map(_) | Item::List(_) => false,
    }
}

/// What an item is as text: texts as they are, numbers by their digits, everything else as JSON; null is empty.
pub fn text(item: &Item) -> Str {
    match item {
        Item::Value(Value::Text(text)) => text.clone(),
        Item::Doc(doc) if doc.text().is_some() => doc.text().map(Str::from).unwrap_or_default(),
        item if is_null(item) => Str::default(),
        item => {
            let mut out = String::new();
            write_json(item, &mut out);
            // Dates and instants are quoted in JSON and not in text.
            let bare = out.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            match item {
                Item::Value(Value::Date(_) | Value::Instant(_) | Value::Ref(_)) => Str::from(bare.unwrap_or(&out)),
                _ => Str::from(out),
            }
        }
    }
}

/// Appends an item as JSON; documents go through byte for byte.
pub fn write_json(item: &Item, out: &mut String) {
    match item {
        Item::Unread => out.push_str("null"),
        Item::Value(value) => crate::value::json::write(value, out),
        Item::Doc(doc) => out.push_str(doc.raw()),
        Item::Duration(duration) => out.push_str(&duration.as_secs().to_string()),
        Item::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Item::Map(entries) => {
            out.push('{');
            for (index, (name, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                crate::value::json::text(name, out);
                out.push(':');
                write_json(item, out);
            }
            out.push('}');
        }
    }
}

fn spread(item: Item, out: &mut Vec<(Str, Item)>) {
    match item {
        Item::Map(entries) => entries.into_iter().for_each(|(name, item)| put(out, name, item)),
        Item::Value(Value::Map(entries)) => entries.into_iter().for_each(|(name, value)| put(out, name, Item::Value(value))),
        Item::Doc(doc) => doc.entries().for_each(|(name, doc)| put(out, name, Item::Doc(doc))),
        Item::Unread | Item::Value(_) | Item::Duration(_) | Item::List(_) => {}
    }
}

fn put(out: &mut Vec<(Str, Item)>, name: Str, item: Item) {
    match out.iter_mut().find(|(known, _)| *known == name) {
        Some(entry) => entry.1 = item,
        None => out.push((name, item)),
    }
}
