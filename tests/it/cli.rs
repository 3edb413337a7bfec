//! The real program: what is given, what it prints, how it ends.

mod check;
mod demo;
mod first_sync;
mod init;
mod live;
mod offline;
mod sandbox;
mod stopped;
mod terminal;
mod usage;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// What a command printed, and how it ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A directory with these files, gone with its test.
pub fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory can be made");
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    directory
}

/// Runs the program in a directory with nothing but these variables.
pub fn run(directory: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_syncline"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program was built with the tests");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
    Ran { code: status.code().expect("no signal ends it"), out: text(stdout), err: text(stderr) }
}

/// A project with one connection and one mapping, both right.
pub const PROJECT: &str = "connections:\n  prm: { connector: partnerstack, currency: USD, config: { public_key: pk, secret_key: \"${PRM_SECRET}\" } }\n";
pub const MAPPING: &str = "mapping: deals\nsystems: { prm: { object: deals } }\nfields: { name: { prm: account_name } }\n";
