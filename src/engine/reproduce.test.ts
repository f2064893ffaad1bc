import t from 'tap';
import { EMPTY_LOCK } from '../model/lock.ts';
import { mergeLocks } from '../model/merge-locks.ts';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { kinds, obey, out, pipeline, repro, status, verdicts } from '../testing/pipelines.ts';
import { causes } from './inspect.ts';

const CHAIN = `
  raw   -> prepare -> clean
  clean -> train   -> model
  model -> score   -> report
`;

t.test('runs what never ran, then nothing', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  obey(world, chain);
  t.equal(kinds(await repro(world, chain)), 'prepare executed, train executed, score executed');
  t.equal(world.files.get('report'), 'score(train(prepare(robin)))');
  t.equal(kinds(await repro(world, chain)), 'prepare skipped, train skipped, score skipped');
  t.equal(world.commands.length, 3);
});

t.test('runs are named where they are shown, and not looked up where they are not', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  obey(world, chain);
  const executed = (await repro(world, chain)).get('score' as StageName);
  t.match((await repro(world, chain)).get('score' as StageName), {
    kind: 'skipped',
    run: executed?.kind === 'executed' ? executed.run : 'not executed',
  });
  const unnamed = await repro(world, chain, { nameRuns: false });
  t.same([...unnamed.values()], Array(3).fill({ kind: 'skipped' }));
  world.files.delete('model');
  const outcomes = await repro(world, chain, { nameRuns: false });
  t.equal(kinds(outcomes), 'prepare skipped, train restored, score skipped');
  t.match(outcomes.get('train' as StageName), { run: { stage: 'train' } });
});

t.test('a changed dep runs its readers; the same bytes again stop what is behind', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  obey(world, chain);
  await repro(world, chain);
  world.onCommand((command, { files }) => {
    if (command.env['AVIAN_STAGE'] !== 'prepare') return undefined;
    files.set('clean', 'prepare(robin)');
    return { code: 0 };
  });
  world.files.set('raw', 'robin # a comment');
  const outcomes = await repro(world, chain);
  t.equal(kinds(outcomes), 'prepare executed, train skipped, score skipped');
  t.match(outcomes.get('prepare' as StageName), { unchangedOuts: true });
});

t.test('a changed directory is named with the files in it', async (t) => {
  const world = new FakeWorld({ 'birds/robin': 'red', 'birds/wren': 'brown' });
  const train = pipeline('birds -> train -> model');
  world.onCommand((_, { files }) => (files.set('model', 'm'), { code: 0 }));
  await world.workspace.commit('birds' as RepoPath);
  await repro(world, train);
  world.files.set('birds/robin', 'orange');
  world.files.delete('birds/wren');
  const verdict = (await status(world, train)).get('train' as StageName)?.verdict;
  t.match(verdict, {
    kind: 'stale',
    reasons: [
      {
        kind: 'dep-changed',
        path: 'birds',
        files: [
          { path: 'robin', kind: 'modified' },
          { path: 'wren', kind: 'removed' },
        ],
      },
    ],
  });
});

t.test('going back to earlier inputs restores instead of running', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const slow = pipeline(CHAIN, { train: { values: { lr: 0.1 } } });
  const fast = pipeline(CHAIN, { train: { values: { lr: 0.3 } } });
  obey(world, slow);
  await repro(world, slow);
  obey(world, fast);
  t.equal(kinds(await repro(world, fast)), 'prepare skipped, train executed, score executed');
  t.equal(kinds(await repro(world, slow)), 'prepare skipped, train restored, score restored');
  t.equal(world.files.get('report'), 'score(train:0.1(prepare(robin)))');
  t.equal(kinds(await repro(world, slow)), 'prepare skipped, train skipped, score skipped');

  t.test('unless the run cache is not to be asked', async (t) => {
    obey(world, fast);
    const outcomes = await repro(world, fast, { runCache: false });
    t.equal(kinds(outcomes), 'prepare skipped, train executed, score executed');
  });
});

