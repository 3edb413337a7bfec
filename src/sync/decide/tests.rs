//! Every row of the table against the match, and the page against the table.

use super::*;

fn all_facts() -> Vec<(Shown, [bool; 3], Facts)> {
    let either = [false, true];
    let mut all = vec![(Shown::Silent, [false; 3], Facts::Silent)];
    for form in either {
        all.push((Shown::NeverSeen, [false, false, form], Facts::Unknown { form }));
        for seen in either {
            for stands_for in either {
                all.push((Shown::Value, [seen, stands_for, form], Facts::Known { seen, stands_for, form }));
            }
        }
    }
    all
}

#[test]
fn every_case_is_in_exactly_one_row_and_decided_as_it_says() {
    for (shown, columns, facts) in all_facts() {
        let fits =
            |row: &&Row| row.shown == shown && [row.seen, row.stands_for, row.form].iter().zip(columns).all(|(want, is)| want.is_none_or(|want| want == is));
        let rows: Vec<&Row> = TABLE.iter().filter(fits).collect();
        assert_eq!(rows.len(), 1, "{facts:?} is in {} rows", rows.len());
        assert_eq!(rows[0].decision, decide(facts), "{facts:?}");
    }
}

#[test]
fn the_page_is_the_table() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/decision.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, page()).expect("docs/ can be written");
    }
    let stored = std::fs::read_to_string(file).unwrap_or_default();
    assert!(stored == page(), "docs/decision.md is stale: BLESS=1 cargo test --lib sync::decide");
}

#[test]
fn facts_without_an_agreed_value_stand_for_nothing() {
    let same = |a: &Value, b: &Value| a == b;
    let shadow = Shadow::Known(Known::settled(Value::text("a")));
    let facts = facts(Some(&Value::text("a")), &shadow, None, same, |value| Some(value.clone()));
    assert_eq!(facts, Facts::Known { seen: true, stands_for: false, form: false });
}

#[test]
fn a_field_without_cell_is_silent() {
    let facts = facts(Some(&Value::Blank), &Shadow::NoCell, Some(&Value::Blank), |a, b| a == b, |value| Some(value.clone()));
    assert_eq!(facts, Facts::Silent);
}
