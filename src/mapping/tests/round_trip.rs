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
