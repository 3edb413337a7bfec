//! One read, page by page: tokens, links, keysets and caps, until the vendor says that it ends.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::Line;
use super::call::{Answer, Failure, read_error};
use super::decode::{Plan, fields, moment};
use super::frame::{Frame, Local, word};
use super::http::HttpRequest;
use crate::bounds::PAGES_PER_READ_MAX;
use crate::catalog::read::{Read, Records, Sorted};
use crate::catalog::scope::{AFTER_KEY, AFTER_TIME, BODY, FIELDS, NEWEST, PAGE_SIZE, PAGE_TOKEN, RECORD, RECORDS, WINDOW_FROM, WINDOW_TO};
use crate::expr::{Item, Program};
use crate::spec::connector::Verdict;
use crate::system::{Gone, SystemError};
use crate::value::doc::DocKind;
use crate::value::record::{Columns, Record};
use crate::value::{Doc, Str, Value};

/// A read that the vendor makes begin again is begun this often before it is called broken.
const RESTARTS_MAX: usize = 3;

/// A read under way.
pub struct Walk {
    line: Arc<Line>,
    local: Arc<Local>,
    read: Read,
    plan: Plan,
    fields: Item,
    want: Want,
    window: Option<(Timestamp, Timestamp)>,
    after: Option<After>,
    token: Option<Item>,
    link: Option<Str>,
    first: Option<Arc<HttpRequest>>,
    pages: usize,
    in_query: usize,
    restarts: usize,
    newest: Option<Timestamp>,
    first_date: Option<Timestamp>,
    done: bool,
    /// The next page is asked for before this one is decoded: at most one request.
    ahead: JoinSet<Result<Answer, Failure>>,
}

/// What is made of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Records,
    /// Keys that were deleted.
    Gone,
    /// Keys alone.
    Keys,
}

/// The last record of what was read: where a keyset goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    pub time: Option<Timestamp>,
    pub key: String,
}

/// What one page gave.
#[derive(Debug, Default)]
pub struct Leaf {
    pub records: Vec<Record>,
    pub gone: Vec<Gone>,
    pub moves_to: Option<Timestamp>,
    pub hole: bool,
    pub last: bool,
}

/// How a step ended.
pub enum Step {
    Leaf(Leaf),
    /// The vendor finds the read too big: a smaller window must do.
    Split(String),
    End,
}

/// What a feed asks of each page beside its records.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    pub moves_to: Option<&'a Program>,
    pub hole: Option<&'a Program>,
}

impl Walk {
    pub fn new(line: Arc<Line>, local: Arc<Local>, read: Read, columns: &Columns, want: Want, window: Option<(Timestamp, Timestamp)>) -> Walk {
        let frame = Frame::new(&line.ground, Some(&local));
        let plan = Plan::new(&local, &frame, columns, read.key.as_ref(), read.time.as_ref());
        let fields = fields(&local, columns);
        drop(frame);
        let token = read.page.first.and_then(|first| i64::try_from(first).ok()).map(Item::integer);
        Walk {
            line,
            local,
            read,
            plan,
            fields,
            want,
            window,
            after: None,
            token,
            link: None,
            first: None,
            pages: 0,
            in_query: 0,
            restarts: 0,
            newest: None,
            first_date: None,
            done: false,
            ahead: JoinSet::new(),
        }
    }

    /// Goes on after a record that an earlier read ended with.
    pub fn resume(mut self, after: After) -> Walk {
        self.after = Some(after);
        self
    }

    /// The last record read, where the order makes it a place to go on from.
    pub fn after(&self) -> Option<&After> {
        self.after.as_ref().filter(|_| self.read.sorted != Sorted::No)
    }

    pub fn sorted(&self) -> Sorted {
        self.read.sorted
    }

    /// The vendor's time of the first answer.
    pub fn first_date(&self) -> Option<Timestamp> {
        self.first_date
    }

    /// Reads the next page.
    ///
    /// # Errors
    /// When the vendor cannot be read, or what it answers cannot be used.
    pub async fn step(&mut self, asked: Asked<'_>) -> Result<Step, SystemError> {
        loop {
            if self.done {
                return Ok(Step::End);
            }
            if self.pages == PAGES_PER_READ_MAX {
                return Err(self.garbled(format!("the read of `{}` does not end after {PAGES_PER_READ_MAX} pages", self.local.name)));
            }
            let (line, local) = (self.line.clone(), self.local.clone());
            if self.ahead.is_empty() {
                self.ask()?;
            }
            self.pages += 1;
            let answer = self.ahead.join_next().await.expect("it was just asked for").expect("a request neither panics nor is aborted while it is waited for");
            let answer = answer.map_err(|failure| failure.into_error(&line))?;
            match answer.judged.is {
                Verdict::Ok => return self.taken(&line, &local, answer, asked).await.map(Step::Leaf),
                Verdict::Split if self.window.is_some() => return Ok(Step::Split(answer.judged.told())),
                Verdict::Restart | Verdict::Expired if self.restarts < RESTARTS_MAX => self.restart(),
                _ => return Err(read_error(&line, &local.name, &answer.judged)),
            }
        }
    }

