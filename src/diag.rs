//! What is wrong with a file, where, and what to do: values that a face prints. Checking never stops at the first problem.

pub mod render;
pub mod span;
pub mod suggest;

pub use span::{FileId, Files, Span};

/// The code of a secret that stands in a file: what is there is never printed.
pub const LITERAL_SECRET: &str = "literal_secret";

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can be used, and probably does not do what was meant.
    Warning,
    /// Something worth knowing.
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// One problem. `what` is a sentence without a full stop at its end; `help` says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable word for scripts and editors, such as `unknown_key`.
    pub code: &'static str,
    pub what: String,
    pub span: Option<Span>,
    /// Other places that belong to the problem, each with a remark.
    pub also: Vec<(Span, String)>,
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, what)
    }

    pub fn warning(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, what)
    }

    pub fn note(code: &'static str, what: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, what)
    }

    fn new(severity: Severity, code: &'static str, what: impl Into<String>) -> Self {
        Self { severity, code, what: what.into(), span: None, also: Vec::new(), help: None }
    }

    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    pub fn and_at(mut self, span: Span, remark: impl Into<String>) -> Self {
        self.also.push((span, remark.into()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" where a known name is near, else the list of known names.
    pub fn nearest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        match suggest::nearest(name, known.clone()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => match suggest::listed(known) {
                Some(list) => self.help(format!("known here: {list}")),
                None => self,
            },
        }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// True if any of them makes the file unusable.
pub fn has_error(found: &[Diagnostic]) -> bool {
    found.iter().any(Diagnostic::is_error)
}
