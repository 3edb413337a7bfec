//! Measures Syncline beside the physical limit, in one run: `cargo bench --bench measured -- first`. Method and results: docs/benchmarks.md.
//!
//! One binary is all parts, each in a process of its own, so that wall, CPU and memory are told apart: the vendors, the floor, the bare
//! webhook endpoint, and the runner that starts them in turns with the release binary.
#![expect(clippy::disallowed_methods, reason = "this measures the time of the machine, and stands apart from the product's own clock and tasks")]

mod floor;
mod intake;
mod runner;
mod things;
mod vendor;

fn main() -> anyhow::Result<()> {
    // Every client wants one, though nothing here is encrypted.
    let installed = rustls::crypto::ring::default_provider().install_default();
    anyhow::ensure!(installed.is_ok(), "another provider of encryption is installed");
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("vendor") => vendor::main(&arguments[1..]),
        Some("floor") => floor::main(&arguments[1..]),
        Some("endpoint") => intake::main(&arguments[1..]),
        _ => runner::main(&arguments),
    }
}
