//! What people and scripts see: lines, tables, JSON. Everything goes through here, so that pipes get no colour and no width.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};
use indicatif::{MultiProgress, ProgressDrawTarget};

use super::flow;
use super::screen::Screen;

pub const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
pub const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold();
pub const WAITING: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
pub const QUIET: Style = Style::new().dimmed();
pub const TITLE: Style = Style::new().bold();

/// How often bars are drawn at most.
const FRAMES_PER_SECOND: u8 = 20;

/// Where a command prints.
#[derive(Clone, Debug)]
pub struct Out {
    pub json: bool,
    /// A person watches standard output.
    pub terminal: bool,
    /// Progress may be drawn on standard error.
    pub progress: bool,
    /// The bars that are drawn: they make way for every line.
    pub bars: MultiProgress,
}

impl Out {
    pub fn new(json: bool) -> Self {
        let progress = io::stderr().is_terminal() && !json;
        let columns = Table::new().width().map(usize::from);
        let draws = ProgressDrawTarget::term_like_with_hz(Box::new(Screen::new(columns)), FRAMES_PER_SECOND);
        let bars = MultiProgress::with_draw_target(if progress { draws } else { ProgressDrawTarget::hidden() });
        Self { json, terminal: io::stdout().is_terminal(), progress, bars }
    }

    /// Whether a person can be asked.
    pub fn can_ask(&self) -> bool {
        self.terminal && io::stdin().is_terminal() && !self.json
    }

    pub fn line(&self, text: impl Display) -> io::Result<()> {
        self.bars.suspend(|| writeln!(anstream::stdout(), "{text}"))
    }

    /// A line for people: one that is longer than their terminal goes on further in, broken between words.
    pub fn flow(&self, text: impl Display) -> io::Result<()> {
        match self.columns() {
            Some(columns) => self.line(flow::broken(&text.to_string(), columns)),
            None => self.line(text),
        }
    }

    /// How wide the person's terminal is; none in a pipe.
    pub fn columns(&self) -> Option<usize> {
        if self.terminal { Table::new().width().map(usize::from) } else { None }
    }

    /// A remark beside the result: on standard error, so that pipes carry results only.
    pub fn remark(&self, text: impl Display) -> io::Result<()> {
        self.bars.suspend(|| writeln!(anstream::stderr(), "{text}"))
    }

    pub fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, value)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    pub fn table(&self, head: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        let widths = longest_words(head, &rows);
        table.set_header(head.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
        rows.into_iter().for_each(|row| {
            table.add_row(row);
        });
        for (column, width) in table.column_iter_mut().zip(widths) {
            column.set_padding((0, 2));
            // A narrow terminal breaks cells between words, never in one.
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + 2)));
        }
        table.lines().try_for_each(|line| self.line(line.trim_end()))
    }
}

/// The longest word of each column.
fn longest_words(head: &[&str], rows: &[Vec<String>]) -> Vec<u16> {
    let longest = |text: &str| text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let column = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| longest(cell)).chain([longest(head[at])]).max().unwrap_or(0);
    (0..head.len()).map(|at| u16::try_from(column(at)).unwrap_or(u16::MAX)).collect()
}

/// A text in a style; taken off again where colour is not wanted.
pub fn styled(style: Style, text: impl Display) -> String {
    format!("{}{text}{}", style.render(), style.render_reset())
}

/// `1 op`, `2 ops`, `12,345 records`.
pub fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Digits in threes.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(counted(1, "op"), "1 op");
        assert_eq!(counted(0, "op"), "0 ops");
        assert_eq!(counted(12_345, "record"), "12,345 records");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}
