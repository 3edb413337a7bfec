//! The real daemon, and what an operator and a vendor send it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::program::Program;
use super::systems::LookAlikes;

const SERVE: [&str; 4] = ["serve", "--json", "--log-level", "error"];

/// A daemon of a project; killed if its test fails.
pub struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    pub fn start(program: &Program) -> Self {
        Self::of(program.start(&SERVE))
    }

    /// A daemon that may write no file beyond so many blocks of 512 bytes: to it, the disk is full then.
    pub fn start_with_disk(program: &Program, blocks: u64) -> Self {
        Self::of(program.start_with_disk(blocks, &SERVE))
    }

    fn of(mut child: Child) -> Self {
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        let told: Value = serde_json::from_str(&line).expect("one JSON object on one line");
        let url = format!("http://{}", told["listening"].as_str().expect("an address"));
        Self { child, url }
    }

    /// The status and the text that stand at this path.
    pub fn ask(&self, systems: &LookAlikes, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().build().expect("a plain client can be built");
        systems.http.wait(async {
            let answer = client.get(format!("{}{path}", self.url)).send().await.expect("it listens");
            (answer.status().as_u16(), answer.text().await.expect("its answer ends"))
        })
    }

    /// Sends a webhook as the portal would, signed with this secret.
    pub fn deliver(&self, systems: &LookAlikes, body: &Value, secret: &str) -> u16 {
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        self.post(systems, "/hooks/prm", &[("x-partnerstack-signature", &signature)], body.into_bytes())
    }

    /// Sends exactly this; the status.
    pub fn post(&self, systems: &LookAlikes, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
        let client = reqwest::Client::builder().build().expect("a plain client can be built");
        let request = headers.iter().fold(client.post(format!("{}{path}", self.url)), |request, (name, value)| request.header(*name, *value));
        systems.http.wait(async { request.body(body).send().await.expect("it listens").status().as_u16() })
    }

    /// Waits until it ends by itself; its exit code.
    pub fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }

    /// Asks it to stop, as an operating system does; its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(told.success());
        self.child.wait().expect("it ends").code()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        self.child.kill().ok();
    }
}

/// Waits for half a minute at most.
#[track_caller]
pub fn eventually(systems: &LookAlikes, what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        systems.http.wait(async { tokio::time::sleep(Duration::from_millis(50)).await });
    }
    panic!("it never came to be: {what}");
}
