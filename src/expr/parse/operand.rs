//! What stands between the signs: names, literals, brackets, calls, lists and maps.

use super::Parser;
use crate::expr::Problem;
use crate::expr::token::Kind;
use crate::expr::tree::{Arg, Expr, Node};
use crate::value::Value;

impl Parser {
    pub(super) fn args(&mut self, args: &mut Vec<Arg>) -> Result<(), Problem> {
        while !self.take_sign(")") {
            let named = matches!(&self.tokens[self.at].kind, Kind::Word(_)) && matches!(self.tokens.get(self.at + 1).map(|t| &t.kind), Some(Kind::Sign("=")));
            let name = if named {
                let (name, _) = self.name("a name")?;
                self.at += 1;
                Some(name)
            } else {
                None
            };
            let value = self.whole()?;
            args.push(Arg { name, value });
            if !self.sign(")") {
                self.close(",")?;
            }
        }
        Ok(())
    }

    pub(super) fn postfix(&mut self, mut expr: Expr) -> Result<Expr, Problem> {
        let begin = expr.range.start;
        loop {
            if self.take_sign(".") {
                let (name, _) = self.name("a name")?;
                expr = self.unary(begin, expr, |of| Node::Member(of, name))?;
            } else if self.take_sign("[") {
                expr = self.bracket(begin, expr)?;
            } else if self.sign("(") {
                return match &expr.node {
                    Node::Name(name) if !expr.grouped => {
                        let (name, name_range) = (name.clone(), expr.range.clone());
                        self.at += 1;
                        let mut args = Vec::new();
                        self.args(&mut args)?;
                        let call = self.call(begin, name, name_range, args, false)?;
                        self.postfix(call)
                    }
                    _ => Err(Problem {
                        range: expr.range.clone(),
                        message: "only a function can be called".into(),
                        help: Some("values have no methods; write `x | lower`".into()),
                    }),
                };
            } else {
                return Ok(expr);
            }
        }
    }

    fn bracket(&mut self, begin: usize, of: Expr) -> Result<Expr, Problem> {
        let from = if self.sign(":") { None } else { Some(self.whole()?) };
        if !self.take_sign(":") {
            self.close("]")?;
            let Some(index) = from else { return Err(self.unexpected("a number or a name in quotes should come next")) };
            let depth = 1 + of.depth.max(index.depth);
            return self.built(begin, Node::Index(Box::new(of), Box::new(index)), depth);
        }
        let to = if self.sign("]") { None } else { Some(self.whole()?) };
        self.close("]")?;
        let depth = 1 + [Some(&of), from.as_ref(), to.as_ref()].into_iter().flatten().map(|expr| expr.depth).max().unwrap_or(0);
        self.built(begin, Node::Slice(Box::new(of), from.map(Box::new), to.map(Box::new)), depth)
    }

    pub(super) fn primary(&mut self) -> Result<Expr, Problem> {
        let begin = self.here().start;
        let token = self.tokens[self.at].kind.clone();
        self.at += 1;
        let value = match token {
            Kind::Text(text) => Value::text(text),
            Kind::Number(value) => value,
            Kind::Word(word) => match word.as_str() {
                "true" | "True" => Value::Boolean(true),
                "false" | "False" => Value::Boolean(false),
                "none" | "None" => Value::Blank,
                "and" | "or" | "not" | "in" | "is" | "if" | "else" => {
                    self.at -= 1;
                    return Err(self.unexpected("a value should come next"));
                }
                _ => return self.build(begin, Node::Name(word), &[]),
            },
            Kind::Sign("(") => {
                let mut inner = self.whole()?;
                self.close(")")?;
                inner.grouped = true;
                return Ok(inner);
            }
            Kind::Sign("[") => {
                let items = self.items("]", Self::whole)?;
                let below: Vec<&Expr> = items.iter().collect();
                let depth = 1 + below.iter().map(|expr| expr.depth).max().unwrap_or(0);
                return self.built(begin, Node::List(items), depth);
            }
            Kind::Sign("{") => return self.map(begin),
            _ => {
                self.at -= 1;
                return Err(self.unexpected("a value should come next"));
            }
        };
        self.build(begin, Node::Literal(value), &[])
    }

    fn items(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Result<Expr, Problem>) -> Result<Vec<Expr>, Problem> {
        let mut items = Vec::new();
        while !self.take_sign(end) {
            items.push(item(self)?);
            if !self.sign(end) {
                self.close(",")?;
            }
        }
        Ok(items)
    }

    fn map(&mut self, begin: usize) -> Result<Expr, Problem> {
        let mut entries = Vec::new();
        let mut depth = 1;
        while !self.take_sign("}") {
            let key = self.whole()?;
            self.close(":")?;
            let value = self.whole()?;
            depth = depth.max(1 + key.depth.max(value.depth));
            entries.push((key, value));
            if !self.sign("}") {
                self.close(",")?;
            }
        }
        self.built(begin, Node::Map(entries), depth)
    }
}
