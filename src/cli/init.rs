//! `init`: a commented project to start from, for the connectors that were picked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};

use super::exit::{Exit, Misused};
use super::out::{self, Out, styled};
use super::{Global, open};
use crate::catalog::config::Setting;
use crate::catalog::{Catalog, Connector};
use crate::diag::Files;
use crate::diag::suggest;
use crate::spec::connector::ConfigKind;
use crate::spec::mapping::{self, MappingSpec};

/// The mappings that come with the program.
static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/mappings");

/// Write a commented project to start from. Refuses to overwrite anything.
#[derive(Debug, Args)]
#[command(after_help = "\
Connectors inside the program: business-central, partnerstack, salesforce, tryton. Nothing is overwritten.

Examples:
  syncline init
  syncline init --connectors prm=partnerstack,crm=salesforce
  syncline --project acme init --connectors crm=salesforce,erp=tryton")]
pub struct Init {
    /// The connections, each with its connector
    #[arg(long, value_name = "NAME=CONNECTOR", value_delimiter = ',', default_value = "prm=partnerstack,crm=salesforce,erp=business-central")]
    connectors: Vec<String>,
}

impl Init {
    pub fn run(&self, global: &Global, out: &Out) -> anyhow::Result<Exit> {
        let (dir, file) = open::place(global);
        let (catalog, _) = Catalog::built_in(&mut Files::new());
        let chosen = self.chosen(&catalog)?;
        let mappings = fitting(&chosen);
        let mut written = vec![(PathBuf::from(file.unwrap_or_else(|| crate::project::FILE.to_owned())), project_file(&chosen))];
        written.extend(mappings.iter().map(|(path, text)| (Path::new("mappings").join(path), (*text).to_owned())));
        if mappings.iter().any(|(_, text)| text.contains("values: country")) {
            let shared = SHIPPED.get_file("shared/countries.yaml").and_then(|file| file.contents_utf8()).expect("it is embedded");
            written.push((PathBuf::from("shared/countries.yaml"), shared.to_owned()));
        }
        if let Some((there, _)) = written.iter().find(|(path, _)| dir.join(path).exists()) {
            return Err(Misused::because(
                format!("{} is there already", dir.join(there).display()),
                "Nothing was written. Move it away, or name another directory with --project DIR",
            ));
        }
        for (path, text) in &written {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(&dir))?;
            std::fs::write(&path, text)?;
        }
        if out.json {
            let paths: Vec<String> = written.iter().map(|(path, _)| dir.join(path).display().to_string()).collect();
            out.json(&serde_json::json!({ "written": paths }))?;
            return Ok(Exit::Done);
        }
        for (path, _) in &written {
            out.line(format!("{} {}", styled(out::GOOD, "wrote"), dir.join(path).display()))?;
        }
        next_steps(&chosen, mappings.is_empty(), out)?;
        Ok(Exit::Done)
    }

    fn chosen<'c>(&'c self, catalog: &'c Catalog) -> anyhow::Result<Vec<(&'c str, &'c Connector)>> {
        let mut chosen: Vec<(&str, &Connector)> = Vec::new();
        for pair in &self.connectors {
            let Some((name, connector)) = pair.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(Misused::because(format!("`{pair}` names no connection and connector"), "Write NAME=CONNECTOR, such as crm=salesforce"));
            };
            let Some(found) = catalog.get(connector) else {
                let help = match suggest::nearest(connector, catalog.names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", suggest::listed(catalog.names()).unwrap_or_default()),
                };
                return Err(Misused::because(format!("There is no connector `{connector}`"), help));
            };
            if chosen.iter().any(|(known, _)| *known == name) {
                return Err(Misused::because(format!("`{name}` is given twice"), "Give each connection a name of its own"));
            }
            chosen.push((name, found));
        }
        Ok(chosen)
    }
}

/// Of each shipped mapping, the file that uses most of the chosen connections and no others.
fn fitting(chosen: &[(&str, &Connector)]) -> Vec<(String, &'static str)> {
    let mut best: Vec<(MappingSpec, &'static str)> = Vec::new();
    for file in SHIPPED.files() {
        let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) else { continue };
        if !made_for(text, chosen) {
            continue;
        }
        let mut files = Files::new();
        let id = files.add(path, text);
        let (specs, _) = mapping::read(&files, id);
        let Some(spec) = specs.into_iter().next() else { continue };
        match best.iter_mut().find(|(known, ..)| known.mapping == spec.mapping) {
            Some(known) if spec.systems.len() > known.0.systems.len() => *known = (spec, text),
            Some(_) => {}
            None => best.push((spec, text)),
        }
    }
    best.into_iter().map(|(spec, text)| (format!("{}.yaml", spec.mapping.text()), text)).collect()
}

/// A shipped mapping's first line says what it is made for: `# for prm=partnerstack, crm=salesforce`.
fn made_for(text: &str, chosen: &[(&str, &Connector)]) -> bool {
    let Some(wanted) = text.lines().next().and_then(|line| line.strip_prefix("# for ")) else { return false };
    wanted.split(", ").all(|pair| chosen.iter().any(|(name, connector)| pair.split_once('=') == Some((name, connector.name.as_str()))))
}

fn project_file(chosen: &[(&str, &Connector)]) -> String {
    let mut text = String::from("# Which systems there are. Mappings call them by these names.\nconnections:\n");
    let mut put = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("writing to a String cannot fail");
    for (name, connector) in chosen {
        put(format_args!("  {name}:"));
        put(format_args!("    connector: {:<24}# {}", connector.name.as_str(), connector.title));
        put(format_args!("    # currency: USD                   of amounts that come without one"));
        put(format_args!("    # country: US                     of phone numbers that come without one"));
        put(format_args!("    # time_zone: America/New_York     of dates and times that come without one"));
        put(format_args!("    config:"));
        for setting in &connector.config {
            put(format_args!("      {}", setting_line(name, setting)));
        }
    }
    text.push_str(
        "\n# Where state is kept: a SQLite file beside this one.\nstore: sqlite:syncline.db\n
# The daemon's HTTP side: health, metrics, webhooks. `public_url` is how vendors reach it; without it nothing is subscribed.
server:
  listen: 127.0.0.1:8080
  # public_url: https://sync.example.com
  # token: ${SYNCLINE_TOKEN}         who may see /metrics; required where others can reach the address

# The zone in which `today` is a date.
time_zone: UTC
",
    );
    text
}

/// Required settings by an environment variable, the others as comments with their defaults.
fn setting_line(connection: &str, setting: &Setting) -> String {
    let variable = format!("${{{}}}", format!("{connection}_{}", setting.name).to_uppercase().replace('-', "_"));
    let about = setting.about.as_ref().map_or(String::new(), |about| format!("   # {about}"));
    match (&setting.default, setting.is_required()) {
        (_, true) => format!("{}: {variable}{about}", setting.name),
        (Some(default), _) => format!("# {}: \"{default}\"{about}", setting.name),
        (None, _) if setting.kind == ConfigKind::Secret => format!("# {}: {variable}{about}", setting.name),
        (None, _) => format!("# {}: …{about}", setting.name),
    }
}

fn next_steps(chosen: &[(&str, &Connector)], none: bool, out: &Out) -> anyhow::Result<()> {
    out.line("")?;
    if none {
        out.line("No shipped mapping fits these connections. Look at what there is, and write mappings/first.yaml:")?;
        for (name, _) in chosen {
            out.line(format!("  syncline discover {name}"))?;
        }
    }
    out.line("Next: set the variables that syncline.yaml names, then")?;
    out.line("  syncline check")?;
    out.line("  syncline plan")?;
    Ok(())
}
