//! What a connection must give.

use super::compile::Compiler;
use crate::spec::connector::ConfigKind;
use crate::value::Str;

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: Str,
    pub kind: ConfigKind,
    pub default: Option<Str>,
    pub optional: bool,
    pub about: Option<Str>,
    pub of: Vec<Str>,
}

impl Setting {
    /// Whether a connection must give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none() && !self.optional
    }
}

impl Compiler<'_> {
    pub fn config(&self) -> Vec<Setting> {
        let settings = self.spec.config.iter().map(|(name, key)| Setting {
            name: Str::from(name.text()),
            kind: key.kind.value,
            default: key.default.as_ref().map(|default| Str::from(default.text())),
            optional: key.optional,
            about: key.about.as_ref().map(|about| Str::from(about.text())),
            of: key.of.iter().map(|value| Str::from(value.text())).collect(),
        });
        settings.collect()
    }
}