    /// Sends the request for the page that the read has come to.
    fn ask(&mut self) -> Result<(), SystemError> {
        let (line, local, request) = (self.line.clone(), self.local.clone(), self.read.request.clone());
        let own = self.frame(&line, &local)?.into_own();
        let link = self.link.clone().zip(self.first.clone());
        let asked = async move {
            let frame = Frame::new(&line.ground, Some(&local)).having(own);
            match link {
                Some((link, first)) => line.call_next(&request, &frame, &first, &link).await,
                None => line.call(&request, &frame, super::rate::Purpose::Read).await,
            }
        };
        self.ahead.spawn(asked.in_current_span());
        Ok(())
    }

    /// Asks again from after the last record where the order allows it, else from the beginning.
    fn restart(&mut self) {
        self.restarts += 1;
        self.link = None;
        self.in_query = 0;
        self.token = self.read.page.first.and_then(|first| i64::try_from(first).ok()).map(Item::integer);
    }

    fn frame<'a>(&self, line: &'a Line, local: &'a Local) -> Result<Frame<'a>, SystemError> {
        let mut frame = Frame::new(&line.ground, Some(local)).with(FIELDS, self.fields.clone());
        if let Some(size) = self.read.page.size {
            frame.set(PAGE_SIZE, Item::integer(i64::from(size)));
        }
        if let Some(token) = &self.token {
            frame.set(PAGE_TOKEN, token.clone());
        }
        if let Some((from, to)) = self.window {
            frame.set(WINDOW_FROM, Value::Instant(from)).set(WINDOW_TO, Value::Instant(to));
            frame.set(AFTER_TIME, Value::Instant(from));
        }
        if let Some(first) = &self.read.first_key {
            let first = first.eval(&frame).map_err(|fault| self.garbled(format!("`first_key`: {fault}")))?;
            frame.set(AFTER_KEY, first);
        }
        if let Some(after) = &self.after {
            frame.set(AFTER_KEY, Item::text(&after.key));
            if let Some(time) = after.time {
                frame.set(AFTER_TIME, Value::Instant(time));
            }
        }
        Ok(frame)
    }

    async fn taken(&mut self, line: &Line, local: &Local, answer: Answer, asked: Asked<'_>) -> Result<Leaf, SystemError> {
        let frame = self.frame(line, local)?;
        if self.first_date.is_none() {
            let date = answer.headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
            self.first_date = Some(date.and_then(|date| crate::value::time::from_http_date(date).ok()).unwrap_or_else(|| line.vendor_now()));
        }
        self.first.get_or_insert_with(|| answer.sent.clone());
        let mut seen = answer.frame(&frame);
        let docs = self.docs(&seen, &answer.body)?;
        self.in_query += docs.len();
        // The way on seldom hangs on more than the answer itself and its last record.
        let waits = self.read.page.next.as_ref().is_some_and(|next| next.slots().contains(&NEWEST));
        if !waits {
            self.go_on(local, &mut seen, &answer.body, &docs)?;
            if !self.done && self.pages < PAGES_PER_READ_MAX {
                self.ask()?;
                // It leaves now, not when this page is decoded: a task that was just spawned waits for the one that spawned it.
                tokio::task::yield_now().await;
            }
        }
        let mut leaf = self.decoded(local, &mut seen, &docs)?;
        if let Some(newest) = self.newest {
            seen.set(NEWEST, Value::Instant(newest));
        }
        if waits {
            self.go_on(local, &mut seen, &answer.body, &docs)?;
        }
        leaf.moves_to = asked.moves_to.and_then(|program| program.eval(&seen).ok()).and_then(|item| moment(&seen, &item));
        leaf.hole = match asked.hole.map(|program| program.condition(&seen)) {
            None => false,
            Some(Ok(hole)) => hole,
            Some(Err(fault)) => return Err(self.garbled(format!("`hole`: {fault}"))),
        };
        leaf.last = self.done;
        Ok(leaf)
    }

    fn docs(&self, seen: &Frame, body: &Doc) -> Result<Vec<Doc>, SystemError> {
        let (pick, is_one) = match &self.read.records {
            Records::Many(pick) => (pick, false),
            Records::One(pick) => (pick, true),
        };
        let item = pick.get(body, seen).map_err(|fault| self.garbled(format!("`records`: {fault}")))?;
        if is_one {
            return Ok(doc_of(item).filter(|doc| doc.kind() != DocKind::Null).into_iter().collect());
        }
        match item {
            Item::Doc(doc) if doc.kind() == DocKind::List => Ok(doc.items().filter(|doc| doc.kind() != DocKind::Null).collect()),
            Item::Doc(doc) if doc.kind() == DocKind::Null => Ok(Vec::new()),
            item => match item.elements() {
                Some(items) => Ok(items.filter_map(doc_of).collect()),
                None => Err(self.garbled(format!("`records` of `{}` should be a list and is {}", self.local.name, item.noun()))),
            },
        }
    }

