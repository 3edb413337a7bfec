//! A table of results: what was measured, the floor where there is one, the ratio, the target.

use std::fmt::Write as _;

use anyhow::Context as _;

/// Where tables end up.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

/// One scenario's results.
pub struct Table {
    name: String,
    title: String,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    floor: Option<(String, f64)>,
    syncline: String,
    target: String,
    met: bool,
}

impl Table {
    pub fn new(name: &str, title: &str) -> Table {
        Table { name: name.to_owned(), title: title.to_owned(), rows: Vec::new() }
    }

    /// `floor` is what the floor took, and Syncline's share of it.
    pub fn row(&mut self, what: impl Into<String>, floor: Option<(String, f64)>, syncline: String, target: impl Into<String>, met: bool) {
        self.rows.push(Row { what: what.into(), floor, syncline, target: target.into(), met });
    }

    /// A row that is there to be seen; nothing was promised about it.
    pub fn note(&mut self, what: impl Into<String>, floor: Option<(String, f64)>, syncline: String) {
        self.row(what, floor, syncline, "-", true);
    }

    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n| | floor | syncline | ratio | target | |\n| --- | ---: | ---: | ---: | --- | --- |\n", self.title);
        for row in &self.rows {
            let (floor, ratio) = match &row.floor {
                Some((floor, ratio)) => (floor.clone(), format!("{ratio:.2}")),
                None => (String::new(), String::new()),
            };
            let met = match (row.target.as_str(), row.met) {
                ("-", _) => "",
                (_, true) => "met",
                (_, false) => "**missed**",
            };
            writeln!(text, "| {} | {floor} | {} | {ratio} | {} | {met} |", row.what, row.syncline, row.target).expect("a text takes every line");
        }
        text
    }

    /// Replaces this table in the page.
    pub fn write(&self) -> anyhow::Result<()> {
        let page = std::fs::read_to_string(PAGE)?;
        let (begin, end) = (format!("<!-- {} -->\n", self.name), format!("<!-- /{} -->", self.name));
        let (head, rest) = page.split_once(&begin).with_context(|| format!("{PAGE} has no place `{}`", self.name))?;
        let (_, tail) = rest.split_once(&end).with_context(|| format!("{PAGE}: `{}` does not end", self.name))?;
        std::fs::write(PAGE, format!("{head}{begin}{}{end}{tail}", self.markdown()))?;
        Ok(())
    }
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
