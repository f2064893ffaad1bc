/** May the smaller weights replace the trained ones? Pure. */

/** One way to store the weights, and what came of it on the validation split. */
export interface VariantFigures {
  readonly dtype: 'float32' | 'float16' | 'uint8';
  /** Size of the weights file. */
  readonly bytes: number;
  /** 0..1; NaN without images. */
  readonly accuracy: number;
  /** Share of images that get the same species as from the float32 weights, 0..1. */
  readonly agreement: number;
  /** Milliseconds an image, in batches, the median of several passes. */
  readonly latencyMs: number;
}

export interface GateLimits {
  /** Accuracy that may be lost against float32, in points from 0 to 1. */
  readonly maxAccuracyDrop: number;
  readonly minAgreement: number;
}

/** What does not hold, one sentence with before, after and allowed each; empty where all is well. */
export function judgeQuantization(
  original: VariantFigures,
  quantized: readonly VariantFigures[],
  limits: GateLimits,
): string[] {
  // Written as "not fine", so that a NaN (a split without images) fails too.
  return quantized.flatMap(({ dtype, accuracy, agreement }) => {
    const problems: string[] = [];
    const drop = original.accuracy - accuracy;
    if (!(drop <= limits.maxAccuracyDrop + ROUNDING)) {
      problems.push(
        `${dtype}: accuracy ${points(original.accuracy)} before, ${points(accuracy)} after: lost ${points(drop)}, allowed ${points(limits.maxAccuracyDrop)}`,
      );
    }
    if (!(agreement >= limits.minAgreement - ROUNDING)) {
      problems.push(
        `${dtype}: agrees with float32 on ${points(agreement)} of the images, at least ${points(limits.minAgreement)} wanted`,
      );
    }
    return problems;
  });
}

/** 0.93 - 0.92 is more than 0.01 in floating point; a limit that is met exactly must hold. */
const ROUNDING = 1e-9;

function points(share: number): string {
  return Number.isNaN(share) ? 'unknown' : `${(share * 100).toFixed(2)} %`;
}

/** The variants side by side, for a terminal. */
export function variantTable(variants: readonly VariantFigures[]): string {
  const header = ['weights', 'size', 'accuracy', 'agreement', 'ms/image'];
  const rows = variants.map(({ dtype, bytes, accuracy, agreement, latencyMs }) => [
    dtype,
    `${(bytes / 1024).toFixed(1)} KiB`,
    points(accuracy),
    points(agreement),
    latencyMs.toFixed(2),
  ]);
  const widths = [10, 14, 12, 12, 11];
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('')
        .trimEnd(),
    )
    .map((line) => `  ${line}\n`)
    .join('');
}

/** The variants as rows of CSV, but for how long they took: the same model has to give the same bytes. */
export function variantCsv(variants: readonly VariantFigures[]): string {
  const figure = (share: number): string => (Number.isNaN(share) ? '' : share.toFixed(6));
  const rows = variants.map(({ dtype, bytes, accuracy, agreement }) => [
    dtype,
    String(bytes),
    figure(accuracy),
    figure(agreement),
  ]);
  return [['weights', 'bytes', 'accuracy', 'agreement'], ...rows]
    .map((row) => `${row.join(',')}\n`)
    .join('');
}

/** Flat figures for `avian metrics`, `uint8.accuracy` and so on. */
export function quantizeMetrics(variants: readonly VariantFigures[], images: number) {
  const original = variants.find((variant) => variant.dtype === 'float32');
  const entries = variants.map((variant) => [
    variant.dtype,
    {
      accuracy: variant.accuracy,
      accuracy_drop: (original?.accuracy ?? NaN) - variant.accuracy,
      agreement: variant.agreement,
      bytes: variant.bytes,
    },
  ]);
  return { images, ...Object.fromEntries(entries) } as Record<string, unknown>;
}
