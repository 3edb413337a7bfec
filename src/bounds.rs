//! Every named ceiling of the program, each with its reason.

/// A page bigger than this is a fault or an attack; the biggest honest pages (20,000 rows of keys) stay below it.
pub const RESPONSE_BYTES_MAX: usize = 64 << 20;
/// Largest file an admin may write; a mapping of a thousand fields is a tenth of it.
pub const YAML_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting in a YAML file; real ones stay under 12.
pub const YAML_DEPTH_MAX: usize = 32;
/// Pages of one read; a vendor that never ends a list is stopped here (10,000 pages of 1,000).
pub const PAGES_PER_READ_MAX: usize = 10_000;
/// Steps one expression may take; a thousand times what a long formula needs.
pub const EXPR_STEPS_MAX: usize = 100_000;
/// Longest text an expression may build.
pub const EXPR_TEXT_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of an expression, counted in brackets, operators and calls; people lose count at six.
pub const EXPR_DEPTH_MAX: usize = 64;
/// Longest expression or text in a file; the longest real one is under 600 bytes.
pub const EXPR_SOURCE_BYTES_MAX: usize = 64 << 10;
/// Deepest nesting of a JSON document; vendors stay under 20.
pub const JSON_DEPTH_MAX: usize = 128;
/// Records looked at together: enough for the biggest vendor batch, small enough to bound memory.
pub const SLICE_RECORDS: usize = 1_000;
/// Touched records that one run takes up; the rest stays touched for the next. About 2 KB each while they are looked at.
pub const RUN_RECORDS_MAX: usize = 20_000;
/// Entities whose writes leave together: several full batches of the biggest vendors (200), a few megabytes of memory.
pub const WRITES_TOGETHER: usize = 2_000;
/// Entities of a first match that are committed together: a sync of the disk costs as much as a hundred of them.
pub const FIRST_SLICE_RECORDS: usize = 4_000;
/// Batches of one kind under way at one system; its rate pools may admit fewer.
pub const BATCHES_IN_FLIGHT: usize = 4;
/// Size of a webhook as it comes over the wire.
pub const DELIVERY_BYTES_MAX: usize = 1 << 20;
/// Size of a webhook after decompression.
pub const DELIVERY_DECODED_BYTES_MAX: usize = 4 << 20;
