//! Calls: the function of the table or of the scope, its arguments in their places, patterns compiled.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::{Checker, nearest};
use crate::expr::code::{Call, Code, Op};
use crate::expr::functions::{Function, Gives, Known, LATER, Need, Takes, all};
use crate::expr::tree::{Arg, Expr, Node};
use crate::expr::{Mode, Problem, Resolution, Shape};
use crate::value::Str;

/// A compiled pattern bigger than this is a mistake or an attack; searching stays linear in any case.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl Checker<'_> {
    pub fn call(&mut self, name: &Str, name_range: &Range<usize>, args: &[Arg], piped: bool, range: &Range<usize>) -> (Code, Shape) {
        if !piped && let Some(found) = self.of_scope(name, args, range) {
            return found;
        }
        let Some(function) = Function::named(name) else {
            return self.unknown(name, name_range);
        };
        if function.known == Known::Connectors && self.scope.mode() == Mode::Strict {
            return self.wrong(name_range, format!("`{name}` is known in connectors only"), None);
        }
        self.functions.push(function.name);
        if function.name == "map" {
            return self.map(args, range);
        }
        let Some((call, shapes)) = self.arguments(function, args, range) else {
            return (Code::blank(range.clone()), Shape::Any);
        };
        let first = || shapes.first().cloned().unwrap_or(Shape::Any);
        let shape = match &function.gives {
            Gives::Shape(shape) => shape.clone(),
            Gives::First => first(),
            Gives::Either => shapes.get(1).map_or_else(first, |second| first().or(second)),
        };
        (Code { op: Op::Call(Box::new(call)), range: range.clone() }, shape)
    }

    fn of_scope(&mut self, name: &str, args: &[Arg], range: &Range<usize>) -> Option<(Code, Shape)> {
        let texts: Vec<&str> = args.iter().filter(|arg| arg.name.is_none()).filter_map(|arg| arg.value.literal_text()).collect();
        if texts.len() != args.len() {
            return None;
        }
        Some(match self.scope.call(name, &texts)? {
            Resolution::Slot { slot, shape, .. } => {
                self.slots.push(slot);
                (Code { op: Op::Slot(slot), range: range.clone() }, shape)
            }
            Resolution::Unknown { help } => self.wrong(range, format!("`{name}` knows no such argument here"), help),
        })
    }

    fn unknown(&mut self, name: &str, range: &Range<usize>) -> (Code, Shape) {
        if LATER.contains(&name) {
            return self.wrong(range, format!("`{name}` is not in this version"), None);
        }
        let help = nearest(name, all().map(|function| function.name));
        self.wrong(range, format!("there is no function `{name}`, or not with these arguments"), help)
    }

    /// Puts arguments in their places, checks what they are, compiles the pattern.
    fn arguments(&mut self, function: &'static Function, args: &[Arg], range: &Range<usize>) -> Option<(Call, Vec<Shape>)> {
        let mut places: Vec<Option<&Expr>> = vec![None; function.params.len()];
        let mut more: Vec<&Expr> = Vec::new();
        let many = function.params.last().is_some_and(|param| param.need == Need::Many);
        for (index, arg) in args.iter().enumerate() {
            let place = match &arg.name {
                Some(name) => function.params.iter().position(|param| param.name == *name),
                None => (index < places.len()).then_some(index),
            };
            match place {
                Some(place) if places[place].is_none() => places[place] = Some(&arg.value),
                None if many && arg.name.is_none() => more.push(&arg.value),
                _ => return self.misplaced(function, &arg.value.range),
            }
        }
        let mut call = Call { function, args: Vec::new(), pattern: None };
        let mut shapes = Vec::new();
        for (param, place) in function.params.iter().zip(&places) {
            match place {
                Some(expr) if param.takes == Takes::Pattern => {
                    call.pattern = Some(self.pattern(expr)?);
                    call.args.push(None);
                }
                Some(expr) => {
                    let (code, shape) = self.argument(param.takes, expr);
                    call.args.push(Some(code));
                    shapes.push(shape);
                }
                None if param.need == Need::Optional => call.args.push(None),
                None => return self.misplaced(function, range),
            }
        }
        for expr in more {
            let (code, _) = self.expr(expr);
            call.args.push(Some(code));
        }
        Some((call, shapes))
    }

    fn misplaced<T>(&mut self, function: &Function, range: &Range<usize>) -> Option<T> {
        self.wrong(range, format!("the arguments of `{}` do not fit", function.name), Some(format!("it is {}", function.signature())));
        None
    }

    fn argument(&mut self, takes: Takes, expr: &Expr) -> (Code, Shape) {
        let (code, shape) = self.expr(expr);
        let documents = self.scope.mode() == Mode::Documents;
        let fits = match (takes, &shape) {
            (Takes::Any, _) => true,
            (_, shape) if shape.open() => true,
            (Takes::Text, Shape::Text | Shape::Choice(_)) => true,
            (Takes::Number, Shape::Number | Shape::Integer) | (Takes::Integer, Shape::Integer | Shape::Number) => true,
            (Takes::List, Shape::List) | (Takes::Map, Shape::Map) => true,
            (Takes::Instant | Takes::Time, Shape::Instant) | (Takes::Time, Shape::Date) => true,
            (Takes::Instant | Takes::Time, Shape::Text) => documents,
            _ => false,
        };
        if fits {
            return (code, shape);
        }
        let needed = match takes {
            Takes::Text => "a text",
            Takes::Number => "a number",
            Takes::Integer => "an integer",
            Takes::List => "a list",
            Takes::Map => "a map",
            Takes::Instant => "an instant",
            Takes::Time => "a date or an instant",
            Takes::Any | Takes::Pattern | Takes::Function => "something else",
        };
        let help = (takes == Takes::Text).then(|| "`| text` makes a text".to_owned());
        self.wrong(&expr.range, format!("{needed} is needed here, not {}", shape.noun()), help)
    }

    fn pattern(&mut self, expr: &Expr) -> Option<Regex> {
        let Some(pattern) = expr.literal_text() else {
            self.wrong(&expr.range, "a pattern is written as a text in quotes", None);
            return None;
        };
        match RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build() {
            Ok(regex) => Some(regex),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.wrong(&expr.range, format!("this is no regular expression: {reason}"), None);
                None
            }
        }
    }

    /// `map('f', …)` and `map(attribute='a.b')`, whose second argument is a name and no value.
    fn map(&mut self, args: &[Arg], range: &Range<usize>) -> (Code, Shape) {
        let how = "write map('lower') or map(attribute='name')";
        let Some((list, rest)) = args.split_first() else {
            return self.wrong(range, "`map` needs a list", Some(how.into()));
        };
        let (list, _) = self.argument(Takes::List, &list.value);
        let code = match rest {
            [Arg { name: Some(name), value }] if name == "attribute" => match value.literal_text() {
                Some(path) => Op::Members(list.boxed(), path.split('.').map(Str::from).collect()),
                None => return self.wrong(&value.range, "the attribute is written as a text in quotes", Some(how.into())),
            },
            [Arg { name: None, value }, rest @ ..] => {
                let Some(function) = value.literal_text().and_then(Function::named).filter(|function| function.name != "map") else {
                    return self.wrong(&value.range, "`map` knows no such function", Some(how.into()));
                };
                if function.known == Known::Connectors && self.scope.mode() == Mode::Strict {
                    return self.wrong(&value.range, format!("`{}` is known in connectors only", function.name), None);
                }
                self.functions.push(function.name);
                // The element that will come takes the first place; nothing is known of it.
                let element = Expr { node: Node::List(Vec::new()), range: value.range.clone(), depth: 1, grouped: false };
                let element = Expr { node: Node::Index(Box::new(element.clone()), Box::new(zero(&element))), ..element };
                let placed: Vec<Arg> = std::iter::once(Arg { name: None, value: element }).chain(rest.iter().cloned()).collect();
                match self.arguments(function, &placed, range) {
                    Some((call, _)) => Op::Each(list.boxed(), Box::new(call)),
                    None => return (Code::blank(range.clone()), Shape::List),
                }
            }
            _ => return self.wrong(range, "`map` needs the name of a function, or an attribute", Some(how.into())),
        };
        (Code { op: code, range: range.clone() }, Shape::List)
    }

    /// `a ~ b | trim` trims only `b`, which is hardly ever meant.
    pub fn warn_of_filter(&mut self, a: &Expr, b: &Expr) {
        let Node::Call { name, args, piped: true, .. } = &b.node else { return };
        let shortens = ["trim", "lower", "upper", "replace", "truncate", "base64", "segment", "quoted", "capture", "before", "after"];
        if b.grouped || !shortens.contains(&name.as_str()) {
            return;
        }
        let what = args.first().map_or(String::new(), |arg| match &arg.value.node {
            Node::Name(name) => format!(" `{name}`"),
            _ => " what stands right before it".to_owned(),
        });
        self.warnings.push(Problem {
            range: a.range.start..b.range.end,
            message: format!("`| {name}` applies only to{what}, not to the whole text"),
            help: Some(format!("put the joined text in parentheses: (a ~ b) | {name}")),
        });
    }
}

fn zero(like: &Expr) -> Expr {
    Expr { node: Node::Literal(crate::value::Value::Integer(0)), ..like.clone() }
}
