//! What a power cut leaves of writes that were not synced, from a seed.

use super::disk::{Change, Content, apply};

/// Chance, and the size of a sector.
pub struct Cut {
    state: u64,
    sector: usize,
}

/// How much of what was not synced is there after this cut.
pub enum Lands {
    Nothing,
    All,
    /// Each sector with this chance of 8.
    Some(u64),
}

impl Cut {
    pub fn seeded(seed: u64) -> Self {
        let mut cut = Self { state: seed, sector: 0 };
        cut.sector = if cut.coin() { 512 } else { 4096 };
        cut
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub fn lands(&mut self) -> Lands {
        match self.below(6) {
            0 => Lands::Nothing,
            1 => Lands::All,
            _ => Lands::Some(1 + self.below(7)),
        }
    }

    /// The bytes on disk: what was synced, and some sectors of what was written since, now and then only the beginning of one. Which of two writes to one sector
    /// is there, and which of two sectors, hangs on chance alone: so they come in any order.
    pub fn torn(&mut self, content: Content, lands: &Lands) -> Vec<u8> {
        let mut bytes = content.synced;
        for change in content.since {
            match change {
                Change::Write { at, bytes: written } => self.write(&mut bytes, at, &written, lands),
                length @ Change::Length(_) if self.is_there(lands) => apply(&mut bytes, &length),
                Change::Length(_) => {}
            }
        }
        bytes
    }

    fn is_there(&mut self, lands: &Lands) -> bool {
        match lands {
            Lands::Nothing => false,
            Lands::All => true,
            Lands::Some(of) => self.below(8) < *of,
        }
    }

    fn write(&mut self, bytes: &mut Vec<u8>, at: usize, written: &[u8], lands: &Lands) {
        let mut from = 0;
        while from < written.len() {
            let room = self.sector - (at + from) % self.sector;
            let to = (from + room).min(written.len());
            if self.is_there(lands) {
                let torn = matches!(lands, Lands::Some(_)) && self.below(8) == 0;
                let until = if torn { from + self.below((to - from) as u64) as usize } else { to };
                apply(bytes, &Change::Write { at: at + from, bytes: written[from..until].to_vec() });
            }
            from = to;
        }
    }
}
