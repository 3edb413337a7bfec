//! How to sign in.

use std::time::Duration;

use http::HeaderName;

use super::compile::{Compiler, Seen};
use super::request::Request;
use super::scope::{CONFIG, Group};
use super::tree::template_slots;
use crate::diag::Diagnostic;
use crate::expr::{Program, Template, Want};
use crate::spec::connector as file;
use crate::spec::{Entries, Expression, TextSlot};
use crate::value::Str;

/// One way to sign in, and what it needs.
#[derive(Clone, Debug)]
pub struct Way {
    pub when: Option<Program>,
    /// The settings it reads: positions in `config`.
    pub needs: Vec<usize>,
    pub auth: Auth,
}

/// What signs a request.
#[derive(Clone, Debug)]
pub enum Auth {
    /// A header that holds this; bearer tokens too.
    Header {
        header: HeaderName,
        scheme: Option<Str>,
        token: Template,
    },
    Basic {
        user: Template,
        password: Template,
    },
    ClientCredentials(Box<ClientCredentials>),
    Session(Box<Session>),
}

/// The client credentials grant.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    pub token_url: Template,
    pub client_id: Template,
    pub client_secret: Template,
    pub client: file::ClientAuth,
    pub scopes: Vec<Template>,
    pub audience: Option<Template>,
    pub save: Vec<(Str, Program)>,
    pub expires_unknown: bool,
    /// Renewed when this share of its life is left, in percent.
    pub refresh_ahead: u64,
    pub revoked: Option<Program>,
}

/// A call that opens a session.
#[derive(Clone, Debug)]
pub struct Session {
    pub request: Request,
    pub save: Vec<(Str, Program)>,
    pub headers: Vec<(HeaderName, Template)>,
    pub query: Vec<(Str, Template)>,
    pub lives: Option<Duration>,
    pub keep_cookies: bool,
}

/// Renewed this early where the file says nothing, in percent of its life.
const REFRESH_AHEAD_PERCENT: u64 = 20;

impl Compiler<'_> {
    pub fn auth(&self) -> Vec<Way> {
        if self.spec.auth.is_empty() {
            self.report(
                Diagnostic::error("auth", "`auth` is empty: nothing says how to sign in")
                    .at(self.spec.connector.span())
                    .help("add `auth: [ { type: bearer, token: \"{{ config.token }}\" } ]`"),
            );
        }
        self.spec.auth.iter().filter_map(|spec| self.way(spec)).collect()
    }

    fn way(&self, spec: &file::Auth) -> Option<Way> {
        let seen = Seen { token: false, ..Seen::new("auth", &[]) };
        let auth = match spec {
            file::Auth::Bearer(bearer) => Auth::Header {
                header: http::header::AUTHORIZATION,
                scheme: Some(bearer.scheme.as_ref().map_or(Str::from("Bearer"), |scheme| Str::from(scheme.text()))),
                token: self.template(&bearer.token, seen),
            },
            file::Auth::Header(header) => Auth::Header {
                header: self.auth_header(&header.header)?,
                scheme: header.scheme.as_ref().map(|scheme| Str::from(scheme.text())),
                token: self.template(&header.token, seen),
            },
            file::Auth::Basic(basic) => Auth::Basic { user: self.template(&basic.user, seen), password: self.template(&basic.password, seen) },
            file::Auth::OAuth2(oauth) => Auth::ClientCredentials(Box::new(self.client_credentials(oauth, seen))),
            file::Auth::Session(session) => Auth::Session(Box::new(self.session(session, seen))),
        };
        let mut needs: Vec<usize> =
            self.auth_slots(&auth).into_iter().filter(|slot| (CONFIG..super::scope::TOKEN).contains(slot)).map(|slot| (slot - CONFIG) as usize).collect();
        needs.sort_unstable();
        needs.dedup();
        Some(Way { when: self.maybe(spec.when(), seen, &Want::any()), needs, auth })
    }

    fn client_credentials(&self, spec: &file::OAuth2, seen: Seen) -> ClientCredentials {
        let answer = seen.with(&[Group::Answer]);
        ClientCredentials {
            token_url: self.template(&spec.token_url, seen),
            client_id: self.or_setting(spec.client_id.as_ref(), "client_id", seen),
            client_secret: self.or_setting(spec.client_secret.as_ref(), "client_secret", seen),
            client: spec.client.map(|client| client.value).unwrap_or_default(),
            scopes: spec.scopes.iter().map(|scope| self.template(scope, seen)).collect(),
            audience: spec.audience.as_ref().map(|audience| self.template(audience, seen)),
            save: self.saved(&spec.save, answer),
            expires_unknown: spec.expires.is_some(),
            refresh_ahead: spec.refresh_ahead.as_ref().map_or(REFRESH_AHEAD_PERCENT, |share| share.of(100)),
            revoked: self.maybe(spec.revoked.as_ref(), answer, &Want::any()),
        }
    }

    fn session(&self, spec: &file::Session, seen: Seen) -> Session {
        let applied = Seen { token: true, ..seen };
        Session {
            request: self.bare_request(&spec.request, seen),
            save: self.saved(&spec.save, seen.with(&[Group::Answer])),
            headers: spec
                .apply
                .headers
                .iter()
                .filter_map(|(name, text)| Some((HeaderName::from_bytes(name.text().as_bytes()).ok()?, self.template(text, applied))))
                .collect(),
            query: spec.apply.query.iter().map(|(name, text)| (Str::from(name.text()), self.template(text, applied))).collect(),
            lives: spec.lives.as_ref().map(|lives| lives.duration()),
            keep_cookies: spec.cookies.is_some(),
        }
    }

    pub fn saved(&self, save: &Entries<Expression>, seen: Seen) -> Vec<(Str, Program)> {
        save.iter().map(|(name, slot)| (Str::from(name.text()), self.program(slot, seen, &Want::any()))).collect()
    }

    /// The text given, else the setting of this name.
    fn or_setting(&self, text: Option<&TextSlot>, name: &str, seen: Seen) -> Template {
        match text {
            Some(text) => self.template(text, seen),
            None => {
                let spelt = format!("{{{{ config.{name} }}}}");
                Template::compile(&spelt, &self.names(seen), &Want::any()).unwrap_or_else(|_| {
                    self.report(
                        Diagnostic::error("auth", format!("`oauth2` says no `{name}`, and `config` has no `{name}`"))
                            .at(self.spec.connector.span())
                            .help(format!("declare `{name}` under `config`")),
                    );
                    self.empty()
                })
            }
        }
    }

    fn auth_header(&self, name: &TextSlot) -> Option<HeaderName> {
        let parsed = HeaderName::from_bytes(name.text().as_bytes());
        if parsed.is_err() {
            self.report(Diagnostic::error("header", format!("`{}` cannot be a header's name", name.text())).at(name.span()));
        }
        parsed.ok()
    }

    fn auth_slots(&self, auth: &Auth) -> Vec<u32> {
        let mut out = Vec::new();
        match auth {
            Auth::Header { token, .. } => template_slots(token, &mut out),
            Auth::Basic { user, password } => {
                template_slots(user, &mut out);
                template_slots(password, &mut out);
            }
            Auth::ClientCredentials(grant) => {
                for template in [&grant.token_url, &grant.client_id, &grant.client_secret].into_iter().chain(&grant.scopes).chain(&grant.audience) {
                    template_slots(template, &mut out);
                }
            }
            Auth::Session(session) => {
                out = session.request.slots();
                session.headers.iter().for_each(|(_, template)| template_slots(template, &mut out));
                session.query.iter().for_each(|(_, template)| template_slots(template, &mut out));
            }
        }
        out
    }
}
