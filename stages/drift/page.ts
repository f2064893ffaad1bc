/** A verdict as a page of its own: no script, no network, what was seen drawn over the reference; pure. */
import { MEANINGS, type FeatureName } from './features.ts';
import type { DriftTest, Verdict } from './judge.ts';
import type { Reference } from './reference.ts';
import type { Sketch } from './sketch.ts';
import { pText } from './verdict-text.ts';

export interface DriftPageInput {
  readonly verdict: Verdict;
  readonly reference: Reference;
  readonly sketch: Sketch;
  /** Where the images came from, in words. */
  readonly source: string;
}

export function driftPage({ verdict, reference, sketch, source }: DriftPageInput): string {
  const found = verdict.tests.filter(({ drifted }) => drifted);
  const title = verdict.drifted
    ? `Drifted: ${found.map(({ name }) => name).join(', ')}`
    : 'No drift';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="avian run drift">
<title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; --line: #8886; --then: #8a8f98; --now: #2f7fd6; --bad: #c8321f; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h1.bad, .bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.5rem; margin: 2rem 0; }
figure { margin: 0; } figcaption { font-size: .85rem; } svg { width: 100%; height: auto; }
.then { fill: var(--then); fill-opacity: .45; } .now { fill: none; stroke: var(--now); stroke-width: 1.5; }
text { font: 9px system-ui, sans-serif; fill: currentColor; }
.wide { overflow-x: auto; }
</style>
</head>
<body>
<h1${verdict.drifted ? ' class="bad"' : ''}>${escape(title)}</h1>
<p>${verdict.images} images (${escape(source)}) against ${reference.images} of the reference of ${escape(reference.model)}.
A test alarms at a corrected p of at most ${verdict.alpha} (Holm); where nothing has drifted, at most ${verdict.falseAlarms} of all verdicts are false alarms.</p>
<div class="wide"><table>
<thead><tr><th>what</th><th>test</th><th>statistic</th><th>p</th><th>corrected p</th><th>effect</th><th>verdict</th></tr></thead>
<tbody>
${verdict.tests.map(row).join('\n')}
</tbody></table></div>
<p>Grey: the reference. Blue: what is seen now.</p>
<div class="charts">
${verdict.tests.map((test) => chart(test, reference, sketch)).join('\n')}
</div>
<p>KS: Kolmogorov-Smirnov, exact two-sample p. Chi²: Pearson's test of homogeneity over the answered species.
MMD: maximum mean discrepancy of the embeddings, p from random halves of the reference.
PSI: population stability index, below 0.1 negligible, above 0.25 large.</p>
</body>
</html>
`;
}

const TESTS: Readonly<Record<DriftTest['test'], string>> = {
  ks: 'KS',
  'chi-squared': 'chi²',
  mmd: 'MMD',
};

function row({ name, test, statistic, p, adjusted, effect, drifted }: DriftTest): string {
  const size = effect.size === undefined ? '' : ` (${effect.size})`;
  const cells = [
    TESTS[test],
    statistic.toFixed(3),
    pText(p),
    pText(adjusted),
    `${effect.measure.toUpperCase()} ${effect.value.toFixed(3)}${size}`,
    drifted ? 'drifted' : 'quiet',
  ];
  const tds = cells.map((cell) => `<td>${escape(cell)}</td>`).join('');
  return `<tr${drifted ? ' class="bad"' : ''}><td>${escape(name)}</td>${tds}</tr>`;
}

function chart(test: DriftTest, reference: Reference, sketch: Sketch): string {
  switch (test.name) {
    case 'embedding':
      return '';
    case 'species':
      return speciesChart(reference, sketch);
    default:
      return featureChart(test.name, reference.features[test.name], sketch.features[test.name]);
  }
}

const [WIDTH, HEIGHT, BARS] = [280, 110, 28];

function featureChart(name: FeatureName, then: readonly number[], now: readonly number[]): string {
  const all = [...then, ...now];
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  const span = high - low || 1;
  const shares = (values: readonly number[]): number[] => {
    const counts = new Array<number>(BARS).fill(0);
    for (const value of values) {
      const bar = Math.min(BARS - 1, Math.floor(((value - low) / span) * BARS));
      counts[bar] = (counts[bar] ?? 0) + 1 / values.length;
    }
    return counts;
  };
  const axis = `<text x="0" y="${HEIGHT + 11}">${low.toPrecision(3)}</text><text x="${WIDTH}" y="${HEIGHT + 11}" text-anchor="end">${high.toPrecision(3)}</text>`;
  return figure(name, MEANINGS[name], shares(then), shares(now), axis);
}

function speciesChart({ labels, classes }: Reference, sketch: Sketch): string {
  const shares = (counts: readonly number[]): number[] => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count) => count / total);
  };
  const caption = `what was answered, ${labels[0] ?? ''} to ${labels.at(-1) ?? ''}`;
  return figure('species', caption, shares(classes), shares(sketch.classes), '');
}

function figure(
  name: string,
  caption: string,
  then: readonly number[],
  now: readonly number[],
  axis: string,
): string {
  const top = [...then, ...now].reduce((most, share) => Math.max(most, share), 1e-9);
  const width = WIDTH / then.length;
  const y = (share: number): string => (HEIGHT * (1 - share / top)).toFixed(1);
  const bars = then.map((share, index) => {
    const height = ((HEIGHT * share) / top).toFixed(1);
    return `<rect class="then" x="${(index * width).toFixed(1)}" y="${y(share)}" width="${(width * 0.92).toFixed(1)}" height="${height}"/>`;
  });
  const line = now.map((share, index) => {
    const [from, to] = [index * width, (index + 1) * width];
    return `${index === 0 ? 'M' : 'L'}${from.toFixed(1)} ${y(share)}L${to.toFixed(1)} ${y(share)}`;
  });
  return `<figure><svg viewBox="0 -2 ${WIDTH} ${HEIGHT + 16}" role="img" aria-label="${escape(`${name}, reference and now`)}">${bars.join('')}<path class="now" d="${line.join('')}"/>${axis}</svg><figcaption><b>${escape(name)}</b>: ${escape(caption)}</figcaption></figure>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
