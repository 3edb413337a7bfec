//! The terminal as bars draw on it: after each frame the cursor waits at the beginning of the line. What a person types, Ctrl-C above all, is echoed into
//! the frame and goes with it; behind a full line it would begin a new one and leave the frame standing.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard};

use indicatif::TermLike;

/// Takes the line away on which the cursor is.
pub const CLEAR_LINE: &str = "\r\x1b[2K";
/// Of a terminal that does not say how wide it is.
const COLUMNS: u16 = 80;

/// Standard error, frame by frame.
#[derive(Debug)]
pub struct Screen {
    columns: u16,
    frame: Mutex<String>,
}

impl Screen {
    pub fn new(columns: Option<usize>) -> Self {
        Self { columns: columns.and_then(|columns| u16::try_from(columns).ok()).filter(|columns| *columns > 0).unwrap_or(COLUMNS), frame: Mutex::default() }
    }

    fn frame(&self) -> MutexGuard<'_, String> {
        self.frame.lock().expect("no holder of this lock can panic")
    }

    fn put(&self, text: &str) -> io::Result<()> {
        self.frame().push_str(text);
        Ok(())
    }

    fn step(&self, count: usize, way: char) -> io::Result<()> {
        if count > 0 { self.put(&format!("\x1b[{count}{way}")) } else { Ok(()) }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.columns
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.put(s)?;
        self.put("\n")
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.put(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put(CLEAR_LINE)
    }

    fn flush(&self) -> io::Result<()> {
        let mut frame = std::mem::take(&mut *self.frame());
        if frame.is_empty() {
            return Ok(());
        }
        frame.push('\r');
        let mut to = io::stderr().lock();
        to.write_all(frame.as_bytes())?;
        to.flush()
    }
}