t.test('a run whose object is gone is no hit', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const one = pipeline('raw -> train -> model', { train: { values: { lr: 1 } } });
  const two = pipeline('raw -> train -> model', { train: { values: { lr: 2 } } });
  obey(world, one);
  await repro(world, one);
  obey(world, two);
  await repro(world, two);
  world.workspace.objects.clear();
  obey(world, one);
  t.equal(kinds(await repro(world, one)), 'train executed');
});

t.test(
  'a record that names more than the stage declares puts nothing else into the lock',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const chain = pipeline(CHAIN);
    obey(world, chain);
    await repro(world, chain);
    const [made] = await world.runs.history('train' as StageName, 1);
    if (made === undefined) throw new Error('train has no run');
    const { id: _, ...record } = made;
    const ref = { digest: made.outs['model']?.digest, size: 1, executable: true } as const;
    await world.runs.record({
      ...record,
      outs: { ...record.outs, '.git/hooks/post-checkout': ref as ArtifactRef },
      startedAt: '2027-01-01T00:00:00.000Z',
    });
    world.lock.lock = EMPTY_LOCK;
    world.files.delete('model');
    const outcomes = await repro(world, chain);
    t.match(outcomes.get('train' as StageName), { kind: 'restored', run: { startedAt: /^2027/ } });
    t.same(Object.keys(world.lock.lock.stages['train']?.outs ?? {}), ['model']);
  },
);

t.test('a lost or edited out comes back from the cache', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  obey(world, chain);
  await repro(world, chain);
  world.files.delete('clean');
  world.files.set('model', 'edited by hand');
  t.equal(
    verdicts(await status(world, chain)),
    'prepare restorable, train restorable, score up-to-date',
  );
  t.equal(kinds(await repro(world, chain)), 'prepare restored, train restored, score skipped');
  t.ok(
    world.events.some(
      (event) => event.type === 'diagnostic' && event.diagnostic.code === 'workspace/replaced',
    ),
    'what had been edited was kept and named',
  );
});

t.test(
  'a failed command leaves the old outs, a record with its log, and no cache entry',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const chain = pipeline(CHAIN);
    obey(world, chain);
    await repro(world, chain);
    world.files.set('raw', 'wren');
    world.onCommand((command, { files }) => {
      if (command.env['AVIAN_STAGE'] !== 'train') return undefined;
      command.onOutput('stderr', 'no gradient\n');
      files.set('model', 'half');
      return { code: 3 };
    });
    const outcomes = await repro(world, chain);
    t.equal(kinds(outcomes), 'prepare executed, train failed, score blocked');
    t.match(outcomes.get('train' as StageName), { failure: { kind: 'exited', code: 3 } });
    t.match(outcomes.get('score' as StageName), { by: 'train' });
    t.equal(world.files.get('model'), 'train(prepare(robin))', 'the last good model is back');
    const latest = await world.runs.latest('train' as StageName);
    t.match(latest, { ending: { kind: 'failed', failure: { kind: 'exited' } }, log: { size: 12 } });
    t.equal(
      [...world.workspace.failed.values()][0]?.get('model'),
      'half',
      'the partial one is kept',
    );
  },
);

t.test('a stage that has only ever failed says so', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  const reasons = async () => (await status(world, chain)).get('prepare' as StageName)?.verdict;
  t.match(await reasons(), { kind: 'stale', reasons: [{ kind: 'never-ran' }] });
  world.onCommand(() => ({ code: 3 }));
  await repro(world, chain);
  t.match(await reasons(), { kind: 'stale', reasons: [{ kind: 'last-run-failed' }] });
});

t.test(
  'fail fast starts nothing new; keep going runs what does not need the failure',
  async (t) => {
    const picture = `
    a -> bad   -> x
    x -> after -> y
    b -> other -> z
    z -> last  -> w
  `;
    const run = async (keepGoing: boolean): Promise<string> => {
      const world = new FakeWorld({ a: '1', b: '2' });
      const workload = pipeline(picture);
      obey(world, workload);
      world.onCommand((command) =>
        command.env['AVIAN_STAGE'] === 'bad' ? { code: 1 } : undefined,
      );
      const outcomes = await repro(world, workload, {
        keepGoing,
        capacity: { cpu: 1, gpu: 0, memory: 0 },
      });
      return [...outcomes]
        .map(([name, { kind }]) => `${name} ${kind}`)
        .sort()
        .join(', ');
    };
    t.equal(await run(true), 'after blocked, bad failed, last executed, other executed');
    t.match(
      await run(false),
      /after blocked, bad failed, last cancelled, other (cancelled|executed)/,
    );
  },
);

