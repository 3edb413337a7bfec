//! What expressions mean, on both sides.

use super::*;

#[test]
fn literals_sums_and_joins_are_exact() {
    gives(
        &entity(),
        &[
            ("0.1 + 0.2", "0.3"),
            ("1 + 2 * 3", "7"),
            ("(1 + 2) * 3", "9"),
            ("7 / 2", "3.5"),
            ("-7 % 3", "2"),
            ("1 / 0", "-"),
            ("9223372036854775807 + 1", "9223372036854775808"),
            ("share * 3", "0.3"),
            ("-count", "-3"),
            ("amount + money(1, 'EUR')", "13.50 EUR"),
            ("amount * 2", "25.00 EUR"),
            ("amount / amount", "1"),
            ("amount.value", "12.50"),
            ("amount.currency", "EUR"),
            ("full_name.last ~ ', ' ~ full_name.first", "Berg, Jane"),
            ("'a' ~ 1 ~ true", "a1true"),
            ("none ~ 'x'", "x"),
            ("\"it's\" ~ '\\\\ \\w'", "it's\\ \\w"),
            ("closed + days(30)", "2026-04-30"),
            ("seen - hours(24)", "2026-03-30T09:00:00Z"),
            ("(today - closed) == days(15)", "true"),
            ("closed.year", "2026"),
            ("'yes' if gone else 'no'", "yes"),
            ("'yes' if not gone", "-"),
            ("nothing | default(name)", "Acme"),
            ("[1, 'a', none]", "[1,\"a\",null]"),
            ("{'a': count}.a", "3"),
            ("name[1:3] ~ name[-1:]", "cme"),
        ],
    );
}

#[test]
fn blanks_spread_and_are_false() {
    gives(
        &entity(),
        &[
            ("none < 3", "-"),
            ("not (none < 3)", "true"),
            ("blank_number + 1", "-"),
            ("blank_number == none", "true"),
            ("blank_number != 3", "true"),
            ("nothing is blank", "true"),
            ("name is not blank", "true"),
            ("nothing in ['a']", "false"),
            ("nothing | lower", "-"),
            ("gone and nothing == 'x'", "false"),
        ],
    );
    let blank = Program::compile("blank_number > 1", &entity(), &Want::boolean()).expect("compiles");
    assert_eq!(blank.condition(&entity()), Ok(false));
}

#[test]
fn comparisons_are_typed() {
    gives(
        &entity(),
        &[
            ("status == 'approved'", "true"),
            ("status >= 'approved'", "true"),
            ("status < 'won'", "true"),
            ("status in ['submitted', 'won']", "false"),
            ("status not in ['submitted', 'won']", "true"),
            ("closed >= '2026-01-01'", "true"),
            ("seen < '2026-03-31T09:00:01Z'", "true"),
            ("closed in ['2026-03-31']", "true"),
            ("amount > money(12, 'EUR')", "true"),
            ("amount == dollars", "false"),
            ("count == 3.0", "true"),
            ("'a' in tags and 'c' not in tags", "true"),
            ("'cm' in name", "true"),
            ("partner.tier == 'gold'", "true"),
            ("deleted('crm')", "true"),
            ("not gone or count > 2 and name == 'Acme'", "true"),
            ("tags[0] ~ tags[-1]", "ab"),
        ],
    );
    assert_eq!(eval("amount < dollars", &entity()), Err("amounts of two currencies have no order".into()));
    assert_eq!(eval("amount + dollars", &entity()), Err("EUR and USD are different currencies".into()));
    assert_eq!(eval("raw < 9", &entity()), Err("a text is compared with an integer".into()));
    assert_eq!(eval("closed + hours(1)", &entity()), Err("the date leaves the calendar, or is no whole number of days".into()));
}

#[test]
fn what_is_unread_makes_the_result_unread_unless_it_is_not_needed() {
    for source in ["unread", "unread == 'x'", "unread is blank", "unread | default('x')", "name ~ unread", "not (unread == 'x')", "[unread]"] {
        assert_eq!(eval(source, &entity()), Ok(Item::Unread), "{source}");
    }
    assert_eq!(eval("not gone and unread == 'x'", &entity()), Ok(Item::boolean(false)));
    let asked = Program::compile("unread == 'x'", &entity(), &Want::boolean()).expect("compiles");
    assert_eq!(asked.condition(&entity()), Err(Fault::Unread));
    let text = Template::compile("x {{ unread }}", &entity(), &Want::text()).expect("compiles");
    assert_eq!(text.eval(&entity()), Ok(Item::Unread));
}

