//! JSON Schema of the four formats, out of the serde types; and reference pages out of the schema.

mod page;

use std::sync::LazyLock;

use serde_json::Value;

/// A kind of file that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Project,
    Mapping,
    Shared,
    Connector,
}

impl Format {
    pub const ALL: [Format; 4] = [Format::Project, Format::Mapping, Format::Shared, Format::Connector];

    /// What such a file is called in messages.
    pub fn word(self) -> &'static str {
        match self {
            Format::Project => "project",
            Format::Mapping => "mapping",
            Format::Shared => "shared file",
            Format::Connector => "connector",
        }
    }

    /// Its name, as `syncline schema` takes it, and that of its files under `schema/` and `docs/reference/`.
    pub fn stem(self) -> &'static str {
        match self {
            Format::Shared => "shared",
            other => other.word(),
        }
    }

    /// The schema with our own words in it, which the check of files uses.
    pub(super) fn full(self) -> &'static Value {
        static FULL: LazyLock<Vec<Value>> = LazyLock::new(|| text().lines().map(|line| serde_json::from_str(line).expect("a test reads each line")).collect());
        &FULL[self as usize]
    }
}

/// The four schemas, a line each. What makes them out of the types is big and needed once, so that a test does it and the program holds what came out.
#[cfg(not(test))]
fn text() -> &'static str {
    include_str!("schema/full.jsonl")
}

#[cfg(test)]
fn text() -> String {
    use super::{ConnectorSpec, MappingSpec, ProjectSpec, SharedSpec};
    use schemars::schema_for;
    let schemas = [schema_for!(ProjectSpec), schema_for!(MappingSpec), schema_for!(SharedSpec), schema_for!(ConnectorSpec)];
    schemas.iter().map(|schema| serde_json::to_string(schema).expect("a schema is JSON") + "\n").collect()
}

/// The JSON Schema of a format, for editors: without our own words, and without the null that says no more than "optional".
pub fn json(format: Format) -> String {
    let mut schema = format.full().clone();
    schema["title"] = Value::String(format!("Syncline {}", format.word()));
    plain(&mut schema);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

/// The reference page of a format, in Markdown.
pub fn reference(format: Format) -> String {
    page::page(format)
}

fn plain(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let slot = members.get("x-slot").and_then(Value::as_str).map(str::to_string);
            members.retain(|name, _| !name.starts_with("x-"));
            let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
            if let Some(Value::Array(branches)) = members.get_mut("anyOf") {
                branches.retain(|branch| !is_null(branch));
                if branches.len() == 1 {
                    let only = branches.remove(0);
                    members.remove("anyOf");
                    members.extend(only.as_object().cloned().unwrap_or_default());
                }
            }
            if let Some(Value::Array(words)) = members.get_mut("type") {
                words.retain(|word| word != "null");
                if let [only] = &words[..] {
                    let only = only.clone();
                    members.insert("type".into(), only);
                }
            }
            // A text may be written without quotes even where YAML sees a number or a truth value.
            if slot.is_some() && members.get("type").is_some_and(|word| word == "string") {
                members.insert("type".into(), serde_json::json!(["string", "number", "boolean"]));
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(elements) => elements.iter_mut().for_each(plain),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a generated file with what the types say; `BLESS=1` writes it.
    fn check(path: &str, text: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("the repository can be written");
            std::fs::write(&path, text).expect("the repository can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == text, "{} is stale; write it anew with BLESS=1 cargo test --lib spec::schema", path.display());
    }

    #[test]
    fn schemas_and_reference_pages_are_fresh() {
        check("src/spec/schema/full.jsonl", &text());
        for format in Format::ALL {
            check(&format!("schema/{}.json", format.stem()), &json(format));
            check(&format!("docs/reference/{}.md", format.stem()), &reference(format));
        }
    }

    #[test]
    fn every_key_has_a_meaning() {
        fn walk(schema: &Value, at: &str) {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                for (name, property) in properties.iter().filter(|(name, _)| *name != "type") {
                    assert!(property.get("description").is_some(), "{at}.{name} has no doc comment");
                }
            }
            match schema {
                Value::Object(members) => members.iter().for_each(|(name, member)| walk(member, &format!("{at}.{name}"))),
                Value::Array(elements) => elements.iter().for_each(|element| walk(element, at)),
                _ => {}
            }
        }
        Format::ALL.into_iter().for_each(|format| walk(format.full(), format.word()));
    }
}
