//! `demo`: three systems brought into agreement on this machine, and the proof that they are.

mod act;
mod ahead;
mod edits;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use include_dir::{Dir, include_dir};
use tempfile::TempDir;

use super::exit::Exit;
use super::out::{self, Out, styled};
use super::sandbox::variables;
use super::stop::Stop;
use super::{Global, agreement, environment, ground, logs, serve};
use crate::clock::Clock;
use crate::daemon::End;
use crate::daemon::audit::kept;
use crate::diag::render::{Paint, render_all};
use crate::id::ConnectionName;
use crate::project::{Overrides, Project};
use crate::report::agreement::{Part, Question, compare};
use crate::sandbox::{Sandbox, Settings};
use act::Act;
use ahead::Ahead;

/// The project that the demo runs.
static EXAMPLE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples/partner-deals");

/// Bring three look-alikes into agreement: a CRM, a partner portal and an ERP, full of the disagreements of years. Needs no account and no network.
#[derive(Debug, Args)]
#[command(after_help = "\
A CRM, a partner portal and an ERP, full of the disagreements of years, are brought into agreement, edited, and brought into \
agreement again. Nothing leaves this machine.

Examples:
  syncline demo
  syncline demo --records 2000 --seed 7
  syncline demo --keep                 leave everything running, and look around")]
pub struct Demo {
    /// About how many deals there are; everything else follows
    #[arg(long, value_name = "N", default_value_t = 200)]
    records: usize,
    /// The same seed makes the same world
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Leave the look-alikes and the daemon running, and say where to look
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        logs::start(global, None, "error", out)?;
        let stop = Stop::listen()?;
        let clock = Arc::new(Ahead::default());
        let told = Out { json: false, ..out.clone() };
        if !out.json {
            title(&told, "Three systems start on this machine: a CRM, a partner portal and an ERP")?;
        }
        let settings = Settings { records: self.records, seed: self.seed, ports: [0, 0, 0], empty: false };
        let sandbox = Sandbox::start_at(settings, clock.clone()).await.context("the sandbox cannot start")?;
        let home = copy()?;
        let project = load(&sandbox, home.path(), self.keep)?;
        let store = ground::store_to_write(&project, &*clock)?;
        let ground = ground::lay(&project, store.clone(), clock.clone() as Arc<dyn Clock>).await?;
        let act = Act::new(&ground, &sandbox, &clock, &stop.token, &told, out.json);
        let exit = story(&act, &project, out).await;
        store.release_lease().await?;
        drop(ground);
        drop(store);
        if self.keep && !stop.token.is_cancelled() && exit.is_ok() {
            keep(&project, &sandbox, clock, &stop, &told).await?;
        }
        sandbox.stop().await;
        exit
    }
}

async fn story(act: &Act<'_>, project: &Project, out: &Out) -> anyhow::Result<Exit> {
    act.introduce(project)?;
    act.title("The first run: its plan, and what becomes of it")?;
    if !act.run_all(act::FIRST_SHOWN).await? {
        return Ok(Exit::Failed);
    }
    act.title("People go on working, each in their own system")?;
    let edits = edits::make(act).await?;
    act.later(edits::MINUTES_UNTIL_SEEN, "Three minutes pass: a CRM's changes are only sure to be complete after two.")?;
    act.title("The next run: what flows where, and why")?;
    if !act.run_all(act::ALL_SHOWN).await? {
        return Ok(Exit::Failed);
    }
    edits.tell(act).await?;
    act.title("Once more: what we wrote ourselves comes back, and nothing is written again")?;
    act.later(edits::MINUTES_UNTIL_SEEN, "")?;
    let written = act.written();
    if !act.run_all(act::ALL_SHOWN).await? {
        return Ok(Exit::Failed);
    }
    let echoes = act.written() - written;
    act.title("Do they agree? Every record of every system is read anew")?;
    let kept = kept(act.ground);
    let question = Question { store: &*act.ground.store, systems: &act.ground.systems, kept: &kept, today: act.ground.today(), part: Part::Whole };
    let unexplained = agreement::tell(&compare(&question).await?, out)?;
    Ok(if unexplained == 0 && echoes == 0 { Exit::Done } else { Exit::Failed })
}

/// The example, in a directory of its own.
fn copy() -> anyhow::Result<TempDir> {
    let home = tempfile::Builder::new().prefix("syncline-demo-").tempdir().context("a directory for the demo cannot be made")?;
    EXAMPLE.extract(home.path()).context("the example cannot be written")?;
    Ok(home)
}

/// The example's project, its connections led to the sandbox.
fn load(sandbox: &Sandbox, home: &Path, keep: bool) -> anyhow::Result<Project> {
    let places = sandbox.places();
    let env = |name: &str| variables(places).find(|(known, _)| known == name).map(|(_, value)| value.to_owned()).or_else(|| environment::variable(name));
    let mut overrides = Overrides::default();
    for place in places {
        overrides.at.insert(ConnectionName::new(place.system), place.url.parse()?);
    }
    if keep {
        // Any free port: the example's own may be taken by a daemon of the person who tries this.
        overrides.listen = Some(([127, 0, 0, 1], 0).into());
        point_files(sandbox, home)?;
    }
    let loaded = Project::load(home, None, &env, &overrides);
    loaded.project.ok_or_else(|| anyhow::anyhow!("the example is not right:\n{}", render_all(&loaded.problems, &loaded.files, Paint::Plain)))
}

/// Writes the sandbox's addresses into the project file, for commands in other terminals.
fn point_files(sandbox: &Sandbox, home: &Path) -> anyhow::Result<()> {
    let file = home.join(crate::project::FILE);
    let mut text = std::fs::read_to_string(&file)?;
    for (place, port) in sandbox.places().iter().zip([8701, 8702, 8703]) {
        text = text.replace(&format!("http://127.0.0.1:{port}"), &place.url);
    }
    Ok(std::fs::write(&file, text)?)
}

fn title(out: &Out, text: &str) -> std::io::Result<()> {
    out.line(format!("\n{}", styled(out::TITLE.underline(), text)))
}

/// The daemon goes on where the story ended, until Ctrl-C.
async fn keep(project: &Project, sandbox: &Sandbox, clock: Arc<Ahead>, stop: &Stop, out: &Out) -> anyhow::Result<()> {
    let home = project.dir.display();
    title(out, "Everything stays, until Ctrl-C")?;
    for place in sandbox.places() {
        out.line(format!("  {} edit records at {}", styled(out::TITLE, place.system), place.page))?;
    }
    out.line("  on the same pages: what runs write, as they write it, and faults to switch on")?;
    out.line("  an edit reaches the others when its mapping runs next, every two minutes; its project, and what it knows:")?;
    out.line(format!("    syncline --project {home} status\n    syncline --project {home} reviews"))?;
    out.line(format!("  for commands that sign in, such as one that does not wait: syncline --project {home} run deals"))?;
    for (name, value) in variables(sandbox.places()) {
        out.line(format!("    export {name}='{value}'"))?;
    }
    match serve::serve(project, clock, stop, out).await? {
        End::Asked => Ok(()),
        end => Err(anyhow::anyhow!("{end}")),
    }
}
