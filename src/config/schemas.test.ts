import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import t from 'tap';
import { formatLock } from '../adapters/lock-store/lock-text.ts';
import { parseRunRecord } from '../adapters/run-log/record-codec.ts';
import { isJsonObject } from '../model/json.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { StageFailure } from '../model/failure.ts';
import type { RunRecord } from '../model/run.ts';
import { attempt, digest, fingerprint, path, stage } from '../testing/samples.ts';
import { FULL_PIPELINE } from './fixtures/full.ts';
import { publishedPipelineSchema } from '../../scripts/published-pipeline-schema.ts';
import { PATTERNS } from './validate.ts';
import * as yaml from 'yaml';

const read = (name: string): JsonObject =>
  JSON.parse(
    readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8'),
  ) as JsonObject;

/** What the loader holds a pipeline to once its templates are resolved. */
const strict = JSON.parse(
  readFileSync(new URL('./pipeline.schema.json', import.meta.url), 'utf8'),
) as JsonObject;

const compile = (schema: JsonObject) =>
  new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** Every object schema below `value`, with the way to it. */
function* objectSchemas(value: JsonValue, at = ''): Generator<readonly [string, JsonObject]> {
  if (Array.isArray(value)) {
    for (const [i, item] of (value as readonly JsonValue[]).entries()) {
      yield* objectSchemas(item, `${at}/${i}`);
    }
  }
  if (!isJsonObject(value)) return;
  if (isJsonObject(value['properties'])) yield [at, value];
  for (const [key, inner] of Object.entries(value)) yield* objectSchemas(inner, `${at}/${key}`);
}

/** The schema with every object closed, so that a member it does not name is an error. */
const closed = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(closed);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([key, inner]) => [key, closed(inner)] as const);
  const isOpen = isJsonObject(value['properties']) && value['additionalProperties'] === undefined;
  return { ...Object.fromEntries(members), ...(isOpen && { additionalProperties: false }) };
};

const failures: { readonly [kind in StageFailure['kind']]: StageFailure & { kind: kind } } = {
  exited: { kind: 'exited', code: 1, tail: 'x' },
  signalled: { kind: 'signalled', signal: 'SIGKILL', tail: '' },
  'timed-out': { kind: 'timed-out', afterMs: 5 },
  'not-started': { kind: 'not-started', cause: 'x' },
  'dep-missing': { kind: 'dep-missing', path: path('a'), producer: stage('b') },
  'dep-unreadable': { kind: 'dep-unreadable', path: path('a'), cause: 'EIO' },
  'dep-changed-during-run': { kind: 'dep-changed-during-run', path: path('a') },
  'wrote-others-out': { kind: 'wrote-others-out', path: path('a'), owner: stage('b') },
  'out-missing': { kind: 'out-missing', path: path('a') },
  'out-refused': { kind: 'out-refused', path: path('a'), cause: 'x' },
  'restore-failed': { kind: 'restore-failed', path: path('a'), cause: 'x' },
  'not-fetched': { kind: 'not-fetched', path: path('a'), remote: 'lab', cause: 'x' },
  'metrics-unreadable': { kind: 'metrics-unreadable', path: path('a'), cause: 'x' },
  'probe-failed': { kind: 'probe-failed', message: 'x' },
  'gate-failed': {
    kind: 'gate-failed',
    failed: [
      { path: path('m'), gate: { metric: 'a', comparison: '>=', bound: 1 }, actual: 0.5 },
      { path: path('m'), gate: { metric: 'b', comparison: '<', bound: 1 }, actual: undefined },
    ],
  },
};

