//! The decision for one field and system: one exhaustive match, and the same as data for the page in docs/.

use super::entity::{Known, Shadow, Standing};
use crate::plant::planted;
use crate::value::Value;

/// How what a system shows (`o`) compares with what is known; `g` is the agreed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facts {
    /// It shows nothing that can be trusted.
    Silent,
    /// Nothing was ever seen there. `form`: `o` is what it would show once it was given `g`.
    Unknown { form: bool },
    /// `seen`: `o` is what it showed last. `stands_for`: that stands for `g`.
    Known { seen: bool, stands_for: bool, form: bool },
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No vote, no write, shadow untouched.
    Silent,
    /// Met without a shadow, and it agrees: seen := o, stands_for := g.
    Agrees,
    /// Met without a shadow: a value is a candidate, a blank is none.
    Adoption,
    Quiet,
    /// The agreed value came back to it, or the system cannot tell the two apart: stands_for := g.
    Converged,
    /// It does not show the agreed value yet.
    Owed,
    /// The same value, spelt anew: seen := o.
    Respelt,
    /// An edit by somebody who had seen `g`: supersedes it.
    EditOnTop,
    /// It came to the agreed value by itself: seen := o, stands_for := g.
    ConvergedItself,
    /// An edit by somebody who had not seen `g`: `g` competes.
    EditBeside,
}

/// The one place where it is decided.
pub fn decide(facts: Facts) -> Decision {
    match facts {
        Facts::Silent => Decision::Silent,
        Facts::Unknown { form: true } => Decision::Agrees,
        Facts::Unknown { form: false } => Decision::Adoption,
        Facts::Known { seen: true, stands_for: true, form: true | false } => Decision::Quiet,
        Facts::Known { seen: true, stands_for: false, form: true } => Decision::Converged,
        Facts::Known { seen: true, stands_for: false, form: false } => Decision::Owed,
        Facts::Known { seen: false, stands_for: true, form: true } => Decision::Respelt,
        Facts::Known { seen: false, stands_for: true, form: false } => Decision::EditOnTop,
        Facts::Known { seen: false, stands_for: false, form: true } => Decision::ConvergedItself,
        Facts::Known { seen: false, stands_for: false, form: false } => Decision::EditBeside,
    }
}

/// The facts of one field; `form` is asked only where it can matter. Without an agreed value nothing stands for it.
pub fn facts(
    shown: Option<&Value>,
    shadow: &Shadow,
    agreed: Option<&Value>,
    same: impl Fn(&Value, &Value) -> bool,
    form: impl FnOnce(&Value) -> Option<Value>,
) -> Facts {
    let Some(shown) = shown else { return Facts::Silent };
    let is_form = |agreed: Option<&Value>| agreed.and_then(form).is_some_and(|form| same(shown, &form));
    match shadow {
        Shadow::NoCell => Facts::Silent,
        Shadow::Unknown => Facts::Unknown { form: is_form(agreed) },
        Shadow::Known(known) => {
            let seen = if planted!("hub-for-shadow") { agreed.is_some_and(|agreed| same(shown, agreed)) } else { same(shown, &known.seen) };
            let stands_for = agreed.is_some_and(|agreed| stands_for(known, agreed, &same));
            let form = !(seen && stands_for) && is_form(agreed);
            Facts::Known { seen, stands_for, form }
        }
    }
}

/// Whether what was seen stands for this agreed value.
pub fn stands_for(known: &Known, agreed: &Value, same: impl Fn(&Value, &Value) -> bool) -> bool {
    match &known.stands_for {
        Standing::Nothing => false,
        Standing::For(value) => same(value, agreed),
    }
}

/// One row of the table: `None` stands for either.
#[derive(Debug)]
pub struct Row {
    pub shown: Shown,
    pub seen: Option<bool>,
    pub stands_for: Option<bool>,
    pub form: Option<bool>,
    pub decision: Decision,
    pub says: &'static str,
    pub and: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Silent,
    NeverSeen,
    Value,
}

const fn row(shown: Shown, columns: [Option<bool>; 3], decision: Decision, says: &'static str, and: &'static str) -> Row {
    let [seen, stands_for, form] = columns;
    Row { shown, seen, stands_for, form, decision, says, and }
}

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

/// The table as people read it; a test walks it against [`decide`].
pub const TABLE: &[Row] = &[
    row(Shown::Silent, [None; 3], Decision::Silent, "nothing: no vote, no write", "shadow untouched"),
    row(Shown::NeverSeen, [None, None, YES], Decision::Agrees, "agrees", "seen := shown, stands for := agreed"),
    row(Shown::NeverSeen, [None, None, NO], Decision::Adoption, "adoption", "a value is a candidate, a blank is none"),
    row(Shown::Value, [YES, YES, None], Decision::Quiet, "quiet", "unchanged until now"),
    row(Shown::Value, [YES, NO, YES], Decision::Converged, "converged: the agreed value came back to it", "stands for := agreed"),
    row(Shown::Value, [YES, NO, NO], Decision::Owed, "owed", "written, as long as it is so"),
    row(Shown::Value, [NO, YES, YES], Decision::Respelt, "the same value, spelt anew", "seen := shown"),
    row(Shown::Value, [NO, YES, NO], Decision::EditOnTop, "edit on top of the agreed value", "a candidate that supersedes it"),
    row(Shown::Value, [NO, NO, YES], Decision::ConvergedItself, "converged by itself", "seen := shown, stands for := agreed"),
    row(Shown::Value, [NO, NO, NO], Decision::EditBeside, "edit against an undelivered value", "a candidate; the agreed value competes"),
];

/// The page docs/decision.md, out of [`TABLE`].
pub fn page() -> String {
    let mut page = String::from(PAGE_HEAD);
    for row in TABLE {
        let shown = match row.shown {
            Shown::Silent => "nothing to trust",
            Shown::NeverSeen => "a value, never seen before",
            Shown::Value => "a value",
        };
        let column = |tri: Option<bool>| tri.map_or("", |yes| if yes { "yes" } else { "no" });
        page.push_str(&format!("| {shown} | {} | {} | {} | **{}** | {} |\n", column(row.seen), column(row.stands_for), column(row.form), row.says, row.and));
    }
    page
}

const PAGE_HEAD: &str = "# How one field of one system is decided

Generated from `src/sync/decide.rs`; a test fails when this page is stale (`BLESS=1 cargo test --lib sync::decide` writes it anew).

The *agreed value* is what the field is across all systems. A *shadow* remembers what a system showed last (*seen*) and which agreed value that
*stands for*. A system's *form* of a value is what it shows once it was given the value: cut, rounded, folded, its own stand-in.

| the system shows | as seen last | which stands for the agreed value | is the form of the agreed value | so it is | and |
| --- | --- | --- | --- | --- | --- |
";

#[cfg(test)]
mod tests;
