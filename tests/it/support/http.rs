//! Plain requests, as a person's browser would send them. They own the runtime that the look-alikes live in, too.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;

const WITHIN: Duration = Duration::from_secs(30);

pub struct Http {
    runtime: Runtime,
    client: reqwest::Client,
}

impl Http {
    pub fn new() -> Self {
        // Another test of this binary may have been first, with the same one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder().timeout(WITHIN).build().expect("a plain client can be built");
        Self { runtime: Runtime::new().expect("a runtime can be built"), client }
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn get(&self, url: &str) -> Value {
        self.send(self.client.get(url))
    }

    /// A page, whatever its status.
    pub fn text(&self, url: &str) -> String {
        self.wait(async { self.client.get(url).send().await.expect("a server of this test answers").text().await.expect("its answer ends") })
    }

    pub fn pause(&self, time: Duration) {
        self.wait(async { tokio::time::sleep(time).await });
    }

    pub fn put(&self, url: &str, body: &Value) -> Value {
        self.send(self.client.put(url).json(body))
    }

    pub fn patch(&self, url: &str, body: &Value) -> Value {
        self.send(self.client.patch(url).json(body))
    }

    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Value {
        let request = headers.iter().fold(self.client.post(url), |request, (name, value)| request.header(*name, *value));
        self.send(request.json(body))
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Value {
        self.wait(async {
            let answer = request.send().await.expect("a server of this test answers");
            let (status, url) = (answer.status(), answer.url().clone());
            let text = answer.text().await.expect("its answer ends");
            assert!(status.is_success(), "{url} answered {status}: {text}");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url} answered no JSON ({error}): {text}"))
        })
    }
}
