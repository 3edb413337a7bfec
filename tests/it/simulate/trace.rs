//! What happened, line by line, where somebody reads it and nowhere else: spelling it is a good part of what a history costs.

use std::fmt;

#[derive(Default)]
pub struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(keep: bool) -> Self {
        Self { lines: keep.then(Vec::new) }
    }

    pub fn line(&mut self, at_us: i64, text: fmt::Arguments<'_>) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.3} {text}", at_us as f64 / 1e6 % 1e7));
        }
    }

    /// Whether anything is told.
    pub fn is_kept(&self) -> bool {
        self.lines.is_some()
    }

    pub fn text(&self) -> String {
        self.lines.as_ref().map(|lines| lines.join("\n")).unwrap_or_default()
    }
}
