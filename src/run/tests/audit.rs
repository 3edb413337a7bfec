//! Every difference that an audit meets is in one class, and what nothing explains is repaired.

use super::*;
use crate::daemon::audit::kept;
use crate::report::agreement::{Class, MappingAgreement, Part, Question, of_mapping};

const AUDITED: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, create: status == 'won', locked: Stage == 'Closed' }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number, wins: prm }
  name:   { prm: name, crm: Name }
  code:   { prm: code, crm: { read: Code }, wins: prm }
  reason: { prm: reason, crm: Reason, wins: ask }
  status:
    prm: stage
    crm: Stage
    wins: prm
    values: { open: { prm: open, crm: Open }, won: { prm: won, crm: Won }, shut: { prm: shut, crm: Closed }, lost: { prm: lost, crm: [] } }
";

impl Bench {
    async fn audited(&self, part: Part) -> MappingAgreement {
        let kept = kept(&self.ground);
        let question = Question { store: &*self.ground.store, systems: &self.ground.systems, kept: &kept, today: self.ground.today(), part };
        of_mapping(&question, &kept[0]).await.expect("an audit")
    }

    /// The classes that have any difference, each with how many.
    async fn differs(&self) -> Vec<(Class, u64)> {
        self.audited(Part::Whole).await.classes().into_iter().filter(|(_, count)| *count > 0).collect()
    }

    async fn pair(number: &str) -> (Self, RecordKey, RecordKey) {
        let bench = Self::new(AUDITED).await;
        let deal = bench.prm.put(&object("prm"), record(&[("number", number), ("name", "Acme"), ("code", "a"), ("reason", "r"), ("stage", "open")]));
        let there = record(&[("Number", number), ("Name", "Acme"), ("Code", "a"), ("Reason", "r"), ("Stage", "Open")]);
        let opportunity = bench.crm.put(&object("crm"), there);
        bench.run().await;
        assert_eq!(bench.differs().await, [], "all is as agreed");
        (bench, deal, opportunity)
    }
}

#[tokio::test]
async fn what_is_only_read_there_is_owned_elsewhere() {
    let (bench, deal, _) = Bench::pair("1").await;
    bench.edit("prm", &deal, "code", "b");
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::OwnedElsewhere, 1)]);
}

#[tokio::test]
async fn what_is_locked_or_was_typed_just_now_is_owed() {
    let (bench, deal, _) = Bench::pair("1").await;
    bench.edit("prm", &deal, "stage", "shut");
    bench.run().await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::Owed, 1)], "it is locked");
    bench.edit("prm", &deal, "name", "Acme plc");
    assert_eq!(bench.differs().await, [(Class::Owed, 2)], "and typed since");
}

#[tokio::test]
async fn what_waits_for_a_person_is_held() {
    let (bench, deal, opportunity) = Bench::pair("1").await;
    bench.edit("prm", &deal, "reason", "one");
    bench.edit("crm", &opportunity, "Reason", "other");
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::Held, 2)]);
}

#[tokio::test]
async fn what_was_refused_is_a_dead_letter() {
    let (bench, deal, _) = Bench::pair("1").await;
    bench.edit("prm", &deal, "name", "Acme Ltd");
    bench.crm.fail(Fault::Refused { code: "INVALID".into(), fields: vec![path("Name")] });
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::DeadLetter, 1)]);
}

#[tokio::test]
async fn what_is_no_row_is_unreadable_and_what_has_no_row_there_is_lossy() {
    let (bench, deal, opportunity) = Bench::pair("1").await;
    bench.edit("crm", &opportunity, "Stage", "Dreamt of");
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::Unreadable, 1)]);
    bench.edit("crm", &opportunity, "Stage", "Open");
    bench.edit("prm", &deal, "stage", "lost");
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::Lossy, 1)]);
}

#[tokio::test]
async fn what_may_not_be_read_is_told_as_such() {
    let (bench, ..) = Bench::pair("1").await;
    bench.crm.forbid(Some(&object("crm")));
    assert_eq!(bench.differs().await, [(Class::NoPermission, 1)]);
    bench.crm.forbid(None);
    assert_eq!(bench.differs().await, []);
}

#[tokio::test]
async fn what_no_record_is_wanted_for_is_unlinked() {
    let (bench, ..) = Bench::pair("1").await;
    bench.prm.put(&object("prm"), record(&[("number", "2"), ("name", "Birch"), ("stage", "open")]));
    bench.run().await;
    assert_eq!(bench.differs().await, [(Class::Unlinked, 1)]);
}

#[tokio::test]
async fn what_nobody_told_is_unexplained_until_it_is_repaired() {
    let (bench, deal, opportunity) = Bench::pair("1").await;
    bench.edit("crm", &opportunity, "Name", "Acme Ltd");
    bench.clock.advance(Duration::from_secs(3600));
    // A run that is sure to have read everything, and did not.
    let request = Request { wake: Wake::Schedule, poll: false, sweep: false, intent: Intent::Apply };
    let stop = CancellationToken::new();
    let mut hooks = Hooks { progress: &Unwatched, plan: &mut Unseen, approve: &mut NobodyAgrees, stop: &stop };
    once(&bench.ground, &bench.ground.mappings[0], &request, &mut hooks).await.expect("a run");
    let whole = bench.audited(Part::Whole).await;
    assert_eq!((whole.unexplained(), whole.unexplained.len(), whole.repair.len()), (1, 1, 1), "{whole:?}");
    assert_eq!(whole.compared(), (10, 9), "{whole:?}");
    let sampled = bench.audited(Part::Sample { share: 1.0, seed: 1 }).await;
    assert_eq!(sampled.unexplained(), 1, "a sample meets it, too: {sampled:?}");

    bench.ground.store.touch(whole.repair, None, bench.clock.now()).await.expect("touches");
    once(&bench.ground, &bench.ground.mappings[0], &request, &mut hooks).await.expect("a run");
    assert_eq!(bench.shows("prm", &deal, "name").as_deref(), Some("Acme Ltd"));
    assert_eq!(bench.differs().await, []);
}
