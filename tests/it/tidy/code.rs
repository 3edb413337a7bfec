//! Rust's code without what is only text: comments and the insides of literals become spaces, lines stay where they are.

/// The same text, as long, with nothing but code in it.
pub fn bare(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => text_end(bytes, at),
            b'r' | b'b' | b'c' if !inside_word(bytes, at) => raw_end(bytes, at).unwrap_or(at + 1),
            b'\'' => char_end(bytes, at).unwrap_or(at + 1),
            _ => at + 1,
        };
        if end > at + 1 {
            for byte in &mut out[at..end.min(bytes.len())] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

fn inside_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// A literal that begins with letters: `r"…"`, `br#"…"#`, `b"…"`, `c"…"`; none for a plain word.
fn raw_end(bytes: &[u8], start: usize) -> Option<usize> {
    let letters = bytes[start..].iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let raw = bytes[start..start + letters].contains(&b'r');
    let hashes = bytes[start + letters..].iter().take_while(|byte| **byte == b'#').count();
    let quote = start + letters + hashes;
    if letters > 2 || bytes.get(quote) != Some(&b'"') || (hashes > 0 && !raw) {
        return None;
    }
    if !raw {
        return Some(text_end(bytes, quote));
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let length = bytes[quote + 1..].windows(close.len()).position(|window| window == close)?;
    Some(quote + 1 + length + close.len())
}

/// A character, not a lifetime.
fn char_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start + 1) == Some(&b'\\') {
        let close = bytes[start + 3..].iter().position(|byte| *byte == b'\'')?;
        return Some(start + 3 + close + 1);
    }
    let width = std::str::from_utf8(&bytes[start + 1..bytes.len().min(start + 5)]).map_or_else(|error| error.valid_up_to(), str::len).min(4);
    let first = std::str::from_utf8(&bytes[start + 1..start + 1 + width]).ok()?.chars().next()?.len_utf8();
    (bytes.get(start + 1 + first) == Some(&b'\'')).then_some(start + 1 + first + 1)
}

/// The line of a byte, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Identifiers and the marks between them, each with its place; blanks are left out.
pub fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut rest = code.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut end = start + first.len_utf8();
        if first.is_alphanumeric() || first == '_' {
            while let Some((at, next)) = rest.peek().copied().filter(|(_, next)| next.is_alphanumeric() || *next == '_') {
                end = at + next.len_utf8();
                rest.next();
            }
        } else if first == ':' && rest.peek().is_some_and(|(_, next)| *next == ':') {
            end += 1;
            rest.next();
        }
        found.push((start, &code[start..end]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[track_caller]
    fn leaves(text: &str, code: &str) {
        let bare = bare(text);
        assert_eq!(bare.len(), text.len());
        assert_eq!(bare.split_whitespace().collect::<Vec<_>>().join(" "), code);
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        leaves("a // b\nc", "a c");
        leaves("a /* b /* c */ d */ e", "a e");
        leaves(r#"a("b \" c", d)"#, "a( , d)");
        leaves(r###"a(r#"b " c"#, br"d", b"e")"###, "a( , , )");
        leaves("let crab = b; r#type", "let crab = b; r#type");
        leaves(r"fn a<'b>(c: &'b str) { '\'' '\u{1F600}' 'd' '\\' '→' '{' }", "fn a<'b>(c: &'b str) { }");
    }
}
