//! The bugs that are planted in the engine, as its own source names them.

use std::path::Path;

/// Bugs, each with the seed of a history that notices it; when histories change, `PLANTED_HISTORIES=200` finds others.
#[cfg(debug_assertions)]
pub const KNOWN: &[(&str, u64)] = &[
    ("blank-beats-value", 0),
    ("create-in-doubt-dropped", 11),
    ("deleted-made-anew", 0),
    ("first-overwritten", 6),
    ("ghost-forgotten", 61),
    ("highest-forgets-agreed", 7),
    ("hub-for-shadow", 3),
    ("loser-not-consumed", 0),
    ("loser-not-logged", 0),
    ("order-before-time", 1),
    ("owner-asked-with-others", 5),
    ("put-back-not-logged", 0),
    ("sent-not-journalled", 2),
    ("short-quarantine", 29),
    ("stale-believed", 42),
    ("unread-as-blank", 8),
    ("unread-as-gone", 2),
    ("update-in-doubt-dropped", 3),
    ("upsert-unasked", 14),
    ("version-not-sent", 2),
    ("walled-system-votes", 8),
];

/// Not noticed within 200 histories yet: what they break is rare, or no check sees it. They are planted by hand, with `PLANT`.
const UNNOTICED: [&str; 8] = [
    "cursor-before-touched",
    "doubt-not-waited-for",
    "own-create-not-claimed",
    "own-delete-taken-for-a-users",
    "read-back-shortens",
    "removed-unseen",
    "repeat-settles-the-first",
    "unread-is-as-planned",
];

/// The bugs that a test plants one after the other.
pub fn noticed() -> Vec<&'static str> {
    let all = names();
    assert!(UNNOTICED.iter().all(|name| all.contains(name)), "UNNOTICED names a bug that is planted nowhere");
    all.into_iter().filter(|name| !UNNOTICED.contains(name)).collect()
}

/// Every name in `planted!("…")` under `src/`, sorted.
pub fn names() -> Vec<&'static str> {
    named("planted!(\"")
}

/// Every situation in `sometimes!("…")`, sorted.
pub fn marks() -> Vec<&'static str> {
    named("sometimes!(\"")
}

fn named(mark: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), mark, &mut found);
    found.sort();
    found.dedup();
    found.into_iter().map(|name| &*name.leak()).collect()
}

fn gather(place: &Path, mark: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(place).expect("the source is here") {
        let path = entry.expect("the source can be listed").path();
        if path.is_dir() {
            gather(&path, mark, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("the source can be read");
            found.extend(text.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}
