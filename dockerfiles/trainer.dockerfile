# Trains, with everything it reads and writes mounted: no data, parameters or models in the image.
#
#   avian image build --builder docker -f dockerfiles/trainer.dockerfile --base node:24-slim \
#     -o artifacts/trainer -t aviansight-trainer
#   docker run --rm --user "$(id -u)" -v "$PWD/artifacts:/work/artifacts" -v "$PWD/run.json:/work/params.json:ro" \
#     aviansight-trainer --data artifacts/birds --stats artifacts/stats.json --out artifacts/model \
#     --history artifacts/training --metrics artifacts/metrics/train.json --params params.json
#
# run.json holds the parameters that the stage declares, {"seed": …, "model": {…}, "train": {…}}. Training
# is resumed from /work/checkpoint where that is mounted too. BUILD needs npm; BASE is Node 22.18 or
# newer with glibc, and for the native TensorFlow bindings whatever those were built against.
ARG BUILD=node:24-slim
ARG BASE=node:24-slim

FROM ${BUILD} AS packages
WORKDIR /src
COPY package.json package-lock.json ./
COPY stages/package.json stages/
# What bundles is left out, and so is the tool: a stage is a program that needs no avian. WebGPU comes for all platforms.
RUN npm ci --workspace=stages --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/.bin node_modules/.package-lock.json node_modules/aviansight \
    node_modules/esbuild node_modules/@esbuild \
    node_modules/webgpu/dist/darwin-* node_modules/webgpu/dist/win32-* \
  && mkdir -p /empty/work/artifacts /empty/work/checkpoint && chmod 1777 /empty/work/*

FROM ${BASE}
COPY --from=packages /empty /
COPY --from=packages /src/node_modules /work/node_modules
COPY stages/package.json /work/stages/package.json
COPY stages/vision /work/stages/vision
COPY stages/train /work/stages/train
WORKDIR /work
ENV NODE_ENV=production AVIAN_CHECKPOINT=/work/checkpoint
USER 65532:65532
# A training puts itself away at SIGTERM, which takes as long as a batch.
STOPSIGNAL SIGTERM
# A checkpoint comes every 30 seconds and after each epoch: none for ten minutes means that it hangs.
HEALTHCHECK --interval=60s --timeout=5s --start-period=10m --retries=1 \
  CMD ["node", "-e", "process.exit(Date.now() - fs.statSync('/work/checkpoint/training.ckpt').mtimeMs < 600000 ? 0 : 1)"]
ENTRYPOINT ["node", "stages/train/main.ts"]
