//! Groups over a few records, and over as many as need several runs.

use std::collections::BTreeSet;

use super::*;
use crate::value::fingerprint::hash64;

fn key(rule: u16, text: &str) -> MatchKey {
    MatchKey { rule, text: text.into(), hash: hash64(text.as_bytes()) }
}

/// A record as `crm:1 d=acme n=Acme`: system, key, then match keys of rule 0 (`d`) and 1 (`n`).
fn record(text: &str) -> StagedRecord {
    let mut words = text.split(' ');
    let (system, name) = words.next().and_then(|word| word.split_once(':')).expect("a system and a key");
    let system = ["crm", "prm", "erp"].iter().position(|s| *s == system).expect("a known system");
    let keys = words.map(|word| match word.split_once('=').expect("a rule and a key") {
        ("d", text) => key(0, text),
        (_, text) => key(1, text),
    });
    StagedRecord { system: SystemIx(system as u16), keys: keys.collect(), bytes: name.into() }
}

fn name(member: &Member) -> &str {
    std::str::from_utf8(member.body()).expect("staged as text")
}

/// What was staged.
fn back(member: &Member) -> StagedRecord {
    StagedRecord { system: member.system, keys: member.match_keys(), bytes: member.body().to_vec() }
}

fn stage(records: &[&str]) -> Stage {
    let mut stage = Stage::create(&std::env::temp_dir()).expect("creates");
    stage.put(records.iter().map(|text| record(text)).collect()).expect("puts");
    stage.finish().expect("finishes");
    stage
}

fn show(stage: &Stage, slice: usize) -> String {
    let mut lines = Vec::new();
    for group in stage.groups(slice).flat_map(|slice| slice.expect("reads")) {
        let names: Vec<_> = group.members.iter().map(name).collect();
        let rule = group.rule.map(|rule| format!(" by {rule}")).unwrap_or_default();
        lines.push(format!("{}{rule}{}", names.join("+"), if group.ambiguous { " ambiguous" } else { "" }));
    }
    lines.join(", ")
}

#[test]
fn rules_are_taken_in_order_and_twins_are_never_picked() {
    let check = |records: &[&str], groups: &str| assert_eq!(show(&stage(records), 100), groups, "{records:?}");
    check(&["crm:c1 d=a", "prm:p1 d=a", "crm:c2 d=b", "erp:e1"], "c1+p1 by 0, c2, e1");
    check(&["prm:p1 d=a", "crm:c1 d=a", "erp:e1 d=a"], "c1+p1+e1 by 0");
    check(&["crm:c1 d=a n=x", "prm:p1 d=a", "erp:e1 n=x"], "c1+p1+e1 by 1");
    check(&["crm:c1 d=a", "crm:c2 d=a", "prm:p1 d=a", "prm:p2 d=b"], "c1+c2+p1 ambiguous, p2");
    check(&["crm:c1 d=a", "crm:c2 d=a"], "c1+c2 ambiguous");
    // An ambiguous key is not rescued by a later rule, a group of an earlier one is not broken by it.
    check(&["crm:c1 d=a n=x", "crm:c2 d=a", "prm:p1 d=a n=x"], "c1+c2+p1 ambiguous");
    check(&["crm:c1 d=a n=x", "prm:p1 d=a", "erp:e1 n=x", "erp:e2 n=x"], "c1+p1 by 0, e1+e2 ambiguous");
    check(&["crm:c1 d=a n=x", "prm:p1 d=a", "crm:c2 n=x"], "c1+p1 by 0, c2 ambiguous");
    check(&["crm:c1 d=a n=x", "prm:p1 d=a", "crm:c2 d=b n=x", "prm:p2 d=b"], "c1+p1 by 0, c2+p2 by 0");
    check(&["crm:c1 d=a d=a d=b", "prm:p1 d=b"], "c1+p1 by 0");
    check(&[], "");
}

#[test]
fn records_come_back_whole_and_twice() {
    let records = ["crm:c1 d=a", "prm:p1 d=a", "erp:e1 n=x"];
    let stage = stage(&records);
    for _ in 0..2 {
        let back: Vec<_> = stage.groups(1).flat_map(|slice| slice.expect("reads")).flat_map(|group| group.members).map(|member| self::back(&member)).collect();
        assert_eq!(back, records.map(record));
    }
    assert_eq!(stage.len(), 3);
}

#[test]
fn equal_hashes_of_different_keys_go_to_a_person() {
    let mut stage = Stage::create(&std::env::temp_dir()).expect("creates");
    let mut records = [record("crm:c1 d=a"), record("prm:p1 d=b")];
    records[1].keys[0].hash = records[0].keys[0].hash;
    stage.put(records.into()).expect("puts");
    stage.finish().expect("finishes");
    assert_eq!(show(&stage, 9), "c1+p1 ambiguous");
}

#[test]
fn many_records_come_once_in_one_order_whatever_way_they_came() {
    let count = 15_000;
    let crm = |n: u32| format!("crm:c{n} d=k{} n=n{n}", n % 14_000);
    let prm = |n: u32| format!("prm:p{n} n=n{}", (n * 7) % count);
    let mut mixed = Stage::create(&std::env::temp_dir()).expect("creates");
    let mut apart = Stage::create(&std::env::temp_dir()).expect("creates");
    for n in 0..count {
        mixed.put(vec![record(&prm(n)), record(&crm(n))]).expect("puts");
        apart.put(vec![record(&crm(n))]).expect("puts");
    }
    (0..count).for_each(|n| apart.put(vec![record(&prm(n))]).expect("puts"));
    let mut all = Vec::new();
    for stage in [&mut mixed, &mut apart] {
        stage.finish().expect("finishes");
        all.push(stage.groups(1_000).flat_map(|slice| slice.expect("reads")).collect::<Vec<_>>());
    }
    assert!(all[0] == all[1], "the order does not depend on how systems were mixed");
    let members: Vec<_> = all[0].iter().flat_map(|group| &group.members).map(name).collect();
    assert_eq!(members.len(), 2 * count as usize);
    assert_eq!(members.iter().collect::<BTreeSet<_>>().len(), members.len(), "each record once");
    let twins: usize = all[0].iter().filter(|group| group.ambiguous).map(|group| group.members.len()).sum();
    assert_eq!(twins, 2_000);
    assert_eq!(all[0].iter().filter(|group| group.rule == Some(1)).count(), 13_000);
}

#[test]
fn a_crowd_with_one_key_comes_in_parts() {
    let stage = stage(&["crm:a d=x", "crm:b d=x", "crm:c d=x", "crm:d d=x", "crm:e d=x"]);
    assert_eq!(show(&stage, 2), "a+b ambiguous, c+d ambiguous, e ambiguous");
}
