//! `sandbox`: the look-alikes, until a signal stops them.

use clap::Args;

use super::Global;
use super::exit::{Exit, Misused};
use super::logs;
use super::out::{self, Out, styled};
use super::stop::Stop;
use crate::sandbox::{Place, Sandbox as Running, Settings};

/// Start look-alikes of Salesforce, PartnerStack and Business Central on this machine, with a believable partner business in them.
#[derive(Debug, Args)]
#[command(after_help = "\
Each look-alike has a page where you edit records by hand: open the printed address in a browser.

Examples:
  syncline sandbox
  syncline sandbox --records 2000 --seed 7
  syncline sandbox --json             one object on one line, then keeps running")]
pub struct Sandbox {
    /// About how many deals there are; everything else follows
    #[arg(long, value_name = "N", default_value_t = 200)]
    records: usize,
    /// The same seed makes the same world
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Ports of crm, prm and erp; 0 for any free one
    #[arg(long, value_name = "PORT,PORT,PORT", value_delimiter = ',', default_value = "8701,8702,8703")]
    ports: Vec<u16>,
    /// Only what a new account has
    #[arg(long)]
    empty: bool,
}

impl Sandbox {
    pub async fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        logs::start(global, None, "warn", out)?;
        let [crm, prm, erp] = self.ports[..] else {
            return Err(Misused::because(
                format!("--ports takes three ports, not {}", self.ports.len()),
                "Write them in the order of crm, prm and erp: --ports 8701,8702,8703",
            ));
        };
        let stop = Stop::listen()?;
        let settings = Settings { records: self.records, seed: self.seed, ports: [crm, prm, erp], empty: self.empty };
        let running = Running::start(settings).await.map_err(|error| {
            anyhow::Error::new(error).context("the sandbox cannot start; a port may be taken: choose others with --ports, or 0 for any free one")
        })?;
        if out.json {
            out.json(&serde_json::json!({ "places": running.places() }))?;
        } else {
            tell(running.places(), out)?;
        }
        stop.token.cancelled().await;
        running.stop().await;
        Ok(Exit::Done)
    }
}

fn tell(places: &[Place], out: &Out) -> anyhow::Result<()> {
    for place in places {
        out.line(format!("{} {} at {}", styled(out::TITLE, place.system), place.connector, place.url))?;
        out.line(format!("  edit records at {}", place.page))?;
        for (key, value) in &place.config {
            out.line(format!("  {key}: {value}"))?;
        }
    }
    out.line("")?;
    out.line(styled(out::QUIET, "# for another terminal; examples/partner-deals uses these:"))?;
    for (name, value) in variables(places) {
        out.line(format!("export {name}='{value}'"))?;
    }
    out.line("")?;
    out.line("Stop with Ctrl-C.")?;
    Ok(())
}

/// The settings of each place as environment variables, as the example project names them.
pub fn variables(places: &[Place]) -> impl Iterator<Item = (String, &str)> {
    places.iter().flat_map(|place| {
        let name = |key: &str| format!("SANDBOX_{}_{}", place.system, key).to_uppercase();
        place.config.iter().map(move |(key, value)| (name(key), value.as_str()))
    })
}
