//! `syncline.yaml`: which connections there are, where state is kept, who may look.

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

use super::entries::{Entries, OneOrMany};
use super::lost::Lost;
use super::mapping::{Field, Wins};
use super::schema::Format;
use super::slot::{Name, ScheduleSlot, Secret, SecretSlot, Spanned, TextSlot};
use crate::diag::{Diagnostic, FileId, Files, Span};

/// The project file, `syncline.yaml`. Sandbox and production are two project files over the same `mappings/`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = { "notify": "Targets of notices come with `rules`; drop it" })))]
pub struct ProjectSpec {
    /// The connections by name. Mappings call their systems so. Required. Example: `crm: { connector: salesforce, config: { … } }`.
    pub connections: Entries<Connection>,
    /// Where state is kept: `sqlite:` and a file beside the project file. Default: `sqlite:syncline.db`.
    #[serde(default)]
    pub store: Option<TextSlot>,
    /// The HTTP side of `serve`. Default: loopback, port 8080.
    #[serde(default)]
    pub server: Option<Server>,
    /// Values that mappings use as `${name}`; sandbox and production differ here. Example: `partner_record_type: 012xx0000001AbCAAU`.
    #[serde(default)]
    pub variables: Entries<TextSlot>,
    /// The zone in which `today` is a date, by its IANA name. Default: `UTC`. Example: `Europe/Berlin`.
    #[serde(default)]
    pub time_zone: Option<Name>,
    /// When the daemon reads all systems anew and compares: `every` counts from its start. What differs unexplained is repaired by the next run.
    /// Default: `off`. Example: `every 24h`.
    #[serde(default)]
    pub audit: Option<ScheduleSlot>,
    /// What the log looks like.
    #[serde(default)]
    pub log: Option<Log>,
    /// What of it cannot be used.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub lost: Lost,
}

/// A connector with one set of credentials and settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(extend("x-later" = {
    "members": "Make one connection for each portal",
    "audience": "Nothing is withheld by audience yet; drop it and leave confidential fields out of this connection's systems",
})))]
pub struct Connection {
    /// The connector's name: a file in the project's `connectors/`, else one that is shipped. Required. Example: `salesforce`.
    pub connector: Name,
    /// What the connector's `config` asks for. Secrets by reference only: `${NAME}` or `{ file: … }`.
    #[serde(default)]
    pub config: Entries<ConfigValue>,
    /// Sends all calls to an address on this machine: a sandbox or a recorder. Default: none. Example: `http://127.0.0.1:8701`.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("x-slot" = "loopback")))]
    pub at: Option<Name>,
    /// Currency of amounts that come without one (ISO 4217). Default: none. Example: `USD`.
    #[serde(default)]
    pub currency: Option<Name>,
    /// Country of phone numbers that come without one (ISO 3166). Default: none. Example: `DE`.
    #[serde(default)]
    pub country: Option<Name>,
    /// Zone of this system's dates and of times without one. Default: none; then an instant never becomes a date. Example: `Europe/Berlin`.
    #[serde(default)]
    pub time_zone: Option<Name>,
}

/// A setting of a connection.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum ConfigValue {
    /// Plain text, or `${NAME}` as a whole: that environment variable.
    #[serde(rename = "?text")]
    Text(TextSlot),
    /// The contents of a file, without the line end at its end.
    #[serde(rename = "?map")]
    File(FileRef),
}

impl ConfigValue {
    /// The secret it refers to; none for a literal.
    pub fn reference(&self) -> Option<Secret<'_>> {
        match self {
            ConfigValue::Text(text) => {
                let name = text.text().strip_prefix("${")?.strip_suffix('}')?;
                Some(Secret::Environment(name))
            }
            ConfigValue::File(file) => Some(Secret::File(file.file.text())),
        }
    }

    pub fn span(&self) -> crate::diag::Span {
        match self {
            ConfigValue::Text(text) => text.span(),
            ConfigValue::File(file) => file.file.span(),
        }
    }
}

/// A file that holds a value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FileRef {
    /// Its path, from the project file's directory. Required. Example: `secrets/netsuite.pem`.
    pub file: Name,
}

/// A secret, by reference.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[cfg_attr(test, schemars(untagged))]
pub enum SecretRef {
    /// `${NAME}`: an environment variable.
    #[serde(rename = "?text")]
    Environment(SecretSlot),
    /// The contents of a file.
    #[serde(rename = "?map")]
    File(FileRef),
}

