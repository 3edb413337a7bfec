//! Folding for matching: names, companies, domains, phones, e-mail. What is stored stays as it was typed; only comparisons fold.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The text in NFC, the one form all values have.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Lower case, without accents, every run of other characters one space.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if matches!(c, '.' | '\'' | '’' | '`') {
            continue;
        }
        if !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && !out.is_empty() {
            out.push(' ');
        }
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            other => out.push(other),
        }
    }
    out
}

/// Legal forms as they stand at the end of a folded name, dots already gone.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bhd",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "eg",
    "ehf",
    "ev",
    "gbr",
    "gesmbh",
    "gmbh",
    "haftungsbeschrankt",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "lda",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ohg",
    "oo",
    "ooo",
    "ou",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "sasu",
    "sdn",
    "se",
    "sia",
    "sl",
    "slu",
    "sp",
    "spa",
    "srl",
    "sro",
    "uab",
    "ug",
    "vof",
    "z",
    "zoo",
    "zrt",
];

/// A company without its legal form: `ACME GmbH & Co. KG` and `Acme` are one.
pub fn company(text: &str) -> String {
    let folded = fold(text);
    let mut words: Vec<&str> = folded.split(' ').collect();
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(word)) {
        words.pop();
    }
    if words.len() > 1 && words[0] == "the" {
        words.remove(0);
    }
    words.join(" ")
}

/// An e-mail address in the case all mail systems treat alike.
pub fn email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The domain in a URL, an e-mail address or a bare host, without `www.`; `None` when there is none.
pub fn domain(text: &str) -> Option<String> {
    let text = text.trim();
    let host = match text.split_once("://") {
        Some((_, rest)) => rest,
        None => text.strip_prefix("mailto:").unwrap_or(text),
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.');
    let url::Host::Domain(host) = url::Host::parse(host).ok()? else { return None };
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (host.contains('.') && !host.contains(' ')).then(|| host.to_owned())
}

/// A web address as it is compared: no scheme for the web, host in lower case, no slash at the end.
pub fn url(text: &str) -> String {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let Ok(url) = url::Url::parse(&whole) else { return text.to_owned() };
    let shown = url.as_str();
    let shown = shown.strip_prefix("https://").or_else(|| shown.strip_prefix("http://")).unwrap_or(shown);
    shown.strip_suffix('/').unwrap_or(shown).to_owned()
}

/// A phone number in E.164; a national one needs the country (ISO code) it is dialled in. `None` when it cannot be told.
pub fn phone(text: &str, country: Option<&str>) -> Option<String> {
    let country = country.and_then(|code| code.to_ascii_uppercase().parse::<phonenumber::country::Id>().ok());
    let number = phonenumber::parse(country, text.trim()).ok()?;
    let mut out = number.format().mode(phonenumber::Mode::E164).to_string();
    if let Some(extension) = number.extension() {
        out.push_str(";ext=");
        out.push_str(extension.as_ref());
    }
    Some(out)
}

/// The digits of a phone number, for two national ones whose country nobody knows.
pub fn digits(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companies_match_without_legal_form_accents_and_case() {
        for text in ["Acme", "ACME Inc.", "Acme, Inc", "The Acme Company Ltd.", "acme GmbH & Co. KG", "Acmé S.A.", "ACME Sp. z o.o."] {
            assert_eq!(company(text), "acme", "{text}");
        }
        assert_eq!(company("Straße & Söhne AG"), "strasse sohne");
        assert_eq!(company("SE"), "se");
    }

    #[test]
    fn domains_come_from_urls_and_mail() {
        for text in ["https://www.Acme.example/about?x", "sales@acme.example", "acme.example", "ACME.example.", "http://user:pw@acme.example:8080/"] {
            assert_eq!(domain(text).as_deref(), Some("acme.example"), "{text}");
        }
        assert_eq!(domain("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        for text in ["", "acme", "10.0.0.1", "no domain"] {
            assert_eq!(domain(text), None, "{text}");
        }
    }

    #[test]
    fn phones_and_urls_have_one_form() {
        assert_eq!(phone("+49 (30) 901820", None).as_deref(), Some("+4930901820"));
        assert_eq!(phone("030 901820", Some("de")).as_deref(), Some("+4930901820"));
        assert_eq!(phone("030 901820", None), None);
        assert_eq!(phone("call me", Some("DE")), None);
        assert_eq!(url("HTTP://Acme.example/"), url("acme.example"));
        assert_ne!(url("https://acme.example/a"), url("https://acme.example/A"));
    }
}