const run: Required<RunRecord> = {
  v: 1,
  stage: stage('train'),
  attempt: attempt(),
  fingerprint: fingerprint('aa'),
  input: {
    recipe: 1,
    cmd: ['x'],
    wdir: path('.'),
    deps: [{ path: path('d'), digest: digest('1'), executable: true }],
    params: { 'train.lr': 1 },
    outs: [path('model')],
    env: { A: 'b', C: null },
    tools: { node: '24', x: null },
  },
  outs: {
    model: { digest: digest('2'), size: 3, files: 1 },
    f: { digest: digest('3'), size: 0, executable: true },
  },
  ending: { kind: 'succeeded' },
  metrics: { 'm.json': { accuracy: 0.5 } },
  config: { train: { lr: 1 } },
  overrides: ['train.lr=1'],
  startedAt: '2026-11-20T12:00:00.123Z',
  durationMs: 1.5,
  log: { digest: digest('4'), size: 9 },
  probe: digest('5'),
  peakMemoryBytes: 1,
  adopted: 'commit',
  provenance: {
    avian: '0.1.0',
    commit: 'abc',
    dirty: false,
    host: 'h',
    user: 'u',
    platform: 'linux-x64',
    executor: 'local',
    facts: { backend: 'wasm' },
  },
};

void t.test('runs: the schema has every field of the type, and asks for no more', (t) => {
  const validate = compile(closed(read('run')) as JsonObject);
  const records: readonly RunRecord[] = [
    run,
    ...Object.values(failures).map((failure) => ({
      ...run,
      ending: { kind: 'failed' as const, failure },
    })),
  ];
  for (const record of records) {
    const value = JSON.parse(JSON.stringify(record)) as JsonObject;
    const name = JSON.stringify(value['ending']);
    t.ok(validate(value), `${name} ${JSON.stringify(validate.errors)}`);
    t.equal(parseRunRecord(JSON.stringify(value)).ok, true, 'and so does the reader');
  }
  const { log, probe, peakMemoryBytes, adopted, ...required } = run;
  t.ok(
    validate({ ...required }),
    `without ${[log, probe, peakMemoryBytes, adopted].length} optional ones`,
  );
  t.end();
});

void t.test('runs: schema and reader refuse the same', (t) => {
  const validate = compile(read('run'));
  const broken: readonly JsonObject[] = [
    ...Object.keys(run)
      .filter((key) => !['log', 'probe', 'peakMemoryBytes', 'adopted'].includes(key))
      .map((key) => ({ ...run, [key]: undefined }) as unknown as JsonObject),
    { ...run, v: 2 } as unknown as JsonObject,
    { ...run, outs: { '/etc/passwd': run.outs['model'] } } as unknown as JsonObject,
    { ...run, fingerprint: 'f1:00' } as unknown as JsonObject,
    { ...run, startedAt: 'yesterday' } as unknown as JsonObject,
    { ...run, ending: { kind: 'failed', failure: { kind: 'bored' } } } as unknown as JsonObject,
    { ...run, metrics: { 'm.json': { a: '1' } } } as unknown as JsonObject,
    { ...run, adopted: 'yes' } as unknown as JsonObject,
  ];
  for (const value of broken.map((record) => JSON.parse(JSON.stringify(record)) as JsonObject)) {
    t.equal(validate(value), false);
    t.equal(parseRunRecord(JSON.stringify(value)).ok, false);
  }
  t.ok(validate(JSON.parse(JSON.stringify({ ...run, later: 1 }))), 'unknown members are kept');
  t.end();
});

void t.test('the lock as it is written', (t) => {
  const validate = compile(read('lock'));
  const lock = {
    version: 1,
    sources: {
      raw: { digest: digest('1'), size: 1, files: 2 },
      fetched: {
        ...{ digest: digest('2'), size: 1 },
        from: { url: 'https://a.example/x', etag: '"v1"', modified: 'today', size: 1 },
      },
    },
    stages: { train: { fingerprint: fingerprint('a'), outs: run.outs } },
  } as const;
  t.ok(validate(JSON.parse(formatLock(lock))), JSON.stringify(validate.errors));
  const contested = {
    version: 1,
    sources: { raw: { ...lock.sources.raw, conflict: [lock.sources.fetched] } },
    stages: { train: { ...lock.stages.train, conflict: [lock.stages.train] } },
  } as const;
  t.ok(validate(JSON.parse(formatLock(contested))), JSON.stringify(validate.errors));
  t.notOk(validate({ ...lock, stages: { train: { ...lock.stages.train, conflict: [] } } }));
  t.notOk(validate({ ...lock, version: 2 }));
  t.notOk(validate({ ...lock, at: 'noon' }));
  t.notOk(validate({ ...lock, stages: { train: { outs: {} } } }));
  t.end();
});

