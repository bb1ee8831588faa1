# One image for every part of nof0: the engine with its API, a server of its own, all commands.
#
#   docker build -t nof0 .
#   docker run --rm -v nof0:/data -p 127.0.0.1:8888:8888 nof0
#
# Nothing is written outside /data and /tmp, so the root file system may be read-only (compose.yaml).

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY constraints.txt ./
COPY nof0-core nof0-core
COPY nof0-provider-sim nof0-provider-sim
COPY nof0-provider-hyperliquid nof0-provider-hyperliquid
COPY nof0-llm nof0-llm
COPY nof0-api nof0-api
RUN python -m venv /opt/nof0 \
 && /opt/nof0/bin/pip install --no-cache-dir --no-compile -c constraints.txt \
    "./nof0-core[postgres,redis]" ./nof0-provider-sim ./nof0-provider-hyperliquid ./nof0-llm ./nof0-api \
 && /opt/nof0/bin/python -m compileall -q /opt/nof0/lib

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 nof0 \
 && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin nof0 \
 && install --directory --owner=nof0 --group=nof0 --mode=0750 /data
COPY --from=build /opt/nof0 /opt/nof0
COPY etc /app/etc
COPY prompts /app/prompts
COPY deploy/nof0.yaml /app/deploy/nof0.yaml
ENV PATH=/opt/nof0/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NOF0_CONFIG=/app/deploy/nof0.yaml
USER 10001:10001
WORKDIR /app
VOLUME /data
EXPOSE 8888
STOPSIGNAL SIGTERM
# 503, or no answer: the engine has not exported for a while. It says nothing about profit.
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8888/api/health', timeout=8)"]
ENTRYPOINT ["nof0"]
CMD ["run", "--data-dir", "/data", "--serve", "--yes"]
