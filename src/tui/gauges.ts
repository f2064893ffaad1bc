/*
 * What a running stage says about itself in passing: how far it has come, and the numbers that
 * people watch while a model trains. Read from its lines as they are, so that no program has to
 * know of avian; what does not look like one is left alone.
 */

export interface Series {
  readonly name: string;
  /** Oldest first; of a long series each point is the mean of several values. */
  readonly points: readonly number[];
  readonly last: number;
  /** Values that go into one point, and those of the point that is being filled. */
  readonly stride: number;
  readonly filling: readonly number[];
}

export interface Gauges {
  /** 0 to 1; absent while the stage has not said. */
  readonly progress?: number;
  /** By name, in the order in which they were first seen. */
  readonly series: ReadonlyMap<string, Series>;
}

export const NO_GAUGES: Gauges = { series: new Map() };

const POINTS = 240;
const NAMES = 8;

/** Reads the lines of one batch; of many only the last, which are what a person could have seen. */
export function readGauges(gauges: Gauges, lines: readonly string[], unfinished: string): Gauges {
  const recent = lines.slice(-100);
  let { series } = gauges;
  for (const line of recent) {
    for (const { name, value } of metricsIn(line)) series = withValue(series, name, value);
  }
  const said = [...recent.slice(-20), unfinished].map(progressIn);
  const progress = said.findLast((fraction) => fraction !== undefined) ?? gauges.progress;
  return { series, ...(progress !== undefined && { progress }) };
}

const METRIC =
  /(?<![\w.])"?((?:\w+[_/-])?(?:loss|acc|accuracy|f1|auc|precision|recall|perplexity|mae|mse|rmse|iou))"?\s*[:=]?\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.]*\d)(%?)/gi;

/** `loss 0.52`, `val_accuracy: 0.9`, `train/loss=1e-3`, `"accuracy":0.9`, `acc 91%`. */
export function metricsIn(
  line: string,
): readonly { readonly name: string; readonly value: number }[] {
  return [...line.slice(0, 1000).matchAll(METRIC)].map(([, name = '', number, percent]) => ({
    name: name.toLowerCase(),
    value: Number(number) / (percent === '%' ? 100 : 1),
  }));
}

const PERCENT = /(?<![\w.])(\d{1,3}(?:\.\d+)?) ?%/g;
const PART = /(?<![\w./-])(\d{1,9})(?: of |\/)(\d{1,9})(?![\w/]|\.\d)/g;

/** `45%`, `120/400`, `step 12 of 90`: of several parts the one that counts finest. */
export function progressIn(line: string): number | undefined {
  const text = line.slice(0, 1000);
  const percents = [...text.matchAll(PERCENT)].map(([, n]) => Number(n) / 100);
  const percent = percents.find((fraction) => fraction <= 1);
  const parts = [...text.matchAll(PART)]
    .map(([, done, all]) => ({ done: Number(done), all: Number(all) }))
    .filter(({ done, all }) => all > 1 && done <= all);
  const [finest] = parts.toSorted((a, b) => b.all - a.all);
  if (finest !== undefined) return finest.done / finest.all;
  // A measure that ends in `%` is no progress: `accuracy 91%`.
  return metricsIn(text).length > 0 ? undefined : percent;
}

function withValue(
  all: ReadonlyMap<string, Series>,
  name: string,
  value: number,
): ReadonlyMap<string, Series> {
  const known = all.get(name);
  if (known === undefined && all.size >= NAMES) return all;
  const { points, stride, filling } = known ?? { points: [], stride: 1, filling: [] };
  const filled = [...filling, value];
  const isFull = filled.length >= stride;
  const grown = isFull ? [...points, mean(filled)] : points;
  const isLong = grown.length > POINTS;
  return new Map(all).set(name, {
    name,
    last: value,
    points: isLong ? halved(grown) : grown,
    stride: isLong ? stride * 2 : stride,
    filling: isFull ? [] : filled,
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Half as many points, each the mean of two neighbours. */
const halved = (points: readonly number[]): readonly number[] =>
  points.flatMap((point, at) => (at % 2 === 0 ? [mean(points.slice(at, at + 2))] : []));

const LEVELS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.-=*#' } as const;

/** The series in at most `width` columns, from its lowest to its highest value. */
export function sparkline({ points, filling }: Series, width: number, ascii: boolean): string {
  const all = filling.length === 0 ? points : [...points, mean(filling)];
  if (all.length === 0 || width < 1) return '';
  const columns = Math.min(width, all.length);
  const drawn = Array.from({ length: columns }, (_, column) =>
    mean(
      all.slice(
        Math.floor((column * all.length) / columns),
        Math.max(
          Math.floor(((column + 1) * all.length) / columns),
          Math.floor((column * all.length) / columns) + 1,
        ),
      ),
    ),
  );
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)];
  const levels = ascii ? LEVELS.ascii : LEVELS.unicode;
  return drawn
    .map((value) => {
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return levels[Math.round(share * (levels.length - 1))] ?? '';
    })
    .join('');
}
