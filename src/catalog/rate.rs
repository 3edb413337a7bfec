//! How many requests a vendor allows.

use std::num::NonZeroU32;
use std::time::Duration;

use super::compile::{Compiler, Seen};
use super::scope::Group;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::spec::slot::{Period, ShareOf};
use crate::value::Str;

/// Pools that calls of one class draw from.
#[derive(Clone, Debug)]
pub struct Class {
    /// `every_request`, `reads`, `writes`, or a name that calls give in `rate`.
    pub name: Str,
    pub pools: Vec<Pool>,
}

/// One count.
#[derive(Clone, Debug)]
pub struct Pool {
    pub name: Str,
    pub limit: Limit,
    /// Left for other tools.
    pub reserve: ShareOf,
    pub left: Option<Program>,
    pub used: Option<Program>,
    pub total: Option<Program>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Requests { count: NonZeroU32, per: Duration },
    Concurrent(u32),
}

/// Left for other tools where the file says nothing, in percent.
const RESERVE_PERCENT: u32 = 10;

impl Compiler<'_> {
    pub fn rates(&self) -> Vec<Class> {
        let classes = self.spec.rates.iter().map(|(name, pools)| Class {
            name: Str::from(name.text()),
            pools: pools.iter().enumerate().filter_map(|(at, pool)| self.pool(name.text(), at, pool)).collect(),
        });
        classes.collect()
    }

    fn pool(&self, class: &str, at: usize, spec: &crate::spec::connector::Pool) -> Option<Pool> {
        let seen = Seen::new("rates", &[Group::Answer]);
        let limit = match (&spec.requests, &spec.per, &spec.concurrent) {
            (Some(requests), Some(per), None) => {
                let count = u32::try_from(requests.value).ok().and_then(NonZeroU32::new);
                let per = match per.period() {
                    Period::Rolling(length) => length,
                    // The day's own beginning only matters for when a spent pool resets; the vendor's live count tells.
                    Period::Day => Duration::from_secs(86_400),
                };
                count.map(|count| Limit::Requests { count, per })
            }
            (None, None, Some(concurrent)) => Some(Limit::Concurrent(concurrent.value.max(1))),
            _ => None,
        };
        let Some(limit) = limit else {
            self.report(
                Diagnostic::error("rate", format!("pool {} of `{class}` is neither `requests` with `per` nor `concurrent`", at + 1))
                    .help("write `{ requests: 100, per: 10s }` or `{ concurrent: 5 }`"),
            );
            return None;
        };
        Some(Pool {
            name: spec.name.as_ref().map_or_else(|| Str::from(format!("{class}_{}", at + 1)), |name| Str::from(name.text())),
            limit,
            reserve: spec.reserve.as_ref().map_or(ShareOf::Percent(RESERVE_PERCENT.into()), |reserve| reserve.share()),
            left: self.maybe(spec.left.as_ref(), seen, &Want::any()),
            used: self.maybe(spec.used.as_ref(), seen, &Want::any()),
            total: self.maybe(spec.total.as_ref(), seen, &Want::any()),
        })
    }
}
