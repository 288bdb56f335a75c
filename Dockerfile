# The image of pgaccess: `docker build --tag pgaccess .`, then compose.yaml or docs/operations/containers.md.
# Any Debian with Python 3.11 to 3.14, its venv module and the certificates of public authorities will do.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
# pip stays behind in this stage: what runs has the dependencies, and nothing that installs more of them.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/pgaccess
COPY requirements.txt /tmp/requirements.txt
RUN /opt/pip/bin/pip --python /opt/pgaccess/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r /tmp/requirements.txt
COPY bot /app/bot
COPY handlers /app/handlers
COPY storage /app/storage
# The root file system is read-only later. A file's date decides nothing, so that a copy of it is still valid.
RUN /opt/pgaccess/bin/python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${BASE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pgaccess" \
    org.opencontainers.image.description="A Slack bot that opens, watches and closes external access to Heroku Postgres" \
    org.opencontainers.image.revision="${REVISION}"
# A number, so that a platform can tell that it is not root; the same in every image, for the owners of files.
RUN groupadd --gid 10001 pgaccess \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pgaccess
COPY --from=build /opt/pgaccess /opt/pgaccess
COPY --from=build /app /app
ENV PATH=/opt/pgaccess/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# PGACCESS_POLICY is relative to it: the policy is /app/pgaccess.toml unless it is in PGACCESS_POLICY_TOML.
WORKDIR /app
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
# Liveness, not readiness: a restart brings neither Postgres nor Slack back.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "bot.cli.health"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
