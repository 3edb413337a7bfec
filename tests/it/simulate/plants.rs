//! The bugs that are planted in the engine, as its own source names them.

use std::path::Path;

/// Bugs, each with a seed from which on histories soon notice it; when histories change, `PLANTED_HISTORIES=200` finds others.
#[cfg(debug_assertions)]
pub const KNOWN: &[(&str, u64)] = &[
    ("absence-as-delete", 5),
    ("blank-beats-value", 11),
    ("create-in-doubt-dropped", 9),
    ("cursor-before-touched", 0),
    ("delete-never-asks", 3),
    ("deleted-made-anew", 3),
    ("delivery-not-touched", 0),
    ("doubt-not-waited-for", 0),
    ("first-hit-taken", 0),
    ("first-overwritten", 0),
    ("found-later-is-ours", 43),
    ("ghost-forgotten", 16),
    ("held-run-commits", 0),
    ("highest-forgets-agreed", 12),
    ("hub-for-shadow", 0),
    ("latest-pairwise", 4),
    ("limits-per-record", 0),
    ("loser-not-consumed", 0),
    ("loser-not-logged", 0),
    ("merge-after-writes", 0),
    ("new-id-on-retry", 0),
    ("newer-hint-erased", 1),
    ("not-looked-at-before", 142),
    ("one-shared-shadow", 0),
    ("order-before-time", 0),
    ("origin-misnamed", 2),
    ("outcome-without-shadow", 0),
    ("owner-asked-with-others", 2),
    ("plan-shows-less", 1),
    ("put-back-not-logged", 0),
    ("ranks-swapped", 2),
    ("review-blocks-all", 6),
    ("sent-not-journalled", 0),
    ("set-replaced", 18),
    ("shadows-not-materialised", 1),
    ("short-quarantine", 9),
    ("stale-believed", 13),
    ("stand-in-flows-back", 51),
    ("unread-as-blank", 4),
    ("unread-as-gone", 2),
    ("update-in-doubt-dropped", 2),
    ("upsert-unasked", 2),
    ("value-in-log", 0),
    ("version-not-sent", 15),
    ("walled-system-votes", 16),
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
