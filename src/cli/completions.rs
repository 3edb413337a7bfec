//! `completions`: for the shells that clap knows.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::out::Out;

/// Print shell completions.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline completions bash > /etc/bash_completion.d/syncline
  syncline completions zsh > \"${fpath[1]}/_syncline\"
  syncline completions fish > ~/.config/fish/completions/syncline.fish")]
pub struct Completions {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(&self, out: &Out) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "syncline", &mut script);
        out.line(String::from_utf8(script)?.trim_end())?;
        Ok(Exit::Done)
    }
}
