//! One expression or text: compiled once, evaluated often.

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Program;

/// A compiled text with `{{ }}`.
#[derive(Debug, Clone)]
pub struct Template;
