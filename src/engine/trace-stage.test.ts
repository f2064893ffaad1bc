import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import type { Traced } from '../model/trace.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { kinds, obey, pipeline, repro } from '../testing/pipelines.ts';

const ONE = 'raw, old -> train -> model';

const trace = (read: string[], written: string[] = []): Traced => ({
  kind: 'traced',
  by: 'strace',
  accesses: {
    read: read.map((path) => ({ path: path as RepoPath })),
    listed: [],
    written: written as RepoPath[],
  },
});

const warnings = (events: readonly AvianEvent[]): string[] =>
  events.flatMap((event) =>
    event.type === 'diagnostic' ? [`${event.diagnostic.code} ${event.diagnostic.message}`] : [],
  );

/** A world whose only command is watched if that is asked for. */
function watched(seen: Traced | { kind: 'untraceable'; cause: string }, code = 0) {
  const world = new FakeWorld({ raw: 'robin', old: 'egg', helper: 'x' });
  world.onCommand((_command, { files }) => {
    files.set('model', 'weights');
    return { code, trace: seen };
  });
  return world;
}

t.test('what is undeclared is told once a kind, and the stage succeeds', async (t) => {
  const seen = trace(['helper', 'raw'], ['log', 'model']);
  const world = watched(seen);
  t.equal(kinds(await repro(world, pipeline(ONE), { trace: true })), 'train executed');
  t.same(warnings(world.events), [
    'trace/undeclared-read `train` read what it does not declare: helper',
    'trace/undeclared-write `train` wrote what it does not declare: log',
    'trace/never-read `train` declares what it never read: old',
  ]);
  const [run] = world.runs.runs;
  t.same(await world.logs.readTrace(run!.attempt), seen, 'kept with the run');
});

t.test('a watched run is the run that it would have been', async (t) => {
  const world = watched(trace(['raw', 'old']));
  await repro(world, pipeline(ONE), { trace: true });
  t.equal(kinds(await repro(world, pipeline(ONE))), 'train skipped', 'the same fingerprint');
  t.same(warnings(world.events), []);
});

t.test('without --trace nobody is asked to watch', async (t) => {
  const world = watched(trace(['helper']));
  await repro(world, pipeline(ONE));
  t.equal(world.commands[0]?.trace, undefined);
  t.same(warnings(world.events), []);
  t.equal(world.logs.traces.size, 0);
});

t.test('of a failed stage it is not known what it would have read', async (t) => {
  const world = watched(trace(['helper']), 1);
  t.equal(kinds(await repro(world, pipeline(ONE), { trace: true })), 'train failed');
  t.same(warnings(world.events), [
    'trace/undeclared-read `train` read what it does not declare: helper',
    'stage/partial-outs what train wrote was kept in cache/v1/tmp/failed/20260101T000000Z-000001',
  ]);
});

t.test('of several attempts the last one counts', async (t) => {
  const world = new FakeWorld({ raw: 'robin', old: 'egg' });
  let attempts = 0;
  world.onCommand((_command, { files }) => {
    attempts += 1;
    files.set('model', 'weights');
    return attempts === 1
      ? { code: 1, trace: trace(['first']) }
      : { code: 0, trace: trace(['raw', 'old', 'second']) };
  });
  const retried = pipeline(ONE, { train: { retry: { times: 1, delayMs: 0 } } });
  const settled = repro(world, retried, { trace: true });
  while (attempts < 2) {
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.tick(1);
  }
  await settled;
  t.match(warnings(world.events).at(-1), /: second$/);
});

t.test('what cannot be watched, or in part, is said with what to install', async (t) => {
  const none = watched({ kind: 'untraceable', cause: 'strace is not installed' });
  await repro(none, pipeline(ONE), { trace: true });
  t.same(warnings(none.events), [
    'trace/unavailable `train` ran unwatched: strace is not installed',
  ]);
  t.equal(none.logs.traces.size, 0);
  const part = watched({ ...trace(['helper']), by: 'node' });
  await repro(part, pipeline(ONE), { trace: true });
  t.match(warnings(part.events), [
    /^trace\/partial only the Node programs/,
    /^trace\/undeclared-read/,
  ]);
});

t.test('a long list ends with how many more there are; an edge names its stage', async (t) => {
  const two = pipeline(`${ONE}\nmodel -> score -> report`);
  const world = new FakeWorld({ raw: 'robin', old: 'egg' });
  obey(world, two);
  const files = ['a', 'b', 'c', 'd', 'e', 'f'];
  world.onCommand((command, { files: held }) => {
    if (command.env['AVIAN_STAGE'] !== ('train' as StageName)) return undefined;
    held.set('model', 'weights');
    return { code: 0, trace: trace(['old', 'raw', 'report', ...files]) };
  });
  await repro(world, two, { trace: true });
  t.match(warnings(world.events)[0], /declare: a, b, c, d, e, 2 more$/);
});
