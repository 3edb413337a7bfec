# Build: the same toolchain as `rust-version` in Cargo.toml.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY connectors connectors
COPY mappings mappings
COPY examples examples
COPY benches benches
COPY docs docs
RUN cargo build --release --locked --bin syncline

# Run: no shell is needed, no root, and nothing is written outside /data (start it with --read-only).
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data syncline \
    && mkdir /data && chown syncline /data
COPY --from=build /src/target/release/syncline /usr/local/bin/syncline
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The binary asks its own /healthz: the image needs no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["syncline", "status", "--healthy"]
ENTRYPOINT ["syncline"]
CMD ["serve"]
