//! What is kept works everywhere: no path of one machine, no host that only one place can reach.

use super::{File, Problem};

/// Folders that belong to a machine or a person, when a path begins with them.
const FOLDERS: [&str; 4] = ["/work/", "/home/", "/root/", "/Users/"];
/// Where packages may come from, as lock files write it.
const REGISTRIES: [&str; 2] = ["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];
/// Keys of lock and settings files that say where packages come from.
const ORIGINS: [&str; 6] = ["source = \"", "\"resolved\": \"", "registry = \"", "index-url", "registry=", "replace-with"];

pub fn problems(file: &File) -> Vec<Problem> {
    if file.is_in("tests/it/tidy") {
        return Vec::new();
    }
    let settings =
        file.is(".lock") || file.is("-lock.json") || file.is(".npmrc") || file.is("pip.conf") || file.is(".cargo/config.toml") || file.is("requirements.txt");
    let mut found = Vec::new();
    for (nth, line) in file.text.lines().enumerate() {
        for folder in FOLDERS.iter().filter(|folder| begins_path(line, folder)) {
            found.push(Problem::new(file, nth + 1, format!("`{folder}…` is a path of one machine")));
        }
        if settings && ORIGINS.iter().any(|origin| line.contains(origin)) && !REGISTRIES.iter().any(|known| line.contains(known)) {
            found.push(Problem::new(file, nth + 1, format!("packages come from crates.io, npm and PyPI, not from: {}", line.trim())));
        }
    }
    found
}

/// A folder at the beginning of a path, not inside an URL or a longer one.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || "/._-}~*".contains(before)))
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::problems;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        problems(&File::planted(path, text)).into_iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn one_machine_is_found() {
        assert_eq!(lines("a.sh", "cd /home/robin/a\nhttps://example.com/home/\nls target/work/x\n"), [1]);
        assert_eq!(
            lines("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"\nsource = \"registry+https://mirror.example/index\"\n"),
            [2]
        );
        assert_eq!(lines("tests/js/package-lock.json", "\"resolved\": \"https://mirror.example/a.tgz\",\n"), [1]);
    }
}