t.test('a stage that edits its own dep is named and not recorded', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const workload = pipeline('raw -> greedy -> x');
  world.onCommand((_, { files }) => {
    files.set('x', '1');
    files.set('raw', 'eaten');
    return { code: 0 };
  });
  const outcomes = await repro(world, workload);
  t.match(outcomes.get('greedy' as StageName), {
    failure: { kind: 'dep-changed-during-run', path: 'raw' },
  });
  t.equal(await world.runs.latest('greedy' as StageName, 'succeeded'), undefined);
});

t.test("a stage that writes another one's out is named and not recorded", async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const trespassing = pipeline(`
    raw -> first  -> x
    raw -> third  -> z
    x   -> second -> y
  `);
  obey(world, trespassing);
  await repro(world, trespassing, { targets: ['third'] });
  world.onCommand((command, { files }) => {
    if (command.env['AVIAN_STAGE'] !== 'second') return undefined;
    files.set('y', '1');
    files.set('z', 'trampled');
    return { code: 0 };
  });
  const outcomes = await repro(world, trespassing);
  t.match(outcomes.get('second' as StageName), {
    failure: { kind: 'wrote-others-out', path: 'z', owner: 'third' },
  });
});

t.test('a promised out that is not written fails the stage', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  world.onCommand(() => ({ code: 0 }));
  const outcomes = await repro(world, pipeline('raw -> lazy -> x'));
  t.match(outcomes.get('lazy' as StageName), { failure: { kind: 'out-missing', path: 'x' } });
});

t.test('a missing dep fails before anything is moved, and names its producer', async (t) => {
  const world = new FakeWorld({});
  const outcomes = await repro(world, pipeline(CHAIN), { targets: ['train'], single: true });
  t.match(outcomes.get('train' as StageName), {
    failure: { kind: 'dep-missing', path: 'clean', producer: 'prepare' },
  });
  t.equal(world.commands.length, 0);
});

t.test('gates fail a stage with the numbers; metrics are kept with the run', async (t) => {
  const world = new FakeWorld({ model: 'm' });
  const gated = pipeline('model -> evaluate -> metrics.json', {
    evaluate: {
      outs: [
        out('metrics.json', {
          role: 'metrics',
          gates: [{ metric: 'val.accuracy', comparison: '>=', bound: 0.9 }],
        }),
      ],
    },
  });
  world.onCommand((_, { files }) => {
    files.set('metrics.json', '{"val":{"accuracy":0.8},"note":"x","loss":null}');
    return { code: 0 };
  });
  const outcomes = await repro(world, gated);
  t.match(outcomes.get('evaluate' as StageName), {
    failure: { kind: 'gate-failed', failed: [{ path: 'metrics.json', actual: 0.8 }] },
  });
  world.onCommand((_, { files }) => {
    files.set('metrics.json', '{"val":{"accuracy":0.95}}');
    return { code: 0 };
  });
  await repro(world, gated);
  t.match(await world.runs.latest('evaluate' as StageName, 'succeeded'), {
    metrics: { 'metrics.json': { 'val.accuracy': 0.95 } },
  });
});

