//! No text makes the reader panic, and no expression runs away.

use super::*;
use crate::bounds::EXPR_TEXT_BYTES_MAX;

proptest! {
    #[test]
    fn random_text_never_panics(source in "[a-z_'\"(){}\\[\\]|.,:~+*/%<>=!0-9 \\\\-]{0,60}") {
        if let Ok(program) = Program::compile(&source, &answer(), &Want::any()) {
            prop_assert!(program.eval(&answer()).is_ok() || program.eval(&answer()).is_err());
        }
        let _either = Template::compile(&source, &entity(), &Want::any()).is_ok();
    }

    #[test]
    fn random_words_never_panic(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..14)) {
        let source = words.join(" ");
        for table in [answer(), entity()] {
            if let Ok(program) = Program::compile(&source, &table, &Want::any()) {
                prop_assert!(program.eval(&table).is_ok() || program.eval(&table).is_err());
            }
        }
    }

    #[test]
    fn any_text_at_all_never_panics(source in "\\PC{0,40}") {
        let _either = Program::compile(&source, &answer(), &Want::any()).is_ok();
        let _either = Template::compile(&format!("{{{{ {source} }}}}"), &answer(), &Want::any()).is_ok();
    }
}

const WORDS: &[&str] = &[
    "body", "status", "key", "name", "count", "amount", "closed", "seen", "tags", ".id", "[0]", "[1:]", "(", ")", "[", "]", "{", "}", ",", ":", "'x'", "3",
    "0.5", "none", "true", "==", "<", "in", "not", "and", "or", "+", "-", "*", "/", "%", "~", "|", "if", "else", "is", "blank", "lower", "length", "map",
    "('text')", "days", "date", "int",
];

/// Every `| doubled` step doubles the text; thirty of them would be a gigabyte.
#[test]
fn texts_that_double_are_stopped() {
    let table = answer();
    let doubling = ["replace('x', 'xxxxxxxx')"; 12].join(" | ");
    assert_eq!(eval(&format!("'x' | {doubling}"), &table), Err(Fault::TooBig.to_string()));
    let long = "x".repeat(EXPR_TEXT_BYTES_MAX / 2 + 1);
    let big = Table { mode: Mode::Documents, rows: vec![("t", Shape::Text, Item::text(&long))] };
    assert_eq!(eval("t ~ t", &big), Err(Fault::TooBig.to_string()));
    let text = Template::compile("{{ t }}-{{ t }}", &big, &Want::text()).expect("compiles");
    assert_eq!(text.eval(&big), Err(Fault::TooBig));
}

#[test]
fn long_lists_cost_steps() {
    let many = format!("[{}1]", "1,".repeat(200_000));
    let doc = Doc::new(bytes::Bytes::from(many)).expect("json");
    let table = Table { mode: Mode::Documents, rows: vec![("list", Shape::List, Item::Doc(doc))] };
    assert_eq!(eval("list | map('text')", &table), Err(Fault::Cost.to_string()));
    assert_eq!(eval("2 in list", &table), Err(Fault::Cost.to_string()));
    assert_eq!(eval("list | length", &table), Ok(Item::integer(200_001)));
    assert_eq!(eval("list[5]", &table).map(|item| item.to_text().expect("read").into_owned()), Ok("1".into()));
}

#[test]
fn programs_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Program>();
    shared::<Template>();
    let _arc: Arc<Program> = Arc::new(Program::compile("name", &entity(), &Want::any()).expect("compiles"));
}
