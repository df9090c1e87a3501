# Befriend with PostgreSQL's programs beside it: with no DATABASE_URL it runs its own database in the
# volume; with one it uses that and the volume only keeps the installation's key.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin befriend

FROM debian:bookworm-slim
RUN mkdir -p /etc/postgresql-common/createcluster.d \
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/befriend.conf \
 && apt-get update \
 && apt-get install -y --no-install-recommends postgresql ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/befriend --create-home befriend
COPY --from=build /build/target/release/befriend /usr/local/bin/befriend
USER befriend
ENV BEFRIEND_DATA_DIR=/var/lib/befriend BEFRIEND_LISTEN=0.0.0.0:7700 BEFRIEND_LOG_FORMAT=json
VOLUME /var/lib/befriend
EXPOSE 7700
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["befriend", "healthcheck"]
ENTRYPOINT ["befriend"]
CMD ["serve"]