t.test(
  'an effect is judged by its latest run on this machine and its probe, never restored',
  async (t) => {
    const world = new FakeWorld({ image: 'v1' });
    let alive = true;
    world.onQuery(() =>
      alive ? { kind: 'ok', stdout: 'up' } : { kind: 'failed', message: 'dead' },
    );
    const deploy = pipeline('image -> deploy -> record', {
      deploy: { effect: true, probe: 'curl service', outs: [out('record', { cache: false })] },
    });
    obey(world, deploy);
    t.equal(kinds(await repro(world, deploy)), 'deploy executed');
    const locked = await world.lock.read();
    t.same(
      locked.ok && locked.value.stages['deploy']?.outs,
      {},
      'the lock, which others share, does not hold what is true here alone',
    );
    t.equal(kinds(await repro(world, deploy)), 'deploy skipped');
    world.files.set('image', 'v2');
    t.equal(kinds(await repro(world, deploy)), 'deploy executed');
    world.files.set('image', 'v1');
    t.equal(kinds(await repro(world, deploy)), 'deploy executed', 'going back deploys again');
    alive = false;
    t.match((await status(world, deploy)).get('deploy' as StageName), {
      verdict: { kind: 'stale', reasons: [{ kind: 'probe-failed', message: 'dead' }] },
    });
    t.equal(verdicts(await status(world, deploy, { probes: false })), 'deploy up-to-date');
    const outcomes = await repro(world, deploy);
    t.match(
      outcomes.get('deploy' as StageName),
      {
        failure: { kind: 'probe-failed', message: 'dead' },
      },
      'an effect that its probe does not confirm has failed',
    );
    alive = true;
    world.environment.hostName = 'wren';
    t.match((await status(world, deploy)).get('deploy' as StageName), {
      verdict: { reasons: [{ kind: 'other-target', before: 'finch', after: 'wren' }] },
    });
  },
);

t.test(
  'a probe that answers otherwise makes its stage stale, and its earlier run comes back with the answer',
  async (t) => {
    const world = new FakeWorld();
    let outside = 'monday';
    world.onQuery(() => ({ kind: 'ok', stdout: outside }));
    const fetch = pipeline(' -> fetch -> data', { fetch: { probe: 'ls /photos' } });
    world.onCommand((_, { files }) => {
      files.set('data', outside);
      return { code: 0 };
    });
    await repro(world, fetch);
    t.equal(kinds(await repro(world, fetch)), 'fetch skipped');
    outside = 'tuesday';
    t.equal(kinds(await repro(world, fetch)), 'fetch executed');
    outside = 'monday';
    t.equal(kinds(await repro(world, fetch)), 'fetch restored');
    t.equal(world.files.get('data'), 'monday');
  },
);

t.test('ttl: older than that is stale', async (t) => {
  const world = new FakeWorld();
  const fetch = pipeline(' -> fetch -> data', { fetch: { ttlMs: 1000 } });
  obey(world, fetch);
  await repro(world, fetch);
  world.clock.tick(900);
  t.equal(verdicts(await status(world, fetch)), 'fetch up-to-date');
  world.clock.tick(200);
  t.match((await status(world, fetch)).get('fetch' as StageName), {
    verdict: { reasons: [{ kind: 'expired', ageMs: 1100, ttlMs: 1000 }] },
  });
});

t.test(
  'a frozen stage waits for nothing: what it was made from may fail, or not be asked for',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin', model: 'of last week' });
    const chain = pipeline(CHAIN, { train: { frozen: true } });
    world.onCommand((command, { files }) => {
      if (command.env['AVIAN_STAGE'] === 'prepare') return { code: 1 };
      files.set('report', `on ${files.get('model')}`);
      return { code: 0 };
    });
    const outcomes = await repro(world, chain, { keepGoing: true });
    t.equal(
      ['prepare', 'train', 'score'].map((name) => outcomes.get(name as StageName)?.kind).join(),
      'failed,skipped,executed',
    );
    t.equal(world.files.get('report'), 'on of last week');
    t.equal(
      kinds(await repro(world, chain, { targets: ['score'] })),
      'train skipped, score skipped',
    );
  },
);

t.test('frozen stages are skipped, always_changed ones run', async (t) => {
  const world = new FakeWorld({ raw: 'robin', clean: 'by hand' });
  const frozen = pipeline('raw -> prepare -> clean', { prepare: { frozen: true } });
  t.equal(kinds(await repro(world, frozen)), 'prepare skipped');
  const always = pipeline('raw -> prepare -> clean', { prepare: { alwaysChanged: true } });
  obey(world, always);
  await repro(world, always);
  t.equal(kinds(await repro(world, always)), 'prepare executed');
});

