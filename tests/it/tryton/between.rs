//! Stands between Syncline and the server and passes everything on, so that somebody can be quicker than a write that is under way.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Response, StatusCode, Uri, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::http::Http;

const PASSED_ON: [HeaderName; 4] = [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT_ENCODING, header::CONTENT_ENCODING];

/// What somebody sends just before the first call of a method passes.
pub struct Quicker {
    pub method: String,
    pub authorization: String,
    pub body: Value,
}

#[derive(Clone)]
struct Passage {
    server: String,
    client: reqwest::Client,
    quicker: Arc<Mutex<Option<Quicker>>>,
    /// Bodies of answers that said the record had changed.
    stale: Arc<Mutex<usize>>,
}

pub struct Between {
    pub url: String,
    passage: Passage,
    _tasks: JoinSet<()>,
}

impl Between {
    pub fn start(http: &Http, server: &str) -> Self {
        // Nothing is unpacked on the way.
        let client = reqwest::Client::builder().no_gzip().no_proxy().build().expect("a plain client can be built");
        let passage = Passage { server: server.to_owned(), client, quicker: Arc::default(), stale: Arc::default() };
        let app = Router::new().fallback(pass).with_state(passage.clone());
        http.wait(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
            let url = format!("http://{}", listener.local_addr().expect("it is bound"));
            let mut tasks = JoinSet::new();
            tasks.spawn(async move { axum::serve(listener, app).await.expect("it serves until it is dropped") });
            Self { url, passage, _tasks: tasks }
        })
    }

    pub fn be_quicker(&self, quicker: Quicker) {
        *self.passage.quicker.lock().expect("no holder of this lock can panic") = Some(quicker);
    }

    /// How many writes the server refused because the record had changed.
    pub fn stale(&self) -> usize {
        *self.passage.stale.lock().expect("no holder of this lock can panic")
    }
}

async fn pass(State(passage): State<Passage>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let url = format!("{}{uri}", passage.server);
    if let Some(quicker) = passage.takes(&body) {
        let request = passage.client.post(&url).header(header::AUTHORIZATION, quicker.authorization).json(&quicker.body);
        let answer = request.send().await.expect("the server answers").text().await.expect("its answer ends");
        assert!(!answer.contains("\"error\""), "the quicker one was refused: {answer}");
    }
    let carried = PASSED_ON.iter().filter_map(|name| Some((name, headers.get(name)?)));
    let request = carried.fold(passage.client.post(&url), |request, (name, value)| request.header(name, value));
    let answer = request.body(body).send().await.expect("the server answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("its answer ends");
    if body.windows(STALE.len()).any(|part| part == STALE) {
        *passage.stale.lock().expect("no holder of this lock can panic") += 1;
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status.as_u16()).expect("a status is a status");
    for name in &PASSED_ON {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

const STALE: &[u8] = b"ConcurrencyException";

impl Passage {
    /// The quicker one, if this is the call that is waited for.
    fn takes(&self, body: &[u8]) -> Option<Quicker> {
        let call: Value = serde_json::from_slice(body).ok()?;
        let mut quicker = self.quicker.lock().expect("no holder of this lock can panic");
        if quicker.as_ref().is_some_and(|one| call["method"] == one.method.as_str()) { quicker.take() } else { None }
    }
}
