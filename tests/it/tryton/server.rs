//! A real Tryton server, as a person uses it: not through our connector.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::between::Quicker;
use crate::support::http::Http;
use crate::support::program::Program;

pub struct Tryton {
    given: Value,
    session: String,
}

impl Tryton {
    /// Signs in to what tests/tryton/serve printed.
    pub fn sign_in(given: &str, http: &Http) -> Self {
        let given: Value = serde_json::from_str(given).expect("SYNCLINE_TRYTON holds the line that tests/tryton/serve prints");
        let mut tryton = Self { given, session: String::new() };
        let login = tryton.call(http, "common.db.login", &json!([tryton.given["username"], { "password": tryton.given["password"] }, "en"]));
        let token = login[1].as_str().expect("a login gives a token");
        tryton.session = format!("Session {}", BASE64_STANDARD.encode(format!("{}:{}:{token}", tryton.text("username"), login[0])));
        tryton
    }

    fn text(&self, name: &str) -> &str {
        self.given[name].as_str().expect("SYNCLINE_TRYTON names url, database, username and password")
    }

    pub fn url(&self) -> &str {
        self.text("url")
    }

    /// What the project's file asks of the environment; calls go to this address.
    pub fn join(&self, program: &mut Program, url: &str) {
        program.set("TRYTON_URL", url);
        for name in ["database", "username", "password"] {
            program.set(format!("TRYTON_{}", name.to_uppercase()), self.text(name));
        }
        program.set("TRYTON_COMPANY", self.given["company"].to_string());
    }

    fn call(&self, http: &Http, method: &str, params: &Value) -> Value {
        let url = format!("{}/{}/rpc/", self.text("url"), self.text("database"));
        let headers: &[(&str, &str)] = &[("authorization", self.session.as_str())];
        let headers = if self.session.is_empty() { &[] } else { headers };
        let mut answer = http.post(&url, headers, &json!({ "id": 1, "method": method, "params": params }));
        assert!(answer.get("error").is_none(), "{method} was refused: {answer}");
        answer["result"].take()
    }

    fn context(&self) -> Value {
        json!({ "company": self.given["company"], "language": "en" })
    }

    pub fn all(&self, http: &Http, model: &str, fields: &[&str]) -> Vec<Value> {
        let params = json!([[], 0, null, [["id", "ASC"]], fields, self.context()]);
        let Value::Array(records) = self.call(http, &format!("model.{model}.search_read"), &params) else { panic!("a search gives a list") };
        records
    }

    pub fn write(&self, http: &Http, model: &str, id: i64, values: &Value) {
        self.call(http, &format!("model.{model}.write"), &json!([[id], values, self.context()]));
    }

    /// Presses one of the buttons of a model.
    pub fn press(&self, http: &Http, model: &str, button: &str, id: i64) {
        self.call(http, &format!("model.{model}.{button}"), &json!([[id], self.context()]));
    }

    /// A write of a person, to be sent just before another one.
    pub fn quicker(&self, model: &str, id: i64, values: &Value) -> Quicker {
        let method = format!("model.{model}.write");
        let body = json!({ "id": 1, "method": method, "params": [[id], values, self.context()] });
        Quicker { method, authorization: self.session.clone(), body }
    }
}
