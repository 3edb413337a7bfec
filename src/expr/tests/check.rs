//! What is refused before anything runs, where it points and what it advises.

use super::*;

/// Asserts the first problem: the part of the source it points at, its message, a piece of its help.
fn refuses(table: &Table, want: &Want, cases: &[(&str, &str, &str, &str)]) {
    for (source, at, message, help) in cases {
        let problems = Program::compile(source, table, want).expect_err(source);
        let first = &problems[0];
        assert_eq!((&source[first.range.clone()], first.message.as_str()), (*at, *message), "{source}");
        assert!(first.help.as_deref().unwrap_or_default().contains(help), "{source}: {:?}", first.help);
    }
}

#[test]
fn kinds_that_do_not_go_together() {
    refuses(
        &entity(),
        &Want::any(),
        &[
            ("'10' < 9", "'10' < 9", "a text is compared with an integer", "| int"),
            ("amount > 1000", "amount > 1000", "money is compared with a number", "amount.value"),
            ("name == closed", "name == closed", "a text is compared with a date", "'2026-03-31'"),
            ("closed == seen", "closed == seen", "a date is compared with an instant", "time of day"),
            ("closed > 'soon'", "'soon'", "'soon' stands beside a date: this is no date such as 2026-03-31", ""),
            ("status == 'aproved'", "'aproved'", "'aproved' is no value of this choice", "approved"),
            ("status in ['won', 'lst']", "'lst'", "'lst' is no value of this choice", "submitted, approved, won"),
            ("name < 'b'", "name < 'b'", "texts have no order", ""),
            ("partner == 'p1'", "partner == 'p1'", "a reference is compared with a text", "partner.tier"),
            ("amount + 1", "amount + 1", "`+` does not go with money and an integer", "money(1000"),
            ("name + 'x'", "name + 'x'", "`+` does not go with a text and a text", "~"),
            ("closed + 30", "closed + 30", "`+` does not go with a date and an integer", "days(30)"),
            ("name and gone", "name", "this gives a text where a boolean is needed", "is not blank"),
            ("'a' if count else 'b'", "count", "this gives an integer where a boolean is needed", ""),
            ("count | lower", "count", "a text is needed here, not an integer", "| text"),
            ("amount.vat", "amount.vat", "money has no `vat`", "value, currency"),
            ("gone < true", "gone < true", "a boolean has no order", ""),
            ("count in 3", "count in 3", "`in` looks into a list, not into an integer", "['a', 'b']"),
        ],
    );
    refuses(&entity(), &Want::boolean(), &[("name", "name", "this gives a text where a boolean is needed", "is not blank")]);
    refuses(&answer(), &Want::text(), &[("status", "status", "this gives an integer where a text is needed", "| text")]);
}

#[test]
fn names_and_functions_that_are_not_known() {
    refuses(
        &entity(),
        &Want::any(),
        &[
            ("nmae == 'x'", "nmae", "`nmae` is not known here", "did you mean `name`?"),
            ("expired", "expired", "`expired` is not known here", "gone, name"),
            ("partner.teir", "partner.teir", "a reference has no `teir`", ""),
            ("name | lwer", "lwer", "there is no function `lwer`, or not with these arguments", "lower"),
            ("amount | convert('USD', on=closed)", "convert", "`convert` is not in this version", ""),
            ("name | quoted", "quoted", "`quoted` is known in connectors only", ""),
            ("deleted('erp')", "deleted('erp')", "`deleted` knows no such argument here", "crm, prm"),
            ("name | replace('a')", "name | replace('a')", "the arguments of `replace` do not fit", "replace(text, old, new)"),
            ("name | lower(1)", "1", "the arguments of `lower` do not fit", "lower(text)"),
            ("name | capture('(')", "'('", "this is no regular expression: unclosed group", ""),
            ("name | capture(name)", "name", "a pattern is written as a text in quotes", ""),
            ("[name] | map('lwer')", "'lwer'", "`map` knows no such function", "map('lower')"),
        ],
    );
    let all = Program::compile("nmae == 'x' and partnr.tier == 1 and 1 < 'x'", &entity(), &Want::any()).expect_err("three problems");
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn what_is_no_expression() {
    refuses(
        &entity(),
        &Want::any(),
        &[
            ("", "", "a value should come next, but the end stands here", ""),
            ("name ==", "", "a value should come next, but the end stands here", ""),
            ("name = 'x'", "=", "the expression should end here, but `=` stands here", "`==`"),
            ("name == 'x", "'x", "this quote is never closed", ""),
            ("1 < count < 3", "<", "comparisons do not go in a row", "a < b and b < c"),
            ("count > 24h", "24h", "`24h` is neither a number nor a name", "hours(24)"),
            ("${name}", "$", "`$` has no meaning in an expression", "var.name"),
            ("name is none", "none", "after `is` comes `blank` or `not blank`, but `none` stands here", "is blank"),
            ("name.lower()", "name.lower", "only a function can be called", "| lower"),
            ("(name", "", "`)` is missing, but the end stands here", ""),
            ("name name", "name", "the expression should end here, but `name` stands here", ""),
            ("gone && gone", "&", "`&` has no meaning in an expression", "and"),
        ],
    );
    let deep = format!("{}name{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(Program::compile(&deep, &entity(), &Want::any()).expect_err("deep")[0].message, "this nests deeper than 64");
    let long = vec!["name"; 100].join(" ~ ");
    assert_eq!(Program::compile(&long, &entity(), &Want::any()).expect_err("long")[0].message, "this nests deeper than 64");
}

#[test]
fn a_filter_that_binds_tighter_than_meant_is_a_warning() {
    let program = Program::compile("name ~ nothing | trim", &entity(), &Want::any()).expect("legal");
    assert_eq!(program.warnings()[0].message, "`| trim` applies only to `nothing`, not to the whole text");
    for fine in ["(name ~ nothing) | trim", "name ~ (nothing | trim)", "name ~ count | text"] {
        assert!(Program::compile(fine, &entity(), &Want::any()).expect(fine).warnings().is_empty(), "{fine}");
    }
}

#[test]
fn texts_with_holes_point_into_the_whole_text() {
    let problems = |source: &str, want: &Want| Template::compile(source, &entity(), want).expect_err(source);
    let found = &problems("for {{ name }}: {{ expired }}", &Want::text())[0];
    assert_eq!(found.range, 19..26);
    assert_eq!(problems("{{ name", &Want::any())[0].message, "these braces are never closed");
    assert_eq!(problems("{{ name } }", &Want::any())[0].message, "the expression should end here, but `}` stands here");
    assert_eq!(problems("soon", &Want::of(Shape::Date))[0].message, "this is a text; a date is needed");
    let choice = Want::of(Shape::choice(["gold", "silver"]));
    assert!(Template::compile("gold", &entity(), &choice).is_ok());
    assert_eq!(problems("golt", &choice)[0].help.as_deref(), Some("did you mean `gold`?"));
    assert_eq!(problems("{{ count }}", &choice)[0].message, "this gives an integer where a choice is needed");
}
