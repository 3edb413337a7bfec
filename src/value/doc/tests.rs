use super::*;
use proptest::prelude::*;

fn doc(text: &str) -> Doc {
    Doc::new(Bytes::copy_from_slice(text.as_bytes())).expect(text)
}

#[test]
fn members_items_and_paths_are_found_without_a_tree() {
    let page = doc(r#" { "done": true, "records": [ {"Id":"a\"1","n":{"x":12.50}}, {"Id":"b","tags":["q","}"]} ], "\u0041b": null } "#);
    assert_eq!(page.kind(), DocKind::Map);
    let records = page.member("records").expect("a list");
    assert_eq!(records.len(), Some(2));
    assert_eq!(records.at(0).and_then(|r| r.member("Id")).expect("an id").text().expect("text"), "a\"1");
    assert_eq!(page.path(&Path::parse("records[Id=b].tags[1]").expect("path")).expect("there").value(), Value::text("}"));
    assert_eq!(page.member("Ab").expect("escaped name").kind(), DocKind::Null);
    assert!(page.member("nothing").is_none());
    let names: Vec<Str> = page.entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["done", "records", "Ab"]);
    assert_eq!(doc("[]").items().count(), 0);
    assert_eq!(doc("{ }").entries().count(), 0);
    assert!(doc("\"\"").is_empty());
}

#[test]
fn numbers_keep_every_digit() {
    for (text, value) in [
        ("12", Value::Integer(12)),
        ("-0", Value::Integer(0)),
        ("9223372036854775808", Value::Decimal("9223372036854775808".parse().expect("decimal"))),
        ("0.1", Value::Decimal("0.1".parse().expect("decimal"))),
        ("12.50", Value::Decimal("12.50".parse().expect("decimal"))),
        ("1.5e3", Value::Decimal("1500".parse().expect("decimal"))),
        ("25e-2", Value::Decimal("0.25".parse().expect("decimal"))),
        ("1e400", Value::text("1e400")),
        ("0.12345678901234567890123456789012", Value::text("0.12345678901234567890123456789012")),
    ] {
        assert_eq!(doc(text).value(), value, "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, at) in
        [("", 0), ("{", 1), ("[1,]", 3), ("{\"a\" 1}", 5), ("nul", 0), ("<html>", 0), ("1 2", 2), ("\"a", 0), ("01", 1), ("[1}", 2), ("\"\\x\"", 1)]
    {
        assert_eq!(Doc::new(Bytes::copy_from_slice(text.as_bytes())).expect_err(text).at, at, "{text}");
    }
    let deep = "[".repeat(1000);
    assert_eq!(Doc::new(Bytes::from(deep)).expect_err("deep").message, "nested too deep");
    assert_eq!(Doc::new(Bytes::from_static(b"\"\xff\"")).expect_err("bytes").at, 1);
}

#[test]
fn texts_are_decoded_and_composed() {
    assert_eq!(doc(r#""\ud83d\ude00\n""#).text().expect("text"), "😀\n");
    assert_eq!(doc(r#""\ud83d""#).text().expect("text"), "\u{fffd}");
    assert_eq!(doc("\"e\u{301}\"").value(), Value::text("é"));
    assert_eq!(doc("\"e\u{301}\"").text().expect("text"), "e\u{301}");
    assert_eq!(doc("\"\"").value(), Value::Blank);
}

#[test]
fn a_path_set_reads_all_paths_in_one_pass() {
    let paths: Vec<Path> = ["b", "a.c", "a", "x[0]", "a.d.e", "none"].iter().map(|p| Path::parse(p).expect("path")).collect();
    let set = PathSet::new(&paths);
    let record = doc(r#"{"z":[{"a":1}],"a":{"c":1,"d":{"e":"q"}},"b":null,"b":2,"x":[7]}"#);
    let read: Vec<Option<String>> = set.read(&record).iter().map(|d| d.as_ref().map(|d| d.raw().to_owned())).collect();
    let want = [Some("null"), Some("1"), Some(r#"{"c":1,"d":{"e":"q"}}"#), Some("7"), Some("\"q\""), None];
    assert_eq!(read.iter().map(Option::as_deref).collect::<Vec<_>>(), want);
    let mut raws = Vec::new();
    let mut odd = Vec::new();
    set.read_raw(&record, &mut raws, |slot, doc| odd.push((slot, doc.raw().to_owned())));
    assert_eq!(raws, [Some("null"), Some("1"), want[2], None, Some("\"q\""), None]);
    assert_eq!(odd, [(3, "7".to_owned())]);
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,8}".prop_map(Into::into),
        "[\"\\\\\n{}\\[\\],:]{0,6}".prop_map(Into::into)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec(("\\PC{0,6}", inner), 0..5).prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect()))
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json(tree in tree()) {
        for text in [tree.to_string(), serde_json::to_string_pretty(&tree).expect("json")] {
            let read = doc(&text);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(read.raw()).expect("json"), tree.clone());
            if let serde_json::Value::Object(members) = &tree {
                for (name, member) in members {
                    let found = read.member(name).expect("there");
                    prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(found.raw()).expect("json"), member);
                }
            }
            let _built = read.value();
        }
    }

    #[test]
    fn accepts_what_serde_json_accepts(text in "[\\[\\]{}\",:0-9eE.+\\-a-z\\\\ ]{0,24}") {
        let ours = Doc::new(Bytes::copy_from_slice(text.as_bytes())).is_ok();
        // Read as raw text, serde_json checks the grammar and not the size of numbers, as we do.
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}

/// A document too small for an outline, and the same within one that has it.
fn both(text: &str) -> (Doc, Doc) {
    let big = format!(r#"{{"filler":"{}","page":{text},"after":[]}}"#, "é\\\"".repeat(OUTLINED_BYTES_MIN / 4));
    (doc(text), doc(&big).member("page").expect("a member"))
}

#[test]
fn an_outline_finds_what_a_scan_finds() {
    for text in [r#"{"a":{"b":[{"c":1},[2,[3]],"x",{}],"b":[4]},"\u0061":5, "e" : [ ] ,"n":null}"#, r#"[[1],{"a":[2]}, 3 ]"#, r#""text""#, "12.5", "{}", "[]"] {
        let (scanned, outlined) = both(text);
        assert_eq!(scanned, outlined, "{text}");
        let items = |doc: &Doc| doc.items().collect::<Vec<_>>();
        assert_eq!(items(&scanned), items(&outlined), "{text}");
        for path in ["a", "a.b", "a.b[0].c", "a.b[1]", "e", "n"] {
            let path = Path::parse(path).expect("a path");
            assert_eq!(scanned.path(&path), outlined.path(&path), "{text} at {path:?}");
            assert_eq!(scanned.path(&path).map(|part| items(&part)), outlined.path(&path).map(|part| items(&part)), "{text} at {path:?}");
        }
    }
}
