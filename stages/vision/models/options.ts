/** What every architecture is built from. */
export interface ModelOptions {
  /** Side of the square picture in pixels, at least 8. */
  readonly inputSize: number;
  readonly classes: number;
  /** Channels of the first convolution; the others are multiples of it. */
  readonly width: number;
  /** Share of the features that dropout silences before the last layer, 0 to below 1. */
  readonly dropout: number;
  /** The same seed gives the same initial weights and the same dropout. */
  readonly seed: number;
}
