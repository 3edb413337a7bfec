//! The bugs that are planted in the engine, as its own source names them.

use std::path::Path;

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