t.test(
  'a frozen stage needs nobody, hides what changed above it, and does not run by force',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const details = { train: { frozen: true } };
    const thawed = pipeline(CHAIN);
    const frozen = pipeline(CHAIN, details);
    obey(world, thawed);
    await repro(world, thawed);
    world.files.set('raw', 'wren');
    t.equal(
      kinds(await repro(world, frozen, { targets: ['score'] })),
      'train skipped, score skipped',
    );
    t.equal(
      kinds(await repro(world, frozen, { targets: ['prepare'], downstream: true })),
      'prepare executed',
      'nor is it behind what it would have read',
    );
    world.files.set('raw', 'a wren that breaks it');
    world.onCommand(() => ({ code: 1 }));
    const failing = await repro(world, frozen, { keepGoing: true });
    t.equal(failing.get('prepare' as StageName)?.kind, 'failed');
    t.equal(failing.get('score' as StageName)?.kind, 'skipped', 'a failure above it blocks nobody');
    obey(world, frozen);
    t.equal(
      kinds(await repro(world, frozen, { force: true, targets: ['train'] })),
      'train skipped',
      'as in DVC',
    );

    t.test('lost outs come back, edited ones stay', async (t) => {
      world.files.delete('model');
      t.equal(verdicts(await status(world, frozen, { targets: ['train'] })), 'train restorable');
      t.equal(kinds(await repro(world, frozen, { targets: ['train'] })), 'train restored');
      t.equal(world.files.get('model'), 'train(prepare(robin))');
      world.files.set('model', 'by hand');
      t.equal(kinds(await repro(world, frozen, { targets: ['train'] })), 'train skipped');
      world.files.delete('model');
      world.workspace.objects.clear();
      t.equal(kinds(await repro(world, frozen, { targets: ['train'] })), 'train skipped');
    });
  },
);

t.test(
  'what persists is there when the command starts, and no earlier run is put in its place',
  async (t) => {
    const world = new FakeWorld({ raw: '1' });
    const workload = pipeline('raw -> grow -> log', {
      grow: { outs: [out('log', { persist: true })] },
    });
    world.onCommand((_, { files }) => {
      files.set('log', `${files.get('log') ?? ''}${files.get('raw') ?? ''}`);
      return { code: files.get('raw') === 'bad' ? 1 : 0 };
    });
    await repro(world, workload);
    world.files.set('raw', '2');
    await repro(world, workload);
    t.equal(world.files.get('log'), '12');
    world.files.set('raw', '1');
    t.equal(kinds(await repro(world, workload)), 'grow executed');
    t.equal(world.files.get('log'), '121', 'not the 1 of the first run');
    world.files.set('raw', 'bad');
    t.equal(kinds(await repro(world, workload)), 'grow failed');
    t.equal(world.files.get('log'), '121', 'a failure takes nothing away');
    world.files.set('raw', '1');
    world.files.delete('log');
    t.equal(kinds(await repro(world, workload)), 'grow restored', 'the lock names what was lost');
    t.equal(world.files.get('log'), '121');
  },
);

t.test(
  'an always_changed stage runs, and what is behind it only if its outs changed',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const chain = pipeline(CHAIN, { prepare: { alwaysChanged: true } });
    obey(world, chain);
    await repro(world, chain);
    t.equal(kinds(await repro(world, chain)), 'prepare executed, train skipped, score skipped');
    const once = await repro(world, chain, { allowMissing: true });
    t.equal(kinds(once), 'prepare executed, train skipped, score skipped');
  },
);

