//! Every promise, who checks it, and the planted bugs that this catches: the table of docs/reliability.md.

use std::path::Path;

use super::super::plants;

struct Row {
    promise: &'static str,
    says: &'static str,
    /// Files beside this one, or what checks it elsewhere.
    checkers: &'static [&'static str],
    plants: &'static [&'static str],
}

const fn row(promise: &'static str, says: &'static str, checkers: &'static [&'static str], plants: &'static [&'static str]) -> Row {
    Row { promise, says, checkers, plants }
}

const TABLE: &[Row] = &[
    row("I1", "A plan is the same twice, and what a run then does; at rest it is empty", &["plan"], &["plan-shows-less"]),
    row("I2", "Everything comes to rest in three runs, each system showing its form of what is agreed", &["rest"], &["newer-hint-erased"]),
    row(
        "I3",
        "No request without its committed entry, none under an epoch that moved",
        &["wire"],
        &["sent-not-journalled", "new-id-on-retry", "epoch-not-checked"],
    ),
    row(
        "I4",
        "One live record for an entity and system, or a question",
        &["wire", "existence"],
        &["short-quarantine", "upsert-unasked", "own-create-not-claimed", "repeat-settles-the-first", "vendors-clock-believed", "first-hit-taken"],
    ),
    row(
        "I5",
        "What is replaced is what the plan rests on; what is agreed was typed; the policy's winner wins, and `explain` names it",
        &["wire", "pending", "commit", "latest", "probe", "rest", "explain"],
        &[
            "blank-beats-value",
            "first-overwritten",
            "found-later-is-ours",
            "highest-forgets-agreed",
            "hub-for-shadow",
            "latest-pairwise",
            "loser-not-consumed",
            "not-looked-at-before",
            "order-before-time",
            "origin-misnamed",
            "owner-asked-with-others",
            "ranks-swapped",
            "read-back-shortens",
            "removed-unseen",
            "set-replaced",
            "stand-in-flows-back",
            "third-pass",
            "version-not-sent",
            "walled-system-votes",
        ],
    ),
    row("I6", "No write without a cause, and none at rest", &["commit", "rest"], &["one-shared-shadow"]),
    row("I7", "Every value that loses is in the conflict log", &["wire"], &["loser-not-logged", "put-back-not-logged"]),
    row(
        "I8",
        "Nothing is written that is not agreed and committed",
        &["commit", "pending", "stored"],
        &["held-run-commits", "merge-after-writes", "stands-for-agreed-now"],
    ),
    row("I9", "A form of a form is that form; what is written comes back", &["forms"], &["form-cut-again"]),
    row("I10", "A cursor is never ahead of what is touched or known, and never goes back", &["feed", "commit"], &["cursor-before-touched", "strict-cursor"]),
    row("I11", "A delivery that was answered is touched, or was", &["feed"], &["delivery-not-touched", "answered-before-kept", "hash-over-parsed-body"]),
    row(
        "I12",
        "No delete without a cause that happened; nothing over `limits` unless a person agreed",
        &["limits", "wire", "existence"],
        &["delete-never-asks", "limits-per-record", "own-delete-taken-for-a-users"],
    ),
    row("I13", "What a user deleted is not made anew", &["commit"], &["deleted-made-anew"]),
    row("I14", "A record belongs to one entity", &["stored", "rest"], &[]),
    row(
        "I15",
        "What was not told moves nothing and nothing is gone that is there",
        &["told", "pending"],
        &["absence-as-delete", "gone-without-control", "stale-believed", "unread-as-blank", "unread-as-gone", "unread-is-as-planned"],
    ),
    row("I16", "A create in doubt goes on with its own entry", &["commit"], &["create-in-doubt-dropped"]),
    row(
        "I17",
        "Our own write never passes for an edit",
        &["commit", "pending"],
        &["doubt-not-waited-for", "ghost-forgotten", "outcome-without-shadow", "update-in-doubt-dropped"],
    ),
    row("I18", "A hint goes only with work that is not older", &["feed"], &["newer-hint-erased"]),
    row("I19", "What waits for a person holds up nothing else", &["rest"], &["review-blocks-all"]),
    row("I20", "The same seed tells the same, byte for byte", &["a_seed_is_the_same_twice"], &[]),
    row("I21", "No log line, span or error shows a value", &["canary"], &["value-in-log"]),
    row("I22", "After a crash the store opens whole and holds what was committed", &["stored"], &["shadows-not-materialised"]),
];

fn line(row: &Row) -> String {
    let marked = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!("| {} | {} | {} | {} |", row.promise, row.says, marked(row.checkers), marked(row.plants))
}

/// Every promise has a checker by name, every planted bug a promise, and the documentation says so.
#[test]
fn every_promise_has_its_checker() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let promises: Vec<String> = (1..=22).map(|number| format!("I{number}")).collect();
    assert!(promises.iter().map(String::as_str).eq(TABLE.iter().map(|row| row.promise)), "one row each");
    for row in TABLE {
        for checker in row.checkers {
            let file = root.join(format!("tests/it/simulate/check/{checker}.rs"));
            let own = std::fs::read_to_string(file).unwrap_or_default();
            let elsewhere = std::fs::read_to_string(root.join("tests/it/simulate.rs")).expect("the source is here");
            assert!(!own.is_empty() || elsewhere.contains(checker), "{}: no {checker}", row.promise);
        }
    }
    let mut named: Vec<&str> = TABLE.iter().flat_map(|row| row.plants).copied().collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, plants::names(), "every planted bug stands in the table, and nothing else");
    let page = std::fs::read_to_string(root.join("docs/reliability.md")).expect("the page is here");
    let missing: Vec<String> = TABLE.iter().map(line).filter(|line| !page.contains(line.as_str())).collect();
    assert!(missing.is_empty(), "docs/reliability.md lacks:\n{}", missing.join("\n"));
}
