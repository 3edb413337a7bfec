//! Countries by ISO 3166 code, whichever way a system spells them: `DE`, `DEU`, `Germany`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text;

/// One country a line: two letters, three letters, then names, the usual English one first.
const TABLE: &str = include_str!("country/table.txt");

static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for line in TABLE.lines() {
        let (short, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (long, names) = rest.split_once(' ').unwrap_or((rest, ""));
        for spelling in [short, long].into_iter().chain(names.split(';')) {
            codes.insert(text::fold(spelling), short);
        }
    }
    codes
});

/// The two-letter code of a country; `None` when no country is spelt so.
pub fn code(spelt: &str) -> Option<&'static str> {
    CODES.get(text::fold(spelt).as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_to_one_code() {
        for spelt in ["DE", "de", "DEU", "Germany", "Deutschland"] {
            assert_eq!(code(spelt), Some("DE"), "{spelt}");
        }
        assert_eq!(code("U.S.A."), Some("US"));
        assert_eq!(code("Côte d'Ivoire"), Some("CI"));
        assert_eq!(code("Atlantis"), None);
        assert_eq!(code(""), None);
        assert_eq!(TABLE.lines().count(), 249);
    }
}
