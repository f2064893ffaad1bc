# The service image for those who have docker or buildah; `avian image build` writes the same content
# without either. The context is the folder `artifacts`, made by the stages before:
#
#   docker build -f dockerfiles/serve.dockerfile -t aviansight artifacts
#   buildah bud --isolation chroot --timestamp 0 -f dockerfiles/serve.dockerfile -t aviansight artifacts
#
# BASE needs Node 22.18 or newer, and glibc: the bundle carries native modules of the machine that made
# it. A base without a shell will do, also one written by `avian image build --base node`.
ARG BASE=node:24-slim
FROM ${BASE}

LABEL org.opencontainers.image.title="aviansight"
WORKDIR /app
# The service first: a new model then changes one layer only.
COPY service /app
COPY quantized/uint8 /app/model

ENV NODE_ENV=production PORT=8080 HOST=0.0.0.0 MODEL_DIR=/app/model
EXPOSE 8080
# By number, so that no /etc/passwd is asked; files belong to root and cannot be changed by it.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "server.js"]
