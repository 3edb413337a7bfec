//! What is measured on: two vendors in a process of their own, and a project in a directory of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::process::{Cost, Owned, SYNCLINE, cost};
use crate::vendor::{Asked, Ports, TOKEN, WEBHOOK_SECRET};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/project");

/// Vendors, project and client.
pub struct Bed {
    pub count: u32,
    pub ports: Ports,
    pub client: reqwest::Client,
    directory: tempfile::TempDir,
    _vendors: Owned,
}

impl Bed {
    /// Starts vendors with `count` records each, and lays the project for them.
    pub fn new(count: u32) -> anyhow::Result<Bed> {
        let mut child = Command::new(std::env::current_exe()?).args(["vendor", &count.to_string()]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("the vendors have no output")?).read_line(&mut line)?;
        let vendors = Owned(child);
        let ports: Ports = serde_json::from_str(&line).context("the vendors did not say where they listen")?;
        // Beside the build, so that the store lies on the disk that is measured and not in memory.
        let directory = tempfile::Builder::new().prefix("measured-").tempdir_in(std::env::current_exe()?.parent().context("no directory")?)?;
        let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
        let bed = Bed { count, ports, client, directory, _vendors: vendors };
        bed.lay("every 1h", 0)?;
        Ok(bed)
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn store(&self) -> PathBuf {
        self.path().join("syncline.db")
    }

    /// Writes the project's files: how often it polls, and where it listens.
    pub fn lay(&self, schedule: &str, listen: u16) -> anyhow::Result<()> {
        let copy = |from: &str, changes: &[(&str, String)]| -> anyhow::Result<()> {
            let to = self.path().join(from);
            std::fs::create_dir_all(to.parent().context("a file is in a directory")?)?;
            let mut text = std::fs::read_to_string(Path::new(PROJECT).join(from))?;
            for (old, new) in changes {
                ensure!(text.contains(old), "{from} has no `{old}`");
                text = text.replace(old, new);
            }
            std::fs::write(to, text)?;
            Ok(())
        };
        copy("connectors/fast-vendor.yaml", &[])?;
        copy("mappings/things.yaml", &[("every 1h", schedule.to_owned())])?;
        copy("syncline.yaml", &[(":8801", format!(":{}", self.ports.left)), (":8802", format!(":{}", self.ports.right)), (":8803", format!(":{listen}"))])
    }

    /// The release binary with this project and its secrets.
    pub fn syncline(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(SYNCLINE);
        command.args(arguments).arg("--project").arg(self.path()).env("FAST_TOKEN", TOKEN).env("FAST_WEBHOOK_SECRET", WEBHOOK_SECRET);
        command.stdout(Stdio::null()).stdin(Stdio::null());
        command
    }

    /// One run by hand.
    pub async fn run(&self) -> anyhow::Result<Cost> {
        self.command(&["run"]).await
    }

    /// A command by hand, which must end well.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<Cost> {
        cost(&mut self.syncline(arguments)).await
    }

    /// Both vendors read and parsed by the floor's client, and nothing made of it.
    pub async fn plain_read(&self) -> anyhow::Result<Cost> {
        let mut command = Command::new(std::env::current_exe()?);
        cost(command.arg("floor").arg(self.ports.left.to_string()).arg(self.ports.right.to_string())).await
    }

    /// The floor, with a file of its own. Gives what it cost and the bytes it wrote.
    pub async fn floor(&self) -> anyhow::Result<(Cost, u64)> {
        let file = self.path().join("floor.db");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").arg(self.ports.left.to_string()).arg(self.ports.right.to_string()).arg(&file);
        let cost = cost(&mut command).await?;
        let bytes = std::fs::metadata(&file)?.len();
        forget(&file)?;
        Ok((cost, bytes))
    }

    /// No state is kept.
    pub fn forget(&self) -> anyhow::Result<()> {
        forget(&self.store())
    }

    /// Moves the vendors by their control surface.
    pub async fn control(&self, what: &str) -> anyhow::Result<String> {
        let url = format!("http://127.0.0.1:{}/_control/{what}", self.ports.left);
        let answer = self.client.post(&url).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "{url} answered {status}: {body}");
        Ok(body)
    }

    /// Looks at the vendors.
    pub async fn look<T: serde::de::DeserializeOwned>(&self, what: &str) -> anyhow::Result<T> {
        let url = format!("http://127.0.0.1:{}/_control/{what}", self.ports.left);
        Ok(self.client.get(&url).send().await?.error_for_status()?.json().await?)
    }

    /// What both vendors were asked since the last reset.
    pub async fn asked(&self) -> anyhow::Result<[Asked; 2]> {
        self.look("stats").await
    }
}

fn forget(file: &Path) -> anyhow::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{end}", file.display()));
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// Requests to both vendors together.
pub fn requests(asked: &[Asked; 2]) -> u64 {
    asked.iter().map(Asked::requests).sum()
}
