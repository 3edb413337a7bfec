//! A JSON document read lazily.

/// See the API in the module above.
#[derive(Clone, Debug)]
pub struct Doc;
