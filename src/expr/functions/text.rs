//! Functions on texts.

use base64::Engine;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Arguments, Blanks, Function, Gives, Known, Takes, many, optional, required};
use crate::expr::{Fault, Item, Shape};
use crate::value::text as folding;

/// All but the letters, digits and marks that RFC 3986 leaves as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const TEXT: Gives = Gives::Shape(Shape::Text);

macro_rules! function {
    ($name:literal, [$($param:expr),*], $gives:expr, $doc:literal, $source:literal => $result:literal, $run:expr) => {
        Function { name: $name, params: &[$($param),*], gives: $gives, blanks: Blanks::Pass, known: Known::Everywhere, doc: $doc, example: ($source, $result), run: $run }
    };
}
pub(super) use function;

pub(super) const TABLE: &[Function] = &[
    function!("lower", [required("text", Takes::Text)], TEXT, "The text in lower case.", "'ACME' | lower" => "acme", |call| {
        let text = call.text(0)?;
        call.run.built(text.to_lowercase())
    }),
    function!("upper", [required("text", Takes::Text)], TEXT, "The text in capitals.", "'acme' | upper" => "ACME", |call| {
        let text = call.text(0)?;
        call.run.built(text.to_uppercase())
    }),
    function!("trim", [required("text", Takes::Text)], TEXT, "The text without white space around it.", "' acme ' | trim" => "acme", |call| {
        let text = call.text(0)?;
        call.run.built(text.trim())
    }),
    function!(
        "replace", [required("text", Takes::Text), required("old", Takes::Text), required("new", Takes::Text)], TEXT,
        "The text with every `old` replaced.", "'a_b_c' | replace('_', '-')" => "a-b-c", replace
    ),
    function!("truncate", [required("text", Takes::Text), required("length", Takes::Integer)], TEXT, "At most so many characters.", "'abcdef' | truncate(4)" => "abcd", |call| {
        let (text, length) = (call.text(0)?, call.integer(1)?);
        let length = usize::try_from(length.unwrap_or(0)).unwrap_or(0);
        call.run.built(text.chars().take(length).collect::<String>())
    }),
    function!("before", [required("text", Takes::Text), required("mark", Takes::Text)], TEXT, "What stands before the first mark; the whole text without one.", "'item.items' | before('.')" => "item", |call| {
        let (text, mark) = (call.text(0)?, call.text(1)?);
        let before = if mark.is_empty() { text.as_str() } else { text.split_once(mark.as_str()).map_or(text.as_str(), |(before, _)| before) };
        call.run.built(before)
    }),
    function!("after", [required("text", Takes::Text), required("mark", Takes::Text)], TEXT, "What stands after the first mark; the whole text without one.", "'ns#Throttled' | after('#')" => "Throttled", |call| {
        let (text, mark) = (call.text(0)?, call.text(1)?);
        let after = if mark.is_empty() { text.as_str() } else { text.split_once(mark.as_str()).map_or(text.as_str(), |(_, after)| after) };
        call.run.built(after)
    }),
    function!("capture", [required("text", Takes::Text), required("pattern", Takes::Pattern)], TEXT, "What the first group of the regular expression finds (without groups, all of it); blank if it does not fit.", "'/id/00D12/x' | capture('/id/(\\w+)/')" => "00D12", capture),
    function!("split", [required("text", Takes::Text), required("mark", Takes::Text)], Gives::Shape(Shape::List), "The parts between the marks, without empty ones.", "'a;b;;c' | split(';') | length" => "3", split),
    function!("domain", [required("text", Takes::Text)], TEXT, "The domain in a URL or e-mail address, without `www.`.", "'sales@acme.example' | domain" => "acme.example", |call| {
        let text = call.text(0)?;
        Ok(folding::domain(&text).map_or(Item::BLANK, Item::text))
    }),
    function!("host", [required("url", Takes::Text)], TEXT, "The host of a URL, with its port where one is given.", "'https://erp.example:8000/db' | host" => "erp.example:8000", host),
    function!("base64", [required("text", Takes::Text)], TEXT, "The text in Base64.", "'user:pw' | base64" => "dXNlcjpwdw==", |call| {
        let text = call.text(0)?;
        call.run.built(base64::engine::general_purpose::STANDARD.encode(text.as_bytes()))
    }),
    function!("segment", [required("value", Takes::Any)], TEXT, "The value percent-encoded as one segment of a URL's path.", "'a/b c' | segment" => "a%2Fb%20c", |call| {
        let item = call.item(0);
        let text = item.to_text()?;
        call.run.built(utf8_percent_encode(&text, SEGMENT).to_string())
    }),
    function!("text", [required("value", Takes::Any)], TEXT, "The value as text: digits, ISO times, lists and maps as JSON.", "12.50 | text" => "12.50", |call| {
        let item = call.item(0);
        let text = item.to_text()?;
        call.run.built(text)
    }),
    Function {
        name: "join",
        params: &[required("list", Takes::List), optional("between", Takes::Text)],
        gives: TEXT,
        blanks: Blanks::Pass,
        known: Known::Everywhere,
        doc: "The elements as one text.",
        example: ("['Id', 'Name'] | join(',')", "Id,Name"),
        run: join,
    },
    Function {
        name: "null_if",
        params: &[required("value", Takes::Any), many("given", Takes::Any)],
        gives: Gives::First,
        blanks: Blanks::Pass,
        known: Known::Everywhere,
        doc: "Blank if the value equals one of those given, else the value.",
        example: ("'null' | null_if('null')", ""),
        run: null_if,
    },
    Function {
        name: "quoted",
        params: &[required("value", Takes::Any)],
        gives: TEXT,
        blanks: Blanks::Pass,
        known: Known::Connectors,
        doc: "The value as a literal of the vendor's query language, in the style of `quotes:`.",
        example: ("match.value | quoted", ""),
        run: |call| {
            let value = call.value(0)?;
            let spelt = call.run.env.host().map(|host| host.quoted(&value));
            match spelt {
                Some(Ok(text)) => call.run.built(text),
                Some(Err(message)) => Err(call.fault(message)),
                None => Err(call.fault("nothing says how texts are quoted here")),
            }
        },
    },
    Function {
        name: "wire",
        params: &[required("value", Takes::Any)],
        gives: Gives::Shape(Shape::Any),
        blanks: Blanks::Pass,
        known: Known::Connectors,
        doc: "The value as `wire:` writes it.",
        example: ("after.time | wire", ""),
        run: |call| {
            let value = call.value(0)?;
            match call.run.env.host().map(|host| host.wire(&value)) {
                Some(spelt) => spelt.map_err(|message| call.fault(message)),
                None => Err(call.fault("nothing says how values are written here")),
            }
        },
    },
];

