//! Syncline keeps a company's CRM, partner portal and ERP in agreement.
//!
//! The modules below stand in floor order: a module uses lower floors only (`tests/it/tidy/floors.rs` holds the table and checks it). The tour:
//!
//! - Files people write become a [`project`], through [`spec`] (text to types), [`catalog`] (connectors) and [`mapping`] (mappings): checked programs, in
//!   which no name is looked up any more.
//! - A [`run`] reads systems through [`connector`], behind the trait in [`system`]; lets the pure core in [`sync`] decide from values; and carries out what it
//!   planned, with every step kept in the [`store`]. [`run::once`] is the whole of it on a screen.
//! - [`daemon`] wakes runs, [`trial`] plays a mapping's examples, [`report`] answers questions; [`server`] and [`cli`] are the faces.
//! - [`sandbox`] stands apart: look-alikes of vendors that share no code with the engine, so that they can disagree with it.
//!
//! ARCHITECTURE.md has the drawing and the invariants, DESIGN.md the reasons; the first page of code to read is [`sync`].
#![forbid(unsafe_code)]

// Floor 0: base.
pub mod backoff;
pub mod bounds;
pub mod clock;
pub mod diag;
pub mod id;
#[doc(hidden)]
pub mod plant;
pub mod secret;
// Floor 1: values.
pub mod expr;
pub mod value;
// Floor 2: the files people write.
pub mod spec;
// Floor 3: checked programs.
pub mod catalog;
pub mod mapping;
// Floor 4: the core.
pub mod sync;
pub mod system;
// Floor 5: the world.
pub mod connector;
pub mod project;
pub mod store;
// Floor 6: work.
pub mod report;
pub mod run;
// Floor 7: life.
pub mod daemon;
pub mod trial;
// Floors 8 and 9: faces.
pub mod cli;
pub mod server;
// Apart: the look-alikes must be able to disagree with everything above.
pub mod sandbox;
