//! Every command that the README shows is run by something.

use super::root;

/// A command as the README writes it; the file that runs it; a text that stands there.
const RUN_BY: &[(&str, &str, &str)] = &[
    ("sudo apt-get update && sudo apt-get install -y gcc libc6-dev curl ca-certificates git", ".ci/run", "apt-get install"),
    ("curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"$HOME/.cargo/env\"", ".ci/run", "https://sh.rustup.rs | sh -s -- -y"),
    ("cargo run --release -- demo", "tests/it/cli/demo.rs", "fn "),
    ("cargo build --release", "Dockerfile", "RUN cargo build --release"),
    (
        "syncline init --connectors prm=partnerstack,crm=salesforce",
        "tests/it/cli/first_sync.rs",
        "\"init\", \"--connectors\", \"prm=partnerstack,crm=salesforce\"",
    ),
    ("syncline check", "tests/it/cli/first_sync.rs", "&[\"check\"]"),
    ("syncline plan --out first.plan", "tests/it/cli/first_sync.rs", "&[\"plan\", \"--out\", \"first.plan\"]"),
    ("syncline run --plan first.plan", "tests/it/cli/first_sync.rs", "&[\"run\", \"--plan\", \"first.plan\"]"),
    ("syncline serve", "tests/it/serve.rs", "\"serve\""),
    ("cargo test", "tests/all", "cargo test"),
    ("tests/all", ".ci/run", "tests/all"),
];

pub fn problems(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, command) in commands(readme) {
        match RUN_BY.iter().find(|(known, ..)| *known == command) {
            None => found.push(format!("README.md:{line}: nothing runs `{command}`: run it in a test, and name that in RUN_BY of tests/it/tidy/readme.rs")),
            Some((_, file, text)) if !std::fs::read_to_string(root().join(file)).is_ok_and(|content| content.contains(text)) => {
                found.push(format!("README.md:{line}: `{command}` should be run by {file}, where `{text}` is not found"));
            }
            Some(_) => {}
        }
    }
    found
}

/// The lines of blocks marked `sh`: without remarks, and without what follows two blanks and a `#`.
fn commands(readme: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (nth, line) in readme.lines().enumerate() {
        if let Some(mark) = line.trim_start().strip_prefix("```") {
            in_block = !in_block && matches!(mark.trim(), "sh" | "bash" | "shell" | "console");
        } else if in_block {
            let command = line.split("  #").next().unwrap_or_default().trim();
            if !command.is_empty() && !command.starts_with('#') {
                found.push((nth + 1, command.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn a_command_nobody_runs_is_found() {
        let found = problems("```sh\n# all\ntests/all   # sets itself up\nrm -rf target\n```\n```yaml\nrm: all\n```\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("README.md:4: nothing runs `rm -rf target`"));
    }
}
