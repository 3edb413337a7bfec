use super::*;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Value> {
    let amount = (any::<i64>(), 0_u32..12).prop_map(|(number, scale)| Decimal::new(number, scale));
    let leaf = prop_oneof![
        Just(Value::Blank),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        amount.clone().prop_map(Value::Decimal),
        amount.prop_map(|value| Value::Money(Money::new(value, Currency::parse("EUR").expect("code")))),
        (-9999_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| Value::Date(civil::Date::new(y, m, d).expect("date"))),
        (-60_000_000_000_i64..60_000_000_000, 0_i32..1_000_000_000).prop_map(|(s, n)| Value::Instant(Timestamp::new(s, n).expect("instant"))),
        "\\PC{1,20}".prop_map(Value::text),
        ("\\PC{0,5}", "\\PC{1,5}").prop_map(|(first, last)| Value::name(Name { first: first.into(), last: last.into() })),
        "\\PC{1,9}".prop_map(|city| Value::address(Address { city: city.into(), ..Address::default() })),
        any::<i64>().prop_map(|id| Value::Ref(EntityId(id))),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::set),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::vec(("\\PC{0,5}", inner), 0..4).prop_map(|entries| Value::Map(entries.into_iter().map(|(n, v)| (Str::from(n), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_read_back_as_the_value(one in value(), two in value()) {
        let mut bytes = Vec::new();
        canonical(&one, &mut bytes);
        canonical(&two, &mut bytes);
        let (first, rest) = decode(&bytes).expect("written just above");
        let (second, rest) = decode(rest).expect("written just above");
        prop_assert_eq!((first, second, rest.len()), (one.clone(), two, 0));
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok((value, _)) = decode(&bytes) {
            let mut again = Vec::new();
            canonical(&value, &mut again);
        }
    }
}

#[test]
fn the_form_and_the_hash_never_change() {
    let record = Value::List(vec![
        Value::Integer(-3),
        Value::Decimal("12.50".parse().expect("decimal")),
        Value::text("é"),
        Value::Date("2026-03-31".parse().expect("date")),
        Value::Instant("2026-03-31T09:00:00.5Z".parse().expect("instant")),
    ]);
    let mut bytes = Vec::new();
    canonical(&record, &mut bytes);
    assert_eq!(hex::encode(&bytes), "0d0503050401fa010802c3a906fed17e07a0b4dc9c0d8094ebdc03");
    assert_eq!(hash64(b""), 0xe3b0_c442_98fc_1c14);
    let (mut short, mut long) = (Vec::new(), Vec::new());
    canonical(&Value::Decimal("1.0".parse().expect("decimal")), &mut short);
    canonical(&Value::Decimal("1.00".parse().expect("decimal")), &mut long);
    assert_eq!(short, long);
}
