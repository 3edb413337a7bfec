//! What YAML cannot read, said so that the line can be mended.

use super::Node;
use super::build::{Open, OpenKind};
use crate::bounds::YAML_DEPTH_MAX;
use crate::diag::{Diagnostic, FileId, Span};

/// A syntax error. The parser's own words come last: they rarely tell what to do.
pub(super) fn syntax(file: FileId, text: &str, at: u32, info: &str, open: &[Open]) -> Diagnostic {
    let here = Span::new(file, at, (at + 1).min(u32::try_from(text.len()).unwrap_or(u32::MAX)));
    if text[..at as usize].rsplit('\n').next().is_some_and(|line| line.trim_start_matches(' ').starts_with('\t')) || info.contains("tab") {
        return Diagnostic::error("tab", "A tab stands where YAML wants spaces").at(here).help("Indent with spaces, two for each level");
    }
    if info.contains("recursion limit") {
        return too_deep(here);
    }
    if let Some(found) = in_braces(file, text, at, info, open) {
        return found;
    }
    let (what, help) = match info {
        _ if info.contains("unexpected end of stream") => {
            ("A quote is not closed".to_string(), "Close it on the same line, or double a quote inside single quotes: 'it''s'")
        }
        _ if info.contains("mapping values are not allowed") => {
            ("A second `: ` stands in this line".to_string(), "Put the value in double quotes, or give each key a line of its own")
        }
        _ if info.contains("unexpected character") => ("YAML keeps this character for itself".to_string(), "Put the value in double quotes"),
        _ if info.contains("did not find expected key") || info.contains("expected <block end>") => (
            "This does not fit the lines above it".to_string(),
            "Look at the indentation; and put an expression that begins with a quote or a bracket in double quotes",
        ),
        _ => (format!("YAML cannot read this: {info}"), "Put texts with signs such as `: # [ ] { } ,` in double quotes"),
    };
    Diagnostic::error("yaml", what).at(here).help(help)
}

pub(super) fn too_deep(here: Span) -> Diagnostic {
    Diagnostic::error("too_deep", format!("This is nested more than {YAML_DEPTH_MAX} deep"))
        .at(here)
        .help("No key of these files needs that; look for a bracket that is not closed")
}

/// An expression with a comma or bracket inside `{ }`, where YAML ends the value too early.
fn in_braces(file: FileId, text: &str, at: u32, info: &str, open: &[Open]) -> Option<Diagnostic> {
    let flow = info.contains("flow mapping") || info.contains("flow sequence");
    let (entries, due) = open.iter().rev().find_map(|open| match &open.kind {
        OpenKind::Map(entries, due) if text.as_bytes().get(open.start as usize) == Some(&b'{') => Some((entries, due)),
        _ => None,
    })?;
    if !flow {
        return None;
    }
    let key = match due {
        Some(key) => key.span(),
        None => entries.last()?.0.span(),
    };
    let start = value_start(text, key.end as usize)?;
    Some(quote_it(file, text, start, at as usize))
}

/// A map or list as a key: nearly always `{{ … }}` without quotes, or an expression cut at its comma.
pub(super) fn strange_key(node: &Node, text: &str) -> Diagnostic {
    let before = text[..node.span.start as usize].trim_end();
    if before.ends_with('{') || text[node.span.range()].starts_with("{{") {
        return Diagnostic::error("unquoted_template", "A value that begins with `{{` must be quoted in YAML")
            .at(node.span)
            .help("Put the whole value in double quotes: \"{{ … }}\"");
    }
    Diagnostic::error("strange_key", "A list or map stands where a key is due")
        .at(node.span)
        .help("Keys are texts; put this one in double quotes if it is meant so")
}

fn value_start(text: &str, key_end: usize) -> Option<usize> {
    let rest = &text[key_end..];
    let colon = rest.find(':')? + 1;
    let blanks = rest[colon..].len() - rest[colon..].trim_start().len();
    Some(key_end + colon + blanks)
}

/// Says that the value from `start` on needs quotes, with the line as it should be.
fn quote_it(file: FileId, text: &str, start: usize, at: usize) -> Diagnostic {
    let end = expression_end(text, start).max(at.min(text.len()));
    let span = Span::new(file, u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let found = Diagnostic::error("unquoted_expression", "An expression inside { } holds a comma or bracket; YAML cannot read it").at(span);
    if end > line_end {
        return found.help("Put it in double quotes");
    }
    let line = format!("{}{}{}", &text[line_start..start], quoted(text[start..end].trim_end()), &text[end..line_end]);
    found.help(format!("Put it in double quotes:\n  {}", line.trim()))
}

/// Where an expression ends inside braces: at a comma or closing brace outside brackets and quotes.
fn expression_end(text: &str, start: usize) -> usize {
    let mut depth = 0u32;
    let mut quote = None;
    for (at, c) in text[start..].char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\n') => return start + at,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') if depth > 0 => depth -= 1,
            (None, ',' | ']' | '}' | '\n') if depth == 0 || c == '\n' => return start + text[start..start + at].trim_end().len(),
            (None, _) => {}
        }
    }
    text.len()
}

fn quoted(expression: &str) -> String {
    if !expression.contains('\'') {
        return format!("\"{}\"", expression.replace('"', "'"));
    }
    format!("\"{}\"", expression.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A key without a value inside `{ }`, right after a value whose bracket is open: `{ when: max(a, b) > 1 }`.
pub(super) fn cut_at_comma(file: FileId, text: &str, entries: &[(super::Written, Node)]) -> Option<Diagnostic> {
    let [.., (_, before), (key, value)] = entries else { return None };
    let scalar = before.scalar()?;
    let unclosed = scalar.text().matches(['(', '[']).count() > scalar.text().matches([')', ']']).count();
    let implicit = value.scalar()?.text().is_empty() && value.span.start == value.span.end;
    if scalar.style != super::Style::Plain || !unclosed || !implicit {
        return None;
    }
    Some(quote_it(file, text, before.span.start as usize, key.span().end as usize))
}
