//! What a person at a terminal meets: the question about a held run, and its answers. The terminal is made by `script`, which Debian and Ubuntu always have;
//! where it is missing, there is no terminal to test on.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::program::Program;
use crate::support::systems::LookAlikes;

const QUESTION: &str = "Apply this plan? [y/N]";

/// Runs `syncline run accounts` at a terminal, types at the question, and gives back what was on the screen.
fn asked(typed: &[u8]) -> Option<(Option<i32>, String)> {
    typed_at(QUESTION, typed, 0)
}

/// Types when the screen shows something; the ERP takes so long for each answer.
fn typed_at(shown: &str, typed: &[u8], latency_ms: u32) -> Option<(Option<i32>, String)> {
    if Command::new("script").arg("--version").output().is_err() {
        return None;
    }
    let world = LookAlikes::start(20, 3);
    let mut program = Program::of_example("partner-deals");
    for (system, port) in [("crm", 8701), ("prm", 8702), ("erp", 8703)] {
        world.join(&mut program, system, &format!("http://127.0.0.1:{port}"));
    }
    world.faults("erp", &serde_json::json!({ "latency_ms": latency_ms }));
    let command = format!("exec {} run accounts", env!("CARGO_BIN_EXE_syncline"));
    let mut script = program.within("script");
    script.args(["-qec", &command, "/dev/null"]).env("PATH", "/usr/bin:/bin").env("TERM", "xterm").env("SHELL", "/bin/sh");
    let mut at = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`script` is there");
    let mut keys = at.stdin.take().expect("it is piped");
    let mut screen = at.stdout.take().expect("it is piped");
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains(shown) {
        let read = screen.read(&mut bytes).expect("it can be read");
        assert!(read > 0, "it ended before it asked: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&bytes[..read]);
    }
    keys.write_all(typed).expect("it listens");
    screen.read_to_end(&mut seen).expect("it can be read");
    let code = at.wait().expect("it ends").code();
    let text = String::from_utf8_lossy(&seen);
    let after = text.split_once(shown).map(|(_, after)| after.to_owned()).unwrap_or_default();
    Some((code, after))
}

#[test]
fn yes_applies_the_plan() {
    let Some((code, after)) = asked(b"y\n") else { return };
    assert_eq!(code, Some(0), "{after}");
    assert!(after.contains("done") && after.contains("created"), "{after}");
}

#[test]
fn enter_is_no_and_the_run_stays_held() {
    let Some((code, after)) = asked(b"\n") else { return };
    assert_eq!(code, Some(3), "{after}");
    assert!(after.contains("held") && after.contains("syncline plan accounts --out accounts.plan"), "{after}");
}

#[test]
fn one_ctrl_c_is_no_and_ends_the_command() {
    let Some((code, after)) = asked(b"\x03") else { return };
    assert_eq!(code, Some(1), "{after}");
    assert!(after.contains("held"), "{after}");
}

#[test]
fn ctrl_c_leaves_no_frame_of_a_bar_behind() {
    let Some((code, after)) = typed_at("accounts  ", b"\x03", 1_500) else { return };
    let (before, rest) = after.split_once("^C").expect("the terminal echoes it");
    assert!(before.ends_with('\r'), "the cursor waits where the frame begins: {before:?}");
    // The next frame, or the line that takes its place, begins by clearing it.
    assert!(rest.starts_with("\r\u{1b}[2K"), "{rest:?}");
    assert!(code.is_some() && rest.contains("accounts"), "{code:?} {rest:?}");
}
