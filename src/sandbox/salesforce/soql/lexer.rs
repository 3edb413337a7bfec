//! A statement cut into tokens. Text literals are unescaped here; dates and numbers are still text.

use super::Malformed;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name or keyword, with its dots: `Account.Name`, `WHERE`.
    Word(String),
    Text(String),
    /// A number, date or instant, not yet told apart.
    Figure(String),
    Sign(&'static str),
}

impl Token {
    pub fn shown(&self) -> String {
        match self {
            Token::Word(text) | Token::Figure(text) => text.clone(),
            Token::Text(text) => format!("'{text}'"),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Cuts a statement; each token comes with its byte offset.
pub fn tokens(statement: &str) -> Result<Vec<(usize, Token)>, Malformed> {
    let bytes = statement.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let rest = &statement[at..];
        let first = rest.chars().next().expect("the offset is before the end and on a boundary");
        let token = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '\'' {
            let (text, length) = quoted(statement, at)?;
            at += length;
            Token::Text(text)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == ':');
            at += length;
            Token::Word(rest[..length].to_owned())
        } else if first.is_ascii_digit() || (matches!(first, '-' | '+' | '.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            let length = 1 + run(&rest[1..], |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':'));
            at += length;
            Token::Figure(rest[..length].to_owned())
        } else if let Some(sign) = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","].into_iter().find(|sign| rest.starts_with(sign)) {
            at += sign.len();
            Token::Sign(if sign == "<>" { "!=" } else { sign })
        } else {
            return Err(Malformed::at(statement, at, &format!("line 1:{at} no viable alternative at character '{first}'")));
        };
        found.push((start, token));
    }
    Ok(found)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Reads a quoted text from its opening quote; gives it unescaped, with the length it takes in the statement.
fn quoted(statement: &str, start: usize) -> Result<(String, usize), Malformed> {
    let mut text = String::new();
    let mut characters = statement[start + 1..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '\'' => return Ok((text, offset + 2)),
            '\\' => match characters.next().map(|(_, escaped)| escaped) {
                Some('n' | 'N') => text.push('\n'),
                Some('r' | 'R') => text.push('\r'),
                Some('t' | 'T') => text.push('\t'),
                Some('b' | 'B') => text.push('\u{8}'),
                Some('f' | 'F') => text.push('\u{c}'),
                Some(plain @ ('\'' | '"' | '\\')) => text.push(plain),
                // `\_` and `\%` keep their backslash: LIKE reads it.
                Some(wild @ ('_' | '%')) => text.extend(['\\', wild]),
                Some(other) => {
                    return Err(Malformed::at(statement, start, &format!("Illegal string literal. Illegal character sequence '\\{other}' in string literal")));
                }
                None => break,
            },
            other => text.push(other),
        }
    }
    Err(Malformed::at(statement, start, "unexpected end of string literal: missing closing quote"))
}
