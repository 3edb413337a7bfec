//! `$filter`: the comparisons and functions API pages take. No OR across different fields, as the vendor documents.

use serde_json::Value;

use super::refused::{Refused, refused};
use super::schema::{Edm, Set};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare { field: String, op: Op, literal: Literal },
    Text { function: Function, field: String, text: String },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Contains,
    EndsWith,
    StartsWith,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    /// A number, date, instant or GUID as written, without quotes.
    Bare(String),
    Bool(bool),
    Null,
}

impl Filter {
    pub fn parse(text: &str, set: &Set) -> Result<Self, Refused> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, set };
        let filter = parser.any()?;
        if parser.at < parser.tokens.len() {
            return Err(syntax("there is more after its end"));
        }
        Ok(filter)
    }

    pub fn fits(&self, field: &impl Fn(&str) -> Value, set: &Set) -> bool {
        match self {
            Self::And(left, right) => left.fits(field, set) && right.fits(field, set),
            Self::Or(left, right) => left.fits(field, set) || right.fits(field, set),
            Self::Not(inner) => !inner.fits(field, set),
            Self::Compare { field: name, op, literal } => compared(&field(name), *op, literal, set.property(name).map(|property| property.edm)),
            Self::Text { function, field: name, text } => {
                // Filters of the database ignore case.
                let (held, text) = (field(name).as_str().unwrap_or_default().to_lowercase(), text.to_lowercase());
                match function {
                    Function::Contains => held.contains(&text),
                    Function::EndsWith => held.ends_with(&text),
                    Function::StartsWith => held.starts_with(&text),
                }
            }
        }
    }

    /// A text that a field must equal for anything to fit, to look up instead of walking.
    pub fn must_equal(&self) -> Option<(&str, &str)> {
        match self {
            Self::And(left, right) => left.must_equal().or_else(|| right.must_equal()),
            Self::Compare { field, op: Op::Eq, literal: Literal::Text(text) } => Some((field, text)),
            Self::Compare { field, op: Op::Eq, literal: Literal::Bare(text) } => Some((field, text)),
            _ => None,
        }
    }

    /// The earliest change that can fit.
    pub fn modified_since(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::And(left, right) => left.modified_since().max(right.modified_since()),
            Self::Compare { field, op: Op::Gt | Op::Ge | Op::Eq, literal: Literal::Bare(text) } if field == "lastModifiedDateTime" => text.parse().ok(),
            _ => None,
        }
    }

    fn fields<'a>(&'a self, into: &mut Vec<&'a str>) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.fields(into);
                right.fields(into);
            }
            Self::Not(inner) => inner.fields(into),
            Self::Compare { field, .. } | Self::Text { field, .. } => into.push(field),
        }
    }
}

fn compared(held: &Value, op: Op, literal: &Literal, edm: Option<Edm>) -> bool {
    use std::cmp::Ordering;
    let order = match (held, literal) {
        (Value::String(held), Literal::Text(text)) if matches!(edm, Some(Edm::Code(_))) => Some(held.to_uppercase().cmp(&text.trim().to_uppercase())),
        (Value::String(held), Literal::Text(text)) => Some(held.as_str().cmp(text)),
        (Value::String(held), Literal::Bare(text)) => match (held.parse::<jiff::Timestamp>(), text.parse::<jiff::Timestamp>()) {
            (Ok(held), Ok(text)) => Some(held.cmp(&text)),
            _ => Some(held.to_lowercase().cmp(&text.to_lowercase())),
        },
        (Value::Number(held), Literal::Bare(text)) => held.as_f64().zip(text.parse().ok()).and_then(|(held, text)| held.partial_cmp(&text)),
        (Value::Bool(held), Literal::Bool(wanted)) => Some(held.cmp(wanted)),
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        _ => None,
    };
    match op {
        Op::Eq => order == Some(Ordering::Equal),
        Op::Ne => order != Some(Ordering::Equal),
        Op::Gt => order == Some(Ordering::Greater),
        Op::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Op::Lt => order == Some(Ordering::Less),
        Op::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

fn syntax(what: &str) -> Refused {
    Refused::bad_url(format!("The query specified in the URI is not valid: $filter {what}."))
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut all = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter.is_whitespace() => {}
            '(' => all.push(Token::Open),
            ')' => all.push(Token::Close),
            ',' => all.push(Token::Comma),
            '\'' => {
                let mut held = String::new();
                loop {
                    match letters.next() {
                        Some('\'') if letters.next_if_eq(&'\'').is_some() => held.push('\''),
                        Some('\'') => break,
                        Some(letter) => held.push(letter),
                        None => return Err(syntax("has a text without its closing quote")),
                    }
                }
                all.push(Token::Text(held));
            }
            letter => {
                let mut word = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace() && !"(),'".contains(*letter)) {
                    word.push(letter);
                }
                all.push(Token::Word(word));
            }
        }
    }
    Ok(all)
}

