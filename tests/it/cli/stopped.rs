//! A command that is stopped or killed in the middle leaves nothing that could be taken for a whole, and `status` says what happened.

use std::io::Read;
use std::process::{Child, Command};

use serde_json::json;

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

fn lay() -> (LookAlikes, Program) {
    let world = LookAlikes::start(100, 1);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    (world, program)
}

/// Waits until the systems were asked for something; the ERP then takes its time.
fn until_it_reads(world: &LookAlikes) {
    while world.asked("erp") == 0 {
        std::thread::yield_now();
    }
}

fn ended(mut child: Child) -> (Option<i32>, String) {
    let status = child.wait().expect("it ends");
    let mut told = String::new();
    child.stderr.take().expect("it is read").read_to_string(&mut told).expect("it prints UTF-8");
    (status.code(), told)
}

#[test]
fn a_plan_that_is_stopped_is_not_saved() {
    let (world, program) = lay();
    world.faults("erp", &json!({ "latency_ms": 3_000 }));
    let planning = program.start_logged(&["plan", "accounts", "--out", "first.plan"]);
    until_it_reads(&world);
    let stopped = Command::new("kill").args(["-TERM", &planning.id().to_string()]).status().expect("`kill` is there");
    assert!(stopped.success());
    let (code, told) = ended(planning);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("no plan was saved"), "{told}");
    assert!(!program.path("first.plan").exists());
    let left: Vec<_> = std::fs::read_dir(program.path(".")).expect("it is there").map(|entry| entry.expect("it can be read").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}

#[test]
fn a_run_that_was_killed_is_not_called_running() {
    let (world, program) = lay();
    program.run(&["plan", "accounts", "--out", "first.plan"]).with(&[0]);
    world.faults("erp", &json!({ "latency_ms": 3_000 }));
    let before = world.asked("erp");
    let mut run = program.start_logged(&["run", "--plan", "first.plan"]);
    while world.asked("erp") == before {
        std::thread::yield_now();
    }
    run.kill().expect("it is our child");
    run.wait().expect("it ends");
    let status = program.run(&["status", "accounts"]).with(&[0]);
    assert!(status.out.contains("its process ended in the middle"), "{}", status.out);
    assert!(!status.out.contains("running"), "{}", status.out);
}

#[test]
fn a_question_names_the_record_it_is_about_and_status_has_only_columns_that_say_something() {
    let (_world, program) = lay();
    program.run(&["plan", "accounts", "--out", "first.plan"]).with(&[0]);
    program.run(&["run", "--plan", "first.plan"]).with(&[0, 3]);
    let reviews = program.run(&["reviews", "accounts"]).with(&[0]);
    let asked: Vec<&str> = reviews.out.lines().filter(|line| line.trim_start().starts_with("What is ")).collect();
    assert!(!asked.is_empty(), "this world has twins: {}", reviews.out);
    for question in asked {
        assert!(question.contains(" \"") && question.contains("\"?"), "what is that to a person? {question}");
    }
    let status = program.run(&["status"]).with(&[0]);
    assert!(status.out.contains("reviews") && !status.out.contains("in doubt"), "{}", status.out);
}
