//! What is known about a value before there is one.

use std::sync::Arc;

use crate::value::{Kind, Str};

/// What an expression gives, as far as its text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Anything; checked when it is there.
    #[default]
    Any,
    Blank,
    Boolean,
    Number,
    Integer,
    Money,
    Text,
    Date,
    Instant,
    Duration,
    Name,
    Address,
    List,
    Map,
    /// One of these texts, compared by their order.
    Choice(Arc<[Str]>),
    /// A reference to an entity.
    Entity,
}

impl Shape {
    pub fn choice(rows: impl IntoIterator<Item = impl AsRef<str>>) -> Shape {
        Shape::Choice(rows.into_iter().map(|row| Str::from(row.as_ref())).collect())
    }

    /// What it is called in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Shape::Any => "anything",
            Shape::Blank => "a blank",
            Shape::Boolean => "a boolean",
            Shape::Number => "a number",
            Shape::Integer => "an integer",
            Shape::Money => "money",
            Shape::Text => "a text",
            Shape::Date => "a date",
            Shape::Instant => "an instant",
            Shape::Duration => "a duration",
            Shape::Name => "a name",
            Shape::Address => "an address",
            Shape::List => "a list",
            Shape::Map => "a map",
            Shape::Choice(_) => "a choice",
            Shape::Entity => "a reference",
        }
    }

    /// The same seen from the other side of an `if`, or of `default`.
    pub fn or(&self, other: &Shape) -> Shape {
        match (self, other) {
            (a, b) if a == b => a.clone(),
            (Shape::Blank, shape) | (shape, Shape::Blank) => shape.clone(),
            (Shape::Number, Shape::Integer) | (Shape::Integer, Shape::Number) => Shape::Number,
            (Shape::Text | Shape::Choice(_), Shape::Text | Shape::Choice(_)) => Shape::Text,
            _ => Shape::Any,
        }
    }

    /// Known only when there is a value.
    pub(super) fn open(&self) -> bool {
        matches!(self, Shape::Any | Shape::Blank)
    }

    /// The shape of one of its members, if it has such a member.
    pub(super) fn member(&self, name: &str) -> Option<Shape> {
        match (self, name) {
            (Shape::Any | Shape::Map | Shape::Blank, _) => Some(Shape::Any),
            (Shape::Money, "value") => Some(Shape::Number),
            (Shape::Money, "currency") => Some(Shape::Text),
            (Shape::Date | Shape::Instant, "year" | "month" | "day") | (Shape::Instant, "hour" | "minute" | "second" | "microsecond") => Some(Shape::Integer),
            (Shape::Name, "first" | "last") => Some(Shape::Text),
            (Shape::Address, "street" | "city" | "region" | "postcode" | "country") => Some(Shape::Text),
            _ => None,
        }
    }

    /// The names [`Shape::member`] knows.
    pub(super) fn members(&self) -> &'static str {
        match self {
            Shape::Money => "value, currency",
            Shape::Date => "year, month, day",
            Shape::Instant => "year, month, day, hour, minute, second, microsecond",
            Shape::Name => "first, last",
            Shape::Address => "street, city, region, postcode, country",
            _ => "",
        }
    }
}

impl From<&Kind> for Shape {
    fn from(kind: &Kind) -> Shape {
        match kind {
            Kind::Text | Kind::Email | Kind::Phone | Kind::Url | Kind::Domain | Kind::Country | Kind::Company => Shape::Text,
            Kind::Integer => Shape::Integer,
            Kind::Decimal | Kind::Percent => Shape::Number,
            Kind::Money => Shape::Money,
            Kind::Boolean => Shape::Boolean,
            Kind::Date => Shape::Date,
            Kind::Instant => Shape::Instant,
            Kind::Name => Shape::Name,
            Kind::Address => Shape::Address,
            Kind::Ref(_) => Shape::Entity,
            Kind::Set(_) => Shape::List,
        }
    }
}

/// What the place in a file takes that the expression stands in. A blank is always taken; whoever asked decides what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    pub shape: Shape,
}

impl Want {
    pub fn of(shape: Shape) -> Want {
        Want { shape }
    }

    pub fn any() -> Want {
        Want::of(Shape::Any)
    }

    pub fn boolean() -> Want {
        Want::of(Shape::Boolean)
    }

    pub fn text() -> Want {
        Want::of(Shape::Text)
    }

    pub fn number() -> Want {
        Want::of(Shape::Number)
    }

    pub fn integer() -> Want {
        Want::of(Shape::Integer)
    }

    pub fn list() -> Want {
        Want::of(Shape::List)
    }

    pub fn map() -> Want {
        Want::of(Shape::Map)
    }

    pub fn instant() -> Want {
        Want::of(Shape::Instant)
    }
}
