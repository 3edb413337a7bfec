//! Values as JSON text: what connectors send, and what `text` makes of a list or map.

use std::fmt::Write;

use super::{Str, Value};

/// Appends the JSON of a value: numbers with all their digits, dates and instants as ISO text, blank as null.
pub fn write(value: &Value, out: &mut String) {
    match value {
        Value::Blank => out.push_str("null"),
        Value::Boolean(_) | Value::Integer(_) | Value::Decimal(_) => push(out, value),
        Value::Money(money) => {
            out.push_str("{\"amount\":");
            push(out, &money.value);
            out.push_str(",\"currency\":\"");
            out.push_str(money.currency.as_str());
            out.push_str("\"}");
        }
        Value::Date(_) | Value::Instant(_) | Value::Ref(_) => {
            out.push('"');
            push(out, value);
            out.push('"');
        }
        Value::Text(value) => text(value, out),
        Value::Name(name) => parts(&[("first", &name.first), ("last", &name.last)], out),
        Value::Address(address) => parts(&address.parts(), out),
        Value::Set(items) | Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, (name, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn push(out: &mut String, shown: &dyn std::fmt::Display) {
    write!(out, "{shown}").expect("writing into a String never fails");
}

fn parts(parts: &[(&str, &Str)], out: &mut String) {
    out.push('{');
    let mut first = true;
    for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        text(name, out);
        out.push(':');
        text(value, out);
    }
    out.push('}');
}

/// Appends a quoted JSON text.
pub fn text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => write!(out, "\\u{other:04x}").expect("writing into a String never fails"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}
