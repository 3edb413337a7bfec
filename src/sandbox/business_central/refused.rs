//! Errors as OData answers them here: a code with a class before the underscore, and a correlation id in the message.

use serde_json::json;

use super::super::call::Reply;
use super::super::look_alike::Refusal;

#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

pub(super) fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Refused {
    Refused { status, code, message: message.into() }
}

impl Refused {
    pub fn bad_url(message: impl Into<String>) -> Self {
        refused(400, "BadRequest_InvalidRequestUrl", message)
    }

    pub fn read_only(message: impl Into<String>) -> Self {
        refused(400, "BadRequest_InvalidOperation", message)
    }

    pub fn rule(message: impl Into<String>) -> Self {
        refused(400, "Application_DialogException", message)
    }

    pub fn not_found() -> Self {
        refused(404, "BadRequest_NotFound", "The record could not be found.")
    }

    pub fn body(&self, correlation: &str) -> serde_json::Value {
        json!({ "error": { "code": self.code, "message": format!("{}  CorrelationId:  {correlation}.", self.message) } })
    }

    pub fn reply(&self, correlation: &str) -> Reply {
        Reply::json(self.status, self.body(correlation))
    }

    /// As the page and the seed are told. No `From`, which would make `?` ambiguous in every other look-alike.
    pub fn told(self) -> Refusal {
        Refusal::new(self.status, format!("{}: {}", self.code, self.message))
    }
}
