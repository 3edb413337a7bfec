//! A policy in the words of the file that sets it.

use crate::mapping::{Line, Wins};
use crate::sync::entity::{FieldIx, SystemIx};
use crate::sync::terms::Terms;

/// A policy as the mapping's file says it.
pub fn worded(terms: &dyn Terms, field: FieldIx) -> String {
    let list = |systems: &[SystemIx]| {
        let names: Vec<&str> = systems.iter().map(|system| terms.system_name(*system)).collect();
        format!("[{}]", names.join(", "))
    };
    if terms.formulas().contains(&field) {
        return "formula".to_owned();
    }
    match terms.wins(field) {
        Wins::Owner(owner) => terms.system_name(*owner).to_owned(),
        Wins::Ranks(systems) => list(systems),
        Wins::Latest(None) => "latest".to_owned(),
        Wins::Latest(Some(systems)) => format!("{{ latest: {} }}", list(systems)),
        Wins::Highest => "highest".to_owned(),
        Wins::Lowest => "lowest".to_owned(),
        Wins::First => "first".to_owned(),
        Wins::Ask => "ask".to_owned(),
        Wins::Lines(lines) => {
            let line = |line: &Line| format!("{}: {}", terms.system_name(line.owner), line.condition);
            format!("[{}]", lines.iter().map(line).collect::<Vec<_>>().join(" | "))
        }
    }
}
