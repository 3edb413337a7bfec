//! `sandbox --json`: one line that says everything, and an end on SIGTERM.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn one_line_says_where_everything_is_and_a_signal_ends_it() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_syncline"))
        .args(["sandbox", "--json", "--records", "5", "--ports", "0,0,0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program was built with the tests");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("it prints a line");
    let told: Value = serde_json::from_str(&line).expect("one JSON object on one line");
    let systems: Vec<&str> = told["places"].as_array().expect("a list").iter().map(|place| place["system"].as_str().expect("a name")).collect();
    assert_eq!(systems, ["crm", "prm", "erp"]);
    assert!(told["places"][0]["config"]["client_secret"].is_string());
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill is there");
    assert!(ended.success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it can be read to the end");
    assert_eq!(rest, "");
}
