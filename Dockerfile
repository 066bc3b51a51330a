# One image for the code location, the webserver, the daemon and every run.
# The tag names one release of Python and of Debian; add the digest that your registry shows
# (docker buildx imagetools inspect) to pin its bytes as well.
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/syncbit
WORKDIR /src
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY syncbit_dagster syncbit_dagster
# Only wheels and exact versions: nothing is compiled, nothing is newer than what was tested. What a
# scanner for an SBOM reads stays (*.dist-info); the installer itself goes.
RUN /opt/syncbit/bin/pip install --only-binary :all: --constraint constraints.txt '.[server]' \
    && /opt/syncbit/bin/python -m pip uninstall --yes pip setuptools

FROM ${BASE}
LABEL org.opencontainers.image.title="syncbit-dagster" \
      org.opencontainers.image.description="Your whole Fitbit history in your own VictoriaMetrics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11.14-slim-bookworm"
# Volumes take over owner and mode of these directories when they are first used.
RUN groupadd --gid 10001 syncbit \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin syncbit \
    && install --directory --owner=syncbit --group=syncbit --mode=0700 /data /var/lib/dagster \
    && install --directory --owner=root --group=root --mode=0755 /opt/dagster /opt/dagster/dagster_home
COPY --from=build /opt/syncbit /opt/syncbit
# The root file system is never written to: state is in DATA_DIR, everything else in /tmp. Events of
# many partitions go to PostgreSQL in batches.
ENV PATH=/opt/syncbit/bin:$PATH \
    DATA_DIR=/data \
    DAGSTER_HOME=/opt/dagster/dagster_home \
    DAGSTER_EVENT_BATCH_SIZE=1000 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /opt/dagster
USER 10001:10001
EXPOSE 4000
# The server answers only after the definitions were loaded, which takes legal settings.
HEALTHCHECK --interval=60s --timeout=40s --start-period=60s --retries=3 \
    CMD ["dagster", "api", "grpc-health-check", "--port", "4000"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "syncbit_dagster.definitions"]
