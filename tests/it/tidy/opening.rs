//! The first line of a source file says what it is for.

use super::{File, Problem};

pub fn problems(file: &File) -> Vec<Problem> {
    // Beside `name.rs`, a `name/tests.rs` has said it by its name.
    if !file.is(".rs") || file.is("/tests.rs") || !["src", "tests", "benches"].iter().any(|folder| file.is_in(folder)) {
        return Vec::new();
    }
    let first = file.text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//!").map(str::trim).unwrap_or_default();
    if said.is_empty() { vec![Problem::new(file, 1, "begins without `//!` and a sentence on what the file is for")] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::problems;

    #[test]
    fn silence_is_found() {
        assert!(problems(&File::planted("src/a.rs", "//! What a record is.\n")).is_empty());
        assert_eq!(problems(&File::planted("src/a.rs", "use std::fs;\n")).len(), 1);
        assert_eq!(problems(&File::planted("src/a.rs", "//!\n")).len(), 1);
        assert!(problems(&File::planted("build.rs", "")).is_empty());
    }
}
