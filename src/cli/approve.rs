//! A held run asks the person at the terminal, who is shown its plan first; without a terminal it stays held.

use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::out::{self, Out, styled};
use super::plan_view::PlanView;
use super::progress::Bars;
use crate::mapping::Mapping;
use crate::run::plan::{PlanSink, PlannedOp, Unseen};
use crate::run::{Approve, NobodyAgrees};

/// Ops kept to be shown when a person is asked; more are only counted.
const KEPT: usize = 20;

/// What a run would do, kept until somebody asks.
#[derive(Default)]
struct Kept {
    ops: Vec<PlannedOp>,
    rest: Vec<(String, String)>,
    questions: usize,
}

struct Seen(Arc<Mutex<Kept>>);

impl PlanSink for Seen {
    fn op(&mut self, op: PlannedOp) -> std::io::Result<()> {
        let mut kept = self.0.lock().expect("no holder of this lock can panic");
        if kept.ops.len() < KEPT {
            kept.ops.push(op);
        } else {
            kept.rest.push((op.system, op.kind));
        }
        Ok(())
    }

    fn questions(&mut self, count: usize) {
        self.0.lock().expect("no holder of this lock can panic").questions += count;
    }
}

struct Asked {
    kept: Arc<Mutex<Kept>>,
    name: String,
    out: Out,
    bars: Bars,
    stop: CancellationToken,
}

#[async_trait::async_trait]
impl Approve for Asked {
    async fn agree(&mut self, why: &[String]) -> bool {
        self.bars.pause();
        let agreed = self.ask(why).await;
        self.bars.resume();
        agreed.unwrap_or_else(|error| {
            tracing::warn!(%error, "nobody could be asked");
            false
        })
    }
}

impl Asked {
    async fn ask(&self, why: &[String]) -> std::io::Result<bool> {
        let kept = std::mem::take(&mut *self.kept.lock().expect("no holder of this lock can panic"));
        let mut view = PlanView::new(self.out.clone(), KEPT);
        kept.ops.into_iter().try_for_each(|op| view.op(op))?;
        view.questions(kept.questions);
        kept.rest.into_iter().for_each(|(system, kind)| view.count(system, kind));
        self.out.flow(format!("\n{}  {}", styled(out::TITLE, &self.name), view.summary()))?;
        for why in why {
            self.out.flow(format!("  {} {why}", styled(out::WAITING, "held:")))?;
        }
        yes("Apply this plan?", &self.out, &self.stop).await
    }
}

/// Whether the person at the terminal says yes.
///
/// # Errors
/// When the terminal is gone.
pub async fn yes(question: &str, out: &Out, stop: &CancellationToken) -> std::io::Result<bool> {
    let mut terminal = anstream::stdout();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let answer = tokio::select! {
        // Ctrl-C is an answer, too.
        () = stop.cancelled() => String::new(),
        answer = typed() => answer?,
    };
    if !answer.ends_with('\n') {
        out.line("")?;
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The line that a person types; empty once there is nobody any more. A thread of its own waits for it, which nothing has to wait for in turn: a read of a
/// terminal cannot be called off, and must not keep the program from ending.
async fn typed() -> std::io::Result<String> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new().name("answer".to_owned()).spawn(move || {
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer).map(|_| answer);
        if tell.send(read).is_err() {
            tracing::debug!("the answer came after the run was stopped");
        }
    })?;
    told.await.unwrap_or_else(|_| Ok(String::new()))
}

/// What sees the plan, and what is asked about it.
pub fn pair(mapping: &Mapping, out: &Out, bars: &Bars, stop: &CancellationToken) -> (Box<dyn PlanSink>, Box<dyn Approve>) {
    if !out.can_ask() {
        return (Box::new(Unseen), Box::new(NobodyAgrees));
    }
    let kept = Arc::new(Mutex::new(Kept::default()));
    (Box::new(Seen(kept.clone())), Box::new(Asked { kept, name: mapping.name.to_string(), out: out.clone(), bars: bars.clone(), stop: stop.clone() }))
}
