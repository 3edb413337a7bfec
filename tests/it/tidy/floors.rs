//! The floors: which module may use which. The table is the one of ARCHITECTURE.md.

use super::code::{bare, line_of, tokens};
use super::{File, Problem};

/// From the bottom up. A module uses modules of lower floors.
const FLOORS: [(&str, &[&str]); 10] = [
    ("base", &["diag", "id", "clock", "secret", "backoff", "bounds", "plant"]),
    ("values", &["value", "expr"]),
    ("files and the contract with systems", &["spec", "system"]),
    ("programs", &["catalog", "mapping"]),
    ("core", &["sync", "rules"]),
    ("world", &["store", "connector", "project"]),
    ("work", &["run", "report", "notify"]),
    ("life", &["daemon", "trial"]),
    ("faces", &["server"]),
    ("terminal", &["cli"]),
];

/// On one floor, these may: the first uses the second.
const ARROWS: [(&str, &str); 4] = [("expr", "value"), ("mapping", "catalog"), ("rules", "sync"), ("project", "connector")];

/// What stands apart, and all it may use: it must be able to disagree with the rest.
const APART: (&str, &[&str]) = ("sandbox", &["id", "clock", "bounds"]);
/// Who starts what stands apart.
const MEETS_APART: [&str; 1] = ["cli"];

/// Modules that decide: values in, values out.
const PURE: [&str; 12] = ["diag", "id", "bounds", "backoff", "value", "expr", "spec", "catalog", "mapping", "sync", "rules", "secret"];
/// What would make them ask, wait or tell. (Paths, as they would be used.)
const IMPURE: [&str; 12] = [
    "tokio::",
    "reqwest::",
    "rusqlite::",
    "axum::",
    "tracing::",
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "futures::",
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

fn known(module: &str) -> bool {
    floor(module).is_some() || module == APART.0
}

/// The module at the top that a source file belongs to; none for lib.rs and main.rs, which belong to nobody.
fn module_of(file: &File) -> Option<&str> {
    let inside = file.path.strip_prefix("src/").filter(|inside| inside.ends_with(".rs"))?;
    let first = inside.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// Why one module may not use another.
fn objection(user: &str, used: &str) -> Option<String> {
    if user == used {
        return None;
    }
    if user == APART.0 {
        return (!APART.1.contains(&used)).then(|| format!("`{user}` stands apart and uses {} only, not `{used}`", APART.1.join(", ")));
    }
    if used == APART.0 {
        return (!MEETS_APART.contains(&user)).then(|| format!("`{used}` is met over HTTP; only {} starts it, not `{user}`", MEETS_APART.join(", ")));
    }
    let (upper, lower) = (floor(user)?, floor(used)?);
    if lower < upper || ARROWS.contains(&(user, used)) {
        return None;
    }
    let (user_floor, used_floor) = (FLOORS[upper].0, FLOORS[lower].0);
    Some(format!("`{user}` ({user_floor}) may not use `{used}` ({used_floor}): move what both need down, or hand it in from above"))
}

pub fn problems(file: &File) -> Vec<Problem> {
    let Some(user) = module_of(file) else { return Vec::new() };
    // Tests of a module may stand on anything: the systems in memory live far above.
    if file.is("/tests.rs") || file.path.contains("/tests/") || file.is("/fixture.rs") {
        return Vec::new();
    }
    if !known(user) {
        return vec![Problem::new(file, 1, format!("`{user}` stands on no floor: give it one in tests/it/tidy/floors.rs and in ARCHITECTURE.md"))];
    }
    let code = bare(&file.text);
    used_modules(&code, depth(file)).into_iter().filter_map(|(at, used)| Some(Problem::new(file, line_of(&code, at), objection(user, used)?))).collect()
}

/// How many `super`s lead from a file to the crate's root.
fn depth(file: &File) -> usize {
    file.path.matches('/').count()
}

/// Modules at the top that are named by a path: after `crate::`, in its braces, or after enough `super::`s.
fn used_modules(code: &str, depth: usize) -> Vec<(usize, &str)> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut next = at;
        while tokens.get(next).is_some_and(|(_, token)| *token == "super") && tokens.get(next + 1).is_some_and(|(_, token)| *token == "::") {
            next += 2;
        }
        let supers = (next - at) / 2;
        if tokens[at].1 == "crate" && tokens.get(at + 1).is_some_and(|(_, token)| *token == "::") {
            names(&tokens[at + 2..], &mut found);
            at += 2;
        } else if supers >= depth && depth > 0 {
            names(&tokens[next..], &mut found);
            at = next;
        } else {
            at = next.max(at + 1);
        }
    }
    found.retain(|(_, name)| known(name));
    found
}

