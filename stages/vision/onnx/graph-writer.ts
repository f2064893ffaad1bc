/** Collects the nodes and weights of a graph in the order in which they are to run. */
import type { Attribute, OnnxNode, OnnxTensor } from './onnx-file.ts';

export interface GraphWriter {
  readonly nodes: readonly OnnxNode[];
  readonly weights: readonly OnnxTensor[];
  /** Gives the name of the output back. */
  add(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes?: Readonly<Record<string, Attribute>>,
  ): string;
  weight(name: string, shape: readonly number[], values: Float32Array): string;
}

export function createGraphWriter(): GraphWriter {
  const nodes: OnnxNode[] = [];
  const weights: OnnxTensor[] = [];
  return {
    nodes,
    weights,
    add(operator, inputs, output, attributes = {}) {
      nodes.push({ operator, inputs, output, attributes });
      return output;
    },
    weight(name, shape, values) {
      weights.push({ name, shape, values });
      return name;
    },
  };
}
