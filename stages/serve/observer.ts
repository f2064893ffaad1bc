/** The seam through which somebody looks on at what the service sees, such as a sketch of drift. */
import type { Registry } from 'prom-client';
import type { ColourStatistics } from '../vision/colours.ts';
import type { ServedModel } from './model.ts';

/** One photograph that was answered. */
export interface Observation {
  /** What the model's last layer read; absent where the runtime does not give it. */
  readonly embedding?: Float32Array;
  /** Of the pixels that the model saw. */
  readonly colours: ColourStatistics;
  /** The whole answer, in the order of the contract's labels. */
  readonly probabilities: Float32Array;
  /** The label that was answered, as it is in the contract. */
  readonly species: string;
  /** Its probability, 0..1. */
  readonly confidence: number;
}

export interface Observer {
  /** Called once an answered photograph, before the answer leaves: must not throw, and takes microseconds. */
  observe(observation: Observation): void;
}

/** Makes the observer once the model is loaded. Metrics that it registers come out at /metrics. */
export type OpenObserver = (model: ServedModel, registry: Registry) => Observer | Promise<Observer>;

export const observeNothing: OpenObserver = () => ({ observe: () => undefined });
