//! The last page of the demo: do the systems agree, and if not, why.

use serde_json::json;

use super::act::Act;
use crate::cli::out::{self, Out, grouped, styled};
use crate::report::Kept;
use crate::report::agreement::{MappingAgreement, Question, Why, compare};

/// Compares, prints, and says how many differences nothing explains.
pub async fn tell(act: &Act<'_>, out: &Out) -> anyhow::Result<u64> {
    let ground = act.ground;
    let kept: Vec<Kept> = ground.mappings.iter().map(|laid| Kept { mapping: laid.mapping.clone(), id: laid.id }).collect();
    let question = Question { store: &*ground.store, systems: &ground.systems, kept: &kept, today: ground.today() };
    let all = compare(&question).await?;
    let unexplained = all.iter().map(MappingAgreement::unexplained).sum();
    if out.json {
        out.json(&json!({ "mappings": all.iter().map(as_json).collect::<Vec<_>>(), "unexplained": unexplained }))?;
    } else {
        table(&all, out)?;
        differences(&all, out)?;
        let style = if unexplained == 0 { out::GOOD } else { out::BAD };
        out.line(format!("\n{}", styled(style.bold(), format!("unexplained: {unexplained}"))))?;
    }
    Ok(unexplained)
}

fn table(all: &[MappingAgreement], out: &Out) -> std::io::Result<()> {
    let rows = all.iter().map(|mapping| {
        let records = mapping.systems.iter().map(|system| format!("{} {}", system.system, grouped(system.records))).collect::<Vec<_>>().join(", ");
        let (compared, agree) = mapping.systems.iter().fold((0, 0), |(compared, agree), system| (compared + system.compared, agree + system.agree));
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
    json!({ "mapping": mapping.mapping.as_str(), "entities": mapping.entities, "systems": systems, "unexplained": mapping.unexplained() })
}
