//! A diagnostic for people (an excerpt with a caret) and for programs (JSON).

use std::fmt::Write;

use serde_json::json;

use super::{Diagnostic, Files, LITERAL_SECRET, Severity, Span};

/// Whether to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Colour,
    Plain,
}

/// Longest excerpt line, in characters: longer ones are cut around the caret.
const EXCERPT_CHARS_MAX: usize = 160;

/// One diagnostic as several lines, the last one without an end.
pub fn render(found: &Diagnostic, files: &Files, paint: Paint) -> String {
    let mut out = format!("{}: {}", painted(found.severity, paint), found.what);
    if let Some(span) = found.span {
        excerpt(&mut out, files, span, found, paint);
    }
    for (span, remark) in &found.also {
        write!(out, "\n  {}  {remark}", files.place(*span)).expect("writing to a String cannot fail");
        caret(&mut out, files, *span, found, paint);
    }
    for line in found.help.iter().flat_map(|help| help.lines()) {
        write!(out, "\n  {line}").expect("writing to a String cannot fail");
    }
    out
}

/// All of them, with an empty line between.
pub fn render_all(found: &[Diagnostic], files: &Files, paint: Paint) -> String {
    found.iter().map(|one| render(one, files, paint)).collect::<Vec<_>>().join("\n\n")
}

/// One diagnostic for editors and scripts: lines and columns from 1, columns in characters, `end` the column after the last.
pub fn to_json(found: &Diagnostic, files: &Files) -> serde_json::Value {
    let place = |span: Span| {
        let (line, column) = files.position(span.file, span.start);
        let (end_line, end) = files.position(span.file, span.end.max(span.start));
        (files.path(span.file).display().to_string(), line, column, end_line, end)
    };
    let mut value = json!({ "severity": found.severity.word(), "code": found.code, "message": found.what });
    if let Some(span) = found.span {
        let (file, line, column, end_line, end) = place(span);
        value["file"] = json!(file);
        value["line"] = json!(line);
        value["column"] = json!(column);
        value["end_line"] = json!(end_line);
        value["end"] = json!(end);
    }
    if let Some(help) = &found.help {
        value["help"] = json!(help);
    }
    if !found.also.is_empty() {
        let also = found.also.iter().map(|(span, remark)| {
            let (file, line, column, end_line, end) = place(*span);
            json!({ "file": file, "line": line, "column": column, "end_line": end_line, "end": end, "message": remark })
        });
        value["also"] = also.collect();
    }
    value
}

fn painted(severity: Severity, paint: Paint) -> String {
    match paint {
        Paint::Plain => severity.word().to_string(),
        Paint::Colour => format!("{}{}{}", style(severity).render(), severity.word(), style(severity).render_reset()),
    }
}

fn style(severity: Severity) -> anstyle::Style {
    let colour = match severity {
        Severity::Error => anstyle::AnsiColor::Red,
        Severity::Warning => anstyle::AnsiColor::Yellow,
        Severity::Note => anstyle::AnsiColor::Cyan,
    };
    anstyle::Style::new().bold().fg_color(Some(colour.into()))
}

fn excerpt(out: &mut String, files: &Files, span: Span, found: &Diagnostic, paint: Paint) {
    write!(out, "\n  {}", files.place(span)).expect("writing to a String cannot fail");
    caret(out, files, span, found, paint);
}

/// The line of the span, and under it the carets. What may be a secret is not shown: terminals and CI keep what they print.
fn caret(out: &mut String, files: &Files, span: Span, found: &Diagnostic, paint: Paint) {
    let (line, column) = files.position(span.file, span.start);
    let (end_line, end_column) = files.position(span.file, span.end.max(span.start));
    let severity = found.severity;
    let mut text: Vec<char> = files.line(span.file, line).chars().map(|c| if c == '\t' { ' ' } else { c }).collect();
    let last = if end_line == line { end_column } else { text.len() + 1 };
    let start = (column - 1).min(text.len());
    let width = last.saturating_sub(column).max(1);
    if found.code == LITERAL_SECRET {
        text.truncate(start);
        text.push('…');
    }
    let width = width.min(text.len().saturating_sub(start).max(1));
    let cut = if text.len() > EXCERPT_CHARS_MAX { start.saturating_sub(EXCERPT_CHARS_MAX / 2) } else { 0 };
    let indent = text[cut..].iter().take_while(|c| **c == ' ').count().min(start - cut);
    let shown: String = text[cut + indent..].iter().take(EXCERPT_CHARS_MAX).collect();
    let pad = " ".repeat(start - cut - indent);
    let marks = "^".repeat(width.min(EXCERPT_CHARS_MAX));
    let marks = match paint {
        Paint::Plain => marks,
        Paint::Colour => format!("{}{marks}{}", style(severity).render(), style(severity).render_reset()),
    };
    write!(out, "\n    {}\n    {pad}{marks}", shown.trim_end()).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_place_excerpt_caret_and_help() {
        let mut files = Files::new();
        let file = files.add("mappings/deals.yaml", "a: 1\nrules:\n    set: { status: \"{{ expiréd }}\" }\n");
        let at = files.text(file).find("expiréd").expect("it is there") as u32;
        let found = Diagnostic::error("unknown_name", "`expiréd` is not known here")
            .at(Span::new(file, at, at + 8))
            .help("For the text, write it without braces: set: { status: expired }");
        assert_eq!(
            render(&found, &files, Paint::Plain),
            "error: `expiréd` is not known here\n  mappings/deals.yaml:3:24\n    set: { status: \"{{ expiréd }}\" }\n                       ^^^^^^^\n  For the text, write it without braces: set: { status: expired }"
        );
        assert_eq!(
            to_json(&found, &files).to_string(),
            r#"{"severity":"error","code":"unknown_name","message":"`expiréd` is not known here","file":"mappings/deals.yaml","line":3,"column":24,"end_line":3,"end":31,"help":"For the text, write it without braces: set: { status: expired }"}"#
        );
    }
}
