import t from 'tap';
import { answerFor, isLooney, readableName } from './answer.ts';

const labels = ['amber_finch', 'blue-capped tit', 'looney-birds'];

t.test('the best species, the top five, and the sentence of old clients', (t) => {
  t.same(answerFor(Float32Array.of(0.0625, 0.9375, 0), labels), {
    species: 'blue-capped tit',
    probability: 0.9375,
    top: [
      { species: 'blue-capped tit', probability: 0.9375 },
      { species: 'amber_finch', probability: 0.0625 },
      { species: 'looney-birds', probability: 0 },
    ],
    message: 'This is a blue capped tit, and I am quite sure (93.8 %).',
    prediction: 'The bird in the image is a blue capped tit.',
  });
  const many = Array.from({ length: 9 }, (_, index) => `species ${index}`);
  t.equal(answerFor(new Float32Array(9).fill(1 / 9), many).top.length, 5);
  t.end();
});

t.test('the message says how sure', (t) => {
  const say = (...row: number[]): string => answerFor(Float32Array.from(row), labels).message;
  t.equal(say(1, 0, 0), 'This is an amber finch, and I am quite sure (100 %).');
  t.equal(say(0.75, 0.25, 0), 'Probably an amber finch (75.0 %); if not, then a blue capped tit.');
  t.match(say(0.5, 0, 0.4), /Hard to tell: perhaps an amber finch .* no bird at all/);
  t.match(say(0, 0, 1), /No feathers/);
  t.match(say(0.3, 0.3, 0.4), /may be no bird/);
  const only = answerFor(Float32Array.of(0.7), ['dodo']).message;
  t.equal(only, 'Probably a dodo (70.0 %); if not, then something else.');
  t.end();
});

t.test('looney birds are a class by name, however it is spelt', (t) => {
  for (const name of ['LOONEY BIRDS', 'looney-birds', 'looney_birds']) t.ok(isLooney(name));
  t.notOk(isLooney('common loon'));
  t.match(answerFor(Float32Array.of(1), ['LOONEY BIRDS']).prediction, /a LOONEY BIRD\./);
  t.equal(readableName('AMERICAN_GOLD-FINCH'), 'AMERICAN GOLD FINCH');
  t.end();
});
