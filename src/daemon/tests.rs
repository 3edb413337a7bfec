use std::sync::Arc;

use super::asked::{OPS_SHOWN_MAX, Told};
use super::bell::Reading;
use super::fixture::{Bed, DEALS, deals, eventually, ground, opportunity, opportunity_of, path, shown};
use super::intake::{Hint, Verified};
use super::*;
use crate::id::ConnectionName;
use crate::run::Intent;
use crate::store::{Accepted, RunState};
use crate::value::Value;

fn of_deals(bed: &Bed) -> board::MappingState {
    bed.handle.state().mappings.into_iter().find(|mapping| mapping.name.as_str() == "deals").expect("it is there")
}

async fn first_run(bed: &Bed) {
    eventually("the first run ends", || of_deals(bed).last_run.is_some()).await;
}

#[tokio::test]
async fn a_start_runs_every_mapping_and_a_stop_ends_in_order() {
    let (ground, crm, prm) = ground(DEALS).await;
    crm.put(&opportunity(), opportunity_of("1", "Acme"));
    let bed = Bed::over(ground, crm, prm).await;
    eventually("the deal arrives", || bed.prm.keys(&deals()).len() == 1).await;
    eventually("its run is over", || of_deals(&bed).last_success_at.is_some() && of_deals(&bed).next_wake_at.is_some()).await;
    let state = of_deals(&bed);
    assert!(state.next_wake_at.is_some_and(|at| at > bed.handle.state().now), "the schedule goes on from its start");
    assert!(state.polled_at.iter().all(|(_, at)| at.is_some()));
    assert_eq!(bed.handle.tally().snapshot().runs[&(state.name, "done")], 1);
    assert!(matches!(bed.stop().await, End::Asked));
}

#[tokio::test]
async fn a_delivery_is_kept_once_and_its_record_arrives_without_a_poll() {
    let bed = Bed::start(DEALS).await;
    first_run(&bed).await;
    let key = bed.crm.put(&opportunity(), opportunity_of("1", "Acme"));
    let verified = Verified {
        connection: ConnectionName::new("crm"),
        identity: "d1".into(),
        by: "hash".into(),
        hints: vec![Hint { object: opportunity(), key: Some(key), gone: false }],
    };
    assert_eq!(bed.handle.accept(verified.clone()).await.expect("the store keeps it"), Accepted::New);
    eventually("the deal arrives", || bed.prm.keys(&deals()).len() == 1).await;
    assert_eq!(bed.handle.accept(verified).await.expect("the store knows it"), Accepted::Again);
    let counts = bed.handle.tally().snapshot();
    assert_eq!(counts.read.values().sum::<u64>(), 0, "no feed was read for it: {:?}", counts.read);
    bed.stop().await;
}

#[tokio::test]
async fn a_run_that_was_asked_for_is_watched_and_asks_before_it_goes_on() {
    let (ground, crm, prm) = ground(&DEALS.replace("adopt: automatic\n", "")).await;
    for number in 0..3 {
        crm.put(&opportunity(), opportunity_of(&number.to_string(), "Acme"));
    }
    let bed = Bed::over(ground, crm, prm).await;
    first_run(&bed).await;
    assert_eq!(of_deals(&bed).last_run.map(|run| run.state), Some(RunState::Held));
    assert!(!of_deals(&bed).held.is_empty(), "it says why");
    let request = Request { wake: Wake::Person, poll: true, sweep: false, intent: Intent::Apply };
    let mut watched = bed.handle.run(&MappingName::new("deals"), request).expect("it can be asked");
    let (mut ops, mut asked) = (0, 0);
    while let Some(told) = watched.told.recv().await {
        match told {
            Told::Op(_) => ops += 1,
            Told::Held { agree, .. } => {
                asked += 1;
                agree.send(true).expect("the run waits");
            }
        }
    }
    let ended = watched.outcome.await.expect("the lane answers").expect("the run ends");
    assert_eq!((ops, asked, ended.end.created), (3, 1, 3));
    assert!(ops < OPS_SHOWN_MAX);
    let shown = watched.shown.borrow().clone();
    assert_eq!((shown.planned, shown.ops_left_out), (Some(3), 0));
    assert_eq!(of_deals(&bed).held, Vec::<String>::new());
    bed.stop().await;
}

