//! Wrong usage ends with two and says what to do; help and schemas print.

use serde_json::Value;

use super::{directory, run};

#[test]
fn wrong_usage_ends_with_two() {
    let empty = directory(&[]);
    for arguments in [&["chekc"][..], &["check", "--wrong"], &["sandbox", "--ports", "1,2"], &["sandbox", "--log-level", "run=loud"], &["check"]] {
        let ran = run(empty.path(), &[], arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    assert!(run(empty.path(), &[], &["check"]).out.contains("syncline init"));
}

#[test]
fn every_command_has_help_with_examples() {
    let empty = directory(&[]);
    let help = run(empty.path(), &[], &["--help"]);
    assert_eq!(help.code, 0);
    let commands: Vec<&str> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"check"), "{}", help.out);
    for command in commands.iter().filter(|command| **command != "help") {
        let ran = run(empty.path(), &[], &[command, "--help"]);
        assert!(ran.code == 0 && ran.out.contains("xample"), "{command}: {}", ran.out);
    }
}

#[test]
fn schemas_and_completions_print() {
    let empty = directory(&[]);
    for kind in ["project", "mapping", "shared", "connector"] {
        let ran = run(empty.path(), &[], &["schema", kind]);
        let schema: Value = serde_json::from_str(&ran.out).expect("a JSON Schema");
        assert!(schema["title"].as_str().is_some_and(|title| title.starts_with("Syncline")), "{schema}");
    }
    assert!(run(empty.path(), &[], &["completions", "bash"]).out.contains("syncline"));
}
