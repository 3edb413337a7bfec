//! Records that join others: one account, several partners, each in a role; and sets of references.

use super::*;

const JOINED: &str = "
mapping: accounts
adopt: automatic
systems: { prm: { object: accounts }, crm: { object: Account } }
match: [ [name] ]
fields: { name: { prm: name, crm: Name } }
---
mapping: partners
adopt: automatic
systems: { prm: { object: partners }, crm: { object: Partner } }
match: [ [name] ]
fields: { name: { prm: name, crm: Name } }
---
mapping: account_partners
adopt: automatic
systems:
  prm: { object: account_partners, create: always, only: not deleted(), leaves: delete }
  crm: { object: Account_Partner__c, create: always, only: not deleted(), leaves: delete }
match: [ [account, partner, role] ]
fields:
  account: { prm: account, crm: Account__c, type: ref(accounts), required: true }
  partner: { prm: partner, crm: Partner__c, type: ref(partners), required: true }
  role:    { prm: role, crm: Role__c, required: true, values: { influence: { prm: influencer, crm: Influence }, delivery: { prm: fulfil, crm: Delivery } } }
  share:   { prm: share, crm: Share__c }
";

impl Bench {
    fn both(&self, prm: &str, crm: &str, name: &str) -> (RecordKey, RecordKey) {
        let named = |at: &str| record(&[(at, name)]);
        (self.prm.put(&ObjectName::new(prm), named("name")), self.crm.put(&ObjectName::new(crm), named("Name")))
    }

    async fn all(&self) {
        self.clock.advance(Duration::from_secs(60));
        for at in 0..self.ground.mappings.len() {
            self.run_mapping(at, Intent::Apply).await;
        }
    }

    /// What stands in one system, each record as a line, sorted.
    fn lines(&self, connection: &str, object: &str, paths: &[&str]) -> Vec<String> {
        let (system, object) = (if connection == "crm" { &self.crm } else { &self.prm }, ObjectName::new(object));
        let line = |key: RecordKey| {
            let values = system.values(&object, &key).expect("it is listed");
            paths.iter().map(|at| path(at).get(&values).map(ToString::to_string).unwrap_or_default()).collect::<Vec<_>>().join(" ")
        };
        let mut lines: Vec<String> = system.keys(&object).into_iter().map(line).collect();
        lines.sort();
        lines
    }
}

#[tokio::test]
async fn one_account_has_several_partners_in_several_roles() {
    let bench = Bench::new(JOINED).await;
    let acme = bench.both("accounts", "Account", "Acme");
    let partners = ["Northbrook", "Elmpoint", "Larkview"].map(|name| bench.both("partners", "Partner", name));
    let joins = ObjectName::new("account_partners");
    let join = |partner: &RecordKey, role: &str| bench.prm.put(&joins, record(&[("account", acme.0.as_str()), ("partner", partner.as_str()), ("role", role)]));
    let first = join(&partners[0].0, "influencer");
    join(&partners[1].0, "influencer");
    join(&partners[1].0, "fulfil");
    // One is there already, and matched by all three.
    let there = ObjectName::new("Account_Partner__c");
    bench.crm.put(&there, record(&[("Account__c", acme.1.as_str()), ("Partner__c", partners[1].1.as_str()), ("Role__c", "Delivery"), ("Share__c", "30")]));
    bench.crm.put(&there, record(&[("Account__c", acme.1.as_str()), ("Partner__c", partners[2].1.as_str()), ("Role__c", "Delivery")]));
    for _ in 0..3 {
        bench.all().await;
    }
    let prm = |partner: usize, role: &str| format!("{} {} {role}", acme.0, partners[partner].0);
    let crm = |partner: usize, role: &str| format!("{} {} {role}", acme.1, partners[partner].1);
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(
        bench.lines("prm", "account_partners", &["account", "partner", "role"]),
        sorted(vec![prm(0, "influencer"), prm(1, "influencer"), prm(1, "fulfil"), prm(2, "fulfil")])
    );
    let four = sorted(vec![crm(0, "Influence"), crm(1, "Influence"), crm(1, "Delivery"), crm(2, "Delivery")]);
    assert_eq!(bench.lines("crm", "Account_Partner__c", &["Account__c", "Partner__c", "Role__c"]), four);
    let shares = bench.lines("prm", "account_partners", &["share"]);
    assert_eq!(shares.iter().filter(|share| *share == "30").count(), 1, "{shares:?}");

    assert!(bench.prm.delete(&joins, &first));
    for _ in 0..2 {
        bench.all().await;
    }
    let three: Vec<String> = four.into_iter().filter(|line| *line != crm(0, "Influence")).collect();
    assert_eq!(bench.lines("crm", "Account_Partner__c", &["Account__c", "Partner__c", "Role__c"]), three, "only that one is gone");
}

const SETS: &str = "
mapping: partners
adopt: automatic
systems: { prm: { object: partners }, crm: { object: Partner } }
match: [ [name] ]
fields: { name: { prm: name, crm: Name } }
---
mapping: deals
adopt: automatic
systems: { prm: { object: deals }, crm: { object: Opportunity } }
match: [ [number] ]
fields:
  number:   { prm: number, crm: Number }
  partners: { prm: partners, crm: Partners, type: set(ref(partners)) }
";

#[tokio::test]
async fn a_set_of_references_is_merged_one_by_one() {
    let bench = Bench::new(SETS).await;
    let [a, b, c] = ["A", "B", "C"].map(|name| bench.both("partners", "Partner", name));
    let list = |keys: &[&RecordKey]| Value::List(keys.iter().map(|key| Value::text(key.as_str())).collect());
    let holder = |at: &str, keys: &[&RecordKey], number: &str, of: &str| {
        Value::Map(vec![(number.into(), Value::text("1")), (at.into(), list(keys))].into_iter().chain([(of.into(), Value::Blank)]).collect())
    };
    let deal = bench.prm.put(&object("prm"), holder("partners", &[&a.0, &b.0], "number", "x"));
    let opportunity = bench.crm.put(&object("crm"), holder("Partners", &[&a.1, &b.1], "Number", "x"));
    bench.all().await;
    bench.all().await;
    // The portal takes one away while the CRM adds one.
    bench.clock.advance(Duration::from_secs(5));
    assert!(bench.prm.edit(&object("prm"), &deal, &path("partners"), list(&[&b.0])));
    bench.clock.advance(Duration::from_secs(5));
    assert!(bench.crm.edit(&object("crm"), &opportunity, &path("Partners"), list(&[&a.1, &b.1, &c.1])));
    bench.all().await;
    bench.all().await;
    let shown = |system: &Arc<MemorySystem>, of: &ObjectName, key: &RecordKey, at: &str| {
        let Some(Value::List(all) | Value::Set(all)) = path(at).get(&system.values(of, key).expect("there")).cloned() else { panic!("no list at {at}") };
        let mut all: Vec<String> = all.iter().map(ToString::to_string).collect();
        all.sort();
        all
    };
    assert_eq!(shown(&bench.prm, &object("prm"), &deal, "partners"), [b.0.to_string(), c.0.to_string()]);
    assert_eq!(shown(&bench.crm, &object("crm"), &opportunity, "Partners"), [b.1.to_string(), c.1.to_string()]);
}