    fn decoded(&mut self, local: &Local, seen: &mut Frame, docs: &[Doc]) -> Result<Leaf, SystemError> {
        let mut leaf = Leaf { records: Vec::with_capacity(docs.len()), ..Leaf::default() };
        let judged = self.read.keep.is_some() || self.read.tombstone.is_some();
        for doc in docs {
            let mut is_gone = self.want == Want::Gone;
            if judged {
                seen.set(RECORD, Item::Doc(doc.clone()));
                let holds = |program: &Option<Program>, otherwise| program.as_ref().map_or(Ok(otherwise), |program| program.condition(seen));
                let kept = holds(&self.read.keep, true).map_err(|fault| self.garbled(format!("`keep`: {fault}")))?;
                is_gone |= holds(&self.read.tombstone, false).map_err(|fault| self.garbled(format!("`tombstone`: {fault}")))?;
                if !kept {
                    continue;
                }
            }
            let record = match self.want {
                Want::Records if !is_gone => self.plan.record(local, seen, doc),
                _ => self.plan.key(local, seen, doc),
            };
            let record = record.map_err(|why| self.garbled(why))?;
            self.newest = self.newest.max(record.time);
            if is_gone {
                leaf.gone.push(Gone { key: record.key, identity: record.identity, time: record.time });
            } else {
                leaf.records.push(record);
            }
        }
        Ok(leaf)
    }

    /// Notes the last record of a sorted read; a keyset that does not move would never end.
    fn pass(&mut self, local: &Local, seen: &mut Frame, last: &Doc) -> Result<(), SystemError> {
        let record = self.plan.key(local, seen, last).map_err(|why| self.garbled(why))?;
        let time = match &self.read.sort_time {
            Some(pick) => pick.get(last, &seen.clone().with(RECORD, Item::Doc(last.clone()))).ok().and_then(|item| moment(seen, &item)),
            None => record.time,
        };
        if self.read.sorted == Sorted::ByTimeAndKey && time.is_none() {
            return Err(self.garbled(format!("a record of `{}` in a read sorted by time has no time", self.local.name)));
        }
        let after = After { time, key: record.key.as_str().to_string() };
        if self.after.as_ref() == Some(&after) {
            return Err(self.garbled(format!("the read of `{}` gives the same last record twice", self.local.name)));
        }
        self.after = Some(after);
        Ok(())
    }

    /// Finds the next page, or that there is none.
    fn go_on(&mut self, local: &Local, seen: &mut Frame, body: &Doc, docs: &[Doc]) -> Result<(), SystemError> {
        if let (Some(last), true) = (docs.last(), self.read.sorted != Sorted::No) {
            self.pass(local, seen, last)?;
        }
        let page = &self.read.page;
        let capped = page.cap.is_some_and(|cap| self.in_query >= cap as usize);
        if let Some(pick) = &page.next_url {
            let link = pick.get(body, seen).ok().as_ref().and_then(word);
            if link.is_some() && link == self.link {
                return Err(self.garbled(format!("the read of `{}` names the same next page twice", self.local.name)));
            }
            self.done = link.is_none();
            self.link = link;
        } else if let Some(next) = &page.next {
            // Only where a token is wanted are the records put together as one value.
            if next.slots().contains(&RECORDS) {
                seen.set(RECORDS, Item::List(docs.iter().cloned().map(Item::Doc).collect()));
            }
            let token = next.eval(seen).map_err(|fault| self.garbled(format!("`page.next`: {fault}")))?;
            let token = (!token.is_blank()).then_some(token);
            let same = |a: &Item, b: &Item| word(a) == word(b);
            if let (Some(token), Some(known)) = (&token, &self.token)
                && same(token, known)
            {
                return Err(self.garbled(format!("the read of `{}` gives the same page token twice", self.local.name)));
            }
            self.done = token.is_none();
            self.token = token;
        } else if self.read.sorted != Sorted::No {
            // A page shorter than asked for is the last one; without a size only an empty one is.
            self.done = docs.len() < page.size.map_or(1, |size| size as usize);
        } else {
            self.done = true;
        }
        if capped && !self.done {
            if self.read.sorted == Sorted::No {
                return Err(self.garbled(format!("the read of `{}` reaches the vendor's cap, and nothing says how to go on", self.local.name)));
            }
            self.link = None;
            self.token = None;
            self.in_query = 0;
        } else if capped && self.read.sorted != Sorted::No {
            // At the cap the vendor says that there is no more: it lies.
            self.done = false;
            self.link = None;
            self.token = None;
            self.in_query = 0;
        }
        Ok(())
    }

    fn garbled(&self, why: String) -> SystemError {
        SystemError::Garbled { connection: self.line.name.clone(), why }
    }
}

/// A record as a document of its own.
pub fn doc_of(item: Item) -> Option<Doc> {
    match item {
        Item::Doc(doc) => Some(doc),
        item => {
            let mut out = String::new();
            item.write_json(&mut out).ok()?;
            Doc::new(out.into()).ok()
        }
    }
}

/// The body slot, for those who look at a part of an answer as if it were all.
pub fn as_body<'a>(seen: &Frame<'a>, body: &Doc) -> Frame<'a> {
    seen.clone().with(BODY, Item::Doc(body.clone()))
}
