//! How far the systems agree, as `audit` and the demo's last page show it.

use serde_json::json;

use super::out::{self, Out, grouped, styled};
use crate::report::agreement::{MappingAgreement, Why};

/// Prints a comparison, and says how many differences nothing explains.
pub fn tell(all: &[MappingAgreement], out: &Out) -> anyhow::Result<u64> {
    let unexplained = all.iter().map(MappingAgreement::unexplained).sum();
    let (compared, agree) = all.iter().map(MappingAgreement::compared).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if out.json {
        let mappings: Vec<_> = all.iter().map(as_json).collect();
        out.json(&json!({ "mappings": mappings, "compared": compared, "agree": agree, "unexplained": unexplained }))?;
    } else {
        table(all, out)?;
        differences(all, out)?;
        let style = if unexplained == 0 { out::GOOD } else { out::BAD };
        out.line(format!("\n{}", styled(style.bold(), format!("unexplained: {unexplained}"))))?;
    }
    Ok(unexplained)
}

fn table(all: &[MappingAgreement], out: &Out) -> std::io::Result<()> {
    let rows = all.iter().map(|mapping| {
        let records = mapping.systems.iter().map(|system| format!("{} {}", system.system, grouped(system.records))).collect::<Vec<_>>().join(", ");
        let (compared, agree) = mapping.compared();
        vec![mapping.mapping.to_string(), grouped(mapping.entities), records, grouped(compared), grouped(agree), grouped(compared - agree)]
    });
    out.table(&["mapping", "entities", "records", "fields compared", "as agreed", "differ"], rows.collect())
}

fn differences(all: &[MappingAgreement], out: &Out) -> std::io::Result<()> {
    out.line("\nDifferences, by reason:")?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .flat_map(|mapping| mapping.systems.iter().map(move |system| (mapping, system)))
        .flat_map(|(mapping, system)| {
            let row = move |what: &'static str| {
                move |(why, count): (&Why, &u64)| {
                    vec![mapping.mapping.to_string(), system.system.to_string(), grouped(*count), what.to_owned(), why.words().to_owned()]
                }
            };
            system.fields.iter().map(row("fields")).chain(system.apart.iter().map(row("records")))
        })
        .collect();
    if rows.is_empty() {
        out.line("  none")?;
    } else {
        out.table(&["mapping", "system", "how many", "of", "reason"], rows)?;
    }
    for sample in all.iter().flat_map(|mapping| &mapping.unexplained) {
        out.line(format!("  {} {sample}", styled(out::BAD, "unexplained")))?;
    }
    Ok(())
}

fn as_json(mapping: &MappingAgreement) -> serde_json::Value {
    let counts = |counts: &std::collections::BTreeMap<Why, u64>| {
        counts.iter().map(|(why, count)| (why.words().to_owned(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    let systems: Vec<_> = mapping
        .systems
        .iter()
        .map(|system| {
            json!({
                "system": system.system.as_str(), "records": system.records, "linked": system.linked, "compared": system.compared, "agree": system.agree,
                "fields": counts(&system.fields), "apart": counts(&system.apart),
            })
        })
        .collect();
    let (compared, agree) = mapping.compared();
    let classes: serde_json::Map<_, _> = mapping.classes().into_iter().map(|(class, count)| (class.word().to_owned(), json!(count))).collect();
    json!({
        "mapping": mapping.mapping.as_str(), "entities": mapping.entities, "compared": compared, "agree": agree, "classes": classes, "systems": systems,
        "unexplained": mapping.unexplained(), "samples": mapping.unexplained,
    })
}