t.test('missing data that the lock knows is no reason to run', async (t) => {
  const world = new FakeWorld({ raw: 'robin', added: 'owl' });
  const details = { train: { values: { lr: 1 } } };
  const picture = `
    raw          -> prepare -> clean
    clean, added -> train   -> model
    model        -> score   -> report
  `;
  const workload = pipeline(picture, details);
  obey(world, workload);
  await repro(world, workload);
  const ports = world.ports();
  const added = await ports.workspace.digest('added' as RepoPath);
  t.ok(added.ok && added.value !== undefined);
  if (added.ok && added.value !== undefined) {
    await ports.lock.setSource('added' as RepoPath, toRef(added.value));
  }
  world.files.clear();
  const allowMissing = true;
  t.equal(
    kinds(await repro(world, workload, { allowMissing })),
    'prepare skipped, train skipped, score skipped',
  );
  t.equal(world.files.size, 0, 'nothing was restored either');
  t.equal(
    verdicts(await status(world, workload)),
    'prepare stale, train undetermined, score undetermined',
    'without the option raw is missing',
  );

  t.test('what changed beside it still is', async (t) => {
    const changed = pipeline(picture, { train: { values: { lr: 2 } } });
    obey(world, changed);
    t.equal(
      verdicts(await status(world, changed, { allowMissing })),
      'prepare up-to-date, train stale, score undetermined',
    );
    const outcomes = await repro(world, changed, { allowMissing });
    t.match(outcomes.get('train' as StageName), {
      kind: 'failed',
      failure: { kind: 'dep-missing', path: 'clean', producer: 'prepare' },
    });
    world.files.set('raw', 'wren');
    t.match(
      await status(world, workload, { allowMissing }),
      new Map([['prepare', { verdict: { kind: 'stale' } }]]),
    );
  });

  t.test('a dep that nobody knows is missing', async (t) => {
    world.files.clear();
    world.runs.runs.length = 0;
    t.equal(
      verdicts(await status(world, workload, { allowMissing, targets: ['prepare'] })),
      'prepare stale',
    );
    t.equal(
      verdicts(await status(world, workload, { allowMissing, targets: ['train'], single: true })),
      'train up-to-date',
      'its deps are in the lock',
    );
  });
});

t.test('force runs the targets and judges the rest', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  obey(world, chain);
  await repro(world, chain);
  t.equal(
    kinds(await repro(world, chain, { force: true, targets: ['train'] })),
    'prepare skipped, train executed',
  );
  t.equal(
    kinds(await repro(world, chain, { targets: ['train'], downstream: true })),
    'train skipped, score skipped',
  );
});

t.test('what proves who somebody is stands in no log, event or record', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const key = 'quite-a-long-secret';
  world.environment.variables.set('HF_TOKEN', key).set('ONLY_AVIAN_PASSWORD', 'not declared');
  const secretive = pipeline('raw -> train -> model', {
    train: { env: [{ name: 'HF_TOKEN' }] },
  });
  world.onCommand((command, { files }) => {
    command.onOutput('stderr', `login with ${key.slice(0, 7)}`);
    command.onOutput('stderr', `${key.slice(7)} is done\n`);
    command.onOutput('stdout', 'avian:fact password=not declared\navian:fact auth=Bearer abcdef');
    command.onOutput('stdout', 'ghijkl\nand so');
    command.onOutput('stdout', ' on');
    files.set('model', 'm');
    return { code: 0 };
  });
  const [executed] = (await repro(world, secretive)).values();
  const kept = JSON.stringify([world.runs.runs, world.events, [...world.logs.logs.values()]]);
  for (const secret of [key, key.slice(7), 'not declared', 'abcdef', 'ghijkl']) {
    t.notOk(kept.includes(secret), secret);
  }
  t.ok(kept.includes('[redacted] is done'));
  t.match(executed, {
    run: { provenance: { facts: { password: '[redacted]', auth: 'Bearer [redacted]' } } },
  });
  t.match(executed, { run: { input: { env: { HF_TOKEN: /^\[redacted\] [0-9a-f]{8}$/ } } } });
  t.equal(kinds(await repro(world, secretive)), 'train skipped');

  world.environment.variables.set('HF_TOKEN', 'another-long-secret');
  t.match((await status(world, secretive)).get('train' as StageName), {
    verdict: {
      reasons: [
        { kind: 'env-changed', key: 'HF_TOKEN', before: /^\[redacted\] /, after: /^\[redacted\] / },
      ],
    },
  });
});

