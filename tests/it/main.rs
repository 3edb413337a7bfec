//! One binary with the tests that see the product from outside: how its house is kept, and what the real program does.

mod bad_input;
mod canary;
mod cli;
mod connectors;
mod decide;
mod deliveries;
mod examples;
mod kill;
mod serve;
mod simulate;
mod subscriptions;
mod support;
mod tidy;
mod tryton;
