//! `wins`: who decides when values differ.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Span;
use crate::spec::slot::Name;

/// The policy of a field. An edit that may not decide is put back.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[schemars(untagged)]
pub enum Wins {
    /// `latest`, `highest`, `lowest`, `first`, `ask`, or the system that owns the field. Example: `erp`.
    #[serde(rename = "?text")]
    #[schemars(extend("x-refuse-text" = { "rules": "`wins: rules` is not in this version\nName the system that owns the field" }))]
    Word(Name),
    /// Systems by rank: an edit takes if the value it replaces is blank or came from the same or a lower rank. Example: `[crm, warehouse]`.
    #[serde(rename = "?list")]
    #[schemars(extend("x-refuse-maps" = "Conditional `wins` is not in this version\nName one system, or a list of systems by rank"))]
    Rank(Vec<Name>),
    /// The newest edit, of some systems only. Example: `{ latest: [crm, prm] }`.
    #[serde(rename = "?map")]
    Latest(Latest),
}

/// The newest edit of these systems.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latest {
    /// The systems that may decide. Required. Example: `[crm, prm]`.
    pub latest: Vec<Name>,
}

/// What `wins` says, in the words of the format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy<'a> {
    /// The newest edit; of any system when the list is empty.
    Latest(&'a [Name]),
    Highest,
    Lowest,
    First,
    Ask,
    /// One system, or several by rank.
    Rank(&'a [Name]),
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
                _ => Policy::Rank(std::slice::from_ref(word)),
            },
            Wins::Rank(systems) => Policy::Rank(systems),
            Wins::Latest(latest) => Policy::Latest(&latest.latest),
        }
    }

    /// Where it stands; none for an empty list.
    pub fn span(&self) -> Option<Span> {
        let names = match self {
            Wins::Word(word) => std::slice::from_ref(word),
            Wins::Rank(systems) => systems,
            Wins::Latest(latest) => &latest.latest,
        };
        let (first, last) = (names.first()?.span(), names.last()?.span());
        Some(Span::new(first.file, first.start, last.end))
    }
}

/// What `latest` needs to decide by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The likely order of edits is enough; `explain` says how sure it was.
    #[default]
    Possible,
    /// Edits without a proven order go to review.
    Certain,
}
