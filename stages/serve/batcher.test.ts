import t from 'tap';
import { createBatcher, type BatcherOptions, type Submitted } from './batcher.ts';

/** A batcher whose time and whose runs move only when the test says so. */
function rig(options: Partial<BatcherOptions<number, string>> = {}) {
  const timers: { ms: number; action: () => void }[] = [];
  const runs: { inputs: readonly number[]; finish: (error?: Error) => void }[] = [];
  const batcher = createBatcher<number, string>({
    maxRuns: 1,
    maxBatch: 3,
    maxDelayMs: 5,
    maxWaiting: 100,
    run: (inputs) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void => {
          if (error === undefined) resolve(inputs.map((input) => `answer ${input}`));
          else reject(error);
        };
        runs.push({ inputs, finish });
      }),
    after: (ms, action) => {
      const timer = { ms, action };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
    soon: (action) => action(),
    ...options,
  });
  const submit = (input: number): Promise<string> => accepted(batcher.submit(input));
  const elapse = (): void => {
    for (const timer of timers.splice(0)) timer.action();
  };
  return { batcher, submit, elapse, timers, runs };
}

function accepted(submitted: Submitted<string>): Promise<string> {
  if (submitted.kind === 'full') throw new Error('the queue is full');
  return submitted.answer;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('a lone input waits for the delay, then is answered', async (t) => {
  const { submit, elapse, timers, runs } = rig();
  const answer = submit(1);
  t.equal(runs.length, 0);
  t.equal(timers[0]?.ms, 5);
  elapse();
  t.same(runs[0]?.inputs, [1]);
  runs[0]?.finish();
  t.equal(await answer, 'answer 1');
});

t.test('what arrives in one turn goes together, and is shared out', async (t) => {
  const { submit, runs } = rig({ maxDelayMs: 0, maxRuns: 2, soon: setImmediate });
  const answers = [1, 2, 3, 4].map(submit);
  t.equal(runs.length, 0);
  await settle();
  t.same(
    runs.map(({ inputs }) => inputs),
    [
      [1, 2],
      [3, 4],
    ],
  );
  for (const { finish } of runs) finish();
  t.same(await Promise.all(answers), ['answer 1', 'answer 2', 'answer 3', 'answer 4']);
});

t.test('a full batch does not wait, and its timer is gone', async (t) => {
  const { submit, timers, runs } = rig();
  const answers = [submit(1), submit(2), submit(3)];
  t.same(runs[0]?.inputs, [1, 2, 3]);
  t.equal(timers.length, 0);
  runs[0]?.finish();
  t.same(await Promise.all(answers), ['answer 1', 'answer 2', 'answer 3']);
});

t.test('one batch at a time; what came meanwhile follows at once, in order', async (t) => {
  const { batcher, submit, timers, runs } = rig();
  const answers = [1, 2, 3, 4, 5].map(submit);
  t.equal(runs.length, 1);
  t.equal(batcher.waiting, 2);
  runs[0]?.finish();
  await settle();
  t.same(runs[1]?.inputs, [4, 5]);
  t.equal(timers.length, 0, 'it has waited for a whole batch already');
  runs[1]?.finish();
  t.equal((await Promise.all(answers)).length, 5);
});

t.test('what waits is shared out among the calls that are free', async (t) => {
  const { batcher, submit, runs } = rig({ maxRuns: 2, maxBatch: 8, maxDelayMs: 0 });
  const answers = [1, 2, 3, 4, 5, 6].map(submit);
  t.same(
    runs.map(({ inputs }) => inputs),
    [[1], [2]],
    'nobody waits while a call is free',
  );
  runs[0]?.finish();
  await settle();
  t.same(runs[2]?.inputs, [3, 4, 5, 6], 'the other one is busy still');
  answers.push(...[7, 8, 9].map(submit));
  t.equal(batcher.waiting, 3);
  const failed = t.rejects(answers.splice(1, 1)[0] ?? Promise.resolve(''), /out of memory/);
  runs[1]?.finish(new Error('out of memory'));
  runs[2]?.finish();
  await settle();
  t.same(runs[3]?.inputs, [7, 8, 9]);
  const drained = batcher.drain();
  runs[3]?.finish();
  await drained;
  await failed;
  t.equal((await Promise.all(answers)).length, 8);
});

t.test('when time is up, two free calls take half each', (t) => {
  const { submit, elapse, timers, runs } = rig({ maxRuns: 2, maxBatch: 8 });
  for (const input of [1, 2, 3, 4, 5]) void submit(input);
  elapse();
  t.same(
    runs.map(({ inputs }) => inputs),
    [
      [1, 2, 3],
      [4, 5],
    ],
  );
  t.equal(timers.length, 0);
  t.end();
});

t.test('without a delay the first input starts at once', (t) => {
  const { submit, timers, runs } = rig({ maxDelayMs: 0 });
  void submit(1);
  t.equal(runs.length, 1);
  t.equal(timers.length, 0);
  t.end();
});

t.test('an error reaches every input of its batch, and the next batch runs', async (t) => {
  const { submit, runs } = rig();
  const answers = [submit(1), submit(2), submit(3)];
  const next = submit(4);
  runs[0]?.finish(new Error('out of memory'));
  for (const answer of answers) await t.rejects(answer, /out of memory/);
  runs[1]?.finish();
  t.equal(await next, 'answer 4');
});

t.test('too few answers are an error, not a promise that never settles', async (t) => {
  const { submit } = rig({ maxDelayMs: 0, run: () => Promise.resolve([]) });
  await t.rejects(submit(1), /bug: 0 answers to 1 inputs/);
});

t.test('a run that throws before it awaits does not stop the queue', async (t) => {
  let calls = 0;
  const run = (): Promise<string[]> => {
    calls++;
    if (calls === 1) throw new Error('at once');
    return Promise.resolve(['fine']);
  };
  const { submit } = rig({ maxDelayMs: 0, run });
  await t.rejects(submit(1), /at once/);
  t.equal(await submit(2), 'fine');
});

t.test('a full queue refuses', (t) => {
  const { batcher, submit } = rig({ maxBatch: 1, maxWaiting: 2 });
  void submit(1);
  void submit(2);
  void submit(3);
  t.same(batcher.submit(4), { kind: 'full', waiting: 2 });
  t.end();
});

t.test('drain skips the delay and waits for everything', async (t) => {
  const { batcher, submit, timers, runs } = rig({ maxBatch: 2 });
  const answers = [1, 2, 3].map(submit);
  let drained = false;
  const draining = batcher.drain().then(() => (drained = true));
  runs[0]?.finish();
  await settle();
  t.notOk(drained);
  t.equal(timers.length, 0);
  runs[1]?.finish();
  await draining;
  t.equal((await Promise.all(answers)).length, 3);
  await batcher.drain();
});

t.test('the sizes of batches are told, and the real timer works', async (t) => {
  const sizes: number[] = [];
  const batcher = createBatcher<number, number>({
    maxRuns: 1,
    maxBatch: 8,
    maxDelayMs: 1,
    maxWaiting: 8,
    run: (inputs) => Promise.resolve(inputs.map((input) => input * 2)),
    onBatch: (size) => sizes.push(size),
  });
  const answers = [1, 2, 3].map(async (input) => {
    const submitted = batcher.submit(input);
    return submitted.kind === 'accepted' ? submitted.answer : -1;
  });
  const doubled = await Promise.all(answers);
  t.same(doubled, [2, 4, 6]);
  t.same(sizes, [3]);
});
