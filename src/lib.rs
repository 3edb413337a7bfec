//! Syncline keeps a company's CRM, partner portal and ERP in agreement.
//!
//! The modules below stand in floor order: a module uses lower floors only (`tests/it/tidy.rs` holds the table and checks it). The tour:
//! files people write become a [`project`] (through [`spec`], [`catalog`] and [`mapping`]); a [`run`] reads systems through [`connector`], lets the pure
//! core in [`sync`] decide, and carries out what it planned, with every step kept in the [`store`]; [`daemon`] wakes runs, [`server`] and [`cli`] are the faces.
#![forbid(unsafe_code)]

// Floor 0: base.
pub mod backoff;
pub mod bounds;
pub mod clock;
pub mod diag;
pub mod id;
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
