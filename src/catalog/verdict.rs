//! Where an answer says what went wrong, and what that means for us.

use std::time::Duration;

use super::compile::{Compiler, Seen};
use super::scope::Group;
use crate::diag::Diagnostic;
use crate::expr::{Program, Want};
use crate::spec::OneOrMany;
use crate::spec::connector::{Verdict, VerdictRule};
use crate::value::Str;

/// Where a failure hides.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    pub code: Option<Program>,
    pub message: Option<Program>,
    pub field: Option<Program>,
    pub detail: Option<Program>,
}

/// One rule; the first whose conditions all hold decides.
#[derive(Clone, Debug)]
pub struct Rule {
    pub status: Vec<u16>,
    pub code: Vec<Str>,
    pub code_starts: Vec<Str>,
    pub detail: Vec<Str>,
    pub message: Option<Str>,
    pub when: Option<Program>,
    pub is: Verdict,
    pub wait: Option<Duration>,
    pub spent: Option<Str>,
    pub key: Option<Program>,
}

const ANSWER: &[Group] = &[Group::Answer];
const ERROR: &[Group] = &[Group::Answer, Group::Error];

impl Compiler<'_> {
    pub fn errors(&self) -> Errors {
        let seen = Seen::new("errors", ANSWER);
        let spec = &self.spec.errors;
        Errors {
            code: self.maybe(spec.code.as_ref(), seen, &Want::any()),
            message: self.maybe(spec.message.as_ref(), seen, &Want::any()),
            field: self.maybe(spec.field.as_ref(), seen, &Want::any()),
            detail: self.maybe(spec.detail.as_ref(), seen, &Want::any()),
        }
    }

    pub fn verdicts(&self) -> Vec<Rule> {
        let pools: Vec<&str> =
            self.spec.rates.iter().flat_map(|(_, pools)| pools.iter()).filter_map(|pool| pool.name.as_ref()).map(|name| name.text()).collect();
        let rules: Vec<Rule> = self.spec.verdicts.iter().map(|spec| self.rule(spec, &pools)).collect();
        for (at, rule) in rules.iter().enumerate() {
            if let Some(first) = rules[..at].iter().position(|earlier| covers(earlier, rule)) {
                let found = Diagnostic::error("verdict", format!("verdict {} can never fit: verdict {} takes what it would take first", at + 1, first + 1));
                self.report(found.at(self.spec.verdicts[at].is.span).help("put the narrower rule first"));
            }
        }
        rules
    }

    fn rule(&self, spec: &VerdictRule, pools: &[&str]) -> Rule {
        if let Some(spent) = &spec.spent
            && !pools.contains(&spent.text())
        {
            let found = Diagnostic::error("spent", format!("`spent: {}` names no pool", spent.text())).at(spent.span());
            self.report(found.nearest(spent.text(), pools.iter().copied()));
        }
        let words = |names: &Option<OneOrMany<crate::spec::Name>>| {
            names.iter().flat_map(|names| names.as_slice()).map(|name| Str::from(name.text())).collect::<Vec<_>>()
        };
        Rule {
            status: spec.status.iter().flat_map(|status| status.as_slice()).map(|status| status.value).collect(),
            code: words(&spec.code),
            code_starts: words(&spec.code_starts),
            detail: words(&spec.detail),
            message: spec.message.as_ref().map(|message| Str::from(message.text())),
            when: self.maybe(spec.when.as_ref(), Seen::new("verdicts", ERROR), &Want::any()),
            is: spec.is.value,
            wait: spec.wait.as_ref().map(|wait| wait.duration()),
            spent: spec.spent.as_ref().map(|spent| Str::from(spent.text())),
            key: self.maybe(spec.key.as_ref(), Seen::new("verdicts", ERROR), &Want::any()),
        }
    }
}

/// Whether everything that fits `later` fits `earlier`, as far as the words tell.
fn covers(earlier: &Rule, later: &Rule) -> bool {
    let wide = |earlier: &[Str], later: &[Str]| earlier.is_empty() || (!later.is_empty() && later.iter().all(|word| earlier.contains(word)));
    earlier.when.is_none()
        && earlier.detail.is_empty()
        && earlier.message.as_ref().is_none_or(|message| later.message.as_ref().is_some_and(|later| later.contains(message.as_str())))
        && (earlier.status.is_empty() || (!later.status.is_empty() && later.status.iter().all(|status| earlier.status.contains(status))))
        && wide(&earlier.code, &later.code)
        && (earlier.code_starts.is_empty()
            || (!later.code_starts.is_empty()
                && later.code_starts.iter().all(|word| earlier.code_starts.iter().any(|earlier| word.starts_with(earlier.as_str()))))
            || (!later.code.is_empty() && later.code.iter().all(|word| earlier.code_starts.iter().any(|earlier| word.starts_with(earlier.as_str())))))
}
