/** ONNX files: a graph of nodes and weights to the bytes of a ModelProto (onnx.proto, IR version 8, opset 17); pure. */
import { bytes, float, integer, join, message, packed, text, type Field } from './protobuf.ts';

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Numbers are integers, `{float}` is a float. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** An input or output. A side that is a word may have any length. */
export interface OnnxValue {
  readonly name: string;
  readonly type: 'float32' | 'uint8';
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  /** Each after those whose outputs it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const IR_VERSION = 8;
const OPSET = 17;
const elementTypes = { float32: 1, uint8: 2 } as const;
const attributeTypes = { float: 1, integer: 2, text: 3, integers: 7 } as const;

export function encodeOnnx(graph: OnnxGraph): Uint8Array {
  return join([
    integer(1, IR_VERSION),
    text(2, 'AvianSight'),
    message(7, [
      ...graph.nodes.map((node) => message(1, nodeFields(node))),
      text(2, graph.name),
      ...graph.weights.map((weight) => message(5, tensorFields(weight))),
      ...graph.inputs.map((value) => message(11, valueFields(value))),
      ...graph.outputs.map((value) => message(12, valueFields(value))),
    ]),
    message(8, [integer(2, OPSET)]),
  ]);
}

function nodeFields({ operator, inputs, output, attributes = {} }: OnnxNode): Field[] {
  return [
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(3, output),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      message(5, [text(1, name), ...attributeFields(value)]),
    ),
  ];
}

function attributeFields(value: Attribute): Field[] {
  if (typeof value === 'number') return [integer(3, value), integer(20, attributeTypes.integer)];
  if (typeof value === 'string') return [text(4, value), integer(20, attributeTypes.text)];
  if ('float' in value) return [float(2, value.float), integer(20, attributeTypes.float)];
  return [...value.map((entry) => integer(8, entry)), integer(20, attributeTypes.integers)];
}

function tensorFields({ name, shape, values }: OnnxTensor): Field[] {
  return [
    packed(1, shape),
    integer(2, elementTypes.float32),
    text(8, name),
    // Little-endian, as every machine that Node runs on is.
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ];
}

function valueFields({ name, type, shape }: OnnxValue): Field[] {
  const sides = shape.map((side) =>
    message(1, [typeof side === 'number' ? integer(1, side) : text(2, side)]),
  );
  const tensor = [integer(1, elementTypes[type]), message(2, sides)];
  return [text(1, name), message(2, [message(1, tensor)])];
}
