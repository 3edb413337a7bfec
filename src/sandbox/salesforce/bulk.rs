//! Bulk API 2.0: jobs that load or extract CSV. A job is done at once, but is told to be in progress when first asked, so that clients wait.

mod csv;
mod extract;
mod load;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bind::Column;
use super::id;
use super::org::Org;
use super::problem::Problem;
use super::schema::Object;
use super::view::{OWN_USER, View, instant};
use super::write::Desk;
use crate::sandbox::call::{Call, Reply};

/// Jobs kept; the vendor keeps them for seven days.
const JOBS_MAX: usize = 1_000;

/// What a job does.
enum Work {
    Load { operation: Operation, csv: Option<csv::Table>, done: Vec<Outcome> },
    Extract { columns: Vec<(String, Column)>, keys: Vec<Arc<str>> },
}

#[derive(Clone, Copy)]
enum Operation {
    Insert,
    Update,
    Upsert(&'static super::schema::Field),
    Delete,
}

/// What became of one line.
struct Outcome {
    line: usize,
    end: Result<(Arc<str>, bool), String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Finished, and not yet told.
    InProgress,
    JobComplete,
    Aborted,
    Failed,
}

struct Job {
    object: &'static Object,
    /// The words of the request: operation, and the external id's name.
    words: Value,
    state: State,
    made: Timestamp,
    error: Option<String>,
    work: Work,
}

#[derive(Default)]
pub struct Jobs {
    by_id: BTreeMap<String, Job>,
    made: u64,
}

/// Answers the reading part of `/jobs/…`.
pub fn read(org: &Org, view: View<'_>, call: &Call, path: &[&str]) -> Result<Reply, Problem> {
    with_job(&org.jobs, path, |name, job| match path {
        [kind, _] => {
            // Told once before it is told complete: nobody may take the first answer for the last.
            let shown = job.shown(name, kind, view.api_version);
            if job.state == State::InProgress {
                job.state = State::JobComplete;
            }
            Ok(Reply::json(200, shown))
        }
        ["query", _, "results"] => extract::page(job.finished()?, view, call),
        ["ingest", _, list] => load::results(job.finished()?, list),
        _ => Err(Problem::not_found()),
    })
}

/// Answers the writing part of `/jobs/…`.
pub fn write(desk: &mut Desk<'_, '_>, version: &str, call: &Call, path: &[&str]) -> Result<Reply, Problem> {
    let org = desk.org.clone();
    match (call.method.as_str(), path) {
        ("POST", [kind @ ("ingest" | "query")]) => {
            let job = if *kind == "query" { extract::open(desk, version, call)? } else { load::open(desk, call)? };
            let mut jobs = org.jobs.lock().expect("no holder of this lock can panic");
            jobs.made += 1;
            let name = id::make("750", jobs.made);
            let shown = job.shown(&name, kind, version);
            jobs.by_id.insert(name, job);
            if jobs.by_id.len() > JOBS_MAX {
                jobs.by_id.pop_first();
            }
            Ok(Reply::json(200, shown))
        }
        ("PUT", ["ingest", _, "batches"]) => with_job(&org.jobs, path, |_, job| load::upload(job, call)),
        ("PATCH", [kind, _]) => with_job(&org.jobs, path, |name, job| {
            match super::rows::body(call)?.get("state").and_then(Value::as_str) {
                Some("UploadComplete") if job.state == State::Open => load::run(desk, job),
                Some("Aborted") if job.state != State::JobComplete => job.state = State::Aborted,
                _ => return Err(Problem::new(400, "INVALIDJOBSTATE", "The job cannot be moved to that state.")),
            }
            Ok(Reply::json(200, job.shown(name, kind, version)))
        }),
        ("DELETE", ["ingest" | "query", name]) => {
            let gone = org.jobs.lock().expect("no holder of this lock can panic").by_id.remove(*name);
            gone.map(|_| Reply::empty(204)).ok_or_else(Problem::not_found)
        }
        (method, _) => Err(Problem::wrong_method(method)),
    }
}

fn with_job(jobs: &Mutex<Jobs>, path: &[&str], with: impl FnOnce(&str, &mut Job) -> Result<Reply, Problem>) -> Result<Reply, Problem> {
    let [kind, name, ..] = path else { return Err(Problem::not_found()) };
    let mut jobs = jobs.lock().expect("no holder of this lock can panic");
    let job = jobs.by_id.get_mut(*name).filter(|job| (*kind == "query") == matches!(job.work, Work::Extract { .. }));
    with(name, job.ok_or_else(Problem::not_found)?)
}

impl Job {
    fn finished(&self) -> Result<&Self, Problem> {
        if self.state == State::JobComplete || self.state == State::Failed {
            return Ok(self);
        }
        Err(Problem::new(400, "INVALIDJOBSTATE", "Results are available once the job is complete."))
    }

    fn shown(&self, name: &str, kind: &str, version: &str) -> Value {
        let state = match self.state {
            State::Open => "Open",
            State::InProgress => "InProgress",
            State::JobComplete => "JobComplete",
            State::Aborted => "Aborted",
            State::Failed => "Failed",
        };
        let number: f64 = version.trim_start_matches('v').parse().unwrap_or(67.0);
        let mut shown = json!({
            "id": name, "object": self.object.name, "createdById": OWN_USER, "createdDate": instant(self.made), "systemModstamp": instant(self.made),
            "state": state, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": number, "lineEnding": "LF", "columnDelimiter": "COMMA",
        });
        for (key, value) in self.words.as_object().into_iter().flatten() {
            shown[key] = value.clone();
        }
        if let Some(error) = &self.error {
            shown["errorMessage"] = json!(error);
        }
        match &self.work {
            Work::Load { done, .. } => {
                shown["jobType"] = json!("V2Ingest");
                shown["contentUrl"] = json!(format!("services/data/{version}/jobs/{kind}/{name}/batches"));
                shown["numberRecordsProcessed"] = json!(done.len());
                shown["numberRecordsFailed"] = json!(done.iter().filter(|outcome| outcome.end.is_err()).count());
            }
            Work::Extract { keys, .. } => {
                shown["jobType"] = json!("V2Query");
                shown["numberRecordsProcessed"] = json!(keys.len());
            }
        }
        shown
    }
}
