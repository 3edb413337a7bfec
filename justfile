# Few verbs; plain `cargo test` works without them.

# What a change passes before it is merged, short of the servers that tests/all starts.
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

test:
    cargo test

# All tests, with jsforce and a real Tryton server.
all:
    tests/all

# Writes generated pages and snapshots anew; read the difference before you commit it.
bless:
    BLESS=1 INSTA_UPDATE=always cargo test

demo:
    cargo run --release -- demo

docs:
    cargo doc --no-deps --open
