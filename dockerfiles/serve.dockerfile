# The service and its model. From the repository's root, after `avian repro reference`:
#
#   avian image build --builder docker -f dockerfiles/serve.dockerfile --base node:24-slim \
#     --model artifacts/quantized/uint8:/app/model -o artifacts/image -t aviansight
#   docker build -f dockerfiles/serve.dockerfile -t aviansight .
#   buildah build --layers --format docker --timestamp 0 -f dockerfiles/serve.dockerfile -t aviansight .
#
# `avian image build` without --builder makes the same service into an image of 10 MB and Node, in seconds.
# BUILD needs npm, BASE only Node 22.18 or newer and glibc: one without a shell will do.
ARG BUILD=node:24-slim
ARG BASE=node:24-slim

# Packages change less often than sources, so they are a layer of their own.
FROM ${BUILD} AS packages
WORKDIR /src
COPY package.json package-lock.json ./
COPY stages/package.json stages/
RUN npm ci --workspace=stages --omit=dev --ignore-scripts --no-audit --no-fund

# What is bundled is of this platform: sharp's binaries of another one never get in.
FROM packages AS service
COPY stages stages
RUN node stages/serve/bundle.ts --out /service

FROM ${BASE}
# The service first: a new model then changes one layer only.
COPY --from=service /service /app
COPY artifacts/quantized/uint8 /app/model
# What the service compares its photographs with, to notice drift.
COPY artifacts/reference/drift.json /app/model/drift.json
WORKDIR /app
# Two arenas, and a young generation that stays small: memory then stays where it is after a minute, at no cost in speed.
ENV NODE_ENV=production PORT=8080 HOST=0.0.0.0 MODEL_DIR=/app/model MALLOC_ARENA_MAX=2
EXPOSE 8080
# By number, so that no /etc/passwd is asked; files belong to root and cannot be changed by it.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "server.js"]
