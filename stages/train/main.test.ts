import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parseContract } from '../vision/contract.ts';
import { writeTinyData } from '../vision/testing/tiny-data.ts';
import { tinyLabels } from '../vision/testing/tiny-model.ts';

// Tap gives a test 30 s; on a busy machine ten trainings, each a process, may need more.
const patient = { timeout: 600_000 };

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

const params = {
  seed: 47,
  model: { architecture: 'plate-cnn', input_size: 16, width: 4, dropout: 0.3 },
  train: {
    epochs: 3,
    batch_size: 4,
    lr: 0.003,
    head_lr: 0.01,
    weight_decay: 0.05,
    augmentation: 'heavy',
    schedule: 'cosine',
    warmup_epochs: 1,
    label_smoothing: 0.1,
    backend: 'wasm',
    checkpoint_seconds: 0,
    early_stopping: { monitor: 'val_loss', mode: 'min', patience: 9, min_delta: 0 },
  },
};

interface Run {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts the stage in `dir` on the data beside it; outs are named after `name`. */
function start(
  dir: string,
  name: string,
  options: { params?: unknown; checkpoint?: string; flags?: string[] } = {},
): Run {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true });
  const paramsFile = join(folder, 'params.json');
  writeFileSync(paramsFile, JSON.stringify(options.params ?? params));
  const { AVIAN_CHECKPOINT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      program,
      ...['--data', join(dir, 'birds'), '--stats', join(dir, 'stats.json')],
      ...['--out', join(folder, 'model'), '--history', join(folder, 'training')],
      ...['--metrics', join(folder, 'train.json'), '--params', paramsFile],
      ...(options.flags ?? []),
    ],
    {
      env: {
        ...env,
        ...(options.checkpoint === undefined ? {} : { AVIAN_CHECKPOINT: options.checkpoint }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
  );
  return { child, stderr: () => text, ended };
}

/** Resolves when `count` steps are on record, or the process has ended. */
async function stepsRecorded(run: Run, dir: string, name: string, count: number): Promise<void> {
  const file = join(dir, name, 'training', 'steps.jsonl');
  while (run.child.exitCode === null && run.child.signalCode === null) {
    if (existsSync(file) && readFileSync(file, 'utf8').split('\n').length > count) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function weightsOf(dir: string, name: string, model = 'model'): string {
  return readFileSync(join(dir, name, model, 'weights.bin')).toString('hex');
}

function rowsOf(dir: string, name: string, file: string): Record<string, number>[] {
  return readFileSync(join(dir, name, 'training', file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
}

t.setTimeout(600_000);

t.test('the train stage as a process', patient, async (t) => {
  const dir = t.testdir();
  await writeTinyData(join(dir, 'birds'), { perSpecies: 4 });
  writeFileSync(
    join(dir, 'stats.json'),
    JSON.stringify({ version: 1, mean: [0.5, 0.6, 0.7], std: [0.2, 0.2, 0.2] }),
  );
  const whole = start(dir, 'whole', { flags: ['--profile'] });
  t.equal(await whole.ended, 0, whole.stderr());

  t.test('leaves model, contract, history, metrics and profile', patient, async (t) => {
    const text = readFileSync(join(dir, 'whole/model/contract.json'), 'utf8');
    const contract = parseContract(JSON.parse(text));
    t.same(contract.labels, tinyLabels);
    t.same(contract.input.mean, [0.5, 0.6, 0.7]);
    t.match(contract.training, { backend: 'wasm', seed: 47, epochs: 3 });
    const steps = rowsOf(dir, 'whole', 'steps.jsonl');
    t.equal(steps.length, 12, '16 pictures in batches of 4, three times');
    t.match(steps[11], { epoch: 3, step: 12, loss: Number, accuracy: Number, lr: Number });
    t.match(rowsOf(dir, 'whole', 'epochs.jsonl')[2], { epoch: 3, val_loss: Number });
    const metrics = JSON.parse(readFileSync(join(dir, 'whole/train.json'), 'utf8')) as object;
    t.match(metrics, { val_accuracy: Number, epochs: 3, params: Number, backend: 'wasm' });
    t.ok(existsSync(join(dir, 'whole/training/last/model.json')), 'the last weights too');
    t.match(whole.stderr(), /backend wasm .*npm run setup:tensorflow/);
    t.match(whole.stderr(), /^avian:fact backend=wasm$/m);
    t.match(whole.stderr(), /^avian:fact images_per_second=[\d.]+$/m);
    t.match(whole.stderr(), /action +calls +mean +total +share/);
    t.match(readFileSync(join(dir, 'whole/training/profile.json'), 'utf8'), /"step"/);
  });

  t.test('the same seed gives the same bytes, another seed others', patient, async (t) => {
    const again = start(dir, 'again');
    t.equal(await again.ended, 0);
    t.equal(weightsOf(dir, 'again'), weightsOf(dir, 'whole'));
    for (const file of ['train.json', 'training/epochs.jsonl', 'training/steps.jsonl'])
      t.same(readFileSync(join(dir, 'again', file)), readFileSync(join(dir, 'whole', file)), file);
    const other = start(dir, 'other', { params: { ...params, seed: 48 } });
    t.equal(await other.ended, 0);
    t.not(weightsOf(dir, 'other'), weightsOf(dir, 'whole'));
  });

  t.test('killed in the middle and started again it gives the same bytes', patient, async (t) => {
    const checkpoint = join(dir, 'checkpoint-kill');
    const killed = start(dir, 'killed', { checkpoint });
    await stepsRecorded(killed, dir, 'killed', 6);
    killed.child.kill('SIGKILL');
    t.equal(await killed.ended, 'SIGKILL');
    t.notOk(existsSync(join(dir, 'killed/model/model.json')));

    const resumed = start(dir, 'killed', { checkpoint });
    t.equal(await resumed.ended, 0, resumed.stderr());
    t.match(resumed.stderr(), /resumed after [12] of 3 epochs/);
    t.equal(weightsOf(dir, 'killed'), weightsOf(dir, 'whole'), 'best');
    t.equal(
      weightsOf(dir, 'killed', 'training/last'),
      weightsOf(dir, 'whole', 'training/last'),
      'last',
    );
    t.same(rowsOf(dir, 'killed', 'steps.jsonl'), rowsOf(dir, 'whole', 'steps.jsonl'), 'history');
    t.notOk(existsSync(join(checkpoint, 'training.ckpt')), 'the checkpoint is gone at the end');
  });

  t.test(
    'SIGTERM puts the training away; another learning rate does not take it up',
    patient,
    async (t) => {
      const checkpoint = join(dir, 'checkpoint-term');
      const rare = { ...params, train: { ...params.train, checkpoint_seconds: 1000 } };
      const stopped = start(dir, 'stopped', { checkpoint, params: rare });
      await stepsRecorded(stopped, dir, 'stopped', 2);
      stopped.child.kill('SIGTERM');
      t.equal(await stopped.ended, 143, stopped.stderr());
      t.ok(existsSync(join(checkpoint, 'training.ckpt')));

      const changed = { ...rare, train: { ...rare.train, lr: 0.004, fast_dev_run: true } };
      const fresh = start(dir, 'fresh', { checkpoint, params: changed });
      t.equal(await fresh.ended, 0);
      t.notMatch(fresh.stderr(), /resumed/);
      t.equal(
        rowsOf(dir, 'fresh', 'steps.jsonl').length,
        2,
        'fast_dev_run: one epoch, two batches',
      );
    },
  );

  t.test('what does not fit is one line with a hint', patient, async (t) => {
    const misspelt = { ...params, model: { ...params.model, architecture: 'plate-cn' } };
    const run = start(dir, 'misspelt', { params: misspelt });
    t.equal(await run.ended, 1);
    t.match(run.stderr(), /^error: .*plate-cn hint: did you mean plate-cnn\?/);
    t.equal(run.stderr().trim().split('\n').length, 1);

    const stopping = { monitor: 'val_loss', mode: 'max', patience: 1 };
    const upsideDown = { ...params, train: { ...params.train, early_stopping: stopping } };
    const second = start(dir, 'upside-down', { params: upsideDown });
    t.equal(await second.ended, 1);
    t.match(
      second.stderr(),
      /train.early_stopping.mode is max, but val_loss is better when it is low/,
    );
  });
});
