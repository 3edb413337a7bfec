//! The runner: starts the vendors, then the floor and Syncline in turns, and sets what each cost side by side.

mod audit;
mod bed;
mod daemon;
mod first;
mod hooks;
mod intake;
mod journal;
mod latency;
mod process;
mod recovery;
mod steady;
mod table;

use anyhow::bail;
use table::Table;

/// What there is to measure, by name: each is a table of docs/benchmarks.md.
const ALL: [&str; 9] = ["first", "steady", "hooks", "intake", "latency", "recovery", "journal", "audit", "size"];

/// Runs the scenarios named, or all: `[NAME…] [--big] [--quick] [--write]`.
pub fn main(arguments: &[String]) -> anyhow::Result<()> {
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let scale = Scale { big: flag("--big"), quick: flag("--quick") };
    let mut names: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with("--")).collect();
    if names.is_empty() {
        names = ALL.to_vec();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for name in names {
        let tables = runtime.block_on(measure(name, scale))?;
        for table in &tables {
            println!("\n{}", table.markdown());
            if flag("--write") {
                table.write()?;
            }
        }
    }
    Ok(())
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// A million records as well.
    pub big: bool,
    /// A tenth of the records and one turn: whether it works at all.
    pub quick: bool,
}

impl Scale {
    fn count(self) -> u32 {
        if self.quick { 10_000 } else { 100_000 }
    }

    fn turns(self) -> usize {
        if self.quick { 1 } else { 3 }
    }
}

async fn measure(name: &str, scale: Scale) -> anyhow::Result<Vec<Table>> {
    match name {
        "first" => first::measure(scale).await,
        "steady" => steady::measure(scale).await,
        "hooks" => hooks::measure(scale).await,
        "intake" => intake::measure(scale).await,
        "latency" => latency::measure(scale).await,
        "recovery" => recovery::measure(scale).await,
        "journal" => journal::measure(scale).await,
        "audit" => audit::measure(scale).await,
        "size" => size(),
        other => bail!("`{other}` is not measured; there are {}", ALL.join(", ")),
    }
}

fn size() -> anyhow::Result<Vec<Table>> {
    let bytes = std::fs::metadata(process::SYNCLINE)?.len();
    let mut table = Table::new("size", "The binary");
    let megabytes = bytes as f64 / 1e6;
    table.row("size, stripped", None, format!("{megabytes:.1} MB"), "at most 20 MB", megabytes <= 20.0);
    Ok(vec![table])
}
