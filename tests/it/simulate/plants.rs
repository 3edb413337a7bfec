//! The bugs that are planted in the engine, as its own source names them.

use std::path::Path;

/// Bugs, each with the seed of a history that notices it; when histories change, `PLANTED_HISTORIES=200` finds others.
#[cfg(debug_assertions)]
pub const KNOWN: &[(&str, u64)] = &[
    ("blank-beats-value", 0),
    ("create-in-doubt-dropped", 11),
    ("deleted-made-anew", 0),
    ("first-overwritten", 6),
    ("ghost-forgotten", 11),
    ("highest-forgets-agreed", 6),
    ("hub-for-shadow", 2),
    ("loser-not-consumed", 0),
    ("loser-not-logged", 0),
    ("order-before-time", 1),
    ("owner-asked-with-others", 5),
    ("put-back-not-logged", 0),
    ("sent-not-journalled", 2),
    ("short-quarantine", 11),
    ("stale-believed", 2),
    ("unread-as-blank", 3),
    ("unread-as-gone", 2),
    ("update-in-doubt-dropped", 3),
    ("upsert-unasked", 4),
    ("version-not-sent", 2),
    ("walled-system-votes", 8),
];

/// Bugs outside of what a history can show: a check of their own plants each and has to fail.
pub fn elsewhere() -> Vec<&'static str> {
    named("caught_by(\"")
}

/// The bugs that histories have to notice.
pub fn noticed() -> Vec<&'static str> {
    let elsewhere = elsewhere();
    names().into_iter().filter(|name| !elsewhere.contains(name)).collect()
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
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("src/plant.rs") {
            let text = std::fs::read_to_string(&path).expect("the source can be read");
            found.extend(text.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}
