import t from 'tap';
import { confusionCsv, evaluate, perSpeciesCsv, predictionLines } from './evaluation.ts';
import { samplesOf, worstMistakes } from './examples.ts';
import type { Answers } from '../vision/scoring.ts';
import { evaluationTable } from './table.ts';

/** Four images of a finch and a tit; no image of the dodo, which nothing was taken for either. */
const answers: Answers = {
  names: ['dodo', 'finch, amber', 'tit'],
  paths: ['test/f/1.jpg', 'test/f/2.jpg', 'test/t/1.jpg', 'test/t/2.jpg'],
  classes: 3,
  labels: Int32Array.of(1, 1, 2, 2),
  probabilities: Float32Array.of(
    ...[0, 0.75, 0.25],
    ...[0, 0.25, 0.75],
    ...[0, 0.125, 0.875],
    ...[0, 0, 1],
  ),
};

t.test('the flat figures, with what had no value counted', (t) => {
  const { metrics } = evaluate(answers);
  t.match(metrics, {
    accuracy: 0.75,
    top5: 1,
    macro_f1: (2 / 3 + 4 / 5) / 2,
    macro_recall: 0.75,
    images: 4,
    classes: 3,
    classes_without_images: 1,
    classes_never_predicted: 1,
  });
  t.ok(Object.values(metrics).every((value) => typeof value === 'number'));
  t.end();
});

t.test('files: confusion, per species, predictions', (t) => {
  const { confusion, perClass, mistakes } = evaluate(answers);
  t.equal(
    confusionCsv(answers.names, confusion),
    'truth \\ predicted,dodo,"finch, amber",tit\ndodo,0,0,0\n"finch, amber",0,1,1\ntit,0,0,2\n',
  );
  t.equal(
    perSpeciesCsv(perClass),
    'species,images,predicted,precision,recall,f1\n' +
      'dodo,0,0,,,\n' +
      '"finch, amber",2,1,1.000000,0.500000,0.666667\n' +
      'tit,2,3,0.666667,1.000000,0.800000\n',
  );
  t.same(mistakes, [{ truth: 'finch, amber', predicted: 'tit', count: 1, share: 0.5 }]);
  const lines = [...predictionLines(answers)];
  t.same(lines[1], {
    path: 'test/f/2.jpg',
    label: 'finch, amber',
    predicted: 'tit',
    probability: 0.75,
    top5: [
      { species: 'tit', probability: 0.75 },
      { species: 'finch, amber', probability: 0.25 },
      { species: 'dodo', probability: 0 },
    ],
  });
  t.equal(lines.length, 4);
  t.end();
});

t.test('examples: the first of each species, and the surest mistakes first', (t) => {
  const lines = [...predictionLines(answers)];
  t.same(
    samplesOf(lines).map(({ path }) => path),
    ['test/f/1.jpg', 'test/t/1.jpg'],
  );
  const [line] = lines;
  if (line === undefined) throw new Error('there are predictions');
  const wrong = [0.6, 0.9, 0.9].map((probability, index) => ({
    ...line,
    ...{ path: `${index}.jpg`, predicted: 'dodo', probability },
  }));
  t.same(
    worstMistakes([line, ...wrong]).map(({ path }) => path),
    ['1.jpg', '2.jpg', '0.jpg'],
    'equals in the order of the split',
  );
  t.equal(worstMistakes(Array.from({ length: 99 }, () => wrong).flat()).length, 24);
  t.end();
});

t.test('the table shows the weakest species and the mistakes', (t) => {
  t.equal(
    evaluationTable(evaluate(answers)),
    `
  images      4 of 3 species (1 without images)
  accuracy    75.0 %     top 5    100.0 %
  macro F1    0.733      loss     0.452
  ece         0.156

  weakest species          images  precision  recall     f1
  finch, amber                  2      1.000   0.500  0.667
  tit                           2      0.667   1.000  0.800

  most frequent mistakes
      1 x  finch, amber  taken for  tit  (50 % of them)
`.slice(1),
  );
  t.end();
});

t.test('a split without images gives nulls, not zeros', (t) => {
  const none = {
    ...answers,
    paths: [],
    labels: new Int32Array(),
    probabilities: new Float32Array(),
  };
  const { metrics } = evaluate(none);
  t.match(JSON.parse(JSON.stringify(metrics)), { accuracy: null, macro_f1: null, images: 0 });
  t.match(evaluationTable(evaluate(none)), /accuracy {4}-/);
  t.end();
});
