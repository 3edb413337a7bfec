//! The words and signs of an expression, each with its bytes.

use std::ops::Range;

use super::Problem;
use crate::value::{Str, Value, doc};

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text(String),
    Number(Value),
    Word(Str),
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// Longer signs first, so that `<=` is not `<` and `=`.
const SIGNS: [&str; 23] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}", "="];

/// Where an expression ends.
#[derive(Clone, Copy, PartialEq)]
pub enum Until {
    SourceEnd,
    /// `}}` outside all brackets: the expression stands in a text.
    Braces,
}

/// Cuts the source from `at` on; the last token is `End`, at the end of the source or at the closing braces.
pub fn tokens(source: &str, mut at: usize, until: Until) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut open = 0_usize;
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        let rest = &source[at..];
        let closed = until == Until::Braces && open == 0 && rest.starts_with("}}");
        let Some(c) = rest.chars().next().filter(|_| !closed) else {
            tokens.push(Token { kind: Kind::End, range: at..at });
            return Ok(tokens);
        };
        let (kind, len) = match c {
            '\'' | '"' => text(source, at)?,
            '0'..='9' => number(source, at)?,
            c if c.is_alphabetic() || c == '_' => {
                let len = word_len(rest);
                (Kind::Word(Str::from(&rest[..len])), len)
            }
            _ => sign(source, at)?,
        };
        match kind {
            Kind::Sign("(" | "[" | "{") => open += 1,
            Kind::Sign(")" | "]" | "}") => open = open.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { kind, range: at..at + len });
        at += len;
    }
}

fn word_len(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

fn sign(source: &str, at: usize) -> Result<(Kind, usize), Problem> {
    let rest = &source[at..];
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Kind::Sign(sign), sign.len()));
    }
    let c = rest.chars().next().unwrap_or(' ');
    let help = match c {
        '$' => Some("a variable of the project is `var.name` in an expression"),
        '@' => Some("a name with odd characters goes in brackets and quotes: record['@odata.etag']"),
        '&' => Some("write `and`"),
        '!' => Some("write `not`"),
        '?' => Some("write `a if condition else b`"),
        '“' | '”' | '‘' | '’' => Some("use straight quotes"),
        _ => None,
    };
    Err(Problem { range: at..at + c.len_utf8(), message: format!("`{c}` has no meaning in an expression"), help: help.map(str::to_owned) })
}

fn number(source: &str, at: usize) -> Result<(Kind, usize), Problem> {
    let rest = &source[at..];
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut len = digits(rest);
    if rest[len..].starts_with('.') {
        let fraction = digits(&rest[len + 1..]);
        if fraction > 0 {
            len += 1 + fraction;
        }
    }
    if rest[len..].chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') {
        let end = len + word_len(&rest[len..]);
        return Err(Problem {
            range: at..at + end,
            message: format!("`{}` is neither a number nor a name", &rest[..end]),
            help: Some("a duration is written hours(24) or days(90); a text goes in quotes".into()),
        });
    }
    let too_long = || Problem { range: at..at + len, message: "this number has more digits than are kept exactly".into(), help: None };
    let value = match rest[..len].parse() {
        Ok(integer) => Value::Integer(integer),
        Err(_) => Value::Decimal(doc::decimal(&rest[..len]).ok_or_else(too_long)?),
    };
    Ok((Kind::Number(value), len))
}

/// A text in quotes. Escapes are Jinja's; an unknown one keeps its backslash, so that patterns read as they are written.
fn text(source: &str, at: usize) -> Result<(Kind, usize), Problem> {
    let quote = source.as_bytes()[at] as char;
    let mut out = String::new();
    let mut chars = source[at + 1..].char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Kind::Text(out), offset + 2)),
            '\\' => match chars.next() {
                Some((_, c @ ('\\' | '\'' | '"'))) => out.push(c),
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, c)) => {
                    out.push('\\');
                    out.push(c);
                }
                None => break,
            },
            c => out.push(c),
        }
    }
    Err(Problem { range: at..source.len(), message: "this quote is never closed".into(), help: None })
}
