/** The topology of a TF.js layers model as a list of layers; pure. Reads sequential and functional models, bare or in `model_config`. */
import { UnsupportedModel } from './unsupported.ts';

export interface Layer {
  readonly name: string;
  /** The class, such as `Conv2D`. */
  readonly type: string;
  readonly config: LayerConfig;
  /** Names of the layers whose outputs it reads. */
  readonly inputs: readonly string[];
}

export type LayerConfig = Readonly<Record<string, unknown>>;

export interface Topology {
  /** Each after those that it reads. */
  readonly layers: readonly Layer[];
  /** In a sequential model the first layer itself, which then reads the image. */
  readonly inputLayer: string;
  readonly outputLayer: string;
}

/** Throws UnsupportedModel where a model has several inputs or outputs, shares layers, or is built in another way. */
export function readTopology(json: unknown): Topology {
  const outer = fields(json);
  const model = fields(outer['model_config'] ?? outer);
  const config = model['config'];
  switch (model['class_name']) {
    case 'Sequential':
      return readSequential(Array.isArray(config) ? config : fields(config)['layers']);
    case 'Model':
    case 'Functional':
      return readFunctional(fields(config));
    default:
      throw new UnsupportedModel(`a model of the class ${String(model['class_name'])}`);
  }
}

function readSequential(list: unknown): Topology {
  const layers: Layer[] = [];
  for (const entry of items(list)) {
    const previous = layers.at(-1);
    layers.push(readLayer(entry, previous === undefined ? [] : [previous.name]));
  }
  const [first, last] = [layers[0], layers.at(-1)];
  if (first === undefined || last === undefined) throw new UnsupportedModel('a model of no layers');
  return { layers, inputLayer: first.name, outputLayer: last.name };
}

function readFunctional(config: LayerConfig): Topology {
  const waiting = items(config['layers']).map((entry) => readLayer(entry, readInbound(entry)));
  const layers: Layer[] = [];
  const known = new Set<string>();
  // TF.js writes layers in the order in which they were made, which need not be the order in which they run.
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ inputs }) => inputs.every((name) => known.has(name)));
    const [layer] = waiting.splice(next, next < 0 ? 0 : 1);
    if (layer === undefined) throw new UnsupportedModel('layers that wait for each other');
    known.add(layer.name);
    layers.push(layer);
  }
  return {
    layers,
    inputLayer: onlyEnd(config['input_layers'], 'inputs'),
    outputLayer: onlyEnd(config['output_layers'], 'outputs'),
  };
}

function readLayer(entry: unknown, inputs: readonly string[]): Layer {
  const { class_name: type, config } = fields(entry) as { class_name?: unknown; config?: unknown };
  const name = fields(config)['name'];
  if (typeof name !== 'string' || typeof type !== 'string') {
    throw new UnsupportedModel('a layer without a name or a class');
  }
  return { name, type, config: fields(config), inputs };
}

/** `[[["conv1", 0, 0, {}], …]]`: one call of the layer, the inputs of that call, where each comes from. */
function readInbound(entry: unknown): string[] {
  const calls = items(fields(entry)['inbound_nodes']);
  if (calls.length > 1) throw new UnsupportedModel('a layer that is used twice');
  return items(calls[0] ?? []).map((input) => String(items(input)[0]));
}

/** `["image", 0, 0]`, or a list of one of these. */
function onlyEnd(value: unknown, what: string): string {
  const [first, ...others] = items(value);
  if (typeof first === 'string') return first;
  if (others.length > 0) throw new UnsupportedModel(`a model of several ${what}`);
  return String(items(first)[0]);
}

function fields(value: unknown): LayerConfig {
  return typeof value === 'object' && value !== null ? (value as LayerConfig) : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