/// The first name of a path, or of each path in braces.
fn names<'a>(tokens: &[(usize, &'a str)], found: &mut Vec<(usize, &'a str)>) {
    match tokens.first() {
        Some((_, "{")) => {}
        Some(name) => return found.push(*name),
        None => return,
    }
    let (mut depth, mut begins) = (0, true);
    for (at, token) in tokens {
        match *token {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
            "," if depth == 1 => begins = true,
            name if depth == 1 && begins => {
                found.push((*at, name));
                begins = false;
            }
            _ => {}
        }
    }
}

/// What the modules that decide may not do. Their tests may.
pub fn impure(file: &File) -> Vec<Problem> {
    if !module_of(file).is_some_and(|module| PURE.contains(&module)) || file.is("/tests.rs") || file.path.contains("/tests/") {
        return Vec::new();
    }
    let code = bare(&file.text);
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&code);
    let mut found = Vec::new();
    for (nth, line) in code.lines().enumerate() {
        for path in IMPURE.iter().filter(|path| line.contains(*path)) {
            found.push(Problem::new(file, nth + 1, format!("`{path}` in a module that only decides: take what it tells as a value")));
        }
        if tokens(line).iter().any(|(_, token)| matches!(*token, "async" | "await")) {
            found.push(Problem::new(file, nth + 1, "a module that only decides never waits: do it above, and hand the value in"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::{impure, problems};

    fn lines(path: &str, text: &str) -> Vec<usize> {
        problems(&File::planted(path, text)).into_iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn upward_and_sideways_uses_are_found() {
        assert_eq!(lines("src/sync/merge.rs", "use crate::value::Value;\nuse crate::store::Store;\n"), [2]);
        assert_eq!(lines("src/store.rs", "use crate::{\n    id::RunId,\n    connector::{http, run},\n    sync,\n};\n"), [3]);
        assert_eq!(lines("src/value.rs", "fn a() {\n    let _ = crate::expr::parse();\n}\n"), [2]);
        assert_eq!(lines("src/expr.rs", "use crate::value::Value;\n"), Vec::<usize>::new());
        assert_eq!(lines("src/sync/merge.rs", "use super::super::store::Store;\nuse super::plan::Plan;\n"), [1]);
    }

    #[test]
    fn the_sandbox_stands_apart() {
        assert_eq!(lines("src/sandbox/page.rs", "use crate::clock::Clock;\nuse crate::value::Value;\n"), [2]);
        assert_eq!(lines("src/daemon.rs", "use crate::sandbox::Sandbox;\n"), [1]);
        assert_eq!(lines("src/cli/sandbox.rs", "use crate::sandbox::Sandbox;\n"), Vec::<usize>::new());
    }

    #[test]
    fn comments_use_nothing_and_strangers_are_named() {
        assert_eq!(lines("src/value.rs", "//! See [`crate::store`].\nconst A: &str = \"crate::store\";\n"), Vec::<usize>::new());
        assert_eq!(lines("src/plumbing.rs", "//! What is this?\n"), [1]);
    }

    #[test]
    fn the_core_is_caught_waiting() {
        let found = impure(&File::planted("src/sync/plan.rs", "//! async is a word here\nasync fn a() {}\nuse std::fs;\n"));
        assert_eq!(found.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3]);
        assert!(impure(&File::planted("src/run/apply.rs", "async fn a() {}\n")).is_empty());
    }
}
