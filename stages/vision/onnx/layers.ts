/** One layer of TF.js to nodes of ONNX; pure. Pictures are channels first here, rows by columns by channels there. */
import type { Weight } from './expand-weights.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Layer, LayerConfig } from './topology.ts';
import { UnsupportedModel } from './unsupported.ts';

/** What a layer gives: [n, …sides]. */
export interface Value {
  readonly name: string;
  /** Channels, rows, columns of a picture; or the number of features. */
  readonly sides: readonly [number, number, number] | readonly [number];
}

interface Picture extends Value {
  readonly sides: readonly [number, number, number];
}

type Weights = ReadonlyMap<string, Weight>;

/** Throws UnsupportedModel for a layer, or a setting of one, that has no translation. */
export function convertLayer(
  graph: GraphWriter,
  layer: Layer,
  inputs: readonly [Value, ...Value[]],
  weights: Weights,
): Value {
  const [input] = inputs;
  const { name, config } = layer;
  if (/first/i.test(String(config['data_format']))) {
    throw new UnsupportedModel(`layer ${name} has its channels first`);
  }
  const { axis = -1 } = config;
  if (axis !== -1 && axis !== input.sides.length) {
    throw new UnsupportedModel(`layer ${name} works along axis ${JSON.stringify(axis)}`);
  }
  switch (layer.type) {
    case 'Conv2D':
    case 'DepthwiseConv2D':
      return activate(graph, layer, convolve(graph, layer, picture(layer, input), weights));
    case 'BatchNormalization':
      return normaliseBatch(graph, layer, input, weights);
    case 'Dense':
      return activate(graph, layer, dense(graph, layer, input, weights));
    case 'Activation':
      return activate(graph, layer, input);
    case 'ReLU':
      return rectify(graph, outputOf(layer), input, config['max_value']);
    case 'Dropout':
      return input;
    case 'Add':
      return { ...input, name: graph.add('Add', namesOf(inputs, 2, layer), outputOf(layer)) };
    case 'Concatenate':
      return concatenate(graph, outputOf(layer), inputs);
    case 'MaxPooling2D':
    case 'AveragePooling2D':
      return pool(graph, layer, picture(layer, input));
    case 'GlobalAveragePooling2D':
      return poolAll(graph, 'GlobalAveragePool', layer, picture(layer, input));
    case 'GlobalMaxPooling2D':
      return poolAll(graph, 'GlobalMaxPool', layer, picture(layer, input));
    case 'Flatten':
      return flatten(graph, outputOf(layer), input);
    default:
      throw new UnsupportedModel(`layer ${name} is a ${layer.type}`);
  }
}

function convolve(graph: GraphWriter, layer: Layer, input: Picture, weights: Weights): Value {
  const { name, config } = layer;
  const isDepthwise = layer.type === 'DepthwiseConv2D';
  const kernel = weightOf(weights, `${name}/${isDepthwise ? 'depthwise_kernel' : 'kernel'}`);
  const [rows = 0, columns = 0, inside = 0, outside = 0] = kernel.shape;
  if (!pair(config['dilation_rate'] ?? 1, layer).every((rate) => rate === 1)) {
    throw new UnsupportedModel(`layer ${name} is dilated`);
  }
  // Depthwise, every channel gives `outside` channels of its own, which follow one another in both libraries.
  const filters = isDepthwise ? inside * outside : outside;
  const values = isDepthwise ? transpose(kernel, [2, 3, 0, 1]) : transpose(kernel, [3, 2, 0, 1]);
  const shape = [filters, isDepthwise ? 1 : inside, rows, columns];
  const operands = [input.name, graph.weight(`${name}/kernel`, shape, values)];
  if (config['use_bias'] !== false) {
    const bias = weightOf(weights, `${name}/bias`);
    operands.push(graph.weight(`${name}/bias`, bias.shape, bias.values));
  }
  const { attributes, sides } = window(layer, input, [rows, columns]);
  const output = outputOf(layer);
  graph.add('Conv', operands, output, { ...attributes, group: isDepthwise ? inside : 1 });
  return { name: output, sides: [filters, ...sides] };
}

/** onnxruntime folds it into the convolution before it when it loads the model. */
function normaliseBatch(graph: GraphWriter, layer: Layer, input: Value, weights: Weights): Value {
  const { name, config } = layer;
  const [channels] = input.sides;
  const parameter = (word: string, absent: number): string => {
    const { values } = weights.get(`${name}/${word}`) ?? {
      values: new Float32Array(channels).fill(absent),
    };
    return graph.weight(`${name}/${word}`, [channels], values);
  };
  const operands = [
    input.name,
    parameter('gamma', 1),
    parameter('beta', 0),
    parameter('moving_mean', 0),
    parameter('moving_variance', 1),
  ];
  const epsilon = { float: Number(config['epsilon'] ?? 1e-3) };
  graph.add('BatchNormalization', operands, outputOf(layer), { epsilon });
  return { ...input, name: outputOf(layer) };
}

function dense(graph: GraphWriter, layer: Layer, input: Value, weights: Weights): Value {
  const { name, config } = layer;
  if (input.sides.length !== 1) throw new UnsupportedModel(`layer ${name} reads a picture`);
  const kernel = weightOf(weights, `${name}/kernel`);
  const operands = [input.name, graph.weight(`${name}/kernel`, kernel.shape, kernel.values)];
  if (config['use_bias'] !== false) {
    const bias = weightOf(weights, `${name}/bias`);
    operands.push(graph.weight(`${name}/bias`, bias.shape, bias.values));
  }
  return { name: graph.add('Gemm', operands, outputOf(layer)), sides: [kernel.shape[1] ?? 0] };
}

