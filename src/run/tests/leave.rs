//! Records that leave their wall and come back.

use super::*;

const WALLED: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity, only: \"status != 'lost'\", leaves: archive, create: always }
match: [ [number] ]
fields:
  number: { prm: number, crm: Number }
  name:   { prm: name, crm: Name }
  status: { prm: stage, crm: Stage }
";

impl Bench {
    /// A deal whose record was archived in the CRM, and is wanted there again.
    async fn archived_once(&self) -> (RecordKey, RecordKey) {
        let deal = self.deal("1", "Acme", "open");
        self.run().await;
        let opportunity = self.crm.keys(&object("crm"))[0].clone();
        self.edit("prm", &deal, "stage", "lost");
        let ended = self.run().await;
        assert_eq!(ended.end.archived, 1, "{ended:?}");
        assert!(self.crm.archived(&object("crm"), &opportunity));
        self.edit("prm", &deal, "name", "Acme Ltd");
        self.edit("prm", &deal, "stage", "open");
        (deal, opportunity)
    }
}

#[tokio::test]
async fn what_we_archived_is_brought_back_and_not_made_twice() {
    let bench = Bench::new(WALLED).await;
    let (_, opportunity) = bench.archived_once().await;
    let ended = bench.run().await;
    assert_eq!((ended.end.created, ended.end.updated), (0, 1), "{ended:?}");
    assert!(!bench.crm.archived(&object("crm"), &opportunity));
    bench.run().await;
    assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
    assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
    let writes = bench.crm.writes();
    bench.run().await;
    assert_eq!(bench.crm.writes(), writes);
}

#[tokio::test]
async fn a_record_brought_back_in_doubt_is_looked_at_before_anything_else() {
    for (fault, writes) in [(Fault::LostAnswer, 0), (Fault::LostRequest, 1)] {
        let bench = Bench::new(WALLED).await;
        let (_, opportunity) = bench.archived_once().await;
        bench.crm.fail(fault);
        let ended = bench.run().await;
        assert_eq!(ended.end.in_doubt, 1, "{ended:?}");
        let again = bench.run().await;
        assert_eq!(again.end.created, 0, "{again:?}");
        bench.clock.advance(Duration::from_secs(3600));
        let later = bench.run().await;
        bench.run().await;
        assert_eq!(u64::from(!bench.crm.archived(&object("crm"), &opportunity)), 1);
        assert_eq!(later.end.updated, writes, "{later:?}");
        assert_eq!(bench.shows("crm", &opportunity, "Name").as_deref(), Some("Acme Ltd"));
        assert_eq!(bench.crm.keys(&object("crm")).len(), 1);
        assert_eq!(bench.ground.store.totals(bench.ground.mappings[0].id).await.expect("totals").in_doubt, 0);
    }
}
