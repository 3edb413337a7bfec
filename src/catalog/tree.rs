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
                        Key::Spread => spread(&item, &mut out),
                        Key::Fixed(_) | Key::Filled(_) if matches!(tree, Tree::Text(_)) && is_null(&item) => {}
                        Key::Fixed(name) => put(&mut out, name.clone(), item),
                        Key::Filled(template) => put(&mut out, Str::from(template.eval(env)?.to_text()?), item),
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
    for program in template.holes() {
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

fn spread(item: &Item, out: &mut Vec<(Str, Item)>) {
    for (name, item) in item.members().into_iter().flatten() {
        put(out, name, item);
    }
}

fn put(out: &mut Vec<(Str, Item)>, name: Str, item: Item) {
    match out.iter_mut().find(|(known, _)| *known == name) {
        Some(entry) => entry.1 = item,
        None => out.push((name, item)),
    }
}
