/** What is kept of a window of images: a few numbers an image and sums, never a picture; pure. */
import { StageError } from '../vision/stage-error.ts';
import { FEATURES, type FeatureName, type Observed } from './features.ts';
import { kernelOf, standardise, type Reference } from './reference.ts';

export interface Sketch {
  readonly version: 1;
  /** The reference's model: sketches of another one cannot be compared with it. */
  readonly model: string;
  readonly images: number;
  /** Values as they came, of each feature. */
  readonly features: Readonly<Record<FeatureName, readonly number[]>>;
  /** How often each label was answered, in the reference's order. */
  readonly classes: readonly number[];
  /** Sum of the mapped embeddings. */
  readonly embedding: readonly number[];
}

/** Fills one sketch after the other; holds at most `reference.window` images. */
export interface Sketcher {
  /** Images in the sketch that is being filled. */
  readonly images: number;
  /** Microseconds. Gives the sketch that became full with it, and begins the next one. */
  add(one: Observed): Sketch | undefined;
  /** The sketch as far as it is filled. */
  sketch(): Sketch;
}

export function createSketcher(reference: Reference): Sketcher {
  const { window, labels, model, embedding } = reference;
  const kernel = kernelOf(embedding);
  const values = FEATURES.map(() => new Float64Array(window));
  const classes = new Float64Array(labels.length);
  const sum = new Float64Array(kernel.size);
  let images = 0;

  const sketch = (): Sketch => ({
    version: 1,
    model,
    images,
    features: Object.fromEntries(
      FEATURES.map((name, index) => [name, [...(values[index] ?? []).slice(0, images)]]),
    ) as Record<FeatureName, number[]>,
    classes: [...classes],
    embedding: [...sum],
  });

  return {
    get images() {
      return images;
    },
    add(one) {
      values.forEach((column, index) => {
        column[images] = one.values[index] ?? 0;
      });
      classes[one.label] = (classes[one.label] ?? 0) + 1;
      kernel.addTo(sum, standardise(one.embedding, embedding));
      images += 1;
      if (images < window) return undefined;
      const full = sketch();
      images = 0;
      classes.fill(0);
      sum.fill(0);
      return full;
    },
    sketch,
  };
}

/** Checks a sketch that came over the network against the reference. Throws StageError. */
export function parseSketch(json: unknown, reference: Reference): Sketch {
  const sketch = (typeof json === 'object' && json !== null ? json : {}) as Partial<Sketch>;
  const { version, model, images, features, classes, embedding } = sketch;
  const refuse = (what: string, hint: string): never => {
    throw new StageError(`the sketch ${what}`, hint);
  };
  const another = 'is what answers there the service of this version?';
  if (version !== 1 || typeof images !== 'number' || !Number.isSafeInteger(images) || images < 0) {
    return refuse('is none of version 1', another);
  }
  if (model !== reference.model) {
    return refuse(
      `is of another model (${String(model)}, the reference is of ${reference.model})`,
      'give the reference that was deployed with the service, or deploy again: avian repro',
    );
  }
  const fits = (list: unknown, length: number): boolean =>
    Array.isArray(list) && list.length === length && list.every(Number.isFinite);
  if (
    !FEATURES.every((name) => fits(features?.[name], images)) ||
    !fits(classes, reference.labels.length) ||
    !fits(embedding, reference.embedding.sum.length)
  ) {
    return refuse('does not hold together', another);
  }
  return sketch as Sketch;
}