t.test('env and tools enter the fingerprint and are named when they change', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const workload = pipeline('raw -> train -> model', {
    train: { env: [{ name: 'CUDA' }, { name: 'MODE', value: 'fast' }], tools: ['node'] },
  });
  obey(world, workload);
  world.environment.tools.set('node', '24.0.0');
  await repro(world, workload);
  t.equal(world.commands[0]?.env['MODE'], 'fast');
  world.environment.tools.set('node', '24.1.0');
  world.environment.variables.set('CUDA', '0');
  t.match((await status(world, workload)).get('train' as StageName), {
    verdict: {
      reasons: [
        { kind: 'env-changed', key: 'CUDA', before: null, after: '0' },
        { kind: 'tool-changed', key: 'node', before: '24.0.0', after: '24.1.0' },
      ],
    },
  });
});

t.test('a command finds exactly its declared parameters', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const workload = pipeline('raw -> train -> model', { train: { values: { lr: 0.1 } } });
  obey(world, workload);
  await repro(world, workload);
  const path = world.commands[0]?.env['AVIAN_PARAMS'] ?? '';
  t.equal(world.scratchFiles.get(path), '{"lr":0.1}');
});

t.test('facts that a command tells are kept with the run', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  world.onCommand((command, { files }) => {
    command.onOutput('stderr', 'start\navian:fact back');
    command.onOutput('stderr', 'end=wasm\n');
    files.set('model', 'm');
    return { code: 0 };
  });
  await repro(world, pipeline('raw -> train -> model'));
  t.match(await world.runs.latest('train' as StageName), {
    provenance: { facts: { backend: 'wasm' }, host: 'finch', user: 'robin' },
  });
});

t.test('retries, and tells each', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  let tries = 0;
  world.onCommand((_, { files }) => {
    files.set('x', 'done');
    return { code: ++tries < 3 ? 1 : 0 };
  });
  const workload = pipeline('raw -> flaky -> x', { flaky: { retry: { times: 2, delayMs: 0 } } });
  const going = repro(world, workload);
  while (tries < 3) {
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.tick(0);
  }
  t.equal(kinds(await going), 'flaky executed');
});

t.test('independent stages run together, within the slots', async (t) => {
  const picture = ['a', 'b', 'c', 'd'].map((name) => ` -> ${name} -> ${name}.out`).join('\n');
  const run = async (cpu: number): Promise<number> => {
    const world = new FakeWorld();
    const workload = pipeline(picture);
    world.onCommand(async (command, { files }) => {
      await new Promise((resolve) => setImmediate(resolve));
      files.set(`${command.env['AVIAN_STAGE'] ?? ''}.out`, 'x');
      return { code: 0 };
    });
    await repro(world, workload, { capacity: { cpu, gpu: 0, memory: 0 } });
    return world.mostAtOnce;
  };
  t.equal(await run(4), 4);
  t.equal(await run(2), 2);
  t.equal(await run(1), 1);
});

t.test('cancelling ends what runs, puts old outs back and records nothing', async (t) => {
  const world = new FakeWorld({ raw: 'robin' });
  const chain = pipeline(CHAIN);
  const controller = new AbortController();
  world.onCommand(() => {
    controller.abort();
    return new Promise(() => undefined);
  });
  const outcomes = await repro(world, chain, { signal: controller.signal });
  t.equal(kinds(outcomes), 'prepare cancelled, train cancelled, score cancelled');
  t.equal(await world.runs.latest('prepare' as StageName), undefined);
});

t.test('one stage is called off with what needs it; the others go on', async (t) => {
  const world = new FakeWorld({ a: 'egg', b: 'egg' });
  const workload = pipeline(
    'a -> left -> left.out\nb -> right -> right.out\nleft.out -> next -> x',
  );
  const left = new AbortController();
  world.onCommand(({ env }, { files }) => {
    if (env['AVIAN_STAGE'] !== 'left') {
      files.set('right.out', 'chick');
      return { code: 0 };
    }
    left.abort();
    return new Promise(() => undefined);
  });
  const outcomes = await repro(world, workload, {
    stopOf: (stage) => (stage === 'left' ? left.signal : new AbortController().signal),
  });
  t.equal(kinds(outcomes), 'left cancelled, next cancelled, right executed');
});

