import t from 'tap';
import type { StageName } from '../model/names.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { pipeline, repro } from '../testing/pipelines.ts';

/*
 * Random pipelines and random edits against a model small enough to trust: a stage runs exactly
 * when its name has never before been run with these contents and this parameter.
 */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
t.comment(`SEED=${seed}`);

/** mulberry32 */
function createRandom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

interface Node {
  readonly name: string;
  readonly deps: readonly string[];
  /** Writes the same whatever it reads: what is behind it must not run. */
  readonly deaf: boolean;
}

function randomPipeline(random: (below: number) => number): readonly Node[] {
  const paths = ['raw0', 'raw1', 'raw2'];
  return Array.from({ length: 1 + random(7) }, (_, index): Node => {
    const deps = paths.filter(() => random(3) === 0);
    paths.push(`out${index}`);
    return { name: `s${index}`, deps, deaf: random(4) === 0 };
  });
}

const contentOf = (node: Node, value: number, read: (path: string) => string): string =>
  node.deaf ? `${node.name} deaf` : `${node.name}:${value}(${node.deps.map(read).join()})`;

t.test('what ran is what had to run', async (t) => {
  const random = createRandom(seed);
  for (let round = 0; round < 60; round += 1) {
    const nodes = randomPipeline(random);
    const world = new FakeWorld({ raw0: 'a', raw1: 'a', raw2: 'a' });
    const values = new Map(nodes.map(({ name }) => [name, 0]));
    const everRun = new Set<string>();
    let ran: string[] = [];

    const picture = nodes
      .map(({ name, deps }) => `${deps.join(',')} -> ${name} -> out${name.slice(1)}`)
      .join('\n');
    world.onCommand((command, { files }) => {
      const node = nodes.find(({ name }) => name === command.env['AVIAN_STAGE']);
      if (node === undefined) return undefined;
      ran.push(node.name);
      const value = values.get(node.name) ?? 0;
      files.set(
        `out${node.name.slice(1)}`,
        contentOf(node, value, (path) => files.get(path) ?? ''),
      );
      return { code: 0 };
    });

    for (let step = 0; step < 8; step += 1) {
      edit(random, world, nodes, values);
      const expected = model(nodes, values, world, everRun);
      ran = [];
      const workload = pipeline(
        picture,
        Object.fromEntries([...values].map(([name, value]) => [name, { values: { value } }])),
      );
      const outcomes = await repro(world, workload);
      const context = { seed, round, step, picture };
      t.same(ran.toSorted(), expected.ran.toSorted(), 'ran', context);
      for (const [path, text] of expected.files) {
        t.equal(world.files.get(path), text, path, context);
      }
      t.notOk(
        [...outcomes.values()].some(({ kind }) => kind === 'failed'),
        'no failure',
        context,
      );
      const again = await repro(world, workload);
      t.ok(
        nodes.every(({ name }) => again.get(name as StageName)?.kind === 'skipped'),
        'then nothing',
        context,
      );
    }
  }
});

/** One change as a person makes it: to a source, a parameter, or an out that is lost or trampled. */
function edit(
  random: (below: number) => number,
  world: FakeWorld,
  nodes: readonly Node[],
  values: Map<string, number>,
): void {
  const node = nodes[random(nodes.length)];
  if (node === undefined) return;
  const kind = random(4);
  if (kind === 0) world.files.set(`raw${random(3)}`, 'abc'.charAt(random(3)));
  if (kind === 1) values.set(node.name, random(3));
  if (kind === 2) world.files.delete(`out${node.name.slice(1)}`);
  if (kind === 3) world.files.set(`out${node.name.slice(1)}`, 'trampled');
}

/** The whole of the theory: contents by path, and which stages were never run with what they read. */
function model(
  nodes: readonly Node[],
  values: ReadonlyMap<string, number>,
  world: FakeWorld,
  everRun: Set<string>,
): { readonly ran: readonly string[]; readonly files: ReadonlyMap<string, string> } {
  const files = new Map(
    ['raw0', 'raw1', 'raw2'].map((path) => [path, world.files.get(path) ?? '']),
  );
  const ran: string[] = [];
  for (const node of nodes) {
    const value = values.get(node.name) ?? 0;
    const key = JSON.stringify([node.name, value, node.deps.map((path) => files.get(path))]);
    if (!everRun.has(key)) ran.push(node.name);
    everRun.add(key);
    files.set(
      `out${node.name.slice(1)}`,
      contentOf(node, value, (path) => files.get(path) ?? ''),
    );
  }
  return { ran, files };
}
