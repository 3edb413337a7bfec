use super::{Comparison, Condition, Literal, Path, Select, like, parse};

fn path(text: &str) -> Path {
    Path(text.split('.').map(str::to_owned).collect())
}

#[test]
fn reads_a_keyset_window() {
    let query = parse(
        "SELECT Id, Account.Name FROM Opportunity WHERE ((SystemModstamp = 2026-11-20T10:00:00Z AND Id > '006A') OR SystemModstamp > 2026-11-20T10:00:00+00:00) \
         AND SystemModstamp < 2026-11-20T11:00:00.000+0000 ORDER BY SystemModstamp, Id DESC NULLS LAST LIMIT 5",
    )
    .unwrap();
    assert_eq!(query.select, Select::Fields(vec![path("Id"), path("Account.Name")]));
    assert_eq!(query.from, "Opportunity");
    assert_eq!(query.limit, Some(5));
    assert_eq!(query.order.len(), 2);
    assert!(query.order[1].descending && query.order[1].nulls_last && !query.order[0].descending);
    let Some(Condition::All(parts)) = query.filter else { panic!("two parts joined by AND") };
    assert!(matches!(&parts[0], Condition::Any(inner) if inner.len() == 2));
    assert!(matches!(&parts[1], Condition::Compare { comparison: Comparison::Less, literal: Literal::Instant(_), .. }));
}

#[test]
fn reads_escapes_lists_and_counts() {
    let query = parse(
        r"select count() from Account where Name = 'O\'Brien \\ \n' and Id not in ('a','b') and not (Amount >= -1.5 or IsDeleted = true) and Type != null",
    )
    .unwrap();
    assert_eq!(query.select, Select::Count);
    let Some(Condition::All(parts)) = query.filter else { panic!("joined by AND") };
    assert!(matches!(&parts[0], Condition::Compare { literal: Literal::Text(text), .. } if text == "O'Brien \\ \n"));
    assert!(matches!(&parts[1], Condition::OneOf { negated: true, literals, .. } if literals.len() == 2));
    assert!(matches!(&parts[2], Condition::Not(_)));
    assert!(matches!(&parts[3], Condition::Compare { comparison: Comparison::NotEqual, literal: Literal::Null, .. }));
}

#[test]
fn refuses_what_is_not_soql_and_points_at_it() {
    for (statement, token) in [
        ("SELECT Id FORM Account", "FORM"),
        ("SELECT Id FROM Account WHERE A = 1 AND B = 2 OR C = 3", "OR"),
        ("SELECT Id FROM Account WHERE Name = ", "<EOF>"),
        ("SELECT FROM Account", "FROM"),
        ("SELECT Id, FROM Account", "FROM"),
        ("SELECT Id FROM Account LIMIT many", "many"),
        ("SELECT Id FROM Account WHERE Name IN ()", ")"),
    ] {
        let refused = parse(statement).unwrap_err().0;
        assert!(refused.contains(&format!("unexpected token: '{token}'")), "{statement}: {refused}");
        assert!(refused.contains("ERROR at Row:1:Column:"), "{refused}");
    }
    assert!(parse("SELECT Id FROM Account WHERE Name = 'open").is_err());
    assert!(parse(&format!("SELECT Id FROM A WHERE {}x = 1", "(".repeat(10_000))).is_err());
}

#[test]
fn like_knows_wildcards_and_escapes() {
    assert!(like("Northwind GmbH", "north%"));
    assert!(like("Northwind GmbH", "%WIND%gmbh"));
    assert!(like("cat", "c_t") && !like("cart", "c_t"));
    assert!(like("100%", r"100\%") && !like("1000", r"100\%"));
    assert!(!like(&"a".repeat(5_000), &format!("{}b", "a%".repeat(200))));
}

proptest::proptest! {
    #[test]
    fn never_panics(statement in "\\PC{0,80}") {
        let _outcome: Result<_, _> = parse(&statement);
    }

    #[test]
    fn quoted_text_survives(text in "[a-zA-Z0-9 '\"\\\\\u{e4}\u{f6}\n]{0,30}") {
        let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
        let query = parse(&format!("SELECT Id FROM Account WHERE Name = '{escaped}'")).unwrap();
        proptest::prop_assert_eq!(query.filter, Some(Condition::Compare { path: path("Name"), comparison: Comparison::Equal, literal: Literal::Text(text) }));
    }
}
