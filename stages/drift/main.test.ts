import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startService } from '../serve/testing/start-service.ts';
import { until } from '../serve/testing/slow-post.ts';
import { runProgram } from '../vision/testing/run-program.ts';
import { disc, writeTinyData } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import type { DriftView } from './monitor.ts';
import type { Verdict } from './judge.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-drift-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
const at = (name: string): string => join(dir, name);
const WINDOW = 50;
await saveTinyModel(at('model'));
await saveTinyModel(at('other'), { seed: 5 });
await writeTinyData(at('birds'), { perSpecies: 7 });
const params = { seed: 47, drift: { window: WINDOW, false_alarms: 0.01, permutations: 4999 } };

const makeReference = (out: string, given: object = params) =>
  runProgram(
    'reference/main.ts',
    ['--data', at('birds'), '--model', at('model'), '--out', at(out)],
    { dir, params: given },
  );
const drift = (...args: string[]) =>
  runProgram('drift/main.ts', ['--reference', at('model/drift.json'), ...args]);

await t.test('the stage makes the same reference twice, beside the model', async (t) => {
  const { code, stderr } = await makeReference('model/drift.json');
  t.equal(code, 0, stderr);
  t.match(stderr, /56 images of val and test as tiny-float32@[0-9a-f]{12} sees them/);
  await makeReference('again.json');
  t.equal(readFileSync(at('again.json'), 'utf8'), readFileSync(at('model/drift.json'), 'utf8'));
  const wrong = await makeReference('wrong.json', { ...params, drift: { window: 7 } });
  t.equal(wrong.code, 1);
  t.match(wrong.stderr, /drift\.window is 7, but has to be a whole number from 50 to 5000/);
});

await t.test('photographs: no drift in those of the reference, drift in dark ones', async (t) => {
  const quiet = await drift(
    '--model',
    at('model'),
    '--out',
    at('report'),
    '--exit-code',
    at('birds/val'),
    at('birds/test'),
  );
  t.equal(quiet.code, 0, quiet.stderr);
  t.match(quiet.stdout, /^no drift: /);
  t.match(
    quiet.stderr,
    /50 photographs, drawn at random of 56; written to .*drift\.html and drift\.json/,
  );
  t.match(JSON.parse(readFileSync(at('report/drift.json'), 'utf8')), { v: 1, drifted: false });

  const dark = t.testdir();
  for (let number = 0; number < WINDOW; number += 1) {
    const night = disc(number % 4, number % 20).linear(0.5, 0);
    writeFileSync(join(dark, `${number}.jpg`), await night.toBuffer());
  }
  const words = ['--model', at('model'), '--out', at('report'), '--json'];
  const found = await drift(...words, '--exit-code', dark);
  t.equal(found.code, 3, 'as avian status --exit-code where something is stale');
  const verdict = JSON.parse(found.stdout) as Verdict;
  t.equal(verdict.drifted, true);
  t.equal(verdict.tests[0]?.name, 'brightness');
  t.equal(verdict.tests[0]?.drifted, true);
  t.equal(verdict.tests[0]?.effect.size, 'large');
  const page = readFileSync(at('report/drift.html'), 'utf8');
  t.match(page, /<h1 class="bad">Drifted: brightness/);
  t.notMatch(page, /<script|https?:/, 'no script, no network');

  const acted = await drift(...words, '--on-drift', 'echo retrain for $DRIFTED', dark);
  t.equal(acted.code, 0);
  t.match(acted.stderr, /drifted, so: echo.*\nretrain for brightness,/);
  t.equal((JSON.parse(acted.stdout) as Verdict).drifted, true, 'stdout is the verdict alone');
  const failed = await drift(...words, '--on-drift', 'exit 9', dark);
  t.equal(failed.code, 1);
  t.match(failed.stderr, /error: `exit 9` ended with 9 hint:/);
});

