//! Links between our own pages.

use super::{File, Problem, root};

pub fn problems(file: &File) -> Vec<Problem> {
    if !file.is(".md") {
        return Vec::new();
    }
    let folder = root().join(&file.path).parent().expect("a file lies in a folder").to_owned();
    targets(&file.text)
        .into_iter()
        .filter(|(_, target)| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|(_, target)| target.starts_with('/') || !folder.join(target).exists())
        .map(|(line, target)| Problem::new(file, line, format!("the link to `{target}` leads nowhere")))
        .collect()
}

/// Where links lead, without what follows `#`; code is left out.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (nth, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            let target = rest[..rest.find(')').unwrap_or(rest.len())].split(['#', ' ']).next().unwrap_or_default();
            found.push((nth + 1, target.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::problems;

    #[test]
    fn dead_links_are_found() {
        let text = "[a](../Cargo.toml) [b](https://example.com) [c](#here)\n[d](gone.md#there)\n`[e](gone.md)`\n```\n[f](gone.md)\n```\n[g](/etc/hosts)\n";
        let found: Vec<_> = problems(&File::planted("docs/a.md", text)).into_iter().map(|problem| problem.line).collect();
        assert_eq!(found, [2, 7]);
    }
}
