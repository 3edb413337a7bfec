//! What goes wrong, in the vendor's two vocabularies: `errorCode` for a request, `statusCode` for one record among several.

use serde_json::{Value, json};

/// One refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    pub fields: Vec<String>,
    /// A body that replaces the usual array: the list of URLs of a 300.
    pub body: Option<Box<Value>>,
}

impl Problem {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new(), body: None }
    }

    pub fn on(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }

    /// The body when a whole request is refused.
    pub fn request_body(&self) -> Value {
        if let Some(body) = &self.body {
            return (**body).clone();
        }
        let mut error = json!({"message": self.message, "errorCode": self.code});
        if !self.fields.is_empty() {
            error["fields"] = json!(self.fields);
        }
        json!([error])
    }

    /// The result of one record of a collection.
    pub fn record_result(&self) -> Value {
        json!({"success": false, "errors": [{"statusCode": self.code, "message": self.message, "fields": self.fields}]})
    }

    /// The same refusal in a collection, where a missing record goes by another name.
    pub fn in_collection(mut self) -> Self {
        if self.code == "NOT_FOUND" {
            self.code = "INVALID_CROSS_REFERENCE_KEY";
            self.message = "invalid cross reference id".to_owned();
        }
        self
    }

    pub fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    pub fn no_such_object(name: &str) -> Self {
        Self::new(404, "NOT_FOUND", format!("The requested resource does not exist: sObject type '{name}' is not supported."))
    }

    pub fn not_json(detail: &str) -> Self {
        Self::new(400, "JSON_PARSER_ERROR", detail)
    }

    pub fn deleted() -> Self {
        Self::new(404, "ENTITY_IS_DELETED", "entity is deleted")
    }

    pub fn no_such_column(column: &str, object: &str) -> Self {
        Self::new(400, "INVALID_FIELD", format!("No such column '{column}' on sobject of type {object}"))
    }

    pub fn wrong_method(method: &str) -> Self {
        Self::new(405, "METHOD_NOT_ALLOWED", format!("HTTP Method '{method}' not allowed for this resource"))
    }
}
