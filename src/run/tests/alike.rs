//! Records that all show the same take a short way in; it must end where the long one does.

use super::*;
use crate::sync::entity::Entity;

/// One mapping twice: the wall, which always holds, sends the second the long way.
const MAPPING: &str = "
mapping: deals
adopt: automatic
systems:
  prm: { object: deals }
  crm: { object: Opportunity WALL }
match: [ [number], [name] ]
fields:
  number: { prm: number, crm: Number }
  name:   { prm: name, crm: Name }
  note:   { prm: note, crm: Note, type: integer, wins: POLICY }
  own:    { prm: own }
  status:
    prm: stage
    crm: Stage
    wins: POLICY
    values:
      open: { prm: open, crm: New }
      won:  { prm: won, crm: [Closed Won, Won] }
";

const POLICIES: [&str; 8] = ["crm", "prm", "[crm, prm]", "latest", "{ latest: [crm] }", "highest", "first", "ask"];

/// Deals as `number name note stage`, a dot for what is blank; in the PRM, in the CRM, or in both.
const RECORDS: [(&str, &str); 9] = [
    ("1 Acme 7 open", "1 Acme 7 New"),
    ("2 Birch . won", "2 Birch . Won"),
    ("3 Cedar . .", "3 Cedar . ."),
    ("4 Dove 4 open", "4 Dove 5 New"),
    ("5 Elm 5 open", "5 . 5 New"),
    ("6 Fir 6 won", ""),
    ("", "7 Gorse 7 Won"),
    ("8 Hazel 8 lost", "8 Hazel 8 Lost"),
    (". Ivy 9 open", ". Ivy 9 New"),
];

fn values(record: &str, names: [&str; 4]) -> Value {
    let told = names.iter().zip(record.split(' ')).filter(|(_, text)| *text != ".");
    Value::Map(told.map(|(name, text)| ((*name).into(), text.parse().map_or_else(|_| Value::text(text), Value::Integer))).collect())
}

async fn entities(policy: &str, wall: &str) -> (Vec<Entity>, u64) {
    let bench = Bench::new(&MAPPING.replace("POLICY", policy).replace("WALL", wall)).await;
    for (deal, opportunity) in RECORDS {
        if !deal.is_empty() {
            bench.prm.put(&object("prm"), values(deal, ["number", "name", "note", "stage"]));
        }
        bench.clock.advance(Duration::from_secs(3));
        if !opportunity.is_empty() {
            bench.crm.put(&object("crm"), values(opportunity, ["Number", "Name", "Note", "Stage"]));
        }
    }
    let ended = bench.run().await;
    let (store, mapping) = (&bench.ground.store, bench.ground.mappings[0].id);
    let ids = store.entities(mapping, None, 100).await.expect("lists");
    let mut entities: Vec<Entity> = store.load(mapping, &ids).await.expect("loads").into_iter().map(|loaded| loaded.entity).collect();
    // Which came first is not the same both ways.
    let key = |entity: &Entity| entity.links.iter().flatten().map(|link| link.key.clone()).collect::<Vec<_>>();
    entities.sort_by_key(key);
    for entity in &mut entities {
        entity.id = crate::id::EntityId(0);
        entity.links.iter_mut().flatten().for_each(|link| link.id = None);
    }
    (entities, ended.end.unchanged)
}

#[tokio::test]
async fn the_short_way_in_ends_where_the_long_one_does() {
    for policy in POLICIES {
        let (short, unchanged) = entities(policy, "").await;
        assert_eq!(short.len(), RECORDS.len(), "{policy}");
        let (long, looked) = entities(policy, ", only: \"true\"").await;
        assert_eq!(short, long, "{policy}");
        assert_eq!(unchanged, looked, "{policy}");
    }
}
