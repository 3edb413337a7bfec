//! The core on systems in memory: tables of cases, and random histories.

mod cases;
mod existence;
mod found;
mod hand_over;
mod random;
mod recovery;
mod table;
mod worked;
mod world;
