//! Pages and schemas that are made from the code, and how they would read now.

use std::fs;

use syncline::spec::schema::{self, Format};
use syncline::sync::decide;

use super::{File, Problem, root};

/// How a made page says what it is.
const MARK: &str = "enerated from ";

/// Each made file, as it should read, and what writes it.
fn made() -> Vec<(String, String, &'static str)> {
    let formats = Format::ALL.into_iter().flat_map(|format| {
        let writes = "BLESS=1 cargo test --lib spec::schema";
        [
            (format!("schema/{}.json", format.stem()), schema::json(format), writes),
            (format!("docs/reference/{}.md", format.stem()), schema::reference(format), writes),
        ]
    });
    formats.chain([("docs/decision.md".to_owned(), decide::page(), "BLESS=1 cargo test --lib sync::decide")]).collect()
}

/// The files that differ from what the code says.
pub fn stale() -> Vec<String> {
    let differs = |path: &str, text: &str| !fs::read_to_string(root().join(path)).is_ok_and(|found| found == text);
    made().into_iter().filter(|(path, text, _)| differs(path, text)).map(|(path, _, writes)| format!("{path} is stale; write it anew: {writes}")).collect()
}

/// A page that says it is made, and that nothing here makes.
pub fn problems(file: &File) -> Vec<Problem> {
    let marked = file.is_in("docs") && file.text.lines().take(10).any(|line| line.contains(MARK));
    if marked && !made().iter().any(|(path, ..)| *path == file.path) {
        return vec![Problem::new(file, 1, "says it is generated, and nothing checks that: name it in tests/it/tidy/generated.rs")];
    }
    Vec::new()
}
