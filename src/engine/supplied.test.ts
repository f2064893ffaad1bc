import t from 'tap';
import { toRef } from '../model/artifact.ts';
import { problem } from '../model/diagnostic.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { FakeSupply } from '../testing/fake-supply.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { kinds, obey, pipeline, repro, status, verdicts } from '../testing/pipelines.ts';

const CHAIN = `
  raw, code   -> prepare -> clean
  clean       -> train   -> model
  model, code -> score   -> report
`;
const CODE = { code: 'x' };

const digestOf = async (world: FakeWorld, path: string) =>
  (await content(world.workspace.digest(path as RepoPath))).digest;

/** A colleague who ran everything and pushed it, and a clone: code, lock and run records, no data. */
async function clone(chain = pipeline(CHAIN)) {
  const ana = new FakeWorld({ ...CODE, raw: 'robin' });
  obey(ana, chain);
  const raw = await content(ana.workspace.commit('raw' as RepoPath));
  await ana.lock.setSource('raw' as RepoPath, toRef(raw));
  await repro(ana, chain);
  const ben = new FakeWorld(CODE);
  obey(ben, chain);
  const lock = await ana.lock.read();
  if (!lock.ok) throw new Error('the fake lock is always readable');
  await ben.lock.replace(lock.value);
  ben.runs.runs.push(...ana.runs.runs);
  return { ana, ben, chain, supply: new FakeSupply(ana, ben) };
}

t.test(
  'a clone that never pulled: data comes, nothing runs, and the origin is named',
  async (t) => {
    const { ben, chain, supply } = await clone();
    const outcomes = await repro(ben, chain, { supply });
    t.equal(kinds(outcomes), 'prepare restored, train restored, score restored');
    t.match(outcomes.get('train' as StageName), {
      remote: 'lab',
      run: { stage: 'train', provenance: { user: 'robin', host: 'finch' } },
    });
    t.equal(ben.commands.length, 0);
    t.equal(ben.files.get('raw'), 'robin');
    t.equal(ben.files.get('report'), 'score(train(prepare(robin+x))+x)');
    t.same(supply.brought, ['raw', 'clean', 'model', 'report']);
    const again = await repro(ben, chain, { supply });
    t.equal(kinds(again), 'prepare skipped, train skipped, score skipped');
    t.equal(supply.brought.length, 4, 'and nothing is asked for twice');
  },
);

t.test('with one stage changed, that and what follows run', async (t) => {
  const { ben, supply } = await clone();
  const changed = pipeline(CHAIN, { train: { values: { lr: 2 } } });
  obey(ben, changed);
  const outcomes = await repro(ben, changed, { supply });
  t.equal(kinds(outcomes), 'prepare restored, train executed, score executed');
  t.equal(ben.files.get('report'), 'score(train:2(prepare(robin+x))+x)');
});

t.test('a dry run says the same and brings nothing', async (t) => {
  const { ben, chain, supply } = await clone();
  const judged = await status(ben, chain, { supply });
  t.equal(verdicts(judged), 'prepare restorable, train restorable, score restorable');
  t.match(judged.get('prepare' as StageName)?.verdict, {
    remote: 'lab',
    run: { stage: 'prepare' },
  });
  const changed = pipeline(CHAIN, { prepare: { values: { n: 2 } } });
  const other = await status(ben, changed, { supply });
  t.equal(verdicts(other), 'prepare stale, train undetermined, score undetermined');
  t.match(other.get('prepare' as StageName)?.verdict, { reasons: [{ kind: 'param-changed' }] });
  t.same(supply.brought, []);
  t.equal(
    verdicts(await status(ben, chain)),
    'prepare stale, train undetermined, score undetermined',
  );
});

t.test('with --allow-missing data comes only for a command that reads it', async (t) => {
  const { ben, chain, supply } = await clone();
  const outcomes = await repro(ben, chain, { supply, allowMissing: true });
  t.equal(kinds(outcomes), 'prepare skipped, train skipped, score skipped');
  t.same(supply.brought, []);
  const changed = pipeline(CHAIN, { score: { values: { n: 2 } } });
  obey(ben, changed);
  const run = await repro(ben, changed, { supply, allowMissing: true });
  t.equal(kinds(run), 'prepare skipped, train skipped, score executed');
  t.same(supply.brought, ['model']);
  t.equal(ben.files.get('report'), 'score:2(train(prepare(robin+x))+x)');
});

