//! `wins`: who decides when values differ.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Span;
use crate::spec::entries::Entries;
use crate::spec::slot::{Expression, Name};

/// The policy of a field. An edit that may not decide is put back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Wins {
    /// `latest`, `highest`, `lowest`, `first`, `ask`, or the system that owns the field. Example: `erp`.
    #[serde(rename = "?text")]
    #[cfg_attr(test, schemars(extend("x-refuse-text" = { "rules": "`wins: rules` is not in this version\nName the system that owns the field" })))]
    Word(Name),
    /// Systems by rank: an edit takes if the value it replaces is blank or came from the same or a lower rank. Example: `[crm, warehouse]`.
    /// Or lines `system: condition`, of which the first that holds names the owner, the last with `otherwise`: ownership that follows the record.
    /// In the run of a hand-over edits of both owners count, the new one's first. Example: `[ { prm: status == 'new' }, { crm: otherwise } ]`.
    #[serde(rename = "?list")]
    List(Vec<Line>),
    /// The newest edit, of some systems only. Example: `{ latest: [crm, prm] }`.
    #[serde(rename = "?map")]
    Latest(Latest),
}

/// One of a list under `wins`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum Line {
    /// A system, by its rank.
    #[serde(rename = "?text")]
    Rank(Name),
    /// A system, and the condition under which it owns the field; sees the fields. Example: `prm: status in ['submitted', 'rejected']`.
    #[serde(rename = "?map")]
    When(Entries<Expression>),
}

/// The newest edit of these systems.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Latest {
    /// The systems that may decide. Required. Example: `[crm, prm]`.
    pub latest: Vec<Name>,
}

/// What `wins` says, in the words of the format.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy<'a> {
    /// The newest edit; of any system when the list is empty.
    Latest(&'a [Name]),
    Highest,
    Lowest,
    First,
    Ask,
    /// One system, or several by rank.
    Rank(Vec<&'a Name>),
    /// Owner and condition, in their order.
    Lines(Vec<(&'a Name, &'a Expression)>),
}

impl Wins {
    /// The words that are no system; a system cannot be called so.
    pub const WORDS: [&str; 6] = ["latest", "highest", "lowest", "first", "ask", "rules"];

    pub fn policy(&self) -> Policy<'_> {
        match self {
            Wins::Word(word) => match word.text() {
                "latest" => Policy::Latest(&[]),
                "highest" => Policy::Highest,
                "lowest" => Policy::Lowest,
                "first" => Policy::First,
                "ask" => Policy::Ask,
                _ => Policy::Rank(vec![word]),
            },
            Wins::List(lines) if lines.iter().any(|line| matches!(line, Line::When(_))) => Policy::Lines(lines.iter().flat_map(Line::conditions).collect()),
            Wins::List(lines) => Policy::Rank(lines.iter().flat_map(Line::names).collect()),
            Wins::Latest(latest) => Policy::Latest(&latest.latest),
        }
    }

    /// Where it stands; none for an empty list.
    pub fn span(&self) -> Option<Span> {
        let names: Vec<&Name> = match self {
            Wins::Word(word) => vec![word],
            Wins::List(lines) => lines.iter().flat_map(Line::names).collect(),
            Wins::Latest(latest) => latest.latest.iter().collect(),
        };
        let (first, last) = (names.first()?.span(), names.last()?.span());
        Some(Span::new(first.file, first.start, last.end))
    }
}

impl Line {
    /// The systems it names.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        let (one, many) = match self {
            Line::Rank(name) => (Some(name), None),
            Line::When(entries) => (None, Some(entries)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|entries| entries.iter().map(|(name, _)| name)))
    }

    fn conditions(&self) -> impl Iterator<Item = (&Name, &Expression)> {
        let entries = match self {
            Line::Rank(_) => None,
            Line::When(entries) => Some(entries),
        };
        entries.into_iter().flat_map(Entries::iter)
    }
}

/// What `latest` needs to decide by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The likely order of edits is enough; `explain` says how sure it was.
    #[default]
    Possible,
    /// Edits without a proven order go to review.
    Certain,
}
