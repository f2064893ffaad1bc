import t from 'tap';
import { judgeQuantization, quantizeMetrics, variantTable, type VariantFigures } from './gate.ts';

const float32: VariantFigures = {
  dtype: 'float32',
  bytes: 409_600,
  accuracy: 0.93,
  agreement: 1,
  latencyMs: 1.234,
};
const uint8: VariantFigures = {
  dtype: 'uint8',
  bytes: 103_424,
  accuracy: 0.92,
  agreement: 0.985,
  latencyMs: 1.2,
};

t.test('a limit that is met exactly holds', (t) => {
  t.same(judgeQuantization(float32, [uint8], { maxAccuracyDrop: 0.01, minAgreement: 0.985 }), []);
  const better = { ...uint8, accuracy: 0.95, agreement: 1 };
  t.same(judgeQuantization(float32, [better], { maxAccuracyDrop: 0, minAgreement: 1 }), []);
  t.end();
});

t.test('what does not hold is told with before, after and allowed', (t) => {
  t.same(judgeQuantization(float32, [uint8], { maxAccuracyDrop: 0.005, minAgreement: 0.99 }), [
    'uint8: accuracy 93.00 % before, 92.00 % after: lost 1.00 %, allowed 0.50 %',
    'uint8: agrees with float32 on 98.50 % of the images, at least 99.00 % wanted',
  ]);
  t.end();
});

t.test('without images nothing is proven, so nothing passes', (t) => {
  const unknown = { ...uint8, accuracy: NaN, agreement: NaN };
  const limits = { maxAccuracyDrop: 1, minAgreement: 0 };
  t.equal(judgeQuantization({ ...float32, accuracy: NaN }, [unknown], limits).length, 2);
  t.end();
});

t.test('the table and the metrics', (t) => {
  t.equal(
    variantTable([float32, uint8]),
    `
  weights             size    accuracy   agreement   ms/image
  float32        400.0 KiB     93.00 %    100.00 %       1.23
  uint8          101.0 KiB     92.00 %     98.50 %       1.20
`.slice(1),
  );
  t.match(quantizeMetrics([float32, uint8], 200), {
    images: 200,
    float32: { accuracy: 0.93, accuracy_drop: 0, bytes: 409_600 },
    uint8: { agreement: 0.985 },
  });
  t.end();
});
