//! How the house is kept: what a reviewer would have to look for in every change is a test here.
//!
//! Each check is a plain function from a file's text to its problems, with a test that plants one; below, all files go through all of them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

mod code;
mod floors;
mod generated;
mod lengths;
mod links;
mod machine;
mod opening;
mod readme;
mod words;

/// Something to mend: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    file: String,
    line: usize,
    text: String,
}

impl Problem {
    fn new(file: &File, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.path.clone(), line, text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// A file of the project, by its path from the root.
struct File {
    path: String,
    text: String,
}

impl File {
    #[cfg(test)]
    fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn is(&self, ending: &str) -> bool {
        self.path.ends_with(ending)
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What is made here and not kept: builds, packages of others, databases.
const NOT_OURS: [&str; 6] = [".git", "target", "node_modules", "__pycache__", ".venv", ".worktrees"];

/// Every text file of the project.
fn files() -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<File>) {
        let mut entries: Vec<_> = fs::read_dir(folder).expect("a folder of the project can be read").map(|entry| entry.expect("and its entries")).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            if NOT_OURS.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if path.is_dir() {
                walk(&path, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let inside = path.strip_prefix(root()).expect("what is found lies in the project");
                found.push(File { path: inside.to_string_lossy().into_owned(), text });
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found
}

fn check(each: impl Fn(&File) -> Vec<Problem>) {
    let problems: Vec<_> = files().iter().flat_map(each).collect();
    let said: Vec<_> = problems.iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "{} to mend:\n{}", problems.len(), said.join("\n"));
}

#[test]
fn modules_use_lower_floors_only() {
    check(floors::problems);
}

#[test]
fn the_core_awaits_nothing_and_asks_nothing() {
    check(floors::impure);
}

#[test]
fn files_and_functions_are_short() {
    check(lengths::problems);
}

#[test]
fn no_reason_for_a_long_file_outlives_it() {
    assert_eq!(lengths::needless(&files()), Vec::<String>::new(), "strike them from LONG");
}

#[test]
fn one_term_for_one_concept() {
    check(words::problems);
}

#[test]
fn every_source_file_says_what_it_is_for() {
    check(opening::problems);
}

#[test]
fn relative_links_lead_somewhere() {
    check(links::problems);
}

#[test]
fn nothing_speaks_of_one_machine() {
    check(machine::problems);
}

#[test]
fn the_changelog_is_open() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md is there: add it, with a heading `## Unreleased`");
    assert!(text.lines().any(|line| line.trim() == "## Unreleased"), "CHANGELOG.md has no heading `## Unreleased`: what is changed now goes under it");
}

#[test]
fn every_command_of_the_readme_is_run() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md is there: add it");
    let problems = readme::problems(&text);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn generated_pages_are_fresh() {
    let stale = generated::stale();
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn every_generated_page_is_checked() {
    check(generated::problems);
}
