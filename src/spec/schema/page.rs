//! Reference pages: a table for each kind of map, in the order in which a reader meets them.

use std::fmt::Write;

use serde_json::Value;

use super::Format;

pub(super) fn page(format: Format) -> String {
    let root = format.full();
    let mut page = Page { out: String::new(), due: Vec::new(), done: Vec::new() };
    let (title, file) = match format {
        Format::Project => ("The project file", "`syncline.yaml`"),
        Format::Mapping => ("Mappings", "`mappings/*.yaml`"),
        Format::Shared => ("Shared files", "`shared/*.yaml`"),
        Format::Connector => ("Connectors", "`connectors/*.yaml`"),
    };
    page.line(&format!("# {title}: {file}\n"));
    page.line("<!-- Generated from the types in src/spec; `BLESS=1 cargo test --lib spec::schema` writes it anew. -->\n");
    page.section("", root);
    while !page.due.is_empty() {
        let name = page.due.remove(0);
        let schema = root.pointer(&format!("/$defs/{name}")).expect("schemas refer to their own definitions");
        page.section(&name, schema);
    }
    page.out
}

struct Page {
    out: String,
    /// Definitions that were mentioned and are not written yet.
    due: Vec<String>,
    done: Vec<String>,
}

impl Page {
    fn line(&mut self, text: &str) {
        writeln!(self.out, "{text}").expect("writing to a String cannot fail");
    }

    fn section(&mut self, name: &str, schema: &Value) {
        if !name.is_empty() {
            self.line(&format!("## {name}\n"));
        }
        if let Some(text) = description(schema) {
            self.line(&format!("{text}\n"));
        }
        if let Some(branches) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array) {
            self.alternatives(branches);
        }
        self.keys(schema);
        self.later(schema);
    }

    fn alternatives(&mut self, branches: &[Value]) {
        let mut tables = Vec::new();
        self.line("| one of | meaning |\n| --- | --- |");
        for branch in branches {
            let tag = branch.pointer("/properties/type/const").and_then(Value::as_str);
            let word = match (branch.get("const").and_then(Value::as_str), tag) {
                (Some(word), _) => format!("`{word}`"),
                (None, Some(tag)) => {
                    tables.push((tag, branch));
                    format!("`type: {tag}`")
                }
                (None, None) => self.kind(branch),
            };
            self.line(&format!("| {word} | {} |", cell(description(branch).unwrap_or(""))));
        }
        self.line("");
        for (tag, branch) in tables {
            self.line(&format!("### `type: {tag}`\n"));
            self.keys(branch);
            self.later(branch);
        }
    }

    fn keys(&mut self, schema: &Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let open = schema.get("additionalProperties").filter(|schema| schema.is_object());
        let rows: Vec<_> = properties.into_iter().flatten().filter(|(_, property)| property.get("const").is_none()).collect();
        if rows.is_empty() && open.is_none() {
            return;
        }
        self.line("| key | type | meaning |\n| --- | --- | --- |");
        for (name, property) in rows {
            let kind = self.kind(property);
            self.line(&format!("| `{name}` | {kind} | {} |", cell(description(property).unwrap_or(""))));
        }
        if let Some(open) = open {
            let kind = self.kind(open);
            self.line(&format!("| *any other* | {kind} | {} |", cell(description(open).unwrap_or(""))));
        }
        self.line("");
    }

    fn later(&mut self, schema: &Value) {
        let Some(later) = schema.get("x-later").and_then(Value::as_object) else { return };
        let words: Vec<String> = later.keys().map(|word| format!("`{word}`")).collect();
        self.line(&format!("Not in this version: {}.\n", words.join(", ")));
    }

    /// What may stand there, in a word or two, with a link to its table.
    fn kind(&mut self, schema: &Value) -> String {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next()) {
            if !self.done.iter().any(|done| done == name) {
                self.done.push(name.to_string());
                self.due.push(name.to_string());
            }
            return format!("[{name}](#{})", name.to_lowercase());
        }
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            let kinds: Vec<String> =
                branches.iter().filter(|branch| branch.get("type").is_none_or(|word| word != "null")).map(|branch| self.kind(branch)).collect();
            return kinds.join(" or ");
        }
        match schema.get("x-slot").and_then(Value::as_str) {
            Some("tree") => return "any JSON".to_string(),
            Some("loopback") => return "URL".to_string(),
            Some(slot) => return slot.to_string(),
            None => {}
        }
        let word = match schema.get("type") {
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).find(|word| *word != "null"),
            Some(Value::String(word)) => Some(word.as_str()),
            _ => None,
        };
        match (word, schema.get("items"), schema.get("additionalProperties")) {
            (Some("array"), Some(element), _) => format!("list of {}", self.kind(element)),
            (Some("object"), _, Some(value)) if value.is_object() => format!("map of {}", self.kind(value)),
            (Some("string"), ..) => "text".to_string(),
            (Some(word), ..) => word.to_string(),
            (None, ..) => String::new(),
        }
    }
}

fn description(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str)
}

fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
