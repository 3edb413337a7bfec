//! Finding values in JSON that was checked already: nothing here looks at more than it must.

use std::ops::Range;

/// First byte at or after `at` that is no white space.
pub fn space(raw: &[u8], mut at: usize) -> usize {
    while matches!(raw.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// End of the text whose opening quote is at `at`.
pub fn skip_text(raw: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &raw[at..]) {
        if raw[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    raw.len()
}

/// End of the value that begins at `at`.
pub fn skip(raw: &[u8], at: usize) -> usize {
    match raw[at] {
        b'"' => skip_text(raw, at),
        b'{' | b'[' => skip_nest(raw, at),
        _ => {
            let mut end = at + 1;
            while end < raw.len() && !matches!(raw[end], b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
                end += 1;
            }
            end
        }
    }
}

fn skip_nest(raw: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < raw.len() {
        match raw[at] {
            b'"' => {
                at = skip_text(raw, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    raw.len()
}

/// Ranges of the elements of a list; none for anything else.
pub fn items(raw: &[u8]) -> Items<'_> {
    Items { raw, at: if raw[0] == b'[' { space(raw, 1) } else { raw.len() } }
}

pub struct Items<'a> {
    raw: &'a [u8],
    at: usize,
}

impl Iterator for Items<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.at >= self.raw.len() || self.raw[self.at] == b']' {
            return None;
        }
        let begin = self.at;
        let end = skip(self.raw, begin);
        self.at = space(self.raw, end);
        if self.raw.get(self.at) == Some(&b',') {
            self.at = space(self.raw, self.at + 1);
        }
        Some(begin..end)
    }
}

/// Ranges of the members of a map, the name with its quotes first; none for anything else.
pub fn entries(raw: &[u8]) -> Entries<'_> {
    Entries { raw, at: if raw[0] == b'{' { space(raw, 1) } else { raw.len() } }
}

pub struct Entries<'a> {
    raw: &'a [u8],
    at: usize,
}

impl Entries<'_> {
    /// The next name and where its value begins; the caller says with [`Entries::went_to`] where the value ended.
    pub fn name(&mut self) -> Option<(Range<usize>, usize)> {
        if self.at >= self.raw.len() || self.raw[self.at] == b'}' {
            return None;
        }
        let begin = self.at;
        let end = skip_text(self.raw, begin);
        let colon = space(self.raw, end);
        Some((begin..end, space(self.raw, colon + 1)))
    }

    pub fn went_to(&mut self, end: usize) {
        self.at = space(self.raw, end);
        if self.raw.get(self.at) == Some(&b',') {
            self.at = space(self.raw, self.at + 1);
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = (Range<usize>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, begin) = self.name()?;
        let end = skip(self.raw, begin);
        self.went_to(end);
        Some((name, begin..end))
    }
}

/// Whether a quoted name says `wanted`.
pub fn names(quoted: &[u8], wanted: &str) -> bool {
    let inner = &quoted[1..quoted.len() - 1];
    if inner == wanted.as_bytes() {
        return true;
    }
    memchr::memchr(b'\\', inner).is_some() && super::decode(quoted) == wanted
}

pub fn member(raw: &[u8], wanted: &str) -> Option<Range<usize>> {
    entries(raw).find(|(name, _)| names(&raw[name.clone()], wanted)).map(|(_, value)| value)
}