#[test]
fn documents_are_read_leniently() {
    gives(
        &answer(),
        &[
            ("body.paging.next.after", "abc"),
            ("body.none.of.this", "-"),
            ("body['@odata.etag']", "W/1"),
            ("body.results[1].x.y", "q"),
            ("body.results[-1].id", "2"),
            ("body.results[9].id", "-"),
            ("body[object.name] | length", "2"),
            ("body.code or body.zero or body.status", "400"),
            ("body.yes and body.status", "400"),
            ("body.status >= 400", "true"),
            ("body.status == '400'", "false"),
            ("'bad' if (body.status | int) >= 400", "bad"),
            ("body.error[0]", "UserError"),
            ("body.error[1] | text", "[\"m\",\"d\"]"),
            ("body.amount | text", "12.50"),
            ("body.amount * 2", "25.00"),
            ("body.at < window.to", "true"),
            ("window.to | iso_seconds", "2026-03-31T10:00:00Z"),
            ("window.to | epoch_ms | text", "1774951200500"),
            ("fields | join(',')", "Id,Name"),
            ("key | segment", "it%27s%201%2F2"),
            ("key | quoted", "'it\\'s 1/2'"),
            ("fields | map('quoted') | join(',')", "'Id','Name'"),
            ("status | wire", "wire:200"),
            ("body.results | map(attribute='x.y') | join(',')", ",q"),
            ("body.results | map(attribute='id') | map('text') | join('-')", "1-2"),
            ("2 in (body.results | map(attribute='id'))", "true"),
            ("'id' in (body.results | first)", "true"),
            ("(body.results | first | without('id')).name", "a"),
            ("(body.results[0] | entries)[1].value", "a"),
            ("body.results | last | text", "{\"id\":2,\"name\":\"b\",\"x\":{\"y\":\"q\"}}"),
            ("(body.missing | length) == 0", "false"),
            ("body.results[:1] | length", "1"),
            ("(body.a or body.results[0]).name", "a"),
            ("page.token + 1 if body.more", "-"),
        ],
    );
    assert_eq!(eval("body.status | before('x')", &answer()), Err("a text was expected here, not an integer".into()));
    assert_eq!(eval("body.code or unread", &answer()), Ok(Item::Unread));
}

#[test]
fn wants_are_kept_at_run_time_too() {
    let run = |source: &str, want: Want| {
        let table = answer();
        Program::compile(source, &table, &want).map_err(|p| p[0].message.clone())?.eval(&table).map_err(|fault| fault.to_string())
    };
    assert_eq!(run("body.results[0].id", Want::text()), Err("this gives an integer where a text is needed; `| text` makes one".into()));
    assert_eq!(run("body.results[0].id | text", Want::text()), Ok(Item::text("1")));
    assert_eq!(run("body.at", Want::instant()), Ok(Item::Value(Value::Instant("2026-03-31T09:00:00Z".parse().expect("instant")))));
    assert_eq!(run("body.status", Want::list()), Err("this gives an integer where a list is needed".into()));
    assert_eq!(run("body.status", Want::boolean()), Ok(Item::boolean(true)));
    assert_eq!(run("body.nothing", Want::list()).map(|item| item.is_blank()), Ok(true));
}

#[test]
fn texts_are_filled_in() {
    let table = answer();
    let text = |source: &str| Template::compile(source, &table, &Want::any()).expect(source);
    assert!(text("plain }} words").is_plain());
    assert_eq!(text("plain").eval(&table), Ok(Item::text("plain")));
    assert_eq!(text("{{ status }}").eval(&table), Ok(Item::integer(200)));
    assert_eq!(text("{{ page.token }}").eval(&table), Ok(Item::BLANK));
    assert_eq!(text("/a/{{ key }}{{ page.token }}/{{status}}").eval(&table), Ok(Item::text("/a/it's 1/2/200")));
    assert_eq!(text("{{ {'a': {'b': 1}}.a.b }}").eval(&table), Ok(Item::integer(1)));
    assert_eq!(text("{{ '}}' }}!").eval(&table), Ok(Item::text("}}!")));
    assert_eq!(text("{{ fields }}").alone().map(|program| program.slots().to_vec()), Some(vec![5]));
    assert_eq!(text("x{{ key }}{{ status }}").holes().count(), 2);
    assert!(text("q {{ key | quoted }}").holes().all(|hole| hole.calls("quoted")));
}

#[test]
fn values_and_documents_become_json_and_values() {
    let table = answer();
    let mut json = String::new();
    let item = eval("{'a': body.amount, 'b': [body.error[0], status, none], 'c': window.to}", &table).expect("evaluates");
    item.write_json(&mut json).expect("nothing unread");
    assert_eq!(json, r#"{"a":12.50,"b":["UserError",200,null],"c":"2026-03-31T10:00:00.5Z"}"#);
    let value = item.into_value().expect("nothing unread");
    assert_eq!(crate::value::Path::parse("b[1]").expect("path").get(&value), Some(&Value::Integer(200)));
    assert!(eval("hours(1)", &table).expect("a duration").into_value().is_err());
}
