//! The command line: one file per command. The only place that prints, reads the environment and knows exit codes.

mod agreement;
mod approve;
mod audit;
mod check;
mod completions;
mod conflicts;
mod dead_letters;
mod demo;
mod discover;
mod environment;
mod exit;
mod explain;
mod explain_view;
mod flow;
mod ground;
mod handed;
mod init;
mod logs;
mod narrow;
mod open;
mod out;
mod outcomes;
mod plan;
mod plan_view;
mod progress;
mod resolve;
mod reviews;
mod run;
mod sandbox;
mod schema;
mod screen;
mod serve;
mod status;
mod stop;
mod test;
mod undo;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use exit::Exit;
use out::Out;

/// What stands under the list of commands.
const AFTER: &str = "\
Exit codes: 0 done, 1 failed, 2 usage or invalid files, 3 finished with something waiting for a person.

Try it without any account:
  syncline demo

First steps with your own systems:
  syncline init --connectors prm=partnerstack,crm=salesforce
  syncline check
  syncline plan --out first.plan
  syncline run --plan first.plan
  syncline serve";

/// Keeps CRM, partner portal and ERP in agreement.
#[derive(Debug, Parser)]
#[command(name = "syncline", version, about, after_help = AFTER, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct Global {
    /// The project's directory, or its project file
    #[arg(long, short = 'p', global = true, value_name = "DIR", default_value = ".", env = "SYNCLINE_PROJECT")]
    project: PathBuf,
    /// Print JSON for scripts
    #[arg(long, global = true)]
    json: bool,
    /// When to use colour; by itself, on a terminal
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    color: Colour,
    /// How much to log to stderr: error, warn, info, debug, or by part such as run=debug
    #[arg(long, global = true, value_name = "LEVEL", value_delimiter = ',', env = "SYNCLINE_LOG")]
    log_level: Vec<String>,
    /// How a line of the log looks: for people, or a JSON object
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    log_format: Option<logs::Format>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    // No doc comments here: help stays short.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented project to start from
    Init(init::Init),
    /// Check all files, and with --live what they say about the systems
    Check(check::Check),
    /// Run the examples written in mappings, offline
    Test(test::Test),
    /// List what the systems offer: objects, fields
    Discover(discover::Discover),
    /// Show what a run would write, field by field, with the rule that decided
    Plan(plan::Plan),
    /// Bring the systems into agreement, once
    Run(run::Run),
    /// Read all systems anew, and tell how far they agree
    Audit(audit::Audit),
    /// Look at a store that was restored from a backup, and let runs go on
    Verify(verify::Verify),
    /// Take back what runs wrote, where it still stands
    Undo(undo::Undo),
    /// Keep the systems in agreement until stopped
    Serve(serve::Serve),
    /// List what waits for a person
    Reviews(reviews::Reviews),
    /// Answer reviews, or bring back a value that lost a conflict
    Resolve(resolve::Resolve),
    /// List conflicts that were decided, with the values that lost
    Conflicts(conflicts::Conflicts),
    /// List what systems refused for good
    DeadLetters(dead_letters::DeadLetters),
    /// Let what a system refused be planned anew
    Retry(dead_letters::Retry),
    /// Tell why a record is what it is
    Explain(explain::Explain),
    /// Show how each mapping stands
    Status(status::Status),
    /// Print the JSON Schema of a kind of file, for editors
    Schema(schema::Schema),
    /// Start look-alikes of three vendors with a believable partner business in them
    Sandbox(sandbox::Sandbox),
    /// Bring three look-alikes into agreement, and prove it; needs no account
    Demo(demo::Demo),
    /// Print shell completions
    Completions(completions::Completions),
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.global.color {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        // Only a second call fails, and this is the first thing the program does; a library that was faster chose one as well.
        tracing::debug!("a TLS provider was chosen already");
    }
    let out = Out::new(cli.global.json);
    let done = match &cli.command {
        Command::Init(init) => init.run(&cli.global, &out),
        Command::Check(check) => wait(check.run(&cli.global, &out)),
        Command::Test(test) => wait(test.run(&cli.global, &out)),
        Command::Discover(discover) => wait(discover.run(&cli.global, &out)),
        Command::Plan(plan) => wait(plan.run(&cli.global, &out)),
        Command::Run(run) => wait(run.run(&cli.global, &out)),
        Command::Audit(audit) => wait(audit.run(&cli.global, &out)),
        Command::Verify(verify) => wait(verify.run(&cli.global, &out)),
        Command::Undo(undo) => wait(undo.run(&cli.global, &out)),
        Command::Serve(serve) => wait(serve.run(&cli.global, &out)),
        Command::Reviews(reviews) => wait(reviews.run(&cli.global, &out)),
        Command::Resolve(resolve) => wait(resolve.run(&cli.global, &out)),
        Command::Explain(explain) => wait(explain.run(&cli.global, &out)),
        Command::Conflicts(conflicts) => wait(conflicts.run(&cli.global, &out)),
        Command::DeadLetters(dead_letters) => wait(dead_letters.run(&cli.global, &out)),
        Command::Retry(retry) => wait(retry.run(&cli.global, &out)),
        Command::Status(status) => wait(status.run(&cli.global, &out)),
        Command::Schema(schema) => schema.run(&out),
        Command::Sandbox(sandbox) => wait(sandbox.run(&cli.global, &out)),
        Command::Demo(demo) => wait(demo.run(&cli.global, &out)),
        Command::Completions(completions) => completions.run(&out),
    };
    done.unwrap_or_else(|error| exit::told(&error)).into()
}

/// Runs a command that talks to systems.
fn wait(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
