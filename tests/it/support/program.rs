//! The real program, in a project directory of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Where plans are saved.
pub const PLAN: &str = "plan.json";
/// What refers to records that are made in one run is written in the next, so some are needed.
const ROUNDS_MAX: usize = 8;

/// What a command printed, and how it ended.
pub struct Ended {
    pub command: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    #[track_caller]
    pub fn with(self, codes: &[i32]) -> Self {
        let ended = self.code.is_some_and(|code| codes.contains(&code));
        assert!(ended, "`{}` ended with {:?}, not {codes:?}\n--- out\n{}\n--- err\n{}", self.command, self.code, self.out, self.err);
        self
    }
}

/// A project that lives as long as its test.
pub struct Program {
    directory: TempDir,
    env: BTreeMap<String, String>,
}

impl Program {
    /// A directory with nothing in it.
    pub fn empty() -> Self {
        Self { directory: TempDir::new().expect("a temporary directory can be made"), env: BTreeMap::new() }
    }

    /// A copy of one of the directories under examples/.
    pub fn of_example(name: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        copy(&example, directory.path());
        Self { directory, env: BTreeMap::new() }
    }

    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.env.insert(name.into(), value.into());
    }

    /// Replaces a text of one of its files, which must be there.
    pub fn edit(&self, file: &str, was: &str, is: &str) {
        let path = self.directory.path().join(file);
        let text = fs::read_to_string(&path).expect("the project has this file");
        assert!(text.contains(was), "{file} does not say `{was}`");
        fs::write(&path, text.replace(was, is)).expect("the project can be written");
    }

    /// Another program, in the project's directory and with its environment.
    pub fn within(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.directory.path()).env_clear().envs(&self.env);
        command
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.within(env!("CARGO_BIN_EXE_syncline"));
        command.args(arguments);
        command
    }

    /// Plans, and applies exactly that: what a person does who agrees. Gives back what the plan said.
    #[track_caller]
    pub fn agree(&self) -> String {
        let planned = self.plan();
        let ran = self.run(&["run", "--plan", PLAN]).with(&[0, 3]);
        println!("{planned}\n{}", ran.out);
        planned
    }

    /// Saves a plan under [`PLAN`], in place of the last one.
    #[track_caller]
    pub fn plan(&self) -> String {
        let path = self.directory.path().join(PLAN);
        if path.exists() {
            fs::remove_file(path).expect("the project can be written");
        }
        self.run(&["plan", "--out", PLAN]).with(&[0, 3]).out
    }

    /// Agrees until a plan writes nothing more.
    #[track_caller]
    pub fn settle(&self) {
        for _ in 0..ROUNDS_MAX {
            let planned = self.agree();
            if !planned.lines().any(|line| ["create ", "update ", "archive ", "delete "].iter().any(|op| line.starts_with(op))) {
                return;
            }
        }
        panic!("after {ROUNDS_MAX} rounds there is still something to write");
    }

    /// Starts a `syncline` that goes on until it is stopped; what it prints can be read, what it logs goes to the test's own.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).spawn().expect("the program was built with the tests")
    }

    /// As [`Program::start`], with files of so many blocks of 512 bytes at most. What would go beyond fails, as on a full disk.
    pub fn start_with_disk(&self, blocks: u64, arguments: &[&str]) -> Child {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string(), env!("CARGO_BIN_EXE_syncline")]).args(arguments);
        shell.current_dir(self.directory.path()).env_clear().envs(&self.env);
        shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("there is a shell")
    }

    /// As [`Program::start`], with its log to be read, too.
    pub fn start_logged(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program was built with the tests")
    }

    /// One of its files.
    pub fn path(&self, file: &str) -> std::path::PathBuf {
        self.directory.path().join(file)
    }

    /// Runs `syncline` with these arguments, with nothing but the project's own environment.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the program was built with the tests");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { command: format!("syncline {}", arguments.join(" ")), code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("an example is a directory") {
        let entry = entry.expect("and can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).expect("a temporary directory can be written");
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a temporary directory can be written");
        }
    }
}
