/** The evaluation as a person reads it in a terminal. */
import { readableName } from '../serve/answer.ts';
import type { Evaluation } from './evaluation.ts';

const SHOWN = 8;

export function evaluationTable({ metrics, perClass, mistakes }: Evaluation): string {
  const absent = metrics.classes_without_images;
  const without = absent > 0 ? ` (${absent} without images)` : '';
  const weakest = perClass
    .filter((score) => score.support > 0)
    .sort((a, b) => a.f1 - b.f1)
    .slice(0, SHOWN);
  const lines = [
    `images      ${metrics.images} of ${metrics.classes} species${without}`,
    `accuracy    ${percent(metrics.accuracy).padEnd(11)}top 5    ${percent(metrics.top5)}`,
    `macro F1    ${figure(metrics.macro_f1).padEnd(11)}loss     ${figure(metrics.loss)}`,
    `ece         ${figure(metrics.ece)}`,
    '',
    'weakest species          images  precision  recall     f1',
    ...weakest.map((score) =>
      [
        shortened(score.species).padEnd(25),
        String(score.support).padStart(6),
        figure(score.precision).padStart(11),
        figure(score.recall).padStart(8),
        figure(score.f1).padStart(7),
      ].join(''),
    ),
    '',
    mistakes.length === 0 ? 'no mistakes' : 'most frequent mistakes',
    ...mistakes.slice(0, SHOWN).map(({ truth, predicted, count, share }) => {
      const share100 = (share * 100).toFixed(0);
      return `${String(count).padStart(5)} x  ${shortened(truth)}  taken for  ${shortened(predicted)}  (${share100} % of them)`;
    }),
  ];
  return lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join('');
}

function shortened(species: string): string {
  const name = readableName(species);
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)} %`;
}

function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(3);
}
