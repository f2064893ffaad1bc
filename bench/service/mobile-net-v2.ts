/** MobileNetV2 1.0 at 224 px out of timm's safetensors, as a model folder that the service can open. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromFloat16 } from '../../stages/vision/onnx/expand-weights.ts';

interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface LayerJson {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly unknown[];
}

/** Filters, blocks and first stride of each stage; the first stage does not widen. */
const STAGES = [
  { blocks: 1, stride: 1 },
  { blocks: 2, stride: 2 },
  { blocks: 3, stride: 2 },
  { blocks: 4, stride: 2 },
  { blocks: 3, stride: 1 },
  { blocks: 3, stride: 2 },
  { blocks: 1, stride: 1 },
];

export function writeMobileNetV2(safetensors: string, dir: string): void {
  const tensors = readSafetensors(safetensors);
  const layers: LayerJson[] = [];
  const specs: { name: string; shape: readonly number[]; dtype: 'float32' }[] = [];
  const parts: Buffer[] = [];
  let last = 'image';

  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`${safetensors} has no ${name}`);
    return found;
  };
  const weight = (name: string, shape: readonly number[], values: Float32Array): void => {
    specs.push({ name, shape, dtype: 'float32' });
    parts.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  };
  const layer = (type: string, name: string, config: object = {}, inputs = [last]): string => {
    const nodes = inputs.map((input) => [input, 0, 0, {}]);
    layers.push({
      class_name: type,
      config: { name, ...config },
      inbound_nodes: inputs.length === 0 ? [] : [nodes],
    });
    last = name;
    return name;
  };
  const convolution = (from: string, norm: string, stride: number, activate: boolean): void => {
    const { shape, values } = tensor(`${from}.weight`);
    const [filters = 0, inside = 0, kernel = 0] = shape;
    const isDepthwise = inside === 1 && filters > 1 && from.endsWith('conv_dw');
    const common = { strides: [stride, stride], padding: 'same', use_bias: false };
    layer(isDepthwise ? 'DepthwiseConv2D' : 'Conv2D', from, {
      ...common,
      ...(isDepthwise ? { depth_multiplier: 1 } : { filters }),
      kernel_size: [kernel, kernel],
    });
    // [out, in, h, w] -> [h, w, in, out]; depthwise [c, 1, h, w] -> [h, w, c, 1].
    const kernelShape = isDepthwise
      ? [kernel, kernel, filters, 1]
      : [kernel, kernel, inside, filters];
    const moved = new Float32Array(values.length);
    let to = 0;
    for (let y = 0; y < kernel; y++) {
      for (let x = 0; x < kernel; x++) {
        for (let i = 0; i < inside; i++) {
          for (let o = 0; o < filters; o++) {
            moved[to++] = values[((o * inside + i) * kernel + y) * kernel + x] ?? NaN;
          }
        }
      }
    }
    weight(`${from}/${isDepthwise ? 'depthwise_kernel' : 'kernel'}`, kernelShape, moved);
    layer('BatchNormalization', norm, { axis: -1, epsilon: 1e-5 });
    for (const [ours, theirs] of normNames) {
      const found = tensor(`${norm}.${theirs}`);
      weight(`${norm}/${ours}`, found.shape, found.values);
    }
    if (activate) layer('ReLU', `${norm}.relu6`, { max_value: 6 });
  };

  layer('InputLayer', 'image', { batch_input_shape: [null, 224, 224, 3], dtype: 'float32' }, []);
  convolution('conv_stem', 'bn1', 2, true);
  for (const [stage, { blocks, stride: first }] of STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = `blocks.${stage}.${block}`;
      const before = last;
      const stride = block === 0 ? first : 1;
      if (stage === 0) {
        convolution(`${at}.conv_dw`, `${at}.bn1`, stride, true);
        convolution(`${at}.conv_pw`, `${at}.bn2`, 1, false);
      } else {
        convolution(`${at}.conv_pw`, `${at}.bn1`, 1, true);
        convolution(`${at}.conv_dw`, `${at}.bn2`, stride, true);
        convolution(`${at}.conv_pwl`, `${at}.bn3`, 1, false);
      }
      if (block > 0) layer('Add', `${at}.add`, {}, [before, last]);
    }
  }
  convolution('conv_head', 'bn2', 1, true);
  layer('GlobalAveragePooling2D', 'pool');
  const { shape, values } = tensor('classifier.weight');
  const [classes = 0, features = 0] = shape;
  layer('Dense', 'classifier', { units: classes, use_bias: true, activation: 'linear' });
  const kernel = Float32Array.from(values, (_, index) => {
    return values[(index % classes) * features + Math.floor(index / classes)] ?? NaN;
  });
  weight('classifier/kernel', [features, classes], kernel);
  weight('classifier/bias', [classes], tensor('classifier.bias').values);

  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'weights.bin'), Buffer.concat(parts));
  const config = {
    ...{ name: 'mobilenetv2_100', layers },
    ...{ input_layers: [['image', 0, 0]], output_layers: [['classifier', 0, 0]] },
  };
  const model = {
    format: 'layers-model',
    modelTopology: { class_name: 'Model', config },
    weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
  };
  writeFileSync(join(dir, 'model.json'), JSON.stringify(model));
  const contract = {
    version: 1,
    architecture: 'mobilenetv2_100',
    input: {
      ...{ height: 224, width: 224, channels: 3, interpolation: 'bilinear', fit: 'squash' },
      ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    },
    labels: Array.from({ length: classes }, (_, index) => `class-${index}`),
    training: { backend: 'elsewhere', seed: 0, epochs: 0 },
  };
  writeFileSync(join(dir, 'contract.json'), JSON.stringify(contract));
}

const normNames = [
  ['gamma', 'weight'],
  ['beta', 'bias'],
  ['moving_mean', 'running_mean'],
  ['moving_variance', 'running_var'],
] as const;

/** Length of the header (8 bytes, little-endian), header as JSON, then the tensors. */
function readSafetensors(path: string): ReadonlyMap<string, Tensor> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const bytes = file.subarray(start + from, start + to);
    const width = entry.dtype === 'F16' ? 2 : 4;
    const values = Float32Array.from({ length: bytes.length / width }, (_, index) =>
      width === 2 ? fromFloat16(bytes.readUInt16LE(index * 2)) : bytes.readFloatLE(index * 4),
    );
    tensors.set(name, { shape: entry.shape, values });
  }
  return tensors;
}
