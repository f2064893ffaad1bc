import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { runProgram } from '../vision/testing/run-program.ts';
import { writeTinyData } from '../vision/testing/tiny-data.ts';
import { saveTinyModel, tinyLabels } from '../vision/testing/tiny-model.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-evaluate-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
const at = (name: string): string => join(dir, name);
await saveTinyModel(at('model'));
await writeTinyData(at('birds'));

function flags(data = 'birds', model = 'model'): string[] {
  return ['--data', at(data), '--model', at(model), '--out', at('out'), '--metrics', at('m.json')];
}

await t.test('writes figures and files that agree with each other', async (t) => {
  const { code, stderr, stdout } = await runProgram('evaluate/main.ts', flags());
  t.equal(code, 0, stderr);
  t.equal(stdout, '');
  t.match(stderr, /evaluated: 12 of 12 images/);
  t.match(stderr, /images {6}12 of 4 species/);

  const metrics = JSON.parse(readFileSync(at('m.json'), 'utf8')) as Record<string, number>;
  const lines = readFileSync(at('out/predictions.jsonl'), 'utf8').trim().split('\n');
  const predictions = lines.map((line) => JSON.parse(line) as Record<string, string>);
  t.equal(predictions.length, 12);
  const right = predictions.filter((line) => line['label'] === line['predicted']).length;
  t.equal(metrics['accuracy'], right / 12);
  t.equal(metrics['top5'], 1, 'there are only four classes');
  t.equal(metrics['images'], 12);
  t.ok(predictions.every((line) => line['path']?.startsWith(`test/${line['label']}/`)));

  const confusion = readFileSync(at('out/confusion.csv'), 'utf8').trim().split('\n');
  t.equal(confusion.length, 1 + tinyLabels.length);
  const diagonal = confusion.slice(1).map((row, index) => Number(row.split(',')[index + 1]));
  t.equal(
    diagonal.reduce((a, b) => a + b),
    right,
  );
  t.equal(readFileSync(at('out/per-species.csv'), 'utf8').trim().split('\n').length, 5);
  const calibration = JSON.parse(readFileSync(at('out/calibration.json'), 'utf8')) as {
    ece: number;
    bins: { count: number }[];
  };
  t.equal(calibration.ece, metrics['ece']);
  t.equal(
    calibration.bins.reduce((sum, bin) => sum + bin.count, 0),
    12,
  );

  const rowsOf = (name: string) =>
    readFileSync(at(`out/${name}.csv`), 'utf8')
      .trim()
      .split('\n');
  const [head, ...samples] = rowsOf('samples');
  t.equal(head, 'picture,species,predicted,confidence,file');
  t.equal(samples.length, tinyLabels.length, 'one of each species');
  t.equal(rowsOf('mistakes').length - 1, 12 - right);
  for (const row of [...samples, ...rowsOf('mistakes').slice(1)]) {
    const [picture = '', , , , file = ''] = row.split(',');
    const { width, height } = await sharp(at(`out/${picture}`)).metadata();
    t.same([width, height], [64, 64], `${picture} of ${file}, not enlarged`);
  }
});

await t.test('the same model and data give the same bytes', async (t) => {
  const before = bytesOf(at('out'));
  const { code, stderr } = await runProgram('evaluate/main.ts', flags());
  t.equal(code, 0, stderr);
  t.same(bytesOf(at('out')), before);
  t.ok(Object.keys(before).length >= 9);
});

function bytesOf(folder: string): { readonly [name: string]: string } {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );
}

await t.test('a class that the model does not know is told by name, without a stack', async (t) => {
  await writeTinyData(at('other'), { perSpecies: 1, species: ['blue-tit', 'dodo'] });
  const { code, stderr } = await runProgram('evaluate/main.ts', flags('other'));
  t.equal(code, 1);
  t.match(stderr, /error: the model does not know 1 of the classes in the data: dodo hint: train/);
  t.notMatch(stderr, /\n\s+at /);
});

await t.test('classes in fewer number than the model has are matched by name', async (t) => {
  await writeTinyData(at('some'), { perSpecies: 1, species: ['blue-tit', 'looney-birds'] });
  const { code, stderr } = await runProgram('evaluate/main.ts', flags('some'));
  t.equal(code, 0, stderr);
  const metrics = JSON.parse(readFileSync(at('m.json'), 'utf8')) as Record<string, number>;
  t.match(metrics, { images: 2, classes: 4, classes_without_images: 2 });
});

await t.test('a missing model is an expected failure', async (t) => {
  const { code, stderr } = await runProgram('evaluate/main.ts', flags('birds', 'absent'));
  t.equal(code, 1);
  t.match(stderr, /error: there is no .*absent.*contract\.json hint: run the train stage/);
});
