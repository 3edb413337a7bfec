//! One term for one concept: words that the glossary replaced, and what stands for unfinished work.
//!
//! The list is short on purpose: only words that mean nothing else here, so that no honest sentence is refused.

use super::code::{bare, line_of, tokens};
use super::{File, Problem};

/// Parts of identifiers in our code, as they are read aloud, and the glossary's word.
const IN_CODE: &[(&str, &str)] = &[
    ("checkpoint", "cursor"),
    ("watermark", "cursor"),
    ("bookmark", "cursor"),
    ("golden record", "entity"),
    ("dlq", "dead letter"),
    ("xref", "link"),
    ("upstream", "system"),
    ("downstream", "system"),
    ("reconciler", "merge"),
    ("webhook event", "delivery"),
];

/// In YAML and pages, as words.
const IN_TEXT: &[(&str, &str)] = &[
    ("golden record", "entity"),
    ("golden records", "entities"),
    ("DLQ", "dead letters"),
    ("dead-letter queue", "dead letters"),
    ("dead letter queue", "dead letters"),
    ("high watermark", "cursor"),
    ("high-water mark", "cursor"),
    ("source of truth", "agreed value"),
];

/// Marks of work that was left undone.
const UNDONE: &[(&str, &str)] = &[
    ("todo!", "do it, or refuse by name what is not in this version"),
    ("unimplemented!", "do it, or refuse by name what is not in this version"),
    ("dbg!", "say it by tracing, or not"),
    ("#[ignore", "run it, or assert what is wrong with a remark"),
];

/// Names of files that say nothing about what is in them.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "common", "misc", "types"];

pub fn problems(file: &File) -> Vec<Problem> {
    if file.is_in("tests/it/tidy") || file.path == "docs/glossary.md" {
        return Vec::new();
    }
    if file.is(".rs") {
        return [name(file), words_in_code(file), undone(file)].concat();
    }
    if file.is(".md") || file.is(".yaml") { words_in_text(file) } else { Vec::new() }
}

fn name(file: &File) -> Vec<Problem> {
    let stem = file.path.rsplit('/').next().and_then(|last| last.strip_suffix(".rs")).unwrap_or_default();
    if stem == "mod" {
        return vec![Problem::new(file, 1, "mod.rs: put it beside its folder, as name.rs")];
    }
    if EMPTY_NAMES.contains(&stem) {
        return vec![Problem::new(file, 1, format!("`{stem}` says nothing about what is in it: name it by a noun of the glossary"))];
    }
    Vec::new()
}

fn words_in_code(file: &File) -> Vec<Problem> {
    let code = bare(&file.text);
    let mut found = Vec::new();
    let mut last = "";
    for (at, token) in tokens(&code) {
        let spoken = spoken(token);
        for (word, instead) in IN_CODE.iter().filter(|(word, _)| contains_word(&spoken, word)) {
            found.push(Problem::new(file, line_of(&code, at), format!("`{token}`: we do not say \"{word}\"; the glossary's word is {instead}")));
        }
        if last == "mod" && EMPTY_NAMES.contains(&token) {
            found.push(Problem::new(file, line_of(&code, at), format!("`mod {token}` says nothing about what is in it: name it by a noun of the glossary")));
        }
        last = token;
    }
    found
}

/// `GoldenRecord` and `golden_record` as they are read aloud.
fn spoken(identifier: &str) -> String {
    let mut out = String::with_capacity(identifier.len() + 4);
    for letter in identifier.chars() {
        if letter.is_uppercase() && out.ends_with(|last: char| last.is_lowercase()) {
            out.push(' ');
        }
        out.extend(if letter == '_' { vec![' '] } else { letter.to_lowercase().collect() });
    }
    out
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn undone(file: &File) -> Vec<Problem> {
    let code = bare(&file.text);
    let lines = code.lines().enumerate();
    lines
        .flat_map(|(nth, line)| {
            let marks = UNDONE.iter().filter(move |(mark, _)| line.contains(mark));
            marks.map(move |(mark, instead)| Problem::new(file, nth + 1, format!("`{mark}`: {instead}")))
        })
        .collect()
}

fn words_in_text(file: &File) -> Vec<Problem> {
    let mut found = Vec::new();
    for (nth, line) in file.text.lines().enumerate() {
        for (word, instead) in IN_TEXT.iter().filter(|(word, _)| contains_word(line, word)) {
            found.push(Problem::new(file, nth + 1, format!("we do not say \"{word}\"; the glossary's word is {instead}")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::problems;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        problems(&File::planted(path, text)).into_iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn replaced_words_are_found_as_words() {
        assert_eq!(lines("src/a.rs", "struct GoldenRecord;\nlet last_checkpoint = 1;\nlet wal = \"checkpoint\"; // checkpoint\n"), [1, 2]);
        assert_eq!(lines("src/a.rs", "let upstreamed = bookmarked;\n"), Vec::<usize>::new());
        assert_eq!(lines("docs/a.md", "The golden record.\nGolden times.\nADLQX\n"), [1]);
    }

    #[test]
    fn undone_work_and_empty_names_are_found() {
        assert_eq!(lines("src/a.rs", "fn a() {\n    todo!()\n}\nmod helpers;\n// todo!()\n#[ignore = \"later\"]\n"), [4, 2, 6]);
        assert_eq!(lines("src/a/mod.rs", "//! A.\n"), [1]);
        assert_eq!(lines("src/utils.rs", "//! A.\n"), [1]);
    }
}
