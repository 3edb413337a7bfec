//! Taking back what runs wrote: exactly that, as long as it stands, and never twice.

use super::*;
use crate::id::RunId;
use crate::run::{self, Back};

const PAIR: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals, leaves: delete }
  crm: { object: Opportunity, create: status == 'won', leaves: delete }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  name:   { prm: name, crm: Name }
  status: { prm: stage, crm: Stage, wins: crm }
";

impl Bench {
    async fn back(&self, run: RunId, intent: Intent) -> Ended {
        self.clock.advance(Duration::from_secs(60));
        self.back_at_once(run, intent).await
    }

    async fn back_at_once(&self, run: RunId, intent: Intent) -> Ended {
        let back = Back { runs: [run].into(), at: self.ground.clock.now() };
        let stop = CancellationToken::new();
        let mut hooks = Hooks { progress: &Unwatched, plan: &mut Unseen, approve: &mut NobodyAgrees, stop: &stop };
        run::undo(&self.ground, &self.ground.mappings[0], &intent, &back, &mut hooks).await.expect("a run")
    }

    async fn undo(&self, run: RunId) -> Ended {
        self.back(run, Intent::Apply).await
    }

    /// Nothing is written in the next runs.
    async fn rests(&self) {
        let writes = self.crm.writes() + self.prm.writes();
        for _ in 0..3 {
            self.run().await;
        }
        assert_eq!(self.crm.writes() + self.prm.writes(), writes, "nothing flips back");
    }
}

fn run_of(ended: &Ended) -> RunId {
    ended.run.expect("it was no plan")
}

/// An edit of the portal that a run carried to the CRM.
async fn carried() -> (Bench, RecordKey, RecordKey, RunId) {
    let bench = Bench::new(PAIR).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    let run = run_of(&bench.run().await);
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    (bench, deal, opportunity, run)
}

#[tokio::test]
async fn an_undo_brings_back_what_was_shown_and_nothing_flips_back() {
    let (bench, deal, opportunity, run) = carried().await;
    let shown = bench.back(run, Intent::Plan).await;
    assert_eq!(shown.counts.systems.iter().map(|system| system.updates).sum::<u64>(), 2, "{shown:?}");
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"), "a plan writes nothing");
    let ended = bench.undo(run).await;
    assert_eq!((ended.end.state, ended.end.updated), (RunState::Done, 2), "{ended:?}");
    assert_eq!(ended.end.message.as_deref(), Some(&*format!("takes back {run}")));
    for (connection, key, at) in [("crm", &opportunity, "Name"), ("prm", &deal, "name")] {
        assert_eq!(bench.shows(connection, key, at).as_deref(), Some("Acme"));
    }
    bench.rests().await;
}

#[tokio::test]
async fn an_undo_of_an_undo_restores_and_the_same_undo_again_does_nothing() {
    let (bench, deal, opportunity, run) = carried().await;
    let undo = run_of(&bench.undo(run).await);
    bench.run().await;
    let again = bench.undo(run).await;
    assert_eq!((again.end.updated, again.remarks.len()), (0, 0), "{again:?}");
    let ended = bench.undo(undo).await;
    assert_eq!(ended.end.updated, 2, "{ended:?}");
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Ltd"));
    bench.rests().await;
}

/// A system without versions, of which a read may be behind.
fn lagging() -> Abilities {
    Abilities { read_lag: Duration::from_secs(90), update: Some(crate::system::UpdateClass::Fields), ..abilities() }
}

#[tokio::test]
async fn what_was_written_a_moment_ago_is_taken_back_where_a_read_shows_it() {
    let bench = Bench::with(PAIR, lagging()).await;
    let deal = bench.deal("1", "Acme", "open");
    let opportunity = bench.opportunity("1", "Acme", "open");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    let run = run_of(&bench.run().await);
    bench.clock.advance(Duration::from_secs(1));
    let ended = bench.back_at_once(run, Intent::Apply).await;
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme"), "{ended:?}");
    assert!(ended.remarks.iter().any(|remark| remark.contains("crm `name`") && remark.contains("by a run in a minute")), "{ended:?}");
    bench.clock.advance(Duration::from_secs(90));
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme"));
    bench.clock.advance(Duration::from_secs(90));
    bench.rests().await;
}

#[tokio::test]
async fn a_run_and_its_undo_taken_back_together_change_nothing() {
    let (bench, _, _, run) = carried().await;
    let undo = run_of(&bench.undo(run).await);
    bench.clock.advance(Duration::from_secs(60));
    let back = Back { runs: [run, undo].into(), at: bench.ground.clock.now() };
    let stop = CancellationToken::new();
    let mut hooks = Hooks { progress: &Unwatched, plan: &mut Unseen, approve: &mut NobodyAgrees, stop: &stop };
    let ended = run::undo(&bench.ground, &bench.ground.mappings[0], &Intent::Apply, &back, &mut hooks).await.expect("a run");
    // Before both, the portal showed an edit that the CRM had not seen.
    assert!(ended.remarks.iter().any(|remark| remark.contains("showed different values before")), "{ended:?}");
    assert_eq!(ended.end.updated, 0, "{ended:?}");
}