/// Deepest nesting taken.
const DEPTH_MAX: usize = 200;

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    set: &'a Set,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(found)) if found == word)
    }

    fn any(&mut self) -> Result<Filter, Refused> {
        if self.tokens.iter().filter(|token| **token == Token::Open || matches!(token, Token::Word(word) if word == "not")).count() > DEPTH_MAX {
            return Err(syntax("is nested too deeply"));
        }
        let mut left = self.all()?;
        while self.is_word("or") {
            self.at += 1;
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
            let mut fields = Vec::new();
            left.fields(&mut fields);
            if fields.iter().any(|field| *field != fields[0]) {
                return Err(refused(501, "BadRequest_MethodNotImplemented", "An OR across different fields is not supported in $filter."));
            }
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Filter, Refused> {
        let mut left = self.one()?;
        while self.is_word("and") {
            self.at += 1;
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, Refused> {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.any()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(word)) if word == "not" => Ok(Filter::Not(Box::new(self.one()?))),
            Some(Token::Word(word)) => {
                let function = match word.as_str() {
                    "contains" => Some(Function::Contains),
                    "endswith" => Some(Function::EndsWith),
                    "startswith" => Some(Function::StartsWith),
                    _ => None,
                };
                match function {
                    Some(function) => self.called(function),
                    None => self.comparison(word),
                }
            }
            _ => Err(syntax("stops too early")),
        }
    }

    fn called(&mut self, function: Function) -> Result<Filter, Refused> {
        self.expect(&Token::Open)?;
        let Some(Token::Word(field)) = self.next() else { return Err(syntax("needs a field's name in its function")) };
        self.known(&field)?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else { return Err(syntax("needs a text in its function")) };
        self.expect(&Token::Close)?;
        Ok(Filter::Text { function, field, text })
    }

    fn comparison(&mut self, field: String) -> Result<Filter, Refused> {
        self.known(&field)?;
        let op = match self.next() {
            Some(Token::Word(word)) => match word.as_str() {
                "eq" => Op::Eq,
                "ne" => Op::Ne,
                "gt" => Op::Gt,
                "ge" => Op::Ge,
                "lt" => Op::Lt,
                "le" => Op::Le,
                other => return Err(syntax(&format!("does not know the operator '{other}'"))),
            },
            _ => return Err(syntax("lacks an operator")),
        };
        let literal = match self.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                _ => Literal::Bare(word),
            },
            _ => return Err(syntax("lacks a value")),
        };
        let edm = self.set.property(&field).map_or(if field == "id" { Edm::Guid } else { Edm::Instant }, |property| property.edm);
        let quoted = matches!(literal, Literal::Text(_));
        if quoted && !matches!(edm, Edm::Text(_) | Edm::Code(_) | Edm::Choice(_)) {
            return Err(syntax(&format!("compares '{field}', an {}, with a text", edm.name())));
        }
        if edm == Edm::Instant && !matches!(&literal, Literal::Bare(text) if text.parse::<jiff::Timestamp>().is_ok()) {
            return Err(syntax(&format!("compares '{field}' with something that is no date and time")));
        }
        Ok(Filter::Compare { field, op, literal })
    }

    fn expect(&mut self, token: &Token) -> Result<(), Refused> {
        if self.next().as_ref() == Some(token) { Ok(()) } else { Err(syntax(&format!("lacks a {token:?}"))) }
    }

    fn known(&self, field: &str) -> Result<(), Refused> {
        known(self.set, field)
    }
}

pub(super) fn known(set: &Set, field: &str) -> Result<(), Refused> {
    if matches!(field, "id" | "lastModifiedDateTime") || set.property(field).is_some() {
        return Ok(());
    }
    Err(Refused::bad_url(format!("Could not find a property named '{field}' on type 'Microsoft.NAV.{}'.", set.entity)))
}