t.test('what a stage throws ends its neighbours and puts every old out back', async (t) => {
  const world = new FakeWorld({ a: 'egg', b: 'egg' });
  const workload = pipeline('a -> left -> left.out\nb -> right -> right.out');
  obey(world, workload);
  await repro(world, workload);
  world.files.set('a', 'chick');
  world.files.set('b', 'chick');
  let running = 0;
  world.onCommand((command, { files }) => {
    files.set(`${command.env['AVIAN_STAGE'] ?? ''}.out`, 'half');
    running += 1;
    // Only a cancel ends them; the disk is full when the second one has started.
    return running === 1 ? new Promise(() => undefined) : { code: 0 };
  });
  world.failOn((call) =>
    call === 'runs.record right' ? new Error('the disk is full') : undefined,
  );
  await t.rejects(
    repro(world, workload, { capacity: { cpu: 2, gpu: 0, memory: 0 } }),
    /disk is full/,
  );
  world.failOn(() => undefined);
  t.equal(running, 2);
  t.equal(world.files.get('left.out'), 'left(egg)');
  t.equal(world.files.get('right.out'), 'right(egg)');
});

t.test(
  'status knows what is behind a restorable stage, and not what is behind a stale one',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const chain = pipeline(CHAIN);
    obey(world, chain);
    await repro(world, chain);
    world.files.set('raw', 'wren');
    const judged = await status(world, chain);
    t.equal(verdicts(judged), 'prepare stale, train undetermined, score undetermined');
    t.match(
      causes(chain, 'score' as StageName, judged).map(({ stage, via }) => `${stage} via ${via}`),
      ['train via model', 'prepare via clean'],
    );
    await repro(world, chain);
    world.files.set('raw', 'robin');
    t.equal(
      verdicts(await status(world, chain)),
      'prepare restorable, train restorable, score restorable',
    );
  },
);

t.test('every await of an execution may fail: the next run is as if it had not been', async (t) => {
  const calls = async (failAt: number): Promise<{ calls: readonly string[]; world: FakeWorld }> => {
    const world = new FakeWorld({ raw: 'robin' });
    const workload = pipeline('raw -> train -> model');
    obey(world, workload);
    await repro(world, workload);
    world.files.set('raw', 'wren');
    const before = world.calls.length;
    let seen = 0;
    world.failOn((call) =>
      call !== 'workspace.recover' && seen++ === failAt
        ? new Error(`killed at ${call}`)
        : undefined,
    );
    await repro(world, workload).catch(() => undefined);
    world.failOn(() => undefined);
    t.match(kinds(await repro(world, workload)), /train (executed|skipped|restored)/);
    t.equal(world.files.get('model'), 'train(wren)', `after a kill at call ${failAt}`);
    return { calls: world.calls.slice(before), world };
  };
  const whole = await calls(Infinity);
  t.ok(whole.calls.length > 5);
  for (let at = 0; at < whole.calls.length; at += 1) await calls(at);
});

t.test(
  'what branches changed apart is stale until it ran, whichever side its inputs are',
  async (t) => {
    const world = new FakeWorld({ raw: 'robin' });
    const ours = pipeline(CHAIN, { train: { values: { lr: 1 } } });
    const theirs = pipeline(CHAIN, { train: { values: { lr: 2 } } });
    obey(world, theirs);
    await repro(world, theirs);
    const theirLock = world.lock.lock;
    obey(world, ours);
    await repro(world, ours);
    world.lock.lock = mergeLocks(EMPTY_LOCK, world.lock.lock, theirLock).lock;

    const train = (await status(world, ours)).get('train' as StageName);
    t.same(train?.verdict, { kind: 'stale', reasons: [{ kind: 'merge-conflict', branches: 2 }] });
    const third = pipeline(CHAIN, { train: { values: { lr: 3 } } });
    t.match((await status(world, third)).get('train' as StageName)?.verdict, {
      reasons: [{ kind: 'merge-conflict' }, { kind: 'param-changed', before: 1, after: 3 }],
    });
    const before = world.commands.length;
    t.equal(kinds(await repro(world, ours)), 'prepare skipped, train executed, score executed');
    t.equal(world.commands.length, before + 2);
    t.notMatch(world.lock.lock, { stages: { train: { conflict: Array } } });
    t.equal(kinds(await repro(world, ours)), 'prepare skipped, train skipped, score skipped');
  },
);
