//! One pass that says whether bytes are JSON, without building anything and without recursion.

use std::ops::Range;

use super::DocError;
use super::scan::space;
use crate::bounds::JSON_DEPTH_MAX;

/// Checks one whole document and gives the range of its value without the white space around it.
pub fn whole(raw: &[u8]) -> Result<Range<usize>, DocError> {
    let begin = space(raw, 0);
    let end = value(raw, begin)?;
    let rest = space(raw, end);
    if rest < raw.len() { Err(problem(rest, "something follows the document")) } else { Ok(begin..end) }
}

fn problem(at: usize, message: &'static str) -> DocError {
    DocError { at, message }
}

/// Whether an open nest is a map: the closing bracket must fit, and a map wants names.
#[derive(Clone, Copy, PartialEq)]
enum Nest {
    List,
    Map,
}

fn value(raw: &[u8], begin: usize) -> Result<usize, DocError> {
    let mut open: Vec<Nest> = Vec::new();
    let mut at = begin;
    loop {
        // A value begins here.
        at = match raw.get(at) {
            Some(b'"') => text(raw, at)?,
            Some(byte @ (b'[' | b'{')) => {
                if open.len() == JSON_DEPTH_MAX {
                    return Err(problem(at, "nested too deep"));
                }
                let (nest, close) = if *byte == b'[' { (Nest::List, b']') } else { (Nest::Map, b'}') };
                at = space(raw, at + 1);
                if raw.get(at) == Some(&close) {
                    at + 1
                } else {
                    open.push(nest);
                    if nest == Nest::Map {
                        at = name(raw, at)?;
                    }
                    continue;
                }
            }
            Some(b't') => word(raw, at, b"true")?,
            Some(b'f') => word(raw, at, b"false")?,
            Some(b'n') => word(raw, at, b"null")?,
            Some(b'-' | b'0'..=b'9') => number(raw, at)?,
            Some(_) => return Err(problem(at, "a value was due")),
            None => return Err(problem(at, "it ends too early")),
        };
        // A value ended here: close nests, then go on after a comma.
        loop {
            let Some(nest) = open.last().copied() else { return Ok(at) };
            at = space(raw, at);
            match (raw.get(at), nest) {
                (Some(b','), Nest::List) => {
                    at = space(raw, at + 1);
                    break;
                }
                (Some(b','), Nest::Map) => {
                    at = name(raw, space(raw, at + 1))?;
                    break;
                }
                (Some(b']'), Nest::List) | (Some(b'}'), Nest::Map) => {
                    open.pop();
                    at += 1;
                }
                (Some(_), _) => return Err(problem(at, "a comma or a closing bracket was due")),
                (None, _) => return Err(problem(at, "it ends too early")),
            }
        }
    }
}

fn name(raw: &[u8], at: usize) -> Result<usize, DocError> {
    if raw.get(at) != Some(&b'"') {
        return Err(problem(at, "a name in double quotes was due"));
    }
    let colon = space(raw, text(raw, at)?);
    if raw.get(colon) != Some(&b':') {
        return Err(problem(colon, "a colon was due"));
    }
    Ok(space(raw, colon + 1))
}

fn word(raw: &[u8], at: usize, word: &[u8]) -> Result<usize, DocError> {
    if raw[at..].starts_with(word) { Ok(at + word.len()) } else { Err(problem(at, "a value was due")) }
}

fn text(raw: &[u8], begin: usize) -> Result<usize, DocError> {
    let mut at = begin + 1;
    loop {
        match raw.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match raw.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') if raw.get(at + 2..at + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => at += 6,
                _ => return Err(problem(at, "an escape that JSON does not know")),
            },
            Some(0..=0x1f) => return Err(problem(at, "a control character inside a text")),
            Some(_) => at += 1,
            None => return Err(problem(begin, "a text that is never closed")),
        }
    }
}

fn number(raw: &[u8], begin: usize) -> Result<usize, DocError> {
    let digits = |mut at: usize| {
        let first = at;
        while raw.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == first { Err(problem(at, "a digit was due")) } else { Ok(at) }
    };
    let mut at = if raw[begin] == b'-' { begin + 1 } else { begin };
    at = if raw.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if raw.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(raw.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(raw.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(at)?;
    }
    Ok(at)
}
