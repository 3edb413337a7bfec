//! The systems a project talks to: the look-alikes, and a person's hands in them.

use serde_json::{Value, json};
use syncline::sandbox::{Place, Sandbox, Settings};

use super::http::Http;
use super::program::Program;

/// Running look-alikes.
pub struct LookAlikes {
    pub http: Http,
    sandbox: Sandbox,
}

impl LookAlikes {
    pub fn start(records: usize, seed: u64) -> Self {
        let http = Http::new();
        let settings = Settings { records, seed, ports: [0; 3], empty: false };
        let sandbox = http.wait(Sandbox::start(settings)).expect("three free ports on loopback");
        Self { http, sandbox }
    }

    fn place(&self, system: &str) -> &Place {
        self.sandbox.places().iter().find(|place| place.system == system).expect("the sandbox has this system")
    }

    /// Lets a project find one of them where its file says `at:`, with the credentials in the environment.
    pub fn join(&self, program: &mut Program, system: &str, at: &str) {
        let place = self.place(system);
        program.edit("syncline.yaml", at, &place.url);
        for (name, value) in &place.config {
            program.set(format!("SANDBOX_{}_{}", system.to_uppercase(), name.to_uppercase()), value);
        }
    }

    /// One of its credentials.
    pub fn config(&self, system: &str, name: &str) -> &str {
        self.place(system).config.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str()).expect("the system has this setting")
    }

    /// Records as a person sees them, deleted ones left out: `key` and `fields`.
    pub fn records(&self, system: &str, object: &str) -> Vec<Value> {
        let url = format!("{}/_sandbox/records/{object}?limit=100000", self.place(system).url);
        let Value::Array(mut records) = self.http.get(&url) else { panic!("records are a list") };
        records.retain(|record| record["deleted"] == json!(false));
        records
    }

    pub fn record(&self, system: &str, object: &str, key: &str) -> Value {
        self.http.get(&format!("{}/_sandbox/records/{object}/{key}", self.place(system).url))
    }

    /// A person types something.
    pub fn type_in(&self, system: &str, object: &str, key: &str, fields: &Value) {
        self.http.patch(&format!("{}/_sandbox/records/{object}/{key}", self.place(system).url), fields);
    }

    /// Switches on these faults, and all others off.
    pub fn faults(&self, system: &str, faults: &Value) {
        self.http.put(&format!("{}/_sandbox/faults", self.place(system).url), faults);
    }

    /// All requests that a vendor remembers with this method and a path that ends so, with their status.
    pub fn requests(&self, system: &str, method: &str, end: &str) -> Vec<u64> {
        let Value::Array(seen) = self.http.get(&format!("{}/_sandbox/requests", self.place(system).url)) else { panic!("requests are a list") };
        let path = |request: &Value| request["path"].as_str().and_then(|path| path.split('?').next()).is_some_and(|path| path.ends_with(end));
        seen.iter().filter(|request| request["method"] == method && path(request)).filter_map(|request| request["status"].as_u64()).collect()
    }

    /// Sets how a vendor's webhooks go, as its own page for it says.
    pub fn webhooks(&self, system: &str, wanted: &Value) {
        self.http.post(&format!("{}/_sandbox/webhooks", self.place(system).url), &[], wanted);
    }

    pub fn url(&self, system: &str) -> &str {
        &self.place(system).url
    }

    /// Requests that a system has answered so far.
    pub fn asked(&self, system: &str) -> u64 {
        self.http.get(&format!("{}/_sandbox/stats", self.place(system).url))["requests"].as_u64().expect("a number")
    }

    /// Writes that the vendor has counted.
    pub fn writes(&self, system: &str) -> Value {
        self.http.get(&format!("{}/_sandbox/stats", self.place(system).url))["writes"].clone()
    }

    /// Deals of the portal that are open opportunities, too: their keys in both.
    pub fn open_deals(&self) -> Vec<(String, String)> {
        let deals = self.records("prm", "deals");
        let opportunities = self.records("crm", "Opportunity");
        let pairs = opportunities.iter().filter_map(|opportunity| {
            let deal = deals.iter().find(|deal| deal["key"] == opportunity["fields"]["PRM_Deal_Key__c"] && deal["fields"]["stage"] != json!("closed_won"))?;
            Some((deal["key"].as_str()?.to_owned(), opportunity["key"].as_str()?.to_owned()))
        });
        pairs.collect()
    }
}