await t.test('a service keeps a sketch of what it answers; the task judges it', async (t) => {
  const service = await startService(t, { MODEL_DIR: at('model'), DRAIN_DELAY_MS: '0' });
  await until(async () => (await fetch(`${service.url}/readyz`)).ok);
  writeFileSync(at('deployment.json'), JSON.stringify({ url: service.url }));
  const ask = async (): Promise<DriftView> =>
    (await (await fetch(`${service.url}/drift`)).json()) as DriftView;
  t.match(await ask(), { v: 1, window: WINDOW, filling: 0, windows: 0, alarms: 0 });

  const early = await drift('--deployment', at('deployment.json'));
  t.equal(early.code, 1);
  t.match(
    early.stderr,
    /error: 0 images are too few for a verdict; at least 50 are needed .* hint:/,
  );

  for (let number = 0; number < WINDOW + 5; number += 1) {
    const form = new FormData();
    const photograph = await disc(number % 4, number % 20)
      .linear(0.5, 0)
      .toBuffer();
    form.append('bird_image', new Blob([Uint8Array.from(photograph)]), 'a.jpg');
    t.ok((await fetch(`${service.url}/infer_image`, { method: 'POST', body: form })).ok);
  }
  await until(async () => (await ask()).windows === 1);
  t.match(await ask(), { filling: 5, alarms: 1, verdict: { drifted: true } });
  t.match(
    await (await fetch(`${service.url}/metrics`)).text(),
    /aviansight_drift 1\n[^]*aviansight_drift_p_value\{test="brightness"\} \S+e-/,
  );
  t.ok(
    service.log.some(
      ({ severity, message }) =>
        severity === 'WARNING' && /^drift: .*brightness/.test(String(message)),
    ),
  );

  const { code, stdout, stderr } = await drift(
    '--deployment',
    at('deployment.json'),
    '--exit-code',
    '--out',
    at('served'),
  );
  t.equal(code, 3, stderr);
  t.match(stdout, /^drifted: brightness/);
  t.match(stderr, /its latest window; 1 of 1 windows had drifted; written to/);
});

await t.test(
  "a service without a reference, or with another model's, answers and says why it is blind",
  async (t) => {
    for (const [env, why] of [
      [{}, /drift is not watched: there is no reference at .*other\/drift\.json/],
      [
        { DRIFT_REFERENCE: at('model/drift.json') },
        /drift is not watched: the reference is of tiny-float32@/,
      ],
    ] as const) {
      const service = await startService(t, {
        MODEL_DIR: at('other'),
        DRAIN_DELAY_MS: '0',
        ...env,
      });
      await until(async () => (await fetch(`${service.url}/readyz`)).ok);
      const answer = await fetch(`${service.url}/drift`);
      t.equal(answer.status, 404);
      t.match(await answer.json(), {
        error: { code: 'not-found', message: why, hint: /DRIFT_REFERENCE/ },
      });
      const asked = await drift('--url', service.url);
      t.equal(asked.code, 1);
      t.match(asked.stderr, /answered 404: drift is not watched: .* hint: /);
    }
  },
);

await t.test('what cannot be judged is said, with what to do', async (t) => {
  const fails = async (words: readonly string[], message: RegExp): Promise<void> => {
    const { code, stderr } = await drift(...words);
    t.equal(code, 1);
    t.match(stderr, message);
    t.notMatch(stderr, /bug:/);
  };
  await fails([], /there is nothing to judge hint: name photographs/);
  await fails([at('birds')], /photographs need a model hint: .*--model/);
  await fails(
    ['--deployment', at('none.json')],
    /none\.json cannot be read: .* hint: deploy first/,
  );
  await fails(['--url', 'http://127.0.0.1:9'], /127\.0\.0\.1:9\/drift does not answer: .* hint: /);
  await fails(
    ['--model', at('other'), at('birds/val')],
    /the reference is of tiny.* holds tiny.* hint: /,
  );
  await fails(['--model', at('model'), at('birds/val/crow')], /7 images are too few/);
});
