import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runProgram } from '../vision/testing/run-program.ts';
import { writeTinyData } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-quantize-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
const at = (name: string): string => join(dir, name);
await saveTinyModel(at('model'));
await writeTinyData(at('birds'), { perSpecies: 2 });

function quantize(out: string, limits: Record<string, number>, model = 'model') {
  const flags = ['--data', at('birds'), '--model', at(model), '--out', at(out)];
  const params = { quantize: limits };
  return runProgram(
    'quantize/main.ts',
    [...flags, '--metrics', at('m.json'), '--table', at(`${out}.csv`)],
    { dir, params },
  );
}

await t.test('writes both variants, the same bytes twice, and the figures', async (t) => {
  const limits = { max_accuracy_drop: 0.2, min_agreement: 0.7 };
  for (const out of ['one', 'two']) {
    const { code, stderr } = await quantize(out, limits);
    t.equal(code, 0, stderr);
    t.match(stderr, /weights +size +accuracy +agreement +ms\/image/);
  }
  for (const dtype of ['uint8', 'float16']) {
    for (const name of ['model.json', 'weights.bin', 'contract.json']) {
      const [one, two] = ['one', 'two'].map((out) => readFileSync(at(`${out}/${dtype}/${name}`)));
      t.ok(one && two?.equals(one), `${dtype}/${name}`);
    }
    const contract = JSON.parse(readFileSync(at(`one/${dtype}/contract.json`), 'utf8')) as object;
    t.match(contract, { architecture: 'tiny', quantization: { dtype } });
  }
  const [head, ...rows] = readFileSync(at('one.csv'), 'utf8').trim().split('\n');
  t.equal(head, 'weights,bytes,accuracy,agreement');
  t.same(
    rows.map((row) => row.split(',')[0]),
    ['float32', 'uint8', 'float16'],
  );
  t.equal(readFileSync(at('two.csv'), 'utf8'), readFileSync(at('one.csv'), 'utf8'));
  const size = (name: string): number => statSync(at(name)).size;
  t.ok(size('one/uint8/weights.bin') < 0.3 * size('model/weights.bin'));
  t.ok(size('one/float16/weights.bin') < 0.55 * size('model/weights.bin'));
  const metrics = JSON.parse(readFileSync(at('m.json'), 'utf8')) as Record<string, object>;
  t.match(metrics, {
    images: 8,
    float32: { accuracy: Number, agreement: 1, bytes: size('model/weights.bin') },
    uint8: { accuracy: Number, agreement: Number, accuracy_drop: Number },
    float16: { agreement: 1 },
  });
});

await t.test('a gate that does not hold fails the stage with its numbers', async (t) => {
  // Two classes whose weights differ by far less than a step of uint8: they fall together.
  await saveTinyModel(at('fragile'), { spread: 1e-4 });
  const { code, stderr } = await quantize(
    'three',
    { max_accuracy_drop: 0, min_agreement: 1 },
    'fragile',
  );
  t.equal(code, 1);
  t.match(
    stderr,
    /error: the quantised model is not good enough: uint8: .*(before, .* after|agrees with float32 on .* wanted).* hint:/,
  );
});

await t.test('what is quantised already is refused; so are limits that are none', async (t) => {
  const limits = { max_accuracy_drop: 0.2, min_agreement: 0.7 };
  const again = await quantize('four', limits, 'one/uint8');
  t.equal(again.code, 1);
  t.match(again.stderr, /quantised already/);
  const wrong = await quantize('five', { ...limits, min_agreement: 7 });
  t.equal(wrong.code, 1);
  t.match(wrong.stderr, /quantize\.min_agreement is 7, but has to be a number from 0 to 1/);
});
