//! Record ids: fifteen case-sensitive characters, and three more that make them safe where case is lost.

/// Digits in byte order, so that a later record has a greater id.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Builds the id of the `sequence`-th record of an object.
pub fn make(prefix: &str, sequence: u64) -> String {
    let mut digits = [b'0'; 9];
    let mut rest = sequence;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    let short = format!("{prefix}5gS{}", std::str::from_utf8(&digits).expect("base 62 digits are ASCII"));
    format!("{short}{}", suffix(&short))
}

/// The 18-character form of an id written in either form; `None` when it is no id.
pub fn canonical(text: &str) -> Option<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match text.len() {
        15 if plain => Some(format!("{text}{}", suffix(text))),
        // The first fifteen decide; the vendor checks the suffix, and so a wrong one names nothing.
        18 if plain && text[15..].eq_ignore_ascii_case(&suffix(&text[..15])) => Some(format!("{}{}", &text[..15], suffix(&text[..15]))),
        _ => None,
    }
}

/// One character for each five, whose bits say which of them are capitals.
fn suffix(short: &str) -> String {
    short
        .as_bytes()
        .chunks(5)
        .map(|group| {
            let bits = group.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase()).fold(0usize, |bits, (k, _)| bits | 1 << k);
            char::from(SUFFIX[bits])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_agree_with_published_ids() {
        for (short, suffix) in [("001R0000005hDFY", "IA2"), ("a00D0000008pQRA", "IA2"), ("00190000001pPvH", "AAU"), ("003RO0000035WQg", "YAM")] {
            assert_eq!(canonical(short), Some(format!("{short}{suffix}")));
            assert_eq!(canonical(&format!("{short}{suffix}")), Some(format!("{short}{suffix}")));
        }
        assert_eq!(canonical("001R0000005hDFYXXX"), None);
        assert_eq!(canonical("001"), None);
    }

    #[test]
    fn the_orgs_own_ids_are_sound() {
        use super::super::{org, view};
        for id in [org::ORG_ID, view::OWN_USER, view::PERSON_USER] {
            assert_eq!(canonical(id).as_deref(), Some(id));
        }
    }

    #[test]
    fn later_records_have_greater_ids() {
        assert!(make("001", 61) < make("001", 62));
        assert!(make("001", 99_999) < make("001", 100_000));
        assert_eq!(make("001", 7).len(), 18);
    }
}