void t.test('pipeline: the fixture says every field of the schema, once each is described', (t) => {
  const schema = strict;
  const validate = compile(schema);
  t.ok(validate(yaml.parse(FULL_PIPELINE)), JSON.stringify(validate.errors));

  for (const [at, { properties }] of objectSchemas(schema)) {
    for (const [field, about] of Object.entries(properties as JsonObject)) {
      t.match(FULL_PIPELINE, new RegExp(`\\b${field}:`), `${at} ${field}`);
      const reference = isJsonObject(about) ? about['$ref'] : undefined;
      const [, , name = ''] = typeof reference === 'string' ? reference.split('/') : [];
      const described = name === '' ? about : (schema['definitions'] as JsonObject)[name];
      t.type(isJsonObject(described) && described['description'], 'string', `${at} ${field}`);
    }
  }
  t.end();
});

void t.test('pipeline: every pattern of values has words, and no words are left over', (t) => {
  const patterns = new Set<string>();
  const visit = (value: JsonValue, key: string): void => {
    if (typeof value === 'string' && key === 'pattern') patterns.add(value);
    if (Array.isArray(value)) value.forEach((item: JsonValue) => visit(item, ''));
    if (!isJsonObject(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name !== 'propertyNames') visit(inner, name);
    }
  };
  visit(strict, '');
  t.same([...patterns].sort(), Object.keys(PATTERNS).sort());
  t.end();
});

void t.test('pipeline: the published schema is made from the one of resolved pipelines', (t) => {
  t.same(read('pipeline'), publishedPipelineSchema(strict), '`npm run build` writes it');
  t.end();
});

void t.test('pipeline: editors take templates and groups, and nothing else that is wrong', (t) => {
  const validate = compile(read('pipeline'));
  const takes = (text: string, is: boolean): void => {
    t.equal(validate(yaml.parse(text)), is, `${text} ${JSON.stringify(validate.errors)}`);
  };
  t.ok(validate(yaml.parse(FULL_PIPELINE)), JSON.stringify(validate.errors));
  const withFields = (fields: string): string => `stages: {s: {cmd: x, ${fields}}}`;
  for (const fields of [
    "deps: '${list}', outs: ['${x}', {'${x}': {cache: '${flag}'}}]",
    "timeout: '${t}', resources: {cpu: '${n}', memory: '${m}'}, retry: '${n}'",
    "frozen: '${f}', env: {'${n}': '${v}'}, tools: ['${t}'], meta: {a: '${b}'}",
    "metrics: [m.json: {gate: {a: '${g}'}, direction: '${d}'}]",
    "vars: [a.yaml, 'b.yaml:x', {c: 1}], matrix: {m: [1], n: '${list}'}",
    "matrix: '${grid}'",
  ]) {
    takes(withFields(fields), true);
  }
  takes('vars: [x]\nstages: {s: {foreach: [1], do: {cmd: x}}}', true);
  takes("stages: {s: {foreach: '${l}', do: {cmd: x, vars: [v]}}}", true);
  for (const fields of [
    ...['timeout: soon', 'frozen: maybe', 'resources: {cpu: two}', 'tiemout: 1', 'deps: x'],
    ...['vars: {a: 1}', 'matrix: {m: 1}', 'foreach: [1]', 'do: {cmd: x}', 'matrix: {}'],
  ]) {
    takes(withFields(fields), false);
  }
  takes('stages: {s: {foreach: [1], do: {cmd: x}, deps: [a]}}', false);
  takes('stages: {s: {foreach: [1], do: {cmd: x, matrix: {m: [1]}}}}', false);
  takes('stages: {s: {foreach: 1, do: {cmd: x}}}', false);
  t.end();
});
