//! An explanation as people read it: what is agreed, then why, then who shows what.

use jiff::Timestamp;

use super::out::{self, Out, styled};
use crate::report::explain::{Decision, Explained, FieldStory, OpStory, Refusal, Showing, Wrote};

/// Values longer than this are cut on the screen; `--json` has them whole.
const VALUE_CHARS: usize = 60;

pub fn tell(one: &Explained, out: &Out) -> std::io::Result<()> {
    out.line(format!("{} {} \"{}\"", styled(out::TITLE, &one.mapping), one.entity, one.label))?;
    for record in &one.records {
        let written = record.written_at.map_or(String::new(), |at| format!(", written {}", time(at)));
        let before = if record.predecessors.is_empty() { String::new() } else { format!(", before it {}", record.predecessors.join(", ")) };
        out.flow(format!("  {} {}  {}{written}{before}", record.system, record.key, styled(out::QUIET, &record.state)))?;
    }
    if !one.joined.is_empty() {
        out.flow(format!("  turned out to be one with {}", one.joined.join(", ")))?;
    }
    out.line("")?;
    one.fields.iter().try_for_each(|field| story(field, out))?;
    one.ops.iter().try_for_each(|op| tell_op(op, out))?;
    for review in &one.waits {
        out.flow(format!("{} {}: {}", styled(out::WAITING, "waits"), review.review, review.asks))?;
    }
    for letter in &one.dead_letters {
        out.flow(format!("{} {}: {}", styled(out::BAD, "refused"), letter.dead_letter, refusal(letter)))?;
    }
    if one.cut_short {
        out.line(styled(out::QUIET, "There is more in the journal than is told here; the newest is told."))?;
    }
    Ok(())
}

fn story(field: &FieldStory, out: &Out) -> std::io::Result<()> {
    let value = field.value.as_deref().map_or("nothing yet".to_owned(), quoted);
    out.flow(format!("{}  {value}", styled(out::TITLE, &field.field)))?;
    if let (Some(origin), Some(until)) = (&field.origin, field.until) {
        out.flow(format!("  from {origin}, changed {}{}", between(field.after, until), by(field.actor.as_deref())))?;
    }
    out.flow(format!("  {}", field.agreed))?;
    if !field.agreed.contains(&field.rule) {
        out.flow(styled(out::QUIET, format!("  {}", field.rule)))?;
    }
    field.decisions.iter().try_for_each(|decision| decided(decision, out))?;
    out.flow(format!("  shows    {}", field.systems.iter().map(shows).collect::<Vec<_>>().join(" · ")))?;
    field.writes.iter().try_for_each(|write| wrote(write, out))?;
    for lost in &field.lost {
        out.flow(format!(
            "  lost     {} of {} to {}  {}",
            quoted(&lost.value),
            lost.by,
            quoted(&lost.won),
            quiet(&[&lost.conflict, &lost.run, &time(lost.at)])
        ))?;
    }
    out.line("")
}

fn decided(decision: &Decision, out: &Out) -> std::io::Result<()> {
    let was = decision.was.as_deref().map_or("nothing".to_owned(), quoted);
    out.flow(format!("  decided  {} after {was}: {}  {}", quoted(&decision.value), decision.reason, quiet(&[&decision.run, &time(decision.at)])))?;
    for said in &decision.said {
        let whose = if said.as_agreed { format!("agreed, from {}", said.by) } else { said.by.clone() };
        let before = said.before.as_deref().map_or(String::new(), |before| format!(" after {}", quoted(before)));
        out.flow(format!("    {whose} said {}{before}, {}{}: {}", quoted(&said.value), between(said.after, said.until), by(said.actor.as_deref()), said.fate))?;
    }
    Ok(())
}

fn shows(one: &Showing) -> String {
    let confirmed = if one.confirmed || one.seen.is_none() { "" } else { ", not read back yet" };
    match (&one.seen, one.state.as_str()) {
        (Some(_), "as agreed") | (None, _) => format!("{} {}{confirmed}", one.system, one.state),
        (Some(seen), state) => format!("{} {} ({state}{confirmed})", one.system, quoted(seen)),
    }
}

fn wrote(write: &Wrote, out: &Out) -> std::io::Result<()> {
    let replaced = write.replaced.as_deref().map_or(String::new(), |replaced| format!(" over {}", quoted(replaced)));
    let sent = write.sent_at.map_or("not sent".to_owned(), time);
    let refused = write.refusal.as_ref().map_or(String::new(), |letter| format!(" {}", refusal(letter)));
    out.flow(format!("  written  {} to {}{replaced}: {}{refused}  {}", quoted(&write.wrote), write.system, write.answer, quiet(&[&write.run, &sent])))
}

fn tell_op(op: &OpStory, out: &Out) -> std::io::Result<()> {
    let sent = op.sent_at.map_or("not sent".to_owned(), time);
    let refused = op.refusal.as_ref().map_or(String::new(), |letter| format!(" {}", refusal(letter)));
    let key = op.key.as_deref().map_or(String::new(), |key| format!(" {key}"));
    out.flow(format!("{} {}{key}: {}; {}{refused}  {}", styled(out::TITLE, &op.kind), op.system, op.reason, op.answer, quiet(&[&op.run, &sent])))
}

fn refusal(letter: &Refusal) -> String {
    let fields = if letter.fields.is_empty() { String::new() } else { format!(" ({})", letter.fields.join(", ")) };
    format!("{} {}{fields}", letter.code, letter.message)
}

/// `between 10:00 and 10:02`, `until 10:02`, `at 10:02`.
fn between(after: Option<Timestamp>, until: Timestamp) -> String {
    match after {
        Some(after) if after == until => format!("at {}", time(until)),
        Some(after) => format!("between {} and {}", time(after), time(until)),
        None => format!("not after {}", time(until)),
    }
}

/// `, by 0055g…`: who typed it, where the vendor tells.
pub fn by(actor: Option<&str>) -> String {
    actor.map_or(String::new(), |actor| format!(", by {actor}"))
}

/// To the second: who spoke first is told by the evidence grade, not by fractions.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub fn quoted(value: &str) -> String {
    if value.is_empty() {
        return "blank".to_owned();
    }
    match value.char_indices().nth(VALUE_CHARS) {
        Some((at, _)) => format!("'{}…'", &value[..at]),
        None => format!("'{value}'"),
    }
}

fn quiet(parts: &[&str]) -> String {
    styled(out::QUIET, parts.join(" "))
}
