//! Tokens to a [`Query`]. Keywords in any case; `AND` beside `OR` without parentheses is refused, as the vendor refuses it.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::lexer::{Token, tokens};
use super::{Comparison, Condition, Literal, Malformed, NESTING_MAX, Order, Path, Query, STATEMENT_CHARACTERS_MAX, Select};

/// Reads one statement.
///
/// # Errors
/// [`Malformed`] with the vendor's wording when the text is not SOQL, or uses a part of SOQL the look-alike does not know.
pub fn parse(statement: &str) -> Result<Query, Malformed> {
    if statement.chars().count() > STATEMENT_CHARACTERS_MAX {
        return Err(Malformed(format!("SOQL statements cannot be longer than {STATEMENT_CHARACTERS_MAX} characters.")));
    }
    let tokens = tokens(statement)?;
    let mut parser = Parser { statement, tokens, at: 0, depth: 0 };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'s> {
    statement: &'s str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn unexpected(&self) -> Malformed {
        match self.tokens.get(self.at) {
            Some((offset, token)) => Malformed::at(self.statement, *offset, &format!("unexpected token: '{}'", token.shown())),
            None => Malformed::at(self.statement, self.statement.len(), "unexpected token: '<EOF>'"),
        }
    }

    /// Takes the keyword if it is next.
    fn keyword(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        self.at += usize::from(here);
        here
    }

    fn expect_keyword(&mut self, word: &str) -> Result<(), Malformed> {
        if self.keyword(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let here = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(here);
        here
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Malformed> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> Result<String, Malformed> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn path(&mut self) -> Result<Path, Malformed> {
        let start = self.at;
        let word = self.word()?;
        let parts: Vec<String> = word.split('.').map(str::to_owned).collect();
        let sound = parts.len() <= 6 && parts.iter().all(|part| !part.is_empty() && !part.contains(':'));
        if sound && !RESERVED.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) {
            return Ok(Path(parts));
        }
        self.at = start;
        Err(self.unexpected())
    }

    fn query(&mut self) -> Result<Query, Malformed> {
        self.expect_keyword("SELECT")?;
        let select = self.select()?;
        self.expect_keyword("FROM")?;
        let from = self.path()?.to_string();
        let filter = if self.keyword("WHERE") { Some(self.condition()?) } else { None };
        let mut order = Vec::new();
        if self.keyword("ORDER") {
            self.expect_keyword("BY")?;
            order.push(self.order()?);
            while self.sign(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.keyword("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.keyword("OFFSET") { self.count()? } else { 0 };
        Ok(Query { select, from, filter, order, limit, offset })
    }

    fn select(&mut self) -> Result<Select, Malformed> {
        if self.keyword("COUNT") {
            self.expect_sign("(")?;
            if self.sign(")") {
                return Ok(Select::Count);
            }
            self.path()?;
            self.expect_sign(")")?;
            let named = matches!(self.peek(), Some(Token::Word(word)) if !word.eq_ignore_ascii_case("FROM"));
            let alias = if named { self.word()? } else { "expr0".to_owned() };
            return Ok(Select::CountRow { alias });
        }
        let mut fields = vec![self.path()?];
        while self.sign(",") {
            fields.push(self.path()?);
        }
        Ok(Select::Fields(fields))
    }

    fn order(&mut self) -> Result<Order, Malformed> {
        let path = self.path()?;
        let descending = !self.keyword("ASC") && self.keyword("DESC");
        let mut nulls_last = false;
        if self.keyword("NULLS") {
            nulls_last = !self.keyword("FIRST");
            if nulls_last {
                self.expect_keyword("LAST")?;
            }
        }
        Ok(Order { path, descending, nulls_last })
    }

    fn count(&mut self) -> Result<usize, Malformed> {
        match self.peek() {
            Some(Token::Figure(figure)) => match figure.parse() {
                Ok(count) => {
                    self.at += 1;
                    Ok(count)
                }
                Err(_) => Err(self.unexpected()),
            },
            _ => Err(self.unexpected()),
        }
    }

    fn condition(&mut self) -> Result<Condition, Malformed> {
        let first = self.term()?;
        let (word, joined): (_, fn(Vec<Condition>) -> Condition) = match self.peek() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("AND") => ("AND", Condition::All),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("OR") => ("OR", Condition::Any),
            _ => return Ok(first),
        };
        let mut terms = vec![first];
        while self.keyword(word) {
            terms.push(self.term()?);
        }
        // The other word here means AND beside OR, which only parentheses may mix.
        if matches!(self.peek(), Some(Token::Word(other)) if other.eq_ignore_ascii_case("AND") || other.eq_ignore_ascii_case("OR")) {
            return Err(self.unexpected());
        }
        Ok(joined(terms))
    }

    fn term(&mut self) -> Result<Condition, Malformed> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.unexpected());
        }
        let term = if self.keyword("NOT") {
            Condition::Not(Box::new(self.term()?))
        } else if self.sign("(") {
            let inner = self.condition()?;
            self.expect_sign(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn comparison(&mut self) -> Result<Condition, Malformed> {
        let path = self.path()?;
        if self.keyword("IN") {
            return self.one_of(path, false);
        }
        if self.keyword("NOT") {
            self.expect_keyword("IN")?;
            return self.one_of(path, true);
        }
        let comparison = match self.peek() {
            Some(Token::Sign("=")) => Comparison::Equal,
            Some(Token::Sign("!=")) => Comparison::NotEqual,
            Some(Token::Sign("<")) => Comparison::Less,
            Some(Token::Sign("<=")) => Comparison::LessOrEqual,
            Some(Token::Sign(">")) => Comparison::Greater,
            Some(Token::Sign(">=")) => Comparison::GreaterOrEqual,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("LIKE") => Comparison::Like,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let literal = self.literal()?;
        Ok(Condition::Compare { path, comparison, literal })
    }

    fn one_of(&mut self, path: Path, negated: bool) -> Result<Condition, Malformed> {
        self.expect_sign("(")?;
        let mut literals = vec![self.literal()?];
        while self.sign(",") {
            literals.push(self.literal()?);
        }
        self.expect_sign(")")?;
        Ok(Condition::OneOf { path, negated, literals })
    }

    fn literal(&mut self) -> Result<Literal, Malformed> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Some(Literal::Text(text.clone())),
            Some(Token::Figure(figure)) => figure_literal(figure),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Some(Literal::Null),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Some(Literal::Flag(true)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Some(Literal::Flag(false)),
            _ => None,
        };
        let literal = literal.ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(literal)
    }
}

const RESERVED: [&str; 14] = ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "LIMIT", "ASC", "DESC", "NULLS", "OFFSET"];

/// `5`, `-1.5`, `2026-01-31`, `2026-01-31T10:00:00Z`, `…+02:00`, `…+0000`.
fn figure_literal(figure: &str) -> Option<Literal> {
    if figure.contains('T') {
        return instant(figure).map(Literal::Instant);
    }
    if let Ok(date) = figure.parse::<Date>() {
        return Some(Literal::Date(date));
    }
    figure.parse::<Decimal>().or_else(|_| Decimal::from_scientific(figure)).ok().map(Literal::Number)
}

/// Reads an instant with or without a colon in its offset.
pub fn instant(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| jiff::Zoned::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok().map(|zoned| zoned.timestamp()))
}
