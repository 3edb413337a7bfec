//! A parsed statement meets the org: names become fields, literals must fit them, and then rows can be judged.

use std::collections::HashSet;

use super::id;
use super::problem::Problem;
use super::schema::{self, Field, Kind, Object};
use super::soql::{Comparison, Condition, Literal, Order, Path, Query, Select, like};
use super::view::{Cell, View};
use crate::sandbox::store::Record;

/// A field reached over any number of parents.
#[derive(Clone)]
pub struct Column {
    pub hops: Vec<Hop>,
    pub field: &'static Field,
}

/// One step to a parent: the reference that leads there.
#[derive(Clone, Copy)]
pub struct Hop {
    pub name: &'static str,
    pub by: &'static Field,
    pub to: &'static Object,
}

/// What each row of the answer holds, names resolved.
pub enum Shape {
    Count,
    CountRow(String),
    Rows(Vec<Column>),
}

/// A statement that can be run.
pub struct Bound {
    pub object: &'static Object,
    pub shape: Shape,
    pub filter: Option<Test>,
    pub order: Vec<(Column, Order)>,
    pub limit: Option<usize>,
    pub offset: usize,
}

/// A condition whose names are resolved and whose literals fit.
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Compare {
        column: Column,
        comparison: Comparison,
        with: Cell<'static>,
    },
    /// Texts folded, ids to their fifteen characters.
    OneOf {
        column: Column,
        negated: bool,
        texts: HashSet<String>,
        others: Vec<Cell<'static>>,
    },
}

/// Resolves every name of a statement.
///
/// # Errors
/// The vendor's `INVALID_TYPE`, `INVALID_FIELD` or `INVALID_QUERY_FILTER_OPERATOR`.
pub fn bind(query: Query) -> Result<Bound, Problem> {
    let object = schema::object(&query.from).ok_or_else(|| {
        Problem::new(
            400,
            "INVALID_TYPE",
            format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name.",
                query.from
            ),
        )
    })?;
    let shape = match query.select {
        Select::Count => Shape::Count,
        Select::CountRow { alias } => Shape::CountRow(alias),
        Select::Fields(paths) => {
            let mut seen = HashSet::new();
            if let Some(twice) = paths.iter().find(|path| !seen.insert(path.to_string().to_lowercase())) {
                return Err(Problem::new(400, "INVALID_FIELD", format!("duplicate field selected: {twice}")));
            }
            Shape::Rows(paths.iter().map(|path| column(object, path)).collect::<Result<_, _>>()?)
        }
    };
    let filter = query.filter.map(|condition| test(object, condition)).transpose()?;
    let order = query.order.into_iter().map(|order| Ok((column(object, &order.path)?, order))).collect::<Result<_, Problem>>()?;
    Ok(Bound { object, shape, filter, order, limit: query.limit, offset: query.offset })
}

fn column(object: &'static Object, path: &Path) -> Result<Column, Problem> {
    let (last, parents) = path.0.split_last().expect("a path has a part");
    let parents = match parents.split_first() {
        // `Account.Name FROM Account` names the object itself.
        Some((first, rest)) if object.relationship(first).is_none() && first.eq_ignore_ascii_case(object.name) => rest,
        _ => parents,
    };
    let mut here = object;
    let mut hops = Vec::new();
    for name in parents {
        let Some((by, to)) = here.relationship(name) else {
            return Err(Problem::new(
                400,
                "INVALID_FIELD",
                format!(
                    "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names."
                ),
            ));
        };
        let Kind::Reference(_, name) = by.kind else { unreachable!("only references have relationships") };
        hops.push(Hop { name, by, to });
        here = to;
    }
    let Some(field) = here.field(last) else {
        return Err(Problem::new(
            400,
            "INVALID_FIELD",
            format!(
                "No such column '{last}' on entity '{}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
                here.name
            ),
        ));
    };
    Ok(Column { hops, field })
}

fn test(object: &'static Object, condition: Condition) -> Result<Test, Problem> {
    Ok(match condition {
        Condition::All(parts) => Test::All(parts.into_iter().map(|part| test(object, part)).collect::<Result<_, _>>()?),
        Condition::Any(parts) => Test::Any(parts.into_iter().map(|part| test(object, part)).collect::<Result<_, _>>()?),
        Condition::Not(part) => Test::Not(Box::new(test(object, *part)?)),
        Condition::Compare { path, comparison, literal } => {
            let column = filterable(object, &path)?;
            let textual = matches!(literal, Literal::Text(_)) && !matches!(column.field.kind, Kind::Id | Kind::Reference(..));
            if comparison == Comparison::Like && !textual {
                return Err(Problem::new(400, "INVALID_QUERY_FILTER_OPERATOR", format!("invalid operator on {} field", column.field.kind.word())));
            }
            let with = fit(&column, literal)?;
            Test::Compare { column, comparison, with }
        }
        Condition::OneOf { path, negated, literals } => {
            let column = filterable(object, &path)?;
            let (mut texts, mut others) = (HashSet::new(), Vec::new());
            for literal in literals {
                match fit(&column, literal)? {
                    Cell::Text(text) => drop(texts.insert(text_key(&column, &text))),
                    other => others.push(other),
                }
            }
            Test::OneOf { column, negated, texts, others }
        }
    })
}

