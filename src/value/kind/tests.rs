use super::*;
use std::cmp::Ordering;

fn kind(text: &str) -> Kind {
    text.parse().expect(text)
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().expect(text))
}

#[test]
fn kinds_read_and_show() {
    for text in ["text", "percent", "ref(accounts)", "set(text)", "set(ref(accounts))", "country"] {
        assert_eq!(kind(text).to_string(), text);
    }
    for text in ["string", "ref()", "set(set(text))", "ref(accounts"] {
        assert!(text.parse::<Kind>().is_err(), "{text}");
    }
}

#[test]
fn conversion_loses_nothing_and_guesses_nothing() {
    let zone = Zone::unknown();
    let instant = Value::Instant("2026-03-31T23:30:00Z".parse().expect("instant"));
    assert_eq!(kind("decimal").convert(&Value::Integer(12), &zone), Ok(decimal("12")));
    assert_eq!(kind("integer").convert(&decimal("12.0"), &zone), Ok(Value::Integer(12)));
    assert!(kind("integer").convert(&decimal("12.5"), &zone).is_err());
    assert!(kind("decimal").convert(&Value::text("12.50"), &zone).is_err());
    assert!(kind("instant").convert(&Value::Date("2026-03-31".parse().expect("date")), &zone).is_err());
    assert!(kind("date").convert(&instant, &zone).is_err());
    let berlin = Zone::named("Europe/Berlin").expect("a zone");
    assert_eq!(kind("date").convert(&instant, &berlin), Ok(Value::Date("2026-04-01".parse().expect("date"))));
    let without = kind("money").convert(&decimal("12.5"), &zone).expect_err("no currency");
    assert_eq!(without.message, "a decimal was found where money was expected");
    assert_eq!(kind("text").convert(&Value::Integer(7), &zone), Ok(Value::text("7")));
    assert!(kind("text").convert(&Value::Boolean(true), &zone).is_err());
    let set = kind("set(integer)").convert(&Value::List(vec![Value::Integer(2), Value::Integer(1), Value::Integer(2)]), &zone);
    assert_eq!(set, Ok(Value::Set(vec![Value::Integer(1), Value::Integer(2)])));
    let name = kind("name").convert(&Value::text("Jane van Berg"), &zone).expect("a name");
    assert_eq!((name.to_string().as_str(), matches!(&name, Value::Name(n) if n.last == "Berg")), ("Jane van Berg", true));
}

#[test]
fn files_spell_values_plainly() {
    let zone = Zone::utc();
    assert_eq!(kind("money").read("12.50 eur", &zone).expect("money").to_string(), "12.50 EUR");
    assert_eq!(kind("date").read("2026-03-31", &zone), Ok(Value::Date("2026-03-31".parse().expect("date"))));
    assert_eq!(kind("boolean").read("true", &zone), Ok(Value::Boolean(true)));
    assert!(kind("integer").read("twelve", &zone).is_err());
    assert_eq!(kind("integer").read("", &zone), Ok(Value::Blank));
}

#[test]
fn sameness_follows_the_kind() {
    for (name, a, b) in [
        ("phone", "+49 30 901820", "+4930901820"),
        ("phone", "030/901820", "030 901820"),
        ("country", "DE", "Germany"),
        ("country", "usa", "United States"),
        ("email", "Jane@Acme.example", "jane@acme.example"),
        ("url", "https://acme.example/", "ACME.example"),
        ("domain", "https://www.acme.example/x", "acme.example"),
    ] {
        assert!(kind(name).same(&Value::text(a), &Value::text(b)), "{name}: {a} {b}");
    }
    assert!(kind("decimal").same(&decimal("1.0"), &decimal("1.00")));
    assert!(kind("decimal").same(&decimal("1.0"), &Value::Integer(1)));
    assert!(!kind("text").same(&Value::text("a"), &Value::text("A")));
    assert!(!kind("company").same(&Value::text("Acme"), &Value::text("Acme Inc.")));
    assert!(!kind("country").same(&Value::text("DE"), &Value::text("FR")));
    assert!(!kind("text").same(&Value::text("a"), &Value::Blank));
}

#[test]
fn matching_forms_and_order() {
    assert_eq!(kind("company").matching(&Value::text("Acme, Inc.")).as_deref(), Some("acme"));
    assert_eq!(kind("phone").matching(&Value::text("030 901820")), None);
    assert_eq!(kind("phone").matching_in(&Value::text("030 901820"), Some("DE")).as_deref(), Some("+4930901820"));
    assert_eq!(kind("domain").matching(&Value::text("a@acme.example")).as_deref(), Some("acme.example"));
    assert_eq!(kind("text").matching(&Value::text(" Ab ")).as_deref(), Some("Ab"));
    assert_eq!(kind("text").matching(&Value::Blank), None);
    assert_eq!(kind("decimal").matching(&decimal("1.50")), kind("decimal").matching(&decimal("1.5")));
    assert_eq!(kind("decimal").compare(&decimal("1.5"), &Value::Integer(2)), Some(Ordering::Less));
    let money = |text: &str| kind("money").read(text, &Zone::unknown()).expect(text);
    assert_eq!(kind("money").compare(&money("1 EUR"), &money("2 USD")), None);
    assert!(kind("date").ordered() && !kind("text").ordered());
}
