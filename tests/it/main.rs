//! One binary with the tests that see the product from outside: how its house is kept, and what the real program does.

mod cli;
mod connectors;
mod examples;
mod serve;
mod support;
mod tidy;
mod tryton;
