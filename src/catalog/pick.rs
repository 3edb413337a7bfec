//! What is looked for in an answer or record: most often a plain path, which is then read off the bytes without evaluating anything.

use super::compile::{Compiler, Seen};
use crate::expr::{Env, Fault, Item, Program, Want};
use crate::spec::Expression;
use crate::value::{Doc, Path};

/// A compiled lookup below one root name (`body` or `record`).
#[derive(Clone, Debug)]
pub struct Pick {
    /// The path below the root, where the expression is nothing else; `None` inside for the root itself.
    plain: Option<Option<Path>>,
    program: Program,
}

impl Pick {
    /// The path below the root; `Some(None)` is the root, `None` an expression that must be evaluated.
    pub fn plain(&self) -> Option<Option<&Path>> {
        self.plain.as_ref().map(Option::as_ref)
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Looks it up in the root's document, or evaluates it.
    ///
    /// # Errors
    /// Those of the expression.
    pub fn get(&self, root: &Doc, env: &dyn Env) -> Result<Item, Fault> {
        match &self.plain {
            Some(None) => Ok(Item::Doc(root.clone())),
            Some(Some(path)) => Ok(Item::Doc(root.path(path).unwrap_or_else(Doc::null))),
            None => self.program.eval(env),
        }
    }
}

impl Compiler<'_> {
    /// Compiles a lookup below `root`. A final `| text` is dropped from a plain path: who reads keys takes numbers as their digits anyway.
    pub fn pick(&self, slot: &Expression, root: &str, seen: Seen, want: &Want) -> Pick {
        let program = self.program(slot, seen, want);
        Pick { plain: plain(slot.text(), root), program }
    }

    pub fn maybe_pick(&self, slot: Option<&Expression>, root: &str, seen: Seen, want: &Want) -> Option<Pick> {
        slot.map(|slot| self.pick(slot, root, seen, want))
    }
}

/// The path of `root.a.b['c']`, if the text is nothing else.
fn plain(text: &str, root: &str) -> Option<Option<Path>> {
    let text = text.trim();
    let text = text.strip_suffix("| text").unwrap_or(text).trim_end();
    let mut rest = text.strip_prefix(root)?;
    let mut names: Vec<String> = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            names.push(after.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?.to_string());
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix("['")?;
            let end = after.find('\'')?;
            names.push(after[..end].to_string());
            rest = after[end..].strip_prefix("']")?;
        }
    }
    if names.is_empty() {
        return Some(None);
    }
    // A path shows odd names in quotes, so that what it shows can be read again.
    let spelt: Vec<String> = names.into_iter().map(|name| Path::member(name).to_string()).collect();
    Path::parse(&spelt.join(".")).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn knows_plain_paths_from_expressions() {
        let path = |text| plain(text, "record").map(|path| path.map(|path| path.to_string()));
        assert_eq!(path("record"), Some(None));
        assert_eq!(path("record.a.b"), Some(Some("a.b".into())));
        assert_eq!(path("record.id | text"), Some(Some("id".into())));
        assert_eq!(path("record['@odata.etag']").map(|path| path.is_some()), Some(true));
        for text in ["record.a or record.b", "record[0]", "key[:15]", "record.a | lower", "records"] {
            assert_eq!(path(text), None, "{text}");
        }
    }
}
