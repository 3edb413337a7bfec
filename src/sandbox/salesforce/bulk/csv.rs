//! CSV as the vendor reads and writes it: commas, quotes doubled, every cell it writes quoted.

/// A header and its lines.
pub struct Table {
    pub header: Vec<String>,
    pub lines: Vec<Vec<String>>,
}

/// Reads a table.
///
/// # Errors
/// What is wrong with the text, in a sentence.
pub fn read(text: &str) -> Result<Table, String> {
    let mut lines = Vec::new();
    let mut line: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(character) = characters.next() {
        match (quoted, character) {
            (true, '"') if characters.peek() == Some(&'"') => cell.extend(characters.next()),
            (true, '"') => quoted = false,
            (true, other) => cell.push(other),
            (false, '"') if cell.is_empty() => quoted = true,
            (false, ',') => line.push(std::mem::take(&mut cell)),
            (false, '\r') if characters.peek() == Some(&'\n') => {}
            (false, '\n') => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            (false, other) => cell.push(other),
        }
    }
    if quoted {
        return Err("a quoted value does not end".to_owned());
    }
    if !cell.is_empty() || !line.is_empty() {
        line.push(cell);
        lines.push(line);
    }
    lines.retain(|line| line.len() > 1 || line.iter().any(|cell| !cell.is_empty()));
    if lines.is_empty() {
        return Err("there is no header".to_owned());
    }
    let header = lines.remove(0);
    match lines.iter().position(|line| line.len() != header.len()) {
        Some(at) => Err(format!("line {} has {} values where the header has {}", at + 2, lines[at].len(), header.len())),
        None => Ok(Table { header, lines }),
    }
}

/// Appends one line.
pub fn push<'c>(text: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let cells = ["plain", "a, b", "say \"hi\"", "two\nlines", ""];
        let mut text = String::new();
        push(&mut text, ["a", "b", "c", "d", "e"].into_iter());
        push(&mut text, cells.into_iter());
        let table = read(&text).unwrap();
        assert_eq!(table.lines, [cells.map(str::to_owned).to_vec()]);
        assert_eq!(read("Id,Name\r\n1,x\r\n\r\n2,").unwrap().lines.len(), 2);
        assert!(read("Id,Name\n1").is_err() && read("Id\n\"1").is_err() && read("").is_err());
    }
}
