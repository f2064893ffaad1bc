# Names the birds in photographs, without a service. From the repository's root, after `avian repro quantize`:
#
#   avian image build --builder docker -f dockerfiles/predicter.dockerfile --base node:24-slim \
#     --model artifacts/quantized/uint8:/app/model -o artifacts/predicter -t aviansight-predicter
#   docker run --rm --network none -v "$PWD/photos:/photos:ro" aviansight-predicter /photos/robin.jpg
#
# BUILD needs npm, BASE only Node 22.18 or newer and glibc.
ARG BUILD=node:24-slim
ARG BASE=node:24-slim

FROM ${BUILD} AS packages
WORKDIR /src
COPY package.json package-lock.json ./
COPY stages/package.json stages/
# Predicting computes on WebAssembly: the native TensorFlow bindings, WebGPU and what bundles are left out.
RUN npm ci --workspace=stages --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/.bin node_modules/.package-lock.json node_modules/aviansight \
    node_modules/@tensorflow/tfjs-node node_modules/@tensorflow/tfjs-node-gpu \
    node_modules/@tensorflow/tfjs-backend-webgpu node_modules/webgpu \
    node_modules/esbuild node_modules/@esbuild

FROM ${BASE}
COPY --from=packages /src/node_modules /app/node_modules
COPY stages/package.json /app/stages/package.json
COPY stages/vision /app/stages/vision
COPY stages/serve /app/stages/serve
COPY stages/predict /app/stages/predict
COPY artifacts/quantized/uint8 /app/model
WORKDIR /app
ENV NODE_ENV=production
USER 65532:65532
STOPSIGNAL SIGTERM
# Something to ask while a long list of photographs is under way: the model is there and whole.
HEALTHCHECK --interval=30s --timeout=5s --retries=1 \
  CMD ["node", "-e", "for (const name of ['model.json', 'contract.json']) JSON.parse(fs.readFileSync('/app/model/' + name))"]
ENTRYPOINT ["node", "stages/predict/main.ts", "--model", "/app/model"]