function activate(graph: GraphWriter, { name, config }: Layer, value: Value): Value {
  const activation = config['activation'] ?? 'linear';
  switch (activation) {
    case 'linear':
      return value;
    case 'relu':
      return rectify(graph, `${name}/relu`, value, undefined);
    case 'relu6':
      return rectify(graph, `${name}/relu`, value, 6);
    default:
      throw new UnsupportedModel(`layer ${name} has the activation ${JSON.stringify(activation)}`);
  }
}

function rectify(graph: GraphWriter, name: string, input: Value, most: unknown): Value {
  if (typeof most !== 'number') return { ...input, name: graph.add('Relu', [input.name], name) };
  const bounds = [
    graph.weight(`${name}/least`, [], Float32Array.of(0)),
    graph.weight(`${name}/most`, [], Float32Array.of(most)),
  ];
  return { ...input, name: graph.add('Clip', [input.name, ...bounds], name) };
}

/** Of features, or of the channels of pictures: in both, TF.js's last axis is the first behind n here. */
function concatenate(
  graph: GraphWriter,
  name: string,
  inputs: readonly [Value, ...Value[]],
): Value {
  const total = inputs.reduce((sum, { sides: [side] }) => sum + side, 0);
  const [, ...others] = inputs[0].sides;
  graph.add(
    'Concat',
    inputs.map((input) => input.name),
    name,
    { axis: 1 },
  );
  return { name, sides: [total, ...others] };
}

function pool(graph: GraphWriter, layer: Layer, input: Picture): Value {
  const name = outputOf(layer);
  const kernel = pair(layer.config['pool_size'], layer);
  const { attributes, sides } = window(layer, input, kernel);
  // TF.js averages over what lies inside the picture; so does ONNX unless told to count the padding.
  graph.add(
    layer.type === 'MaxPooling2D' ? 'MaxPool' : 'AveragePool',
    [input.name],
    name,
    attributes,
  );
  return { name, sides: [input.sides[0], ...sides] };
}

function poolAll(graph: GraphWriter, operator: string, layer: Layer, input: Picture): Value {
  const name = outputOf(layer);
  graph.add(operator, [input.name], `${name}/pooled`);
  graph.add('Flatten', [`${name}/pooled`], name, { axis: 1 });
  return { name, sides: [input.sides[0]] };
}

/** TF.js flattens with the channels last. */
function flatten(graph: GraphWriter, name: string, input: Value): Value {
  if (input.sides.length === 1) return input;
  const [channels, rows, columns] = input.sides;
  graph.add('Transpose', [input.name], `${name}/rows`, { perm: [0, 2, 3, 1] });
  graph.add('Flatten', [`${name}/rows`], name, { axis: 1 });
  return { name, sides: [channels * rows * columns] };
}

/** Where a window of `kernel` goes over a picture: strides and padding as TF.js places them, and what comes out. */
function window(
  layer: Layer,
  { sides: [, height, width] }: Picture,
  kernel: readonly [number, number],
) {
  const strides = pair(layer.config['strides'] ?? kernel, layer);
  const rows = along(height, kernel[0], strides[0], layer.config);
  const columns = along(width, kernel[1], strides[1], layer.config);
  return {
    sides: [rows.size, columns.size] as const,
    attributes: {
      kernel_shape: kernel,
      strides,
      pads: [rows.before, columns.before, rows.after, columns.after],
    },
  };
}

/** 'same' pads so that ceil(size / stride) come out, the odd pixel behind. */
function along(size: number, kernel: number, stride: number, config: LayerConfig) {
  if (config['padding'] !== 'same') {
    return { size: Math.floor((size - kernel) / stride) + 1, before: 0, after: 0 };
  }
  const out = Math.ceil(size / stride);
  const total = Math.max(0, (out - 1) * stride + kernel - size);
  const before = Math.floor(total / 2);
  return { size: out, before, after: total - before };
}

/** Axis `order[i]` of the kernel becomes axis i. */
function transpose({ shape, values }: Weight, order: readonly number[]): Float32Array {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [n0, n1, n2, n3] = order.map((axis) => shape[axis] ?? 1);
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = order.map((axis) => steps[axis] ?? 0);
  const moved = new Float32Array(values.length);
  let to = 0;
  for (let a = 0; a < (n0 ?? 1); a++) {
    for (let b = 0; b < (n1 ?? 1); b++) {
      for (let c = 0; c < (n2 ?? 1); c++) {
        for (let d = 0; d < (n3 ?? 1); d++) {
          moved[to++] = values[a * s0 + b * s1 + c * s2 + d * s3] ?? NaN;
        }
      }
    }
  }
  return moved;
}

function picture({ name }: Layer, value: Value): Picture {
  if (value.sides.length === 3) return { name: value.name, sides: value.sides };
  throw new UnsupportedModel(`layer ${name} reads a row where it needs a picture`);
}

function namesOf(inputs: readonly Value[], count: number, { name }: Layer): string[] {
  if (inputs.length !== count)
    throw new UnsupportedModel(`layer ${name} has ${inputs.length} inputs`);
  return inputs.map((input) => input.name);
}

/** Names of outputs have a colon, names of weights and of what lies in between a slash, so no two are the same. */
function outputOf({ name }: Layer): string {
  return `${name}:0`;
}

/** `3` or `[3, 3]`. */
function pair(value: unknown, { name }: Layer): readonly [number, number] {
  const [rows, columns] = Array.isArray(value) ? (value as unknown[]) : [value, value];
  if (typeof rows === 'number' && typeof columns === 'number') return [rows, columns];
  throw new UnsupportedModel(`layer ${name} has the window ${JSON.stringify(value)}`);
}

function weightOf(weights: Weights, name: string): Weight {
  const weight = weights.get(name);
  if (weight === undefined) throw new UnsupportedModel(`there is no weight ${name}`);
  return weight;
}
