//! A file has one idea, a function fits a screen.

use super::code::{bare, line_of, tokens};
use super::{File, Problem};

/// Beyond this a file has a seam, and whoever goes on writing cuts it.
const FILE_LINES: usize = 600;
/// Beyond this a file says why, below.
const ASKS_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;

/// Files beyond `ASKS_LINES`, each with its reason.
const LONG: &[(&str, &str)] = &[
    ("src/store/sqlite/contract.rs", "one method for each of the store's contract"),
    ("src/store.rs", "the whole contract of a store, which is read at one sitting"),
];

pub fn problems(file: &File) -> Vec<Problem> {
    if !file.is(".rs") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        found.push(Problem::new(file, lines, format!("{lines} lines, more than {FILE_LINES}: cut it along its seam")));
    } else if lines > ASKS_LINES && !LONG.iter().any(|(path, _)| *path == file.path) {
        found.push(Problem::new(file, lines, format!("{lines} lines, more than {ASKS_LINES}: cut it, or say why not in LONG of tests/it/tidy/lengths.rs")));
    }
    found.extend(long_functions(file));
    found
}

/// Reasons given for files that are short by now, or gone.
pub fn needless(files: &[File]) -> Vec<String> {
    let long = |path: &str| files.iter().any(|file| file.path == path && file.text.lines().count() > ASKS_LINES);
    LONG.iter().filter(|(path, _)| !long(path)).map(|(path, _)| (*path).to_owned()).collect()
}

fn long_functions(file: &File) -> Vec<Problem> {
    let code = bare(&file.text);
    let tokens = tokens(&code);
    let mut found = Vec::new();
    for (nth, (start, token)) in tokens.iter().enumerate() {
        let name = tokens.get(nth + 1).map_or("", |(_, name)| name);
        if *token != "fn" || !name.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            continue;
        }
        let Some(end) = body_end(&tokens[nth..]) else { continue };
        let first = line_of(&code, *start);
        let lines = line_of(&code, end) - first + 1;
        if lines > FUNCTION_LINES {
            found.push(Problem::new(file, first, format!("`{name}` has {lines} lines, more than {FUNCTION_LINES}: name its parts")));
        }
    }
    found
}

/// Where the body that follows a `fn` ends; none if it has none.
fn body_end(tokens: &[(usize, &str)]) -> Option<usize> {
    let (mut round, mut depth) = (0, 0);
    for (at, token) in tokens {
        match *token {
            "(" | "[" => round += 1,
            ")" | "]" => round -= 1,
            ";" if depth == 0 && round == 0 => return None,
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if depth == 0 && round == 0 {
                    return Some(*at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::{FILE_LINES, FUNCTION_LINES, problems};

    fn said(text: &str) -> Vec<String> {
        problems(&File::planted("src/a.rs", text)).into_iter().map(|problem| format!("{}: {}", problem.line, problem.text)).collect()
    }

    #[test]
    fn a_screen_is_enough() {
        let body = |lines: usize| format!("trait A {{\n    fn a(b: [u8; 3]);\n}}\nfn c() {{\n{}}}\n", "    \"}\";\n".repeat(lines - 2));
        assert_eq!(said(&body(FUNCTION_LINES)), Vec::<String>::new());
        let found = said(&body(FUNCTION_LINES + 1));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("4: `c` has 71 lines"), "{found:?}");
    }

    #[test]
    fn a_long_file_is_cut_or_says_why() {
        assert!(said(&"//\n".repeat(400)).is_empty());
        assert!(said(&"//\n".repeat(401))[0].contains("LONG"));
        assert!(said(&"//\n".repeat(FILE_LINES + 1))[0].contains("seam"));
    }
}
