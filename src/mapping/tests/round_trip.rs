//! What is written and read back is the form, for all values.

use proptest::prelude::*;

use super::*;

fn values() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let text = "[ -~äßé]{0,12}".prop_map(|text| Value::text(text.trim()));
    let amount = (any::<bool>(), -1_000_000i64..1_000_000, 0u32..4).prop_map(|(euros, units, scale)| {
        Value::Money(Money::new(rust_decimal::Decimal::new(units, scale), Currency::parse(if euros { "EUR" } else { "USD" }).expect("a currency")))
    });
    let date = (2000i16..2100, 1i8..13, 1i8..29).prop_map(|(year, month, day)| Value::Date(jiff::civil::date(year, month, day)));
    let status = prop::sample::select(vec!["", "submitted", "approved", "won"]).prop_map(Value::text);
    let languages = prop::sample::subsequence(vec!["de", "en"], 0..=2).prop_map(|languages| Value::set(languages.into_iter().map(Value::text)));
    (text, amount, date, status, languages).prop_map(|(name, amount, date, status, languages)| {
        vec![("name", name), ("amount", amount), ("close_date", date), ("status", status), ("languages", languages)]
    })
}

proptest! {
    #[test]
    fn writing_a_form_and_reading_it_back_gives_the_form(values in values()) {
        let mapping = deals();
        let entity = Entity::of(&mapping, &values);
        for system in [CRM, PRM] {
            for (name, value) in &values {
                let field = at(&mapping, name);
                let Some(form) = mapping.form(field, system, value, &entity) else { continue };
                let cells = mapping.spell(system, &[(field, form.clone())], &entity, Spelling::Update).expect("a form has a spelling");
                let seen = mapping.observe(system, &written(&mapping, system, &cells), &places(&mapping, system)).fields[field.0 as usize].clone();
                prop_assert_eq!(&seen, &Seen::Value(form.clone()), "{} in {:?}", name, system);
                prop_assert_eq!(mapping.form(field, system, &form, &entity), Some(form));
            }
        }
    }
}

fn said(fields: &str) -> Vec<String> {
    let text = format!("mapping: deals\nsystems: {{ crm: {{ object: Opportunity }}, prm: {{ object: deals }} }}\nfields:\n{fields}");
    let known = Known { currency: Some("EUR"), zone: Some("Europe/Berlin"), ..Known::default() };
    sound(&text, &known).counterexamples().iter().map(|example| format!("{:?} {}", example.system.0, example.words())).collect()
}

#[test]
fn values_that_do_not_come_back_are_shown() {
    for (fields, expected) in [
        (
            "  name: { crm: { first: F, last: L }, prm: full, type: name }\n",
            "1 first \"Jan\" comes back as \"Jan van der\", last \"van der Berg\" comes back as \"Berg\"",
        ),
        ("  name: { crm: { first: F, last: L }, prm: { last: l }, type: name }\n", "1 first \"Ana\" comes back as blank"),
        ("  place: { crm: Address, prm: { city: c }, type: address }\n", "1 street \"1 Main St\" comes back as blank"),
        ("  up: { crm: Up, prm: { read: \"up | upper\", write: { up: up } } }\n", "1 \"Acme\" comes back as \"ACME\""),
        ("  done: { crm: Done, prm: { read: \"not open\", write: { open: \"not done\" } }, type: boolean }\n", "1 blank comes back as \"false\""),
        ("  half: { crm: Half, prm: { read: \"half * 2\", write: { half: half } }, type: integer }\n", "1 \"1\" comes back as \"2\""),
        ("  day: { crm: Day, prm: { read: \"at\", write: { at: \"day ~ ''\" } }, type: date }\n", "comes back as what cannot be read"),
    ] {
        let said = said(fields).join("\n");
        assert!(said.contains(expected), "{fields}: `{expected}` is not in:\n{said}");
    }
}

#[test]
fn cells_that_give_back_what_they_were_given_are_let_alone() {
    for fields in [
        "  name: { crm: Name, prm: name }\n",
        "  name: { crm: { first: F, last: L }, prm: { first: f, last: l }, type: name }\n",
        // Nobody can give it more than it holds.
        "  name: { crm: Name, prm: name, type: name }\n",
        // What it loses never counts.
        "  name: { crm: { first: F, last: L }, prm: full, type: name, wins: crm }\n",
        "  amount: { crm: { amount: A, currency: C }, prm: amount, type: money }\n",
        "  day: { crm: Day, prm: day, type: date }\n  at: { crm: At, prm: at, type: instant }\n",
        "  tags: { crm: Tags, prm: tags, type: set(text), values: { a: { crm: A, prm: a }, b: { crm: B, prm: [] } } }\n",
        "  size: { crm: Size, prm: { path: size, by: kind }, values: { big: { crm: B, prm: { x: b, y: c } }, small: { crm: S, prm: { x: s } } } }\n",
        // It reads more than it writes: nobody can tell.
        "  site: { crm: Site, prm: { read: \"site | default(mail)\", write: { site: site } } }\n",
    ] {
        assert_eq!(said(fields), Vec::<String>::new(), "{fields}");
    }
}

#[test]
fn what_a_connector_declares_is_no_loss_and_what_it_does_not_is() {
    let facts = |form, length| FieldFacts {
        form,
        access: Access::ReadWrite,
        required: false,
        shows: Shows { length, ..Shows::default() },
        currency: None,
        values: None,
    };
    let known = |form, length| Known::default().fields("prm", "deals", &[("it", facts(form, length))]);
    let said = |kind: &str, known: &Known| {
        let text = format!(
            "mapping: deals\nsystems: {{ crm: {{ object: Opportunity }}, prm: {{ object: deals }} }}\nfields: {{ it: {{ crm: It, prm: it, type: {kind} }} }}\n"
        );
        sound(&text, known).counterexamples().iter().map(|example| format!("{} {}", example.system.0, example.words())).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(said("text", &known(Form::Text, Some(10))), "");
    assert!(said("decimal", &known(Form::Integer, None)).starts_with("1 \"0.1\" comes back as \"0\""));
}