#[tokio::test]
async fn a_system_that_is_down_is_told_and_found_again() {
    let (ground, crm, prm) = ground(DEALS).await;
    let bed = Bed::over(ground, crm, prm).await;
    first_run(&bed).await;
    bed.crm.set_down(true);
    assert!(bed.handle.wake(&MappingName::new("deals"), Wake::Schedule, Reading::Feeds));
    let crm = ConnectionName::new("crm");
    eventually("it is told", || bed.handle.state().connections[&crm].down.is_some()).await;
    assert!(bed.handle.state().connections[&ConnectionName::new("prm")].down.is_none());
    bed.crm.set_down(false);
    bed.handle.wake(&MappingName::new("deals"), Wake::Schedule, Reading::Feeds);
    eventually("it is found again", || bed.handle.state().connections[&crm].down.is_none()).await;
    bed.stop().await;
}

#[tokio::test]
async fn a_first_match_on_half_a_list_fails_waits_and_is_made_up_for() {
    let (ground, crm, prm) = ground(DEALS).await;
    crm.put(&opportunity(), opportunity_of("1", "Acme"));
    prm.set_down(true);
    let bed = Bed::over(ground, crm, prm).await;
    eventually("it fails again and again", || of_deals(&bed).failing.is_some_and(|failing| failing.attempts > 1)).await;
    bed.prm.set_down(false);
    eventually("it goes on by itself", || bed.prm.keys(&deals()).len() == 1).await;
    eventually("and says so", || of_deals(&bed).failing.is_none()).await;
    bed.stop().await;
}

#[tokio::test]
async fn a_lost_lease_ends_the_daemon_and_a_delivery_is_not_taken() {
    let bed = Bed::start(DEALS).await;
    first_run(&bed).await;
    bed.store.release_lease().await.expect("it is ours");
    let verified = Verified { connection: ConnectionName::new("crm"), identity: "d1".into(), by: "hash".into(), hints: Vec::new() };
    bed.handle.accept(verified).await.expect_err("nothing may be written any more");
    let end = bed.daemon.ended().await;
    assert!(matches!(end, End::Store(_)), "{end}");
    assert!(end.to_string().contains("taken over"), "{end}");
}

#[tokio::test]
async fn an_edit_flows_at_the_next_wake_and_nothing_echoes() {
    let (ground, crm, prm) = ground(DEALS).await;
    let key = crm.put(&opportunity(), opportunity_of("1", "Acme"));
    let bed = Bed::over(ground, crm, prm).await;
    eventually("the deal arrives", || of_deals(&bed).last_success_at.is_some()).await;
    bed.crm.edit(&opportunity(), &key, &path("Name"), Value::text("Acme Ltd"));
    bed.handle.wake(&MappingName::new("deals"), Wake::Schedule, Reading::Feeds);
    let there = bed.prm.keys(&deals()).pop().expect("it was made");
    eventually("the edit arrives", || shown(&bed.prm, &deals(), &there, "name").as_deref() == Some("Acme Ltd")).await;
    assert_eq!(bed.crm.writes(), 0);
    bed.stop().await;
}

#[test]
fn only_a_store_that_is_lost_ends_the_daemon() {
    let failure = |error| Failure::store(error);
    assert!(End::of(failure(StoreError::Fenced { file: "s".into() })).is_some());
    assert!(End::of(failure(StoreError::Unknown { what: "it".into() })).is_none());
    assert!(End::of(Arc::new(Failure::bug(&"index out of range"))).is_none(), "a bug in one mapping is no reason for the others");
}
