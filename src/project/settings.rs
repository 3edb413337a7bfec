//! `syncline.yaml` to settings: connectors found, secrets looked up, addresses and zones understood.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use url::Url;

use super::connection::{Connection, Given};
use super::{Overrides, Server};
use crate::catalog::config::Setting;
use crate::catalog::{Catalog, Connector};
use crate::diag::{Diagnostic, LITERAL_SECRET, Severity, Span, suggest};
use crate::id::ConnectionName;
use crate::secret::Secret;
use crate::spec::connector::ConfigKind;
use crate::spec::lost::Lost;
use crate::spec::project::{ConfigValue, Connection as ConnectionSpec, ProjectSpec};
use crate::spec::slot::{Name, Secret as Reference};
use crate::value::Str;
use crate::value::money::Currency;
use crate::value::time::Zone;

/// Where the daemon listens unless the project says otherwise.
const LISTEN: &str = "127.0.0.1:8080";
/// The biggest file a secret may be: a chain of certificates with its key.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// What settings are read with.
pub struct Settings<'a> {
    pub dir: &'a Path,
    pub env: &'a dyn Fn(&str) -> Option<String>,
    pub overrides: &'a Overrides,
    pub catalog: &'a Catalog,
    /// What of the project file cannot be used.
    pub lost: &'a Lost,
    pub problems: &'a mut Vec<Diagnostic>,
}