impl SecretRef {
    pub fn secret(&self) -> Secret<'_> {
        match self {
            SecretRef::Environment(slot) => Secret::Environment(slot.variable()),
            SecretRef::File(file) => Secret::File(file.file.text()),
        }
    }
}

/// The HTTP side.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on. Default: `127.0.0.1:8080`.
    #[serde(default)]
    pub listen: Option<Name>,
    /// How vendors reach it, for webhooks. Default: none; then no webhook is subscribed. Example: `https://sync.acme.example`.
    #[serde(default)]
    pub public_url: Option<Name>,
    /// Who may see `/metrics`. Required where `listen` is not loopback. Example: `${SYNCLINE_TOKEN}`.
    #[serde(default)]
    pub token: Option<SecretRef>,
}

/// The log. It never holds a secret or a field's value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `human` or `json`. Default: `human`.
    #[serde(default)]
    pub format: Option<Spanned<LogFormat>>,
    /// How much, the whole program or by part: one or several of `error`, `warn`, `info`, `debug`, `run=debug`. Default: `info`.
    #[serde(default)]
    pub level: Option<OneOrMany<Name>>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Words of the mapping format: a connection called so could not stand among a field's keys.
pub(super) fn is_reserved(name: &str) -> bool {
    Field::KEYS.contains(&name)
        || Wins::WORDS.contains(&name)
        || ["confidential", "rollup", "evidence", "agreed", "absent", "review", "writes", "otherwise"].contains(&name)
}

/// Reads the project file as far as it can be used, and all problems.
pub fn read(files: &Files, file: FileId) -> (Option<ProjectSpec>, Vec<Diagnostic>) {
    let super::Read { specs, mut found, .. } = super::read::<ProjectSpec>(files, file, Format::Project);
    let Some((spec, lost)) = specs.into_iter().next() else { return (None, found) };
    let spec = ProjectSpec { lost, ..spec };
    check_store(&spec, &mut found);
    for (name, connection) in spec.connections.iter() {
        check_connection(name, connection, &mut found);
    }
    if spec.connections.is_empty() && !spec.lost.touches(&["connections"]) {
        let at = Span::new(file, 0, 0);
        found.push(
            Diagnostic::error("empty", "There are no connections").at(at).help("Add one: `connections: { crm: { connector: salesforce, config: { … } } }`"),
        );
    }
    (Some(spec), found)
}

fn check_store(spec: &ProjectSpec, found: &mut Vec<Diagnostic>) {
    let Some(store) = &spec.store else { return };
    if store.text().starts_with("postgres") {
        found.push(
            Diagnostic::error("not_in_this_version", "PostgreSQL is not in this version").at(store.span()).help("Use SQLite: `store: sqlite:syncline.db`"),
        );
    } else if store.text().strip_prefix("sqlite:").is_none_or(str::is_empty) {
        found.push(Diagnostic::error("malformed", format!("`{}` is no store", store.text())).at(store.span()).help("Name a file: `store: sqlite:syncline.db`"));
    }
}

fn check_connection(name: &Name, connection: &Connection, found: &mut Vec<Diagnostic>) {
    if is_reserved(name.text()) {
        let what = format!("A connection cannot be called `{}`: mappings use that word", name.text());
        found.push(Diagnostic::error("reserved_name", what).at(name.span()).help("Rename it"));
    }
    let letters = |slot: &Option<Name>, count: usize, key: &str, example: &str| {
        let name = slot.as_ref().filter(|name| name.text().len() != count || !name.text().bytes().all(|b| b.is_ascii_uppercase()))?;
        Some(
            Diagnostic::error("malformed", format!("`{}` is no {key}", name.text()))
                .at(name.span())
                .help(format!("Write {count} capital letters, such as `{example}`")),
        )
    };
    found.extend(letters(&connection.currency, 3, "currency", "EUR"));
    found.extend(letters(&connection.country, 2, "country", "DE"));
    for (key, value) in connection.config.iter() {
        if let ConfigValue::Text(text) = value
            && text.text().starts_with("${")
            && super::slot::reference_fault(text.text()).is_some()
        {
            let what = format!("`{}` of connection `{}` names no variable", key.text(), name.text());
            found.push(
                Diagnostic::error("malformed", what).at(text.span()).help("An environment variable stands alone, in letters, digits and `_`: `${CRM_SECRET}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
