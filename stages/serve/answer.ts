/** From probabilities to words: what the service and `predict` say about a photograph; pure. */
import { topClasses } from '../vision/metrics.ts';

export interface Candidate {
  readonly species: string;
  /** 0..1, rounded to six places. */
  readonly probability: number;
}

export interface Answer extends Candidate {
  /** The five most probable species, best first; fewer where the model knows fewer. */
  readonly top: readonly Candidate[];
  /** For people: how sure the model is, and what else it might be. */
  readonly message: string;
  /** The one sentence that the first version of this service answered with; old clients read it. */
  readonly prediction: string;
}

/** Puts one row of probabilities into words. `labels` are in the order of the row. */
export function answerFor(probabilities: Float32Array, labels: readonly string[]): Answer {
  const top = topClasses(probabilities, 5).map((index) => ({
    species: labels[index] ?? '',
    probability: Number((probabilities[index] ?? NaN).toFixed(6)),
  }));
  const [best, second] = top;
  if (best === undefined) throw new Error('bug: a model without classes');
  return { ...best, top, message: describe(best, second), prediction: sentence(best.species) };
}

/** The class of things that only pretend to be birds. */
export function isLooney(species: string): boolean {
  return /^looney[ _-]birds?$/i.test(species);
}

/** A label as people write it: "amber_finch" and "amber-finch" become "amber finch". */
export function readableName(species: string): string {
  return species.replaceAll(/[_\s]+|(?<=\w)-(?=\w)/g, ' ').trim();
}

function sentence(species: string): string {
  if (isLooney(species)) return 'The bird in the image is a LOONEY BIRD.';
  return `The bird in the image is ${withArticle(readableName(species))}.`;
}

function describe(best: Candidate, second: Candidate | undefined): string {
  const percent = `${(best.probability * 100).toFixed(best.probability >= 0.9995 ? 0 : 1)} %`;
  if (isLooney(best.species)) {
    return best.probability >= 0.5
      ? `No feathers found (${percent}). Looney of you to try: this one flies only in cartoons.`
      : `This may be no bird at all (${percent}), or one in a very good disguise.`;
  }
  const name = withArticle(readableName(best.species));
  if (best.probability >= 0.9) return `This is ${name}, and I am quite sure (${percent}).`;
  const other = second === undefined ? 'something else' : alternative(second.species);
  if (best.probability >= 0.6) return `Probably ${name} (${percent}); if not, then ${other}.`;
  return `Hard to tell: perhaps ${name} (${percent}), perhaps ${other}. A closer photograph may help.`;
}

function alternative(species: string): string {
  return isLooney(species) ? 'no bird at all' : withArticle(readableName(species));
}

function withArticle(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
