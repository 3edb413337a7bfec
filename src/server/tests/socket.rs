//! The local socket: a command handed to a running daemon.

use crate::store::RunState;
use std::os::unix::fs::PermissionsExt;
use tokio::io::AsyncWriteExt;

use crate::daemon::fixture::{ground, opportunity_of};
use crate::daemon::resolve::Said;
use crate::server::local::{Ask, LocalSocket, Reply, call, socket_path};

use super::*;

async fn served(text: &str) -> (Bed, tempfile::TempDir, std::path::PathBuf, CancellationToken, JoinSet<()>) {
    let (ground, crm, prm) = ground(text).await;
    crm.put(&opportunity(), opportunity_of("1", "Acme"));
    let bed = Bed::over(ground, crm, prm).await;
    let dir = tempfile::tempdir().expect("a directory");
    let path = socket_path(&dir.path().join("syncline.db"));
    let socket = LocalSocket::bind(&path).expect("the directory is ours");
    let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
    tasks.spawn(socket.serve(bed.handle.clone(), stop.clone()));
    eventually("the first run ends", || bed.handle.state().mappings[0].last_run.is_some()).await;
    (bed, dir, path, stop, tasks)
}

async fn all(path: &std::path::Path, ask: Ask, agree: bool) -> Vec<Reply> {
    let mut call = call(path, &ask).await.expect("it listens").expect("a daemon is there");
    let mut replies = Vec::new();
    while let Some(reply) = call.next().await.expect("it answers to the end") {
        if matches!(reply, Reply::Held { .. }) {
            call.agree(agree).await.expect("it waits for it");
        }
        replies.push(reply);
    }
    replies
}

#[tokio::test]
async fn a_held_run_is_shown_and_goes_on_when_agreed() {
    let (bed, _dir, path, stop, mut tasks) = served(&DEALS.replace("adopt: automatic\n", "")).await;
    assert_eq!(std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    let run = || Ask::Run { mapping: "deals".into(), sweep: false, plan: None };
    let refused = all(&path, run(), false).await;
    let Some(Reply::Done(done)) = refused.last() else { panic!("{refused:?}") };
    assert_eq!((done.end.state, done.end.created), (RunState::Held, 0));
    let agreed = all(&path, run(), true).await;
    assert!(agreed.iter().any(|reply| matches!(reply, Reply::Op(op) if op.kind == "create")), "{agreed:?}");
    let Some(Reply::Done(done)) = agreed.last() else { panic!("{agreed:?}") };
    assert_eq!((done.end.state, done.end.created), (RunState::Done, 1));
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    assert!(!path.exists(), "the socket goes with its daemon");
    bed.stop().await;
}

#[tokio::test]
async fn a_plan_is_applied_and_no_more() {
    let (bed, _dir, path, stop, _tasks) = served(&DEALS.replace("adopt: automatic\n", "")).await;
    let replies = all(&path, Ask::Run { mapping: "deals".into(), sweep: false, plan: Some(vec!["nothing".into()]) }, false).await;
    let Some(Reply::Done(done)) = replies.last() else { panic!("{replies:?}") };
    assert_eq!((done.end.created, done.moved.is_empty()), (0, false), "the op is not of the plan, and the plan's op is gone");
    stop.cancel();
    bed.stop().await;
}

#[tokio::test]
async fn status_and_mistakes_are_answered() {
    let (bed, _dir, path, stop, _tasks) = served(DEALS).await;
    let status = all(&path, Ask::Status, false).await;
    assert!(matches!(&status[..], [Reply::Status(page)] if page["mappings"]["deals"]["ready"] == true), "{status:?}");
    let unknown = all(&path, Ask::Run { mapping: "dales".into(), sweep: false, plan: None }, false).await;
    assert!(matches!(&unknown[..], [Reply::Failed { why }] if why.contains("there is no mapping `dales`")), "{unknown:?}");
    let closed = all(&path, Ask::Resolve { review: 7, answer: Said::Leave }, false).await;
    assert!(matches!(&closed[..], [Reply::Failed { why }] if why.contains("rev-7 is not open")), "{closed:?}");
    stop.cancel();
    bed.stop().await;
}

#[tokio::test]
async fn without_a_daemon_nobody_answers() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("syncline.db.sock");
    assert!(call(&path, &Ask::Status).await.expect("no file is no fault").is_none());
    drop(std::os::unix::net::UnixListener::bind(&path).expect("the directory is ours"));
    assert!(call(&path, &Ask::Status).await.expect("a file without a daemon neither").is_none());
    assert!(LocalSocket::bind(&path).is_ok(), "and a new daemon takes its place");
}

#[tokio::test]
async fn a_daemon_that_says_what_nobody_here_knows_is_of_another_version() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("syncline.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("the directory is ours");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody calls");
        stream.write_all(b"{\"done\":{\"state\":\"dancing\"}}\n").await.expect("somebody listens");
    });
    let mut call = call(&path, &Ask::Status).await.expect("it listens").expect("a daemon is there");
    let error = call.next().await.expect_err("nobody knows that state");
    assert!(error.to_string().ends_with("is of another version; start it again"), "{error}");
}
