//! The scratch of a first match: complete lists, brought together by their match keys.

use std::collections::HashMap;
use std::path::PathBuf;

use super::StoreError;
use crate::id::RecordKey;
use crate::mapping::SystemIx;
use crate::mapping::matching::MatchKey;

#[derive(Clone, Debug)]
pub struct StagedRecord {
    pub system: SystemIx,
    pub identity: RecordKey,
    pub key: RecordKey,
    pub keys: Vec<MatchKey>,
    pub bytes: Vec<u8>,
}

pub struct Group {
    pub members: Vec<StagedRecord>,
}

pub struct Stage {
    records: Vec<StagedRecord>,
    groups: Vec<Vec<usize>>,
}

pub struct Groups {
    all: std::vec::IntoIter<Vec<Group>>,
}

impl Stage {
    pub fn create(_: PathBuf) -> Result<Self, StoreError> {
        Ok(Self { records: Vec::new(), groups: Vec::new() })
    }

    pub fn put(&mut self, records: Vec<StagedRecord>) -> Result<(), StoreError> {
        self.records.extend(records);
        Ok(())
    }

    pub fn finish(&mut self) -> Result<(), StoreError> {
        let mut by_key: HashMap<&MatchKey, usize> = HashMap::new();
        let mut group_of: Vec<usize> = (0..self.records.len()).collect();
        for (at, record) in self.records.iter().enumerate() {
            for key in &record.keys {
                let first = *by_key.entry(key).or_insert(at);
                group_of[at] = group_of[at].min(group_of[first]);
            }
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.records.len()];
        group_of.into_iter().enumerate().for_each(|(at, group)| groups[group].push(at));
        groups.retain(|group| !group.is_empty());
        self.groups = groups;
        Ok(())
    }

    pub fn groups(&self, slice: usize) -> Result<Groups, StoreError> {
        let group = |members: &Vec<usize>| Group { members: members.iter().map(|at| self.records[*at].clone()).collect() };
        let slices: Vec<Vec<Group>> = self.groups.chunks(slice).map(|groups| groups.iter().map(group).collect()).collect();
        Ok(Groups { all: slices.into_iter() })
    }
}

impl Groups {
    pub fn next(&mut self) -> Result<Vec<Group>, StoreError> {
        Ok(self.all.next().unwrap_or_default())
    }
}
