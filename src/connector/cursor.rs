//! Where in a feed we are, as the text that is stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::system::Cursor;

/// A place in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Everything up to here was told, by the vendor's clock.
    pub to: Timestamp,
    /// A window that was not read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
}

/// How far inside a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    pub from: Timestamp,
    pub to: Timestamp,
    pub time: Timestamp,
    pub key: String,
}

impl Place {
    pub fn at(to: Timestamp) -> Place {
        Place { to, within: None }
    }

    /// # Errors
    /// When the text was not written by this program.
    pub fn read(cursor: &Cursor) -> Result<Place, String> {
        serde_json::from_str(&cursor.0).map_err(|error| format!("the stored cursor cannot be read: {error}"))
    }

    pub fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).expect("a place has only texts and instants"))
    }
}
