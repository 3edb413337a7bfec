//! The name that was probably meant.

/// The known name nearest to `name`, if one is near enough to be worth saying.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let far = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= far || is_cut(&folded, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `pagination` is near `page` although many letters differ: one begins as the other, after at least three letters.
fn is_cut(folded: &str, candidate: &str) -> bool {
    let candidate = candidate.to_lowercase();
    let shared = folded.chars().zip(candidate.chars()).take_while(|(a, b)| a == b).count();
    shared >= 3 && shared + 1 >= candidate.chars().count().min(folded.chars().count())
}

/// `a`, `b`, `c` or, of many, the first ones and `…`. None if there are none.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const SHOWN_MAX: usize = 24;
    let mut names = names.into_iter();
    let mut text = format!("`{}`", names.next()?);
    for (index, name) in names.enumerate() {
        if index + 1 == SHOWN_MAX {
            text.push_str(", …");
            break;
        }
        text.push_str(&format!(", `{name}`"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn names_near_misses_and_nothing_far() {
        assert_eq!(nearest("wnis", ["wins", "when"]), Some("wins"));
        assert_eq!(nearest("pagination", ["page", "records"]), Some("page"));
        assert_eq!(nearest("Where", ["where", "when"]), Some("where"));
        assert_eq!(nearest("colour", ["wins", "when"]), None);
    }
}
