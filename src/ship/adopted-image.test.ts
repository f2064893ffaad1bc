import t from 'tap';
import type { JsonObject } from '../model/json.ts';
import type { Layer, OciDigest, StoredImage } from '../ports/image-store.ts';
import { adoptedConfig } from './adopted-image.ts';

const digestOf = (letter: string): OciDigest => `sha256:${letter.repeat(64)}`;
const layer = (letter: string): Layer => ({
  descriptor: { mediaType: 'x', digest: digestOf(letter), size: 1 },
  diffId: digestOf(letter),
  cached: false,
});
const ORIGIN = { created: '1970-01-01T00:00:00Z', labels: [['team', 'birds']] } as const;

/** As buildah and docker write it. */
const CONFIG: JsonObject = {
  created: '2026-11-26T02:00:00Z',
  docker_version: '20.10',
  container: 'ab',
  architecture: 'arm64',
  variant: 'v8',
  os: 'linux',
  config: {
    Hostname: 'here',
    Env: ['PATH=/bin', 'A=1'],
    Cmd: null,
    Volumes: {},
    WorkingDir: '',
    User: '65532',
    Healthcheck: { Test: ['CMD', 'true'] },
    Labels: { 'io.buildah.version': '1.28', team: 'old', kept: 'yes' },
  },
  history: [
    { created: '2026-11-26T02:00:00Z', created_by: 'base' },
    { created: '2026-11-26T02:00:00Z', created_by: `COPY dir:${'0'.repeat(64)} in /app ` },
    { created: '2026-11-26T02:00:00Z', created_by: 'ENV A=1', empty_layer: true },
    { created: '2026-11-26T02:00:00Z', created_by: 'WORKDIR /app' },
  ],
};

t.test('nothing of when, where and by what it was built', (t) => {
  const adopted = { config: CONFIG, layers: [layer('a'), layer('b'), undefined] };
  t.same(adoptedConfig(adopted, ORIGIN, undefined), {
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    created: ORIGIN.created,
    config: {
      User: '65532',
      Healthcheck: { Test: ['CMD', 'true'] },
      Env: ['A=1', 'PATH=/bin'],
      Labels: { team: 'birds', kept: 'yes' },
    },
    rootfs: { type: 'layers', diff_ids: [digestOf('a'), digestOf('b')] },
    history: [
      { created: ORIGIN.created, created_by: 'base' },
      { created: ORIGIN.created, created_by: 'COPY /app ' },
      { created: ORIGIN.created, created_by: 'ENV A=1', empty_layer: true },
      { created: ORIGIN.created, created_by: 'WORKDIR /app', empty_layer: true },
    ],
  });
  t.end();
});

t.test('layers of a known base are named, not taken over', (t) => {
  const base = {
    config: { rootfs: { type: 'layers', diff_ids: [digestOf('0')] } },
  } as unknown as StoredImage;
  const { rootfs, history = [] } = adoptedConfig(
    { config: CONFIG, layers: [undefined, layer('b'), layer('c')] },
    ORIGIN,
    base,
  );
  t.same(rootfs.diff_ids, [digestOf('0'), digestOf('b'), digestOf('c')]);
  t.equal(
    history.filter((step) => step['empty_layer'] !== true).length,
    3,
    'a step for each layer',
  );
  t.end();
});

t.test('an engine that says nothing', (t) => {
  t.match(adoptedConfig({ config: {}, layers: [] }, { ...ORIGIN, labels: [] }, undefined), {
    os: 'linux',
    config: { Labels: undefined },
    history: [],
  });
  t.end();
});
