use super::super::{Env, Mode, Program, Resolution, Scope, Want};
use super::*;

struct Nothing;

impl Scope for Nothing {
    fn resolve(&self, _: &[&str]) -> Resolution {
        Resolution::Unknown { help: None }
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn mode(&self) -> Mode {
        Mode::Documents
    }
}

impl Env for Nothing {
    fn slot(&self, _: u32) -> Item {
        Item::Unread
    }
}

#[test]
fn every_example_of_the_table_gives_what_it_says() {
    for function in all().filter(|function| function.known == Known::Everywhere) {
        let (source, result) = function.example;
        let program = Program::compile(source, &Nothing, &Want::any()).unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
        let item = program.eval(&Nothing).unwrap_or_else(|fault| panic!("{source}: {fault}"));
        assert_eq!(item.to_text().expect("nothing unread"), result, "{source}");
        assert!(program.calls(function.name), "{source} shows {}", function.name);
    }
}

#[test]
fn names_are_unique_and_documented() {
    let mut names: Vec<&str> = all().map(|function| function.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    let page = reference();
    for function in all() {
        assert!(page.contains(&function.signature()), "{}", function.name);
        assert!(function.doc.ends_with('.'), "{}", function.name);
    }
}
