//! `check`: all problems with their places, the sentences of right files, and the exit codes.

use serde_json::Value;

use super::{MAPPING, PROJECT, directory, run};

#[test]
fn right_files_are_told_in_sentences() {
    let project = directory(&[("syncline.yaml", PROJECT), ("mappings/deals.yaml", MAPPING)]);
    let ran = run(project.path(), &[("PRM_SECRET", "x")], &["check"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.contains("prm: never made; never deleted") && ran.out.contains("1 connection, 1 mapping: "), "{}", ran.out);
}

#[test]
fn broken_yaml_has_its_line_and_ends_with_two() {
    let project = directory(&[("syncline.yaml", PROJECT), ("mappings/deals.yaml", "mapping: deals\nsystems:\n\tprm: { object: deals }\n")]);
    let ran = run(project.path(), &[], &["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("mappings/deals.yaml:3:2"), "{}", ran.out);
}

#[test]
fn an_unknown_connector_names_the_nearest() {
    let project = directory(&[("syncline.yaml", "connections: { crm: { connector: salesforc } }\n"), ("mappings/deals.yaml", MAPPING)]);
    let ran = run(project.path(), &[], &["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.out.contains("There is no connector `salesforc`") && ran.out.contains("did you mean `salesforce`?"), "{}", ran.out);
}

#[test]
fn a_missing_secret_is_a_warning_of_check() {
    let project = directory(&[("syncline.yaml", PROJECT), ("mappings/deals.yaml", MAPPING)]);
    let ran = run(project.path(), &[], &["check"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("warning: The environment variable `PRM_SECRET` is not set") && ran.out.contains("export PRM_SECRET="), "{}", ran.out);
}

#[test]
fn a_literal_secret_is_refused_and_never_printed() {
    let project = directory(&[("syncline.yaml", &PROJECT.replace("\"${PRM_SECRET}\"", "hunter2")), ("mappings/deals.yaml", MAPPING)]);
    for arguments in [&["check"][..], &["check", "--json"]] {
        let ran = run(project.path(), &[], arguments);
        assert_eq!(ran.code, 2);
        assert!(ran.out.contains("is a secret, and stands in the file itself") && !ran.out.contains("hunter2"), "{}", ran.out);
    }
}

#[test]
fn json_has_place_code_and_help_of_every_problem() {
    let project = directory(&[("syncline.yaml", PROJECT), ("mappings/deals.yaml", &MAPPING.replace("fields:", "feilds:"))]);
    let ran = run(project.path(), &[("PRM_SECRET", "x")], &["check", "--json"]);
    assert_eq!(ran.code, 2);
    let told: Value = serde_json::from_str(&ran.out).expect("one JSON object");
    assert_eq!(told["ok"], false);
    let first = &told["problems"][0];
    assert_eq!((&first["file"], &first["line"], &first["column"]), (&"mappings/deals.yaml".into(), &3.into(), &1.into()), "{first}");
    assert!(first["code"].is_string() && first["help"].as_str().is_some_and(|help| help.contains("fields")), "{first}");
}

#[test]
fn another_project_file_stands_beside_the_same_mappings() {
    let project = directory(&[("production.yaml", PROJECT), ("mappings/deals.yaml", MAPPING)]);
    assert_eq!(run(project.path(), &[], &["check"]).code, 2);
    assert_eq!(run(project.path(), &[], &["--project", "production.yaml", "check"]).code, 0);
}

/// What one of the six problems below says of itself: code, file, line, column, excerpt, and what to do.
type Told = (&'static str, &'static str, u64, u64, &'static str, &'static str);

#[test]
fn six_problems_of_three_files_are_told_at_once() {
    let project = PROJECT.replace("currency", "curency");
    let deals = "mapping: deals\nshedule: every 2m\nsystems: { prm: { object: deals } }\nfields:\n  name: { prm: account_name, wnis: prm }\n  amount: { prm: amount, type: mony }\n";
    let partners = "mapping: partners\nsystems: { prm: { object: partnerships, leaves: archived } }\nfields: { name: { prm: name, wins: pmr } }\n";
    let files = [("syncline.yaml", project.as_str()), ("mappings/deals.yaml", deals), ("mappings/partners.yaml", partners)];
    let directory = directory(&files);
    let expected: [Told; 6] = [
        ("unknown_key", "syncline.yaml", 2, 35, "curency: USD", "did you mean `currency`?"),
        ("unknown_key", "mappings/deals.yaml", 2, 1, "shedule: every 2m", "did you mean `schedule`?"),
        ("unknown_key", "mappings/deals.yaml", 5, 30, "wnis: prm", "did you mean `wins`?"),
        ("unknown_type", "mappings/deals.yaml", 6, 32, "type: mony", "did you mean `money`?"),
        ("unknown_word", "mappings/partners.yaml", 2, 49, "leaves: archived", "did you mean `archive`?"),
        ("unknown_name", "mappings/partners.yaml", 3, 36, "wins: pmr", "did you mean `prm`?"),
    ];
    let told: Value = serde_json::from_str(&run(directory.path(), &[("PRM_SECRET", "x")], &["check", "--json"]).out).expect("one JSON object");
    let problems = told["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), expected.len(), "{told:#}");
    let ran = run(directory.path(), &[("PRM_SECRET", "x")], &["check"]);
    assert_eq!(ran.code, 2);
    for (code, file, line, column, excerpt, help) in expected {
        let found = |problem: &&Value| problem["code"] == code && problem["file"] == file && problem["line"] == line && problem["column"] == column;
        let problem = problems.iter().find(found).unwrap_or_else(|| panic!("{code} at {file}:{line}:{column} in {told:#}"));
        assert_eq!(problem["help"], help, "{problem:#}");
        for part in [&format!("{file}:{line}:{column}"), excerpt, help] {
            assert!(ran.out.contains(part), "{part} in\n{}", ran.out);
        }
    }
}
