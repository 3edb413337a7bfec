//! One pass that says whether bytes are JSON, without building anything and without recursion.

use std::ops::Range;

use super::DocError;
use super::outline::Outline;
use super::scan::space;
use crate::bounds::JSON_DEPTH_MAX;

/// Checks one whole document and gives the range of its value without the white space around it; notes its parts in `outline`.
pub fn whole(raw: &[u8], outline: Option<&mut Outline>) -> Result<Range<usize>, DocError> {
    let begin = space(raw, 0);
    let end = value(raw, begin, &mut Noted { outline, open: Vec::new(), lists: 0 })?;
    let rest = space(raw, end);
    if rest < raw.len() { Err(problem(rest, "something follows the document")) } else { Ok(begin..end) }
}

/// What of the document is open, and what of that is noted.
struct Noted<'a> {
    outline: Option<&'a mut Outline>,
    open: Vec<Open>,
    lists: usize,
}

struct Open {
    nest: Nest,
    /// Its number in the outline.
    part: Option<usize>,
}

impl Noted<'_> {
    fn begin(&mut self, name: Range<usize>, at: usize) -> Option<usize> {
        let in_list = self.open.last().is_some_and(|open| open.nest == Nest::List);
        let noted = self.lists == 0 || (self.lists == 1 && in_list);
        self.outline.as_mut().filter(|_| noted).map(|outline| outline.begin(name, at))
    }

    fn end(&mut self, part: Option<usize>, at: usize) {
        if let (Some(outline), Some(part)) = (&mut self.outline, part) {
            outline.end(part, at);
        }
    }

    fn push(&mut self, nest: Nest, part: Option<usize>) {
        self.lists += usize::from(nest == Nest::List);
        self.open.push(Open { nest, part });
    }

    fn pop(&mut self, at: usize) {
        if let Some(open) = self.open.pop() {
            self.lists -= usize::from(open.nest == Nest::List);
            self.end(open.part, at);
        }
    }
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

fn value(raw: &[u8], begin: usize, noted: &mut Noted) -> Result<usize, DocError> {
    let mut at = begin;
    let mut name = 0..0;
    loop {
        // A value begins here.
        let part = noted.begin(std::mem::take(&mut name), at);
        at = match raw.get(at) {
            Some(b'"') => text(raw, at)?,
            Some(byte @ (b'[' | b'{')) => {
                if noted.open.len() == JSON_DEPTH_MAX {
                    return Err(problem(at, "nested too deep"));
                }
                let (nest, close) = if *byte == b'[' { (Nest::List, b']') } else { (Nest::Map, b'}') };
                at = space(raw, at + 1);
                if raw.get(at) == Some(&close) {
                    at + 1
                } else {
                    noted.push(nest, part);
                    if nest == Nest::Map {
                        (name, at) = named(raw, at)?;
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
        noted.end(part, at);
        // A value ended here: close nests, then go on after a comma.
        loop {
            let Some(nest) = noted.open.last().map(|open| open.nest) else { return Ok(at) };
            at = space(raw, at);
            match (raw.get(at), nest) {
                (Some(b','), Nest::List) => {
                    at = space(raw, at + 1);
                    break;
                }
                (Some(b','), Nest::Map) => {
                    (name, at) = named(raw, space(raw, at + 1))?;
                    break;
                }
                (Some(b']'), Nest::List) | (Some(b'}'), Nest::Map) => {
                    at += 1;
                    noted.pop(at);
                }
                (Some(_), _) => return Err(problem(at, "a comma or a closing bracket was due")),
                (None, _) => return Err(problem(at, "it ends too early")),
            }
        }
    }
}

/// A name with its quotes, and where its value begins.
fn named(raw: &[u8], at: usize) -> Result<(Range<usize>, usize), DocError> {
    if raw.get(at) != Some(&b'"') {
        return Err(problem(at, "a name in double quotes was due"));
    }
    let end = text(raw, at)?;
    let colon = space(raw, end);
    if raw.get(colon) != Some(&b':') {
        return Err(problem(colon, "a colon was due"));
    }
    Ok((at..end, space(raw, colon + 1)))
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