fn replace(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if old.is_empty() {
        return Ok(Item::text(text));
    }
    // The size is known before anything is built.
    let found = text.matches(old.as_str()).count();
    let size = text.len().saturating_add(found.saturating_mul(new.len()));
    if size > crate::bounds::EXPR_TEXT_BYTES_MAX.saturating_add(found.saturating_mul(old.len())) {
        return Err(Fault::TooBig);
    }
    call.run.built(text.replace(old.as_str(), &new))
}

fn capture(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let text = call.text(0)?;
    let captures = call.pattern().captures(&text);
    let found = captures.as_ref().and_then(|captures| if captures.len() > 1 { captures.get(1) } else { captures.get(0) });
    Ok(found.map_or(Item::BLANK, |found| Item::text(found.as_str())))
}

fn split(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let (text, mark) = (call.text(0)?, call.text(1)?);
    if mark.is_empty() {
        return Err(call.fault("the mark to split at is empty"));
    }
    let parts: Vec<Item> = text.split(mark.as_str()).filter(|part| !part.is_empty()).map(Item::text).collect();
    call.run.spend(parts.len())?;
    Ok(Item::List(parts))
}

fn host(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let text = call.text(0)?;
    let parsed = url::Url::parse(&text).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str().map(|host| url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"))));
    host.map(Item::text).ok_or_else(|| call.fault("this is no URL with a host"))
}

fn join(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let (elements, between) = (call.elements(0)?, call.text(1)?);
    let mut out = String::new();
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push_str(&between);
        }
        out.push_str(&element.to_text()?);
        if out.len() > crate::bounds::EXPR_TEXT_BYTES_MAX {
            return Err(Fault::TooBig);
        }
    }
    call.run.built(out)
}

fn null_if(call: &mut Arguments<'_, '_>) -> Result<Item, Fault> {
    let value = call.item(0);
    let given = call.items.iter().skip(1).flatten();
    for other in given {
        if *other == value {
            return Ok(Item::BLANK);
        }
    }
    Ok(value)
}