fn filterable(object: &'static Object, path: &Path) -> Result<Column, Problem> {
    let column = column(object, path)?;
    if column.field.filterable() {
        return Ok(column);
    }
    Err(Problem::new(400, "INVALID_FIELD", format!("field '{}' can not be filtered in a query call", column.field.name)))
}

/// The literal as a cell, when the field takes its kind.
fn fit(column: &Column, literal: Literal) -> Result<Cell<'static>, Problem> {
    let kind = column.field.kind;
    let cell = match (kind, literal) {
        (_, Literal::Null) => Cell::Null,
        (Kind::Id | Kind::Reference(..), Literal::Text(text)) => match id::canonical(&text) {
            Some(id) => Cell::Text(id.into()),
            None => return Err(Problem::new(400, "INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {text}"))),
        },
        (Kind::Text(_) | Kind::Area(_) | Kind::Pick(..) | Kind::Email | Kind::Phone | Kind::Url, Literal::Text(text)) => Cell::Text(text.into()),
        (Kind::Flag, Literal::Flag(flag)) => Cell::Flag(flag),
        (Kind::Whole | Kind::Money(..) | Kind::Percent, Literal::Number(number)) => Cell::Number(number),
        (Kind::Date, Literal::Date(date)) => Cell::Date(date),
        (Kind::Instant, Literal::Instant(at)) => Cell::Instant(at.as_millisecond()),
        (kind, _) => {
            let quotes = if matches!(kind, Kind::Id | Kind::Reference(..)) || kind.length() > 0 {
                "should be enclosed in quotes"
            } else {
                "should not be enclosed in quotes"
            };
            let word = if kind == Kind::Instant { "dateTime" } else { kind.word() };
            return Err(Problem::new(
                400,
                "INVALID_FIELD",
                format!("value of filter criterion for field '{}' must be of type {word} and {quotes}", column.field.name),
            ));
        }
    };
    Ok(cell)
}

/// Ids are compared by their fifteen characters, other texts without regard to case.
fn text_key(column: &Column, text: &str) -> String {
    match column.field.kind {
        Kind::Id | Kind::Reference(..) => text.chars().take(15).collect(),
        _ => text.to_lowercase(),
    }
}

impl Column {
    /// Calls back with the value in a record, following parents; a missing parent is null.
    pub fn with<T>(&self, view: View<'_>, record: &Record, read: impl FnOnce(Cell<'_>) -> T) -> T {
        let Some((first, rest)) = self.hops.split_first() else {
            return read(view.cell(record, self.field));
        };
        let mut here = first.follow(view, record);
        for hop in rest {
            here = here.and_then(|record| hop.follow(view, &record));
        }
        match here {
            Some(parent) => read(view.cell(&parent, self.field)),
            None => read(Cell::Null),
        }
    }

    /// The value in a record as answers show it.
    pub fn value(&self, view: View<'_>, record: &Record) -> serde_json::Value {
        let Some((first, rest)) = self.hops.split_first() else {
            return view.value(record, self.field);
        };
        let parent = rest.iter().fold(first.follow(view, record), |here, hop| hop.follow(view, &*here?));
        parent.map_or(serde_json::Value::Null, |parent| view.value(&parent, self.field))
    }

    pub fn exact(&self) -> bool {
        matches!(self.field.kind, Kind::Id | Kind::Reference(..))
    }
}

impl Hop {
    pub fn follow(&self, view: View<'_>, record: &Record) -> Option<std::sync::Arc<Record>> {
        let key = view.value(record, self.by);
        view.store.shelf(self.to.name).get(key.as_str()?, view.at)
    }
}

impl Test {
    pub fn holds(&self, view: View<'_>, record: &Record) -> bool {
        match self {
            Test::All(parts) => parts.iter().all(|part| part.holds(view, record)),
            Test::Any(parts) => parts.iter().any(|part| part.holds(view, record)),
            Test::Not(part) => !part.holds(view, record),
            Test::Compare { column, comparison, with } => column.with(view, record, |cell| compare(&cell, *comparison, with, column.exact())),
            Test::OneOf { column, negated, texts, others } => column.with(view, record, |cell| {
                let found = match &cell {
                    Cell::Text(text) => texts.contains(&text_key(column, text)),
                    other => others.contains(other),
                };
                found != *negated
            }),
        }
    }
}

fn compare(cell: &Cell<'_>, comparison: Comparison, with: &Cell<'static>, exact: bool) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = cell.order(with, exact);
    match comparison {
        Comparison::Equal => order == Some(Equal) || (*cell == Cell::Null && *with == Cell::Null),
        // Blank differs from every value, so `!= 'x'` finds blank rows too.
        Comparison::NotEqual => order.map_or((*cell == Cell::Null) != (*with == Cell::Null), |order| order != Equal),
        Comparison::Less => order == Some(Less),
        Comparison::LessOrEqual => matches!(order, Some(Less | Equal)),
        Comparison::Greater => order == Some(Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        Comparison::Like => matches!((cell, with), (Cell::Text(text), Cell::Text(pattern)) if like(text, pattern)),
    }
}
