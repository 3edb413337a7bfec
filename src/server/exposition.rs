//! The text that Prometheus reads: families with HELP and TYPE, each series once, values in base units.

use std::fmt::Write;

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page under construction.
#[derive(Debug, Default)]
pub struct Page(String);

/// One family of a page; its samples come right after its head.
pub struct Family<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    pub fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        debug_assert!(name.ends_with("_total"), "a counter's name says so");
        self.family(name, "counter", help)
    }

    pub fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    pub fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        put(&mut self.0, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { page: &mut self.0, name }
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.line("", labels, None, value);
    }

    /// A histogram's series; `buckets` holds bounds with the counts between them.
    pub fn distribution(&mut self, labels: &[(&str, &str)], buckets: impl Iterator<Item = (f64, u64)>, count: u64, sum: f64) {
        let mut below = 0;
        for (bound, within) in buckets {
            below += within;
            self.line("_bucket", labels, Some(&bound.to_string()), below as f64);
        }
        self.line("_bucket", labels, Some("+Inf"), count as f64);
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, count as f64);
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<&str>, value: f64) {
        let page = &mut *self.page;
        put(page, format_args!("{}{suffix}", self.name));
        let mut between = '{';
        for (name, text) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            put(page, format_args!("{between}{name}=\""));
            text.chars().for_each(|c| match c {
                '\\' => page.push_str("\\\\"),
                '"' => page.push_str("\\\""),
                '\n' => page.push_str("\\n"),
                c => page.push(c),
            });
            page.push('"');
            between = ',';
        }
        put(page, format_args!("{} {value}\n", if between == ',' { "}" } else { "" }));
    }
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing into a String never fails");
}
