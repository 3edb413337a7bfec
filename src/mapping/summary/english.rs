//! Simple conditions in plain English. What is not simple is quoted as it is written.

/// The condition in words.
pub(super) fn plain(source: &str) -> String {
    say(source.trim(), true).unwrap_or_else(|| format!("`{}`", source.trim()))
}

/// When the condition does not hold, in words.
pub(super) fn negated(source: &str) -> String {
    say(source.trim(), false).unwrap_or_else(|| format!("`{}` no longer holds", source.trim()))
}

/// What the text says if it is (not) true; `None` where words would not be shorter.
fn say(source: &str, holds: bool) -> Option<String> {
    if let Some(inner) = enclosed(source) {
        return say(inner, holds);
    }
    // `or` binds least; a negated `and` is an `or`.
    for (word, other) in [(" or ", " and "), (" and ", " or ")] {
        let parts = split(source, word);
        if parts.len() > 1 {
            let said: Option<Vec<String>> = parts.iter().map(|part| say(part, holds)).collect();
            return said.map(|said| said.join(if holds { word } else { other }));
        }
    }
    if let Some(inner) = source.strip_prefix("not ") {
        return say(inner.trim(), !holds);
    }
    single(source, holds)
}

fn single(source: &str, holds: bool) -> Option<String> {
    let is = if holds { "is" } else { "is not" };
    let is_not = if holds { "is not" } else { "is" };
    if let Some(name) = call(source, "deleted") {
        return Some(format!("{} {is} deleted", record_of(name)));
    }
    if let Some(name) = call(source, "outside") {
        return Some(if holds { format!("{} no longer takes part", record_of(name)) } else { format!("{} takes part", record_of(name)) });
    }
    if let Some(name) = source.strip_suffix(" is not blank") {
        return word(name).map(|name| format!("the {name} {is} known"));
    }
    if let Some(name) = source.strip_suffix(" is blank") {
        return word(name).map(|name| format!("the {name} {is_not} known"));
    }
    for (between, positive) in [(" not in ", false), (" in ", true)] {
        if let Some((name, list)) = source.split_once(between) {
            let values = list.trim().strip_prefix('[')?.strip_suffix(']')?;
            let values: Option<Vec<&str>> = values.split(',').map(|value| literal(value.trim())).collect();
            return Some(format!("{} {} {}", word(name)?, if holds == positive { "is" } else { "is not" }, either(&values?)));
        }
    }
    let comparisons = [
        (" == ", "is", "is not"),
        (" != ", "is not", "is"),
        (" >= ", "is at least", "is less than"),
        (" <= ", "is at most", "is more than"),
        (" > ", "is more than", "is at most"),
        (" < ", "is less than", "is at least"),
    ];
    for (sign, yes, no) in comparisons {
        if let Some((name, value)) = source.split_once(sign) {
            return Some(format!("{} {} {}", word(name)?, if holds { yes } else { no }, literal(value.trim())?));
        }
    }
    match source {
        "true" | "false" => Some(if (source == "true") == holds { "always" } else { "never" }.to_owned()),
        _ => word(source).map(|name| format!("{name} {is} set")),
    }
}

/// `the CRM's record`: short names of systems are read as the abbreviations they are.
fn record_of(system: Option<&str>) -> String {
    match system {
        None => "any of its records".to_owned(),
        Some(name) if name.len() <= 3 => format!("the {}'s record", name.to_uppercase()),
        Some(name) => format!("{name}'s record"),
    }
}

/// The one argument, or none, of a call of this function.
fn call<'a>(source: &'a str, function: &str) -> Option<Option<&'a str>> {
    let args = source.strip_prefix(function)?.trim_start().strip_prefix('(')?.strip_suffix(')')?.trim();
    if args.is_empty() { Some(None) } else { literal(args).filter(|_| args.starts_with(['\'', '"'])).map(Some) }
}

/// A name or path, and nothing else.
fn word(text: &str) -> Option<&str> {
    let text = text.trim();
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    plain.then_some(text)
}

/// What a literal says, without its quotes.
fn literal(text: &str) -> Option<&str> {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    quoted('\'').or_else(|| quoted('"')).or_else(|| word(text))
}

fn either(values: &[&str]) -> String {
    match values {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The inside of brackets that enclose all of it.
fn enclosed(source: &str) -> Option<&str> {
    let inner = source.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return None;
        }
    }
    Some(inner.trim())
}

/// Splits at a word that stands outside of brackets and quotes.
fn split<'a>(source: &'a str, word: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, c) in source.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ' ') if depth == 0 && at >= start && source[at..].starts_with(word) => {
                parts.push(source[start..at].trim());
                start = at + word.len();
            }
            (None, _) => {}
        }
    }
    parts.push(source[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_conditions_read_as_sentences() {
        for (source, said) in [
            ("partner is not blank", "the partner is known"),
            ("partner is not blank and not no_portal", "the partner is known and no_portal is not set"),
            ("status in ['approved', 'won']", "status is approved or won"),
            ("status == 'won'", "status is won"),
            ("won_deals > 0", "won_deals is more than 0"),
            ("not (deleted('erp') or outside('erp'))", "the ERP's record is not deleted and the ERP's record takes part"),
            ("RecordType.DeveloperName == 'Partner'", "RecordType.DeveloperName is Partner"),
            ("(moved_on | default(submitted_on)) < today", "`(moved_on | default(submitted_on)) < today`"),
        ] {
            assert_eq!(plain(source), said, "{source}");
        }
    }

    #[test]
    fn a_wall_is_said_from_its_other_side() {
        assert_eq!(negated("not deleted('crm')"), "the CRM's record is deleted");
        assert_eq!(negated("not deleted()"), "any of its records is deleted");
        assert_eq!(negated("status != 'removed' and partner is not blank"), "status is removed or the partner is not known");
        assert_eq!(negated("similar(a, b) > 0.9"), "`similar(a, b) > 0.9` no longer holds");
    }

    #[test]
    fn words_inside_quotes_do_not_split() {
        assert_eq!(plain("name == 'this and that'"), "name is this and that");
    }
}
