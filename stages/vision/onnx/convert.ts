/**
 * A TF.js layers model to ONNX, so that onnxruntime can run it: the same weights, layer by layer; pure.
 *
 * The graph takes photographs as decodeImage gives them (`pixels`, uint8, [n, height, width, 3]), normalises them
 * as the contract says, and gives `probabilities` and, where the last layer is dense, `embedding`: what that layer reads.
 */
import type { ModelInput } from '../contract.ts';
import type { Weight } from './expand-weights.ts';
import { createGraphWriter, type GraphWriter } from './graph-writer.ts';
import { convertLayer, type Value } from './layers.ts';
import { encodeOnnx } from './onnx-file.ts';
import { readTopology, type Layer } from './topology.ts';
import { UnsupportedModel } from './unsupported.ts';

export const graphNames = {
  pixels: 'pixels',
  probabilities: 'probabilities',
  embedding: 'embedding',
} as const;

export interface OnnxModel {
  /** The file. */
  readonly bytes: Uint8Array;
  readonly classes: number;
  /** Values of one embedding; undefined where the last layer is not dense. */
  readonly embeddingSize: number | undefined;
}

/** Throws UnsupportedModel where a layer has no translation. */
export function toOnnx(
  topology: unknown,
  weights: ReadonlyMap<string, Weight>,
  input: ModelInput,
): OnnxModel {
  const { layers, inputLayer, outputLayer } = readTopology(topology);
  const graph = createGraphWriter();
  const values = new Map<string, Value>();
  let embedding: Value | undefined;

  for (const layer of layers) {
    if (layer.name === inputLayer) {
      values.set(layer.name, normalise(graph, input));
      if (layer.type === 'InputLayer') continue;
    }
    const inputs = inputsOf(layer, layer.name === inputLayer ? [layer.name] : layer.inputs, values);
    if (layer.name === outputLayer && layer.type === 'Dense') embedding = inputs[0];
    values.set(layer.name, convertLayer(graph, layer, inputs, weights));
  }

  const logits = values.get(outputLayer);
  if (logits?.sides.length !== 1) {
    throw new UnsupportedModel(`the output ${outputLayer} is no row of logits`);
  }
  graph.add('Softmax', [logits.name], graphNames.probabilities, { axis: 1 });
  if (embedding !== undefined) graph.add('Identity', [embedding.name], graphNames.embedding);

  const { height, width, channels } = input;
  const row = (name: string, size: number) => {
    return { name, type: 'float32', shape: ['n', size] } as const;
  };
  const bytes = encodeOnnx({
    name: 'classifier',
    nodes: graph.nodes,
    weights: graph.weights,
    inputs: [{ name: graphNames.pixels, type: 'uint8', shape: ['n', height, width, channels] }],
    outputs: [
      row(graphNames.probabilities, logits.sides[0]),
      ...(embedding === undefined ? [] : [row(graphNames.embedding, embedding.sides[0])]),
    ],
  });
  return { bytes, classes: logits.sides[0], embeddingSize: embedding?.sides[0] };
}

function inputsOf(
  layer: Layer,
  names: readonly string[],
  values: ReadonlyMap<string, Value>,
): [Value, ...Value[]] {
  const [first, ...others] = names.map((name) => {
    const value = values.get(name);
    if (value === undefined) {
      throw new UnsupportedModel(`layer ${layer.name} reads ${name}, which comes after it`);
    }
    return value;
  });
  if (first === undefined) throw new UnsupportedModel(`layer ${layer.name} reads nothing`);
  return [first, ...others];
}

/**
 * `(v / 255 - mean) / std` as one multiplication and one addition. Channels come first before that: onnxruntime takes ten
 * times as long to multiply every third value by another factor as to multiply plane by plane.
 */
function normalise(graph: GraphWriter, { height, width, mean, std }: ModelInput): Value {
  const factor = Float32Array.from(std, (deviation) => 1 / 255 / deviation);
  const offset = Float32Array.from(mean, (value, channel) => -value / (std[channel] ?? NaN));
  graph.add('Transpose', [graphNames.pixels], 'planes', { perm: [0, 3, 1, 2] });
  graph.add('Cast', ['planes'], 'values', { to: 1 });
  graph.add('Mul', ['values', graph.weight('factor', [3, 1, 1], factor)], 'scaled');
  graph.add('Add', ['scaled', graph.weight('offset', [3, 1, 1], offset)], 'image');
  return { name: 'image', sides: [3, height, width] };
}
