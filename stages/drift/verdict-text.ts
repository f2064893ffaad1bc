/** A verdict as a person reads it in a terminal. */
import type { DriftTest, Verdict } from './judge.ts';

export function verdictText(verdict: Verdict): string {
  const { drifted, tests, images, reference, alpha, falseAlarms } = verdict;
  const found = tests.filter((test) => test.drifted);
  const head = drifted
    ? `drifted: ${found.map(({ name }) => name).join(', ')}`
    : 'no drift: what is seen is what was seen at training';
  return [
    head,
    '',
    `${'test'.padEnd(12)}${'statistic'.padStart(20)}${'p'.padStart(11)}${'corrected'.padStart(11)}   effect`,
    ...tests.map(testLine),
    '',
    `${images} images against ${reference.images} of the reference (${reference.model});`,
    `a test alarms at a corrected p of at most ${alpha} (Holm), so that at most ${percent(falseAlarms)} of verdicts are false alarms`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const STATISTICS: Readonly<Record<DriftTest['test'], string>> = {
  ks: 'KS D',
  'chi-squared': 'chi²',
  mmd: 'MMD T',
};

function testLine({ name, test, statistic, p, adjusted, effect, drifted }: DriftTest): string {
  const size = effect.size === undefined ? '' : `, ${effect.size}`;
  return [
    name.padEnd(12),
    `${STATISTICS[test]} ${statistic.toFixed(3)}`.padStart(20),
    pText(p).padStart(11),
    pText(adjusted).padStart(11),
    `   ${effect.measure.toUpperCase()} ${effect.value.toFixed(3)}${size}`,
    drifted ? '  << drifted' : '',
  ].join('');
}

/** Two digits, and powers of ten where there are many zeros. */
export function pText(p: number): string {
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