impl Settings<'_> {
    /// The connections whose connector is known.
    pub fn connections(&mut self, spec: &ProjectSpec) -> Vec<Connection> {
        spec.connections.iter().filter_map(|(name, connection)| self.connection(name, connection)).collect()
    }

    fn connection(&mut self, name: &Name, spec: &ConnectionSpec) -> Option<Connection> {
        let Some(connector) = self.catalog.get(spec.connector.text()) else {
            let problem = Diagnostic::error("unknown_connector", format!("There is no connector `{}`", spec.connector.text())).at(spec.connector.span());
            if !self.catalog.is_broken(spec.connector.text()) {
                self.problems.push(problem.nearest(spec.connector.text(), self.catalog.names()));
            }
            return None;
        };
        let mut missing = Vec::new();
        let config = self.config(name, spec, connector, &mut missing);
        // What is missing stops a command that signs in; a check of files only remarks on it.
        self.problems.extend(missing.iter().map(|problem| Diagnostic { severity: Severity::Warning, ..problem.clone() }));
        let at = self.overrides.at.get(name.text()).cloned().or_else(|| spec.at.as_ref().and_then(|at| Url::parse(at.text()).ok()));
        Some(Connection {
            name: ConnectionName::new(name.text()),
            connector: connector.clone(),
            config,
            at,
            currency: spec.currency.as_ref().and_then(|currency| Currency::parse(currency.text()).ok()),
            country: spec.country.as_ref().map(|country| Str::from(country.text())),
            time_zone: spec.time_zone.as_ref().map_or(Zone::unknown(), |zone| self.zone(zone)),
            missing,
        })
    }

    fn config(&mut self, name: &Name, spec: &ConnectionSpec, connector: &Connector, missing: &mut Vec<Diagnostic>) -> BTreeMap<Str, Given> {
        let mut config = BTreeMap::new();
        let mut meant = Vec::new();
        for (key, value) in spec.config.iter() {
            let Some(setting) = connector.config.iter().find(|setting| setting.name == key.text()) else {
                let known = connector.config.iter().map(|setting| setting.name.as_str());
                meant.extend(suggest::nearest(key.text(), known.clone()));
                let problem = Diagnostic::error("unknown_setting", format!("{} has no setting `{}`", connector.name, key.text())).at(key.span());
                self.problems.push(problem.nearest(key.text(), known));
                continue;
            };
            match self.given(key, value, setting, missing) {
                Some(Given::Plain(text)) => {
                    self.check(&text, value.span(), setting, connector);
                    config.insert(setting.name.clone(), Given::Plain(text));
                }
                Some(secret) => {
                    config.insert(setting.name.clone(), secret);
                }
                None => {}
            }
        }
        for setting in connector.config.iter().filter(|setting| setting.is_required() && !spec.config.contains(&setting.name)) {
            // A key that is one letter off was told: that the setting is missing follows.
            if meant.contains(&setting.name.as_str()) || self.lost.has(&["connections", name.text(), "config", &setting.name]) {
                continue;
            }
            let problem = Diagnostic::error("setting_missing", format!("`{}` needs `{}` of {}", name.text(), setting.name, connector.name)).at(name.span());
            let variable = format!("{}_{}", name.text(), setting.name).to_uppercase().replace('-', "_");
            let about = setting.about.as_ref().map_or(String::new(), |about| format!(" ({about})"));
            self.problems.push(problem.help(format!("Add it under `config:`{about}: {}: ${{{variable}}}", setting.name)));
        }
        config
    }

    /// A setting's value, looked up where it is a reference.
    fn given(&mut self, key: &Name, value: &ConfigValue, setting: &Setting, missing: &mut Vec<Diagnostic>) -> Option<Given> {
        let secret = setting.kind == ConfigKind::Secret;
        let text = match (value, value.reference()) {
            (_, Some(reference)) => match self.look_up(reference) {
                Ok(text) => text,
                Err(why) => {
                    missing.push(why.at(value.span()));
                    return None;
                }
            },
            (ConfigValue::Text(text), None) if secret => {
                let problem = Diagnostic::error(LITERAL_SECRET, format!("`{}` is a secret, and stands in the file itself", key.text())).at(text.span());
                self.problems
                    .push(problem.help(format!("Name an environment variable, {key}: ${{NAME}}, or a file, {key}: {{ file: path }}", key = key.text())));
                return None;
            }
            (ConfigValue::Text(text), None) => text.text().to_owned(),
            (ConfigValue::File(_), None) => return None,
        };
        Some(if secret { Given::Secret(Secret::new(text)) } else { Given::Plain(text) })
    }

    fn look_up(&self, reference: Reference<'_>) -> Result<String, Diagnostic> {
        match reference {
            Reference::Environment(name) => (self.env)(name).filter(|text| !text.is_empty()).ok_or_else(|| {
                let problem = Diagnostic::error("secret_missing", format!("The environment variable `{name}` is not set"));
                problem.help(format!("Set it before the command that signs in:\n    export {name}=…"))
            }),
            Reference::File(path) => {
                let full = self.dir.join(path);
                let problem = |why: String| {
                    Diagnostic::error("secret_missing", format!("The file `{path}` cannot be used: {why}"))
                        .help(format!("It is looked for at {}", full.display()))
                };
                let size = std::fs::metadata(&full).map_err(|error| problem(error.to_string()))?.len();
                if size > SECRET_BYTES_MAX {
                    return Err(problem(format!("it has {size} bytes, and a setting at most {SECRET_BYTES_MAX}")));
                }
                let text = std::fs::read_to_string(&full).map_err(|error| problem(error.to_string()))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }

    fn check(&mut self, text: &str, span: Span, setting: &Setting, connector: &Connector) {
        let wrong = match setting.kind {
            ConfigKind::Text | ConfigKind::Secret => None,
            ConfigKind::Url => Url::parse(text).is_err().then(|| "write a whole address: https://acme.my.vendor.example".to_owned()),
            ConfigKind::Integer => text.parse::<i64>().is_err().then(|| "write a whole number".to_owned()),
            ConfigKind::Boolean => (!matches!(text, "true" | "false")).then(|| "write true or false".to_owned()),
            ConfigKind::Choice => (!setting.of.iter().any(|of| of == text)).then(|| format!("one of {}", setting.of.join(", "))),
        };
        if let Some(help) = wrong {
            let what = format!("`{text}` does not fit `{}` of {}", setting.name, connector.name);
            self.problems.push(Diagnostic::error("malformed", what).at(span).help(help));
        }
    }

    pub fn server(&mut self, spec: &ProjectSpec) -> Server {
        let default = LISTEN.parse().expect("the default is an address");
        let mut server = Server { listen: default, public_url: None, token: None, missing: Vec::new() };
        let written = spec.server.as_ref();
        if let Some(listen) = written.and_then(|server| server.listen.as_ref()) {
            match listen.text().parse::<SocketAddr>() {
                Ok(address) => server.listen = address,
                Err(_) => {
                    let problem = Diagnostic::error("malformed", format!("`{}` is no address to listen on", listen.text())).at(listen.span());
                    self.problems.push(problem.help("Write an IP address and a port: 127.0.0.1:8080"));
                }
            }
            if !server.listen.ip().is_loopback() && written.is_some_and(|server| server.token.is_none()) && !self.lost.has(&["server", "token"]) {
                let problem =
                    Diagnostic::error("token_missing", format!("Others can reach {}, and nothing keeps them from /metrics", server.listen)).at(listen.span());
                self.problems.push(problem.help("Add server: { token: ${SYNCLINE_TOKEN} }, or listen on 127.0.0.1 behind a proxy"));
            }
        }
        if let Some(url) = written.and_then(|server| server.public_url.as_ref()) {
            server.public_url = Url::parse(url.text()).ok().filter(|url| url.has_host());
            if server.public_url.is_none() {
                let problem = Diagnostic::error("malformed", format!("`{}` is no address", url.text())).at(url.span());
                self.problems.push(problem.help("Write how vendors reach you: https://sync.acme.example"));
            }
        }
        if let Some(token) = written.and_then(|server| server.token.as_ref()) {
            match self.look_up(token.secret()) {
                Ok(text) => server.token = Some(Secret::new(text)),
                Err(why) => {
                    self.problems.push(Diagnostic { severity: Severity::Warning, ..why.clone() });
                    server.missing.push(why);
                }
            }
        }
        server.listen = self.overrides.listen.unwrap_or(server.listen);
        server
    }

    /// The zone of the project: UTC where none is given.
    pub fn time_zone(&mut self, spec: &ProjectSpec) -> Zone {
        spec.time_zone.as_ref().map_or(Zone::utc(), |zone| self.zone(zone))
    }

    fn zone(&mut self, name: &Name) -> Zone {
        Zone::named(name.text()).unwrap_or_else(|_| {
            let problem = Diagnostic::error("unknown_zone", format!("`{}` is no time zone", name.text())).at(name.span());
            self.problems.push(problem.help("Write its IANA name, such as Europe/Berlin or UTC"));
            Zone::unknown()
        })
    }
}
