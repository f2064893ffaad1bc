/** AdamW (Loshchilov and Hutter): Adam whose weight decay acts on the weights themselves, not on the gradient. */
import * as tf from '@tensorflow/tfjs-core';

/** Variables that share a learning rate. */
export interface ParameterGroup {
  readonly name: string;
  /** Learning rate at factor 1, at least 0. */
  readonly rate: number;
  readonly variables: readonly tf.Variable[];
}

export interface AdamWOptions {
  /** Share of a weight that is taken off per step and unit of rate; kernels only, never biases or batch norm. */
  readonly weightDecay: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

export interface AdamW {
  /** One step with gradients by variable name; `factor` scales every group's rate. Every variable needs a gradient. */
  step(gradients: tf.NamedTensorMap, factor: number): void;
  /** Steps done so far. */
  count(): number;
  /** First and second moments, in the order of groups and variables: what a checkpoint keeps. */
  moments(): readonly tf.Variable[];
  /** Goes on where another stopped; the moments' values are assigned by the caller. */
  restoreCount(steps: number): void;
  dispose(): void;
}

interface Slot {
  readonly variable: tf.Variable;
  readonly first: tf.Variable;
  readonly second: tf.Variable;
  readonly rate: number;
  readonly decay: number;
}

export function createAdamW(groups: readonly ParameterGroup[], options: AdamWOptions): AdamW {
  const { weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const slots: Slot[] = groups.flatMap(({ rate, variables }) =>
    variables.map((variable) => ({
      variable,
      first: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
      second: tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
      rate,
      decay: variable.rank > 1 ? weightDecay : 0,
    })),
  );
  let steps = 0;

  function update(slot: Slot, gradient: tf.Tensor, factor: number): void {
    const { variable, first, second, rate, decay } = slot;
    const pace = rate * factor;
    const correction = Math.sqrt(1 - beta2 ** steps);
    if (hasFusedKernels()) {
      tf.tidy(() => {
        first.assign(moment(first, gradient, { keep: beta1, square: false }));
        second.assign(moment(second, gradient, { keep: beta2, square: true }));
        const numbers = {
          kept: 1 - pace * decay,
          epsilon: epsilon * correction,
          pace: (pace * correction) / (1 - beta1 ** steps),
        };
        const inputs = { weight: variable, first, second };
        variable.assign(tf.engine().runKernel<tf.Tensor>('AdamWWeight', inputs, numbers));
      });
      return;
    }
    tf.tidy(() => {
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
      // pace * (m / c1) / (sqrt(v) / c2 + eps), the two corrections folded into the numbers.
      const denominator = tf.add(tf.sqrt(second), epsilon * correction);
      const change = tf.mul(tf.div(first, denominator), (pace * correction) / (1 - beta1 ** steps));
      const kept = decay === 0 ? variable : tf.mul(variable, 1 - pace * decay);
      variable.assign(tf.sub(kept, change));
    });
  }

  return {
    step(gradients, factor) {
      steps += 1;
      for (const slot of slots) {
        const gradient = gradients[slot.variable.name];
        if (gradient === undefined) throw new Error(`bug: ${slot.variable.name} has no gradient`);
        update(slot, gradient, factor);
      }
    },
    count: () => steps,
    moments: () => slots.flatMap(({ first, second }) => [first, second]),
    restoreCount(count) {
      steps = count;
    },
    dispose() {
      for (const { first, second } of slots) tf.dispose([first, second]);
    },
  };
}

/** Whether the backend computes a step in kernels of its own: vision/webgpu/adamw.ts. */
function hasFusedKernels(): boolean {
  // Typed as always there.
  return (tf.getKernel('AdamWWeight', tf.getBackend()) as unknown) !== undefined;
}

function moment(
  value: tf.Tensor,
  gradient: tf.Tensor,
  how: { readonly keep: number; readonly square: boolean },
): tf.Tensor {
  return tf.engine().runKernel('AdamWMoment', { value, gradient }, how);
}
