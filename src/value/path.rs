//! Where a value lives inside a document: `BillingAddress.city`, `fields[api_name=size].value`, `"odd name".x`, `lines[0]`.

use std::fmt;

use super::{Str, Value};

/// Highest element number a path may name; longer lists are searched by a member, not counted.
const INDEX_MAX: usize = 999;

/// A parsed path; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Member(Str),
    Index(usize),
    /// The first element of a list whose member `name` reads `value`.
    Where {
        name: Str,
        value: Str,
    },
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathProblem {
    /// Byte position in the text.
    pub at: usize,
    pub message: String,
}

impl Path {
    /// Reads a path as people write it.
    ///
    /// # Errors
    /// Names the first character that cannot stand in a path.
    pub fn parse(text: &str) -> Result<Path, PathProblem> {
        let mut reader = Reader { text, at: 0 };
        let mut steps = vec![Step::Member(reader.name()?)];
        while let Some(next) = reader.peek() {
            match next {
                '.' => {
                    reader.at += 1;
                    steps.push(Step::Member(reader.name()?));
                }
                '[' => steps.push(reader.bracket()?),
                _ => return Err(reader.problem("a path goes on with `.name` or `[…]` here")),
            }
        }
        Ok(Path(steps))
    }

    /// A path of one member, whatever its characters.
    pub fn member(name: impl AsRef<str>) -> Path {
        Path(vec![Step::Member(Str::from(name.as_ref()))])
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The name the path begins with: what a vendor is asked for.
    pub fn head(&self) -> &str {
        match &self.0[0] {
            Step::Member(name) => name,
            Step::Index(_) | Step::Where { .. } => "",
        }
    }

    pub fn get<'a>(&self, from: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(from, |value, step| match (step, value) {
            (Step::Member(name), Value::Map(entries)) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            (Step::Index(index), Value::List(items)) => items.get(*index),
            (Step::Where { name, value }, Value::List(items)) => items.iter().find(|item| reads(item, name, value)),
            _ => None,
        })
    }

    /// Puts `value` where the path points, making maps and lists on the way; what is no map where one is needed gives way to one.
    pub fn set(&self, into: &mut Value, value: Value) {
        let mut place = into;
        for step in &self.0 {
            place = match step {
                Step::Member(name) => entry(place, name),
                Step::Index(index) => {
                    let items = list(place);
                    if items.len() <= *index {
                        items.resize(*index + 1, Value::Blank);
                    }
                    &mut items[*index]
                }
                Step::Where { name, value } => {
                    let items = list(place);
                    let found = items.iter().position(|item| reads(item, name, value)).unwrap_or_else(|| {
                        items.push(Value::Map(vec![(name.clone(), Value::text(value))]));
                        items.len() - 1
                    });
                    &mut items[found]
                }
            };
        }
        *place = value;
    }
}

fn reads(item: &Value, name: &str, wanted: &str) -> bool {
    let Value::Map(entries) = item else { return false };
    entries.iter().any(|(key, value)| key == name && value.to_string() == wanted)
}

fn entry<'a>(place: &'a mut Value, name: &Str) -> &'a mut Value {
    if !matches!(place, Value::Map(_)) {
        *place = Value::Map(Vec::new());
    }
    let Value::Map(entries) = place else { unreachable!("made a map just above") };
    let found = entries.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
        entries.push((name.clone(), Value::Blank));
        entries.len() - 1
    });
    &mut entries[found].1
}

fn list(place: &mut Value) -> &mut Vec<Value> {
    if !matches!(place, Value::List(_)) {
        *place = Value::List(Vec::new());
    }
    let Value::List(items) = place else { unreachable!("made a list just above") };
    items
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn problem(&self, message: impl Into<String>) -> PathProblem {
        PathProblem { at: self.at, message: message.into() }
    }

    fn name(&mut self) -> Result<Str, PathProblem> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !plain(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(match self.peek() {
                None => self.problem("a name is missing at the end of the path"),
                Some(c) if "|()~'{}<>!,=".contains(c) => self.problem(format!("`{c}` cannot stand in a path; an expression goes under `read:`")),
                Some(c) => self.problem(format!("`{c}` cannot begin a name; put odd names in double quotes")),
            });
        }
        let name = Str::from(&rest[..end]);
        self.at += end;
        match self.peek() {
            None | Some('.' | '[' | ']' | '=') => Ok(name),
            Some(c) if c.is_whitespace() => Err(self.problem("a name with a space goes in double quotes; an expression goes under `read:`")),
            Some(c) => Err(self.problem(format!("`{c}` cannot stand in a path; an expression goes under `read:`"))),
        }
    }

    fn quoted(&mut self) -> Result<Str, PathProblem> {
        let begin = self.at;
        let rest = &self.text[self.at + 1..];
        let Some(end) = rest.find('"') else {
            return Err(PathProblem { at: begin, message: "this double quote is never closed".into() });
        };
        if end == 0 {
            return Err(self.problem("a name cannot be empty"));
        }
        self.at += end + 2;
        Ok(Str::from(&rest[..end]))
    }

    fn bracket(&mut self) -> Result<Step, PathProblem> {
        let begin = self.at;
        self.at += 1;
        let name = self.name()?;
        match self.peek() {
            Some(']') => {
                self.at += 1;
                let index = name.parse::<usize>().ok().filter(|index| *index <= INDEX_MAX);
                index
                    .map(Step::Index)
                    .ok_or_else(|| PathProblem { at: begin + 1, message: format!("between brackets stands a number up to {INDEX_MAX}, or `name=value`") })
            }
            Some('=') => {
                self.at += 1;
                let value = self.name()?;
                if self.peek() != Some(']') {
                    return Err(self.problem("`]` is missing"));
                }
                self.at += 1;
                Ok(Step::Where { name, value })
            }
            _ => Err(self.problem("`]` is missing")),
        }
    }
}

fn plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !".[]\"'(){}|,=~<>!*`".contains(c)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) => {
                    if index > 0 {
                        f.write_str(".")?;
                    }
                    show(name, f)?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Where { name, value } => {
                    f.write_str("[")?;
                    show(name, f)?;
                    f.write_str("=")?;
                    show(value, f)?;
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

fn show(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if name.chars().all(plain) { f.write_str(name) } else { write!(f, "\"{name}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_show_get_and_set() {
        for text in ["Amount", "BillingAddress.city", "fields[api_name=size].value", "\"odd name\".x", "lines[0].sku", "\"@odata.etag\""] {
            let path = Path::parse(text).expect("a good path");
            assert_eq!(path.to_string(), text);
            let mut document = Value::Map(vec![]);
            path.set(&mut document, Value::Integer(7));
            assert_eq!(path.get(&document), Some(&Value::Integer(7)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_told_where() {
        for (text, at) in [("", 0), ("a.", 2), ("a b", 1), ("email | domain", 5), ("a[", 2), ("a[x]", 2), ("\"a", 0), ("a.b(", 3)] {
            assert_eq!(Path::parse(text).expect_err(text).at, at, "{text}");
        }
    }
}