t.test('an earlier run of a colleague is restored as well', async (t) => {
  const fast = pipeline(CHAIN, { train: { values: { lr: 1 } } });
  const { ana, ben, chain, supply } = await clone(fast);
  const slow = pipeline(CHAIN, { train: { values: { lr: 2 } } });
  obey(ana, slow);
  await repro(ana, slow);
  ben.runs.runs.push(...ana.runs.runs.slice(ben.runs.runs.length));
  obey(ben, slow);
  t.equal(
    kinds(await repro(ben, slow, { supply })),
    'prepare restored, train restored, score restored',
  );
  t.equal(
    kinds(await repro(ben, chain, { supply })),
    'prepare skipped, train restored, score restored',
  );
  t.equal(ben.commands.length, 0);
  t.equal(
    kinds(await repro(ben, slow, { supply, runCache: false })),
    'prepare skipped, train executed, score executed',
  );
});

t.test('what was offered and is gone is no hit: the command runs', async (t) => {
  const { ana, ben, chain, supply } = await clone();
  supply.gone.add(await digestOf(ana, 'model'));
  const outcomes = await repro(ben, chain, { supply });
  t.equal(kinds(outcomes), 'prepare restored, train executed, score restored');
});

t.test('a dep that is nowhere is missing', async (t) => {
  const { ana, ben, chain, supply } = await clone();
  supply.gone.add(await digestOf(ana, 'raw'));
  const outcomes = await repro(ben, chain, { supply });
  t.equal(kinds(outcomes), 'prepare failed, train blocked, score blocked');
  t.match(outcomes.get('prepare' as StageName), { failure: { kind: 'dep-missing', path: 'raw' } });
});

t.test('a remote that fails fails the stage, and says what to do', async (t) => {
  const { ben, chain, supply } = await clone();
  supply.problem = problem(
    'remote',
    'remote/denied',
    'no',
    'gcloud auth application-default login',
  );
  const outcomes = await repro(ben, chain, { supply });
  t.equal(kinds(outcomes), 'prepare failed, train blocked, score blocked');
  t.match(outcomes.get('prepare' as StageName), {
    failure: {
      ...{ kind: 'not-fetched', path: 'raw', remote: 'lab' },
      cause: 'no (gcloud auth application-default login)',
    },
  });
  supply.problem = problem('corruption', 'remote/wrong-bytes', 'bad');
  t.match((await repro(ben, chain, { supply })).get('prepare' as StageName), {
    failure: { kind: 'restore-failed', path: 'raw', cause: 'bad' },
  });
  supply.problem = undefined;
  t.equal(
    kinds(await repro(ben, chain, { supply })),
    'prepare restored, train restored, score restored',
  );
});

t.test('two stages that lack the same data have it brought once', async (t) => {
  const wide = pipeline('raw -> a -> x\n raw -> b -> y\n raw -> c -> z');
  const { ben, supply } = await clone(wide);
  const changed = pipeline('raw -> a -> x\n raw -> b -> y\n raw -> c -> z', {
    ...{ a: { values: { n: 1 } }, b: { values: { n: 1 } }, c: { values: { n: 1 } } },
  });
  obey(ben, changed);
  t.equal(kinds(await repro(ben, changed, { supply })), 'a executed, b executed, c executed');
  t.same(supply.brought, ['raw']);
});

t.test('a single stage has the outs of others brought that it reads', async (t) => {
  const { ben, supply } = await clone();
  const changed = pipeline(CHAIN, { score: { values: { n: 2 } } });
  obey(ben, changed);
  const outcomes = await repro(ben, changed, { supply, targets: ['score'], single: true });
  t.equal(kinds(outcomes), 'score executed');
  t.same(supply.brought, ['model']);
});

t.test('outs of a frozen stage come back, whatever it would read', async (t) => {
  const { ben, supply } = await clone();
  const frozen = pipeline(CHAIN, { prepare: { frozen: true } });
  t.equal(verdicts(await status(ben, frozen, { supply })).split(',')[0], 'prepare restorable');
  const outcomes = await repro(ben, frozen, { supply });
  t.equal(kinds(outcomes), 'prepare restored, train restored, score restored');
  t.same(supply.brought, ['clean', 'model', 'report']);
});
