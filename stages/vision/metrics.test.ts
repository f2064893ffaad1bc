import t from 'tap';
import {
  accuracy,
  agreement,
  calibration,
  classScores,
  confusionMatrix,
  macroMean,
  negativeLogLikelihood,
  topClasses,
  topKAccuracy,
  weightedF1,
  type Scored,
} from './metrics.ts';

/** Six images, four classes; nothing is of class 3, nothing is taken for class 2. */
const scored: Scored = {
  classes: 4,
  labels: Int32Array.of(0, 0, 0, 1, 1, 2),
  probabilities: Float32Array.of(
    ...[0.7, 0.1, 0.1, 0.1],
    ...[0.6, 0.2, 0.1, 0.1],
    ...[0.3, 0.5, 0.1, 0.1],
    ...[0.2, 0.6, 0.1, 0.1],
    ...[0.05, 0.05, 0.1, 0.8],
    ...[0.4, 0.3, 0.2, 0.1],
  ),
};

t.test('accuracy and top-k count hits', (t) => {
  t.equal(accuracy(scored), 3 / 6);
  t.equal(topKAccuracy(scored, 1), 3 / 6);
  t.equal(topKAccuracy(scored, 2), 4 / 6);
  t.equal(topKAccuracy(scored, 4), 1);
  t.end();
});

t.test('the confusion matrix has the truth in rows', (t) => {
  t.same(confusionMatrix(scored), [
    [2, 1, 0, 0],
    [0, 1, 0, 1],
    [1, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  t.end();
});

t.test('a class without samples is NaN, not zero, and leaves the mean', (t) => {
  const scores = classScores(confusionMatrix(scored));
  t.same(scores[0], { support: 3, predicted: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
  t.same(scores[1], { support: 2, predicted: 2, precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
  t.same(scores[2], { support: 1, predicted: 0, precision: NaN, recall: 0, f1: 0 });
  t.same(scores[3], { support: 0, predicted: 1, precision: NaN, recall: NaN, f1: NaN });
  t.same(macroMean(scores, 'f1'), { value: (2 / 3 + 1 / 2 + 0) / 3, excluded: 1 });
  t.same(macroMean(scores, 'precision'), { value: (2 / 3 + 1 / 2) / 2, excluded: 2 });
  t.equal(weightedF1(scores), (3 * (2 / 3) + 2 * (1 / 2)) / 6);
  t.match(JSON.parse(JSON.stringify(scores[3])), { f1: null, support: 0 });
  t.end();
});

t.test('negative log likelihood is the mean, and finite where a probability is zero', (t) => {
  const expected = -[0.7, 0.6, 0.3, 0.6, 0.05, 0.2].reduce((sum, p) => sum + Math.log(p), 0) / 6;
  t.ok(Math.abs(negativeLogLikelihood(scored) - expected) < 1e-6);
  const certain = { classes: 2, labels: Int32Array.of(1), probabilities: Float32Array.of(1, 0) };
  t.ok(Math.abs(negativeLogLikelihood(certain) - 12 * Math.LN10) < 1e-9);
  t.end();
});

t.test('calibration: perfect, overconfident, and empty bins', (t) => {
  const sure = (right: number, wrong: number): Scored => ({
    classes: 2,
    labels: Int32Array.from([...Array<number>(right).fill(0), ...Array<number>(wrong).fill(1)]),
    probabilities: Float32Array.from(
      Array.from({ length: right + wrong }, () => [0.75, 0.25]).flat(),
    ),
  });
  t.equal(calibration(sure(3, 1), 10).ece, 0);
  t.equal(calibration(sure(1, 3), 10).ece, 0.5);
  const { bins } = calibration(sure(3, 1), 10);
  t.equal(bins.length, 10);
  t.same(bins[7], { from: 0.7, to: 0.8, count: 4, confidence: 0.75, accuracy: 0.75 });
  t.same(bins[0], { from: 0, to: 0.1, count: 0, confidence: NaN, accuracy: NaN });
  const edges = { classes: 1, labels: Int32Array.of(0, 0), probabilities: Float32Array.of(0, 1) };
  const edge = calibration(edges, 4).bins.map((bin) => bin.count);
  t.same(edge, [1, 0, 0, 1], 'confidence 0 and 1 have a bin');
  t.end();
});

t.test('no images at all gives NaN everywhere', (t) => {
  const none: Scored = { classes: 3, labels: new Int32Array(), probabilities: new Float32Array() };
  t.ok(Number.isNaN(accuracy(none)));
  t.ok(Number.isNaN(topKAccuracy(none, 5)));
  t.ok(Number.isNaN(negativeLogLikelihood(none)));
  t.ok(Number.isNaN(calibration(none).ece));
  t.ok(Number.isNaN(weightedF1(classScores(confusionMatrix(none)))));
  t.same(macroMean(classScores(confusionMatrix(none)), 'f1'), { value: NaN, excluded: 3 });
  t.end();
});

t.test('the best classes come in order, ties by index, and agree with a full sort', (t) => {
  t.same(topClasses(Float32Array.of(0.2, 0.5, 0.2, 0.1), 3), [1, 0, 2]);
  t.same(topClasses(Float32Array.of(0.4, 0.6), 5), [1, 0]);
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
  t.comment(`SEED=${seed}`);
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % 50;
  for (let round = 0; round < 200; round++) {
    const row = Float32Array.from({ length: 1 + next() }, next);
    const sorted = [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
    t.same(topClasses(row, 5), sorted.slice(0, 5));
  }
  t.end();
});

t.test('agreement compares lists of one length only', (t) => {
  t.equal(agreement(Int32Array.of(1, 2), Int32Array.of(1, 3)), 0.5);
  t.throws(() => agreement(Int32Array.of(1), Int32Array.of(1, 3)), /bug/);
  t.end();
});