#[tokio::test]
async fn what_was_edited_or_written_since_is_left_alone_and_named() {
    let (bench, deal, opportunity, run) = carried().await;
    // Not carried anywhere yet.
    bench.edit("crm", &opportunity, "Name", "Acme Group");
    let ended = bench.undo(run).await;
    assert!(ended.remarks.iter().any(|remark| remark.contains("crm `name`") && remark.contains("edited there since")), "{ended:?}");
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Group"), "the edit flows as in any run");
    // Carried: another run wrote the portal, and the value is another one now.
    let ended = bench.undo(run).await;
    assert!(ended.remarks.iter().any(|remark| remark.contains("another value was agreed since")), "{ended:?}");
    assert_eq!(ended.end.updated, 0);
    // Written again by a later run.
    bench.edit("prm", &deal, "name", "Acme Holding");
    bench.run().await;
    let ended = bench.undo(run).await;
    assert!(ended.remarks.iter().any(|remark| remark.contains("a later run wrote it again")), "{ended:?}");
    assert_eq!((ended.end.updated, bench.shows("prm", &deal, "name").as_deref()), (0, Some("Acme Holding")));
}

#[tokio::test]
async fn other_fields_of_the_same_record_keep_what_people_typed_since() {
    let (bench, deal, opportunity, run) = carried().await;
    bench.edit("crm", &opportunity, "Stage", "won");
    bench.run().await;
    bench.undo(run).await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme"));
    assert_eq!((bench.shows("crm", &opportunity, "Stage").as_deref(), bench.shows("prm", &deal, "stage").as_deref()), (Some("won"), Some("won")));
}

#[tokio::test]
async fn a_record_that_the_run_made_goes_stays_away_and_comes_back_with_the_undo_of_the_undo() {
    let bench = Bench::new(PAIR).await;
    bench.deal("1", "Acme", "won");
    let run = run_of(&bench.run().await);
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    bench.run().await;
    let ended = bench.undo(run).await;
    assert_eq!(ended.end.deleted, 1, "{ended:?}");
    assert_eq!(bench.prm.keys(&object("prm")).len(), 1, "the deal itself stays");
    bench.rests().await;
    assert!(bench.crm.keys(&object("crm")).is_empty(), "it is not made again by itself");
    bench.undo(run_of(&ended)).await;
    bench.clock.advance(Duration::from_secs(3600));
    bench.run().await;
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1, "taken back, it is made again");
    bench.rests().await;
}

#[tokio::test]
async fn a_record_that_was_made_and_edited_stays_and_so_does_one_where_leaves_says_stop() {
    let bench = Bench::new(PAIR).await;
    bench.deal("1", "Acme", "won");
    let run = run_of(&bench.run().await);
    let made = bench.crm.keys(&object("crm")).remove(0);
    bench.edit("crm", &made, "Name", "Acme Group");
    let ended = bench.undo(run).await;
    assert!(ended.remarks.iter().any(|remark| remark.contains("edited there since")), "{ended:?}");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);

    let bench = Bench::new(&PAIR.replace("'won', leaves: delete", "'won'")).await;
    bench.deal("1", "Acme", "won");
    let run = run_of(&bench.run().await);
    let ended = bench.undo(run).await;
    assert!(ended.remarks.iter().any(|remark| remark.contains("`leaves` is `stop`")), "{ended:?}");
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
}

#[tokio::test]
async fn an_undo_is_under_limits_like_any_run() {
    let bench = Bench::new(&format!("{PAIR}limits: {{ updates: 10% }}\n")).await;
    let deals: Vec<RecordKey> = (0..200).map(|n| bench.deal(&n.to_string(), "Acme", "open")).collect();
    (0..200).for_each(|n| drop(bench.opportunity(&n.to_string(), "Acme", "open")));
    bench.run().await;
    deals.iter().for_each(|deal| bench.edit("prm", deal, "name", "Acme Ltd"));
    let held = bench.run().await;
    assert_eq!(held.end.state, RunState::Held, "{held:?}");
    let run = run_of(&bench.run_as(Intent::Approved(bench.approval(None).await)).await);
    let ended = bench.undo(run).await;
    assert_eq!((ended.end.state, ended.end.updated), (RunState::Held, 0), "{ended:?}");
    let ended = bench.back(run, Intent::Approved(bench.approval(Some(run)).await)).await;
    assert_eq!((ended.end.state, ended.end.updated), (RunState::Done, 400), "{ended:?}");
}

/// Keeps the ids of what is shown.
#[derive(Default)]
struct Ids(crate::run::plan::Approval);

impl crate::run::plan::PlanSink for Ids {
    fn op(&mut self, op: crate::run::plan::PlannedOp) -> std::io::Result<()> {
        self.0.ops.insert(op.id.clone(), crate::run::plan::Approved { mapping: op.mapping.clone(), words: op.words() });
        Ok(())
    }

    fn questions(&mut self, _: usize) {}
}

impl Bench {
    /// A person looks at the plan, of a run or of an undo, and agrees.
    async fn approval(&self, run: Option<RunId>) -> crate::run::plan::Approval {
        let (mut ids, stop) = (Ids::default(), CancellationToken::new());
        let mut hooks = Hooks { progress: &Unwatched, plan: &mut ids, approve: &mut NobodyAgrees, stop: &stop };
        let laid = &self.ground.mappings[0];
        match run {
            Some(run) => run::undo(&self.ground, laid, &Intent::Plan, &Back { runs: [run].into(), at: self.ground.clock.now() }, &mut hooks).await,
            None => once(&self.ground, laid, &Request { wake: Wake::Person, poll: true, sweep: false, intent: Intent::Plan }, &mut hooks).await,
        }
        .expect("a plan");
        ids.0
    }
}
