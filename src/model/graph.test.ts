import t from 'tap';
import { buildGraph, edgeBetween, findCycle } from './graph.ts';
import type { RepoPath, StageName } from './names.ts';
import type { Stage } from './pipeline.ts';

const names = (...list: string[]): StageName[] => list as StageName[];
const path = (text: string): RepoPath => text as RepoPath;

/** One stage a line: `name: dep dep -> out out`. */
function stagesOf(picture: string): Stage[] {
  return picture
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', rest = ''] = line.trim().split(/:(.*)/);
      const [deps = '', outs = ''] = rest.split('->');
      return stage(name, words(deps), words(outs));
    });
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

function stage(name: string, deps: readonly string[], outs: readonly string[]): Stage {
  const span = { file: 'pipeline.yaml', line: 1, column: 1, length: 1 };
  return {
    name: name as StageName,
    cmd: ['true'],
    wdir: path('.'),
    deps: deps.map(path),
    params: [],
    outs: outs.map((out) => ({
      path: path(out),
      role: 'artifact',
      cache: true,
      push: true,
      persist: false,
      span,
    })),
    env: [],
    tools: [],
    resources: { cpu: 1, gpu: 0, memory: 0 },
    retry: { times: 0, delayMs: 0 },
    checkpoint: false,
    effect: false,
    executor: 'local',
    frozen: false,
    alwaysChanged: false,
    span,
  };
}

void t.test('order is declared order, each stage preceded by what it needs', (t) => {
  const graph = buildGraph(
    stagesOf(`
      deploy: model -> url
      fetch: -> raw
      report: -> report
      train: clean -> model
      clean: raw -> clean
    `),
  );
  t.same(graph.order, names('fetch', 'clean', 'train', 'deploy', 'report'));
  t.same(graph.producers.get('deploy' as StageName), names('train'));
  t.same(graph.consumers.get('fetch' as StageName), names('clean'));
  t.same(graph.producers.get('report' as StageName), []);
  t.same(graph.consumers.get('report' as StageName), []);
  t.equal(graph.stages.get('train' as StageName)?.deps[0], 'clean');
  t.end();
});

void t.test('a dep inside an out, and a dep directory with outs inside, are edges', (t) => {
  const graph = buildGraph(
    stagesOf(`
      a: -> data
      b: -> results/b.json
      c: -> results/deep/c.json
      inside: data/train/x.csv -> i
      around: results -> o
      beside: datasets resultsets -> p
    `),
  );
  t.same(graph.producers.get('inside' as StageName), names('a'));
  t.same(graph.producers.get('around' as StageName), names('b', 'c'));
  t.same(graph.producers.get('beside' as StageName), [], 'a common prefix is no common folder');
  t.equal(graph.producerOf(path('data/train/x.csv'))?.name, 'a');
  t.equal(graph.producerOf(path('data'))?.name, 'a');
  t.equal(graph.producerOf(path('results')), undefined);
  t.same(
    graph.producersOf(path('results')).map(({ name }) => name),
    ['b', 'c'],
  );
  t.same(
    graph.producersOf(path('.')).map(({ name }) => name),
    ['a', 'b', 'c', 'inside', 'around', 'beside'],
  );
  t.same(graph.producersOf(path('elsewhere')), []);
  t.end();
});

void t.test('a cycle is a closed path', (t) => {
  t.equal(findCycle(stagesOf('a: -> x\nb: x -> y')), undefined);
  t.same(findCycle(stagesOf('a: y -> x\nb: x -> y')), names('a', 'b', 'a'));
  t.same(
    findCycle(stagesOf('start: z -> s\na: y -> x\nb: x -> y\nc: y -> z')),
    names('b', 'a', 'b'),
    'without the stages that only lead to it',
  );
  t.same(findCycle(stagesOf('own: data -> data/out')), names('own', 'own'));
  t.throws(() => buildGraph(stagesOf('a: y -> x\nb: x -> y')), {
    message: /bug: cycle a -> b -> a/,
  });
  t.end();
});

void t.test('an edge names the dep and the out behind it', (t) => {
  const [a, b] = stagesOf('a: -> x data\nb: other data/part -> y');
  if (a === undefined || b === undefined) throw new Error('bug');
  t.same(edgeBetween(b, a), { dep: 'data/part', out: 'data' });
  t.equal(edgeBetween(a, b), undefined);
  t.end();
});

void t.test('a chain of ten thousand stages', (t) => {
  const chain = Array.from({ length: 10_000 }, (_, i) => stage(`s${i}`, [`o${i + 1}`], [`o${i}`]));
  t.equal(buildGraph(chain).order[0], 's9999');
  t.end();
});
