//! What is read, where it stands, and what is refused.

use super::*;
use crate::diag::render::{Paint, render_all};

fn parsed(text: &str) -> (Files, Vec<Node>, Vec<Diagnostic>) {
    let mut files = Files::new();
    let file = files.add("mappings/deals.yaml", text);
    let (nodes, found) = parse(&files, file, Documents::Several);
    (files, nodes, found)
}

/// Says the problems of a text as a terminal would.
fn refused(text: &str) -> String {
    let (files, _, found) = parsed(text);
    render_all(&found, &files, Paint::Plain)
}

/// Every word of every scalar is found again in the source.
fn check_words(text: &str, key: &str, words: &[&str]) {
    let (files, nodes, found) = parsed(text);
    assert_eq!(found, vec![], "{text}");
    let node = nodes[0].get(key).expect("the key is there");
    let value = node.scalar().expect("a scalar").text().to_string();
    for word in words {
        let at = value.find(word).expect("the word is in the value");
        let span = node.locate(at..at + word.len());
        assert_eq!(&files.text(span.file)[span.range()], *word, "in {text}");
    }
}

#[test]
fn finds_words_in_every_style() {
    check_words("a: plain words é here # c\n", "a", &["plain", "é", "here"]);
    check_words("é: 1\na: \"x \\\"q\\\" \\u00e9 tail\\n\n   folded ü end\"\n", "a", &["x ", "q", "tail", "folded", "ü", "end"]);
    check_words("a: 'it''s\n  two words'\n", "a", &["it", "s two".split(' ').next().unwrap(), "two", "words"]);
    check_words("b:\n  a: 1\na: >-\n  one\n  two é\n\n  three\n", "a", &["one", "two", "é", "three"]);
    check_words("a: |\n    lit\n      more\n    end\n\nb: 1\n", "a", &["lit", "more", "end"]);
    check_words("a: multi\n  line plain\n", "a", &["multi", "line", "plain"]);
    check_words("x: 1\r\na: >\r\n  one\r\n  two\r\n", "a", &["one", "two"]);
    check_words("\u{feff}a: one é\n", "a", &["one", "é"]);
    check_words("x: 1\r\na: 'one\r\n  two'\r\n", "a", &["one", "two"]);
}

#[test]
fn scalars_stay_the_text_that_was_written() {
    let (_, nodes, _) = parsed("[NO, 1.0, 007, true, ~, '1', 12, -3, 1e5, .5, 0x1F, yes]");
    let Kind::List(items) = &nodes[0].kind else { panic!("a list") };
    let cores: Vec<_> = items.iter().map(|node| node.scalar().expect("scalars").core()).collect();
    use Core::*;
    assert_eq!(cores, [Text, Number, Text, Boolean(true), Null, Text, Integer, Integer, Number, Text, Text, Text]);
}

#[test]
fn refuses_anchors_aliases_tags_and_merge_keys() {
    let text = refused("a: &x { b: 1 }\nc: *x\nd: !!str 1\ne:\n  <<: 1\n");
    for what in ["anchors are not used", "aliases are not used", "tags are not used", "merge keys are not used"] {
        assert!(text.contains(what), "{what}: {text}");
    }
}

#[test]
fn names_both_places_of_a_key_given_twice() {
    insta::assert_snapshot!(refused("fields:\n  amount: 1\n  name: 2\n  amount: 3\n"), @r"
    error: `amount` is given twice
      mappings/deals.yaml:4:3
        amount: 3
        ^^^^^^
      mappings/deals.yaml:2:3  the first one
        amount: 1
        ^^^^^^
      Keep one
    ");
}

#[test]
fn says_how_to_mend_an_expression_inside_braces() {
    insta::assert_snapshot!(refused("crm: { object: Deal, create: status in ['a', 'b'], leaves: stop }\n"), @r#"
    error: An expression inside { } holds a comma or bracket; YAML cannot read it
      mappings/deals.yaml:1:30
        crm: { object: Deal, create: status in ['a', 'b'], leaves: stop }
                                     ^^^^^^^^^^^^^^^^^^^^
      Put it in double quotes:
        crm: { object: Deal, create: "status in ['a', 'b']", leaves: stop }
    "#);
    assert!(refused("f: { a: [x, y] == 1 }\n").contains("f: { a: \"[x, y] == 1\" }"));
    assert!(refused("f: { a: x[0] }\n").contains("f: { a: \"x[0]\" }"));
    assert!(refused("f: { a: max(b, c) > 1, d: 2 }\n").contains("f: { a: \"max(b, c) > 1\", d: 2 }"));
    assert!(refused("f: { a: {{ x }} }\n").contains("A value that begins with `{{` must be quoted"));
    assert!(refused("f: {{ x }}\n").contains("A value that begins with `{{` must be quoted"));
}

#[test]
fn says_what_is_wrong_with_tabs_quotes_and_colons() {
    assert!(refused("a:\n\tb: 1\n").contains("A tab stands where YAML wants spaces"));
    assert!(refused("a: \"x\n").contains("A quote is not closed"));
    assert!(refused("a: b: c\n").contains("A second `: ` stands in this line"));
    assert!(refused("a: @x\n").contains("Put the value in double quotes"));
}

#[test]
fn bounds_size_and_depth() {
    assert!(refused(&format!("a: {}\n", "x".repeat(YAML_BYTES_MAX))).contains("the most is 1048576"));
    let deep = refused(&"[".repeat(4_000));
    assert!(deep.contains("nested more than 32 deep"), "{deep}");
    assert_eq!(refused(&format!("{}1{}", "[".repeat(32), "]".repeat(32))), "");
}

#[test]
fn several_documents_only_where_they_may_be() {
    let mut files = Files::new();
    let file = files.add("syncline.yaml", "a: 1\n---\nb: 2\n");
    assert_eq!(parse(&files, file, Documents::Several).0.len(), 2);
    let (_, found) = parse(&files, file, Documents::One);
    assert_eq!(files.place(found[0].span.expect("a place")), "syncline.yaml:3:1");
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_no_place_leaves_the_file(text in "[a-c:{}\\[\\],'\"\\\\| >\\-\n\r\té#&*!%@0-9]{0,60}") {
        let (files, nodes, found) = parsed(&text);
        fn check(files: &Files, node: &Node) {
            let _ = &files.text(node.span.file)[node.span.range()];
            match &node.kind {
                Kind::Scalar(scalar) => {
                    for (at, c) in scalar.text().char_indices() {
                        let span = node.locate(at..at + c.len_utf8());
                        let _ = &files.text(span.file)[span.range()];
                    }
                }
                Kind::List(nodes) => nodes.iter().for_each(|node| check(files, node)),
                Kind::Map(entries) => entries.iter().for_each(|(_, node)| check(files, node)),
            }
        }
        nodes.iter().for_each(|node| check(&files, node));
        render_all(&found, &files, Paint::Plain);
    }
}
