//! Long lines broken between words, as a terminal of some width wants them. What follows the first line stands further in than it.

/// How much further in.
const FURTHER: usize = 4;
/// A terminal narrower than this breaks lines itself.
const COLUMNS_MIN: usize = 30;

/// The text with a line break wherever the next word would not fit. Styles take no room, and are not cut.
pub fn broken(text: &str, columns: usize) -> String {
    if columns < COLUMNS_MIN || room(text) <= columns {
        return text.to_owned();
    }
    let blanks = text.chars().take_while(|letter| *letter == ' ').count();
    let indent = " ".repeat(blanks + FURTHER);
    let (mut written, mut used, mut begun) = (String::with_capacity(text.len() + 16), 0, false);
    for word in text.split_inclusive(' ') {
        if begun && used + room(word.trim_end_matches(' ')) > columns {
            written.truncate(written.trim_end_matches(' ').len());
            written.push('\n');
            written.push_str(&indent);
            used = indent.len();
        }
        written.push_str(word);
        used += room(word);
        begun |= word != " ";
    }
    written
}

/// Columns that a text takes: its characters without styles.
fn room(text: &str) -> usize {
    let (mut columns, mut in_style) = (0, false);
    for letter in text.chars() {
        match letter {
            '\u{1b}' => in_style = true,
            'm' if in_style => in_style = false,
            _ if in_style => {}
            _ => columns += 1,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_fits_stays() {
        assert_eq!(broken("  held: too many", 40), "  held: too many");
    }

    #[test]
    fn a_long_line_is_broken_between_words_and_goes_on_further_in() {
        assert_eq!(
            broken("  street  7 Market Street → 7 Market St.  erp decides: wins: erp", 32),
            "  street  7 Market Street → 7\n      Market St.  erp decides:\n      wins: erp"
        );
    }

    #[test]
    fn a_word_longer_than_the_terminal_is_left_whole() {
        let url = "https://example.com/a/very/long/path/that/fits/nowhere";
        assert_eq!(broken(&format!("  at {url}"), 30), format!("  at\n      {url}"));
    }

    #[test]
    fn styles_take_no_room() {
        let styled = "\u{1b}[33mheld:\u{1b}[0m this is the first run";
        assert_eq!(broken(styled, 30), styled);
        assert!(broken(styled, 30).contains("\u{1b}[0m"));
    }
}
