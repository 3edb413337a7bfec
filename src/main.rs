//! The program: hands over to the command line, and ends with its exit code.

/// A run makes and drops many small values; the system's allocator would take a fifth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    syncline::cli::main()
}
