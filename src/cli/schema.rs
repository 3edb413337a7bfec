//! `schema`: the JSON Schema of a kind of file, out of the types that read it.

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::out::Out;
use crate::spec::schema::{Format, json};

/// Print the JSON Schema of a kind of file: editors complete keys and flag mistakes with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  syncline schema mapping > mapping.schema.json
  # first line of mappings/*.yaml, for editors with a YAML language server:
  # yaml-language-server: $schema=../mapping.schema.json")]
pub struct Schema {
    /// Which kind of file
    #[arg(value_enum, default_value_t = Kind::Mapping)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// syncline.yaml
    Project,
    /// mappings/*.yaml
    Mapping,
    /// shared/*.yaml
    Shared,
    /// connectors/*.yaml
    Connector,
}

impl Schema {
    pub fn run(&self, out: &Out) -> anyhow::Result<Exit> {
        let format = match self.kind {
            Kind::Project => Format::Project,
            Kind::Mapping => Format::Mapping,
            Kind::Shared => Format::Shared,
            Kind::Connector => Format::Connector,
        };
        out.line(json(format).trim_end())?;
        Ok(Exit::Done)
    }
}
