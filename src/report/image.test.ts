import t from 'tap';
import type { ImageContents, PushedImage } from '../model/image-views.ts';
import {
  builtJson,
  builtText,
  contentsJson,
  contentsText,
  pushedJson,
  pushedText,
} from './image.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: false });
const digest = `sha256:${'a'.repeat(64)}` as const;

t.test('a build', (t) => {
  const built = {
    directory: '/project/image',
    digest,
    size: 58_000_000,
    ownSize: 9_500_000,
    labels: [['team', 'birds']],
    layers: [
      { from: 'base node', digest, size: 48_500_000, cached: true },
      { from: 'model', digest, size: 200_000, cached: false },
    ],
  } as const;
  t.equal(
    builtText(built, style),
    [
      '  base node  46 MiB (cached)',
      '  model  195 KiB',
      `${digest}  55 MiB compressed, 9.1 MiB above the base`,
      '',
    ].join('\n'),
  );
  t.match(builtJson(built), { v: 1, digest, ownSize: 9_500_000, labels: { team: 'birds' } });
  t.end();
});

const CONTENTS: ImageContents = {
  directory: '/project/image',
  digest,
  annotations: { team: 'birds' },
  config: {
    config: {
      Entrypoint: ['node', 'server.js'],
      Cmd: ['--quiet'],
      WorkingDir: '/app',
      User: '65532:65532',
      Healthcheck: { Test: ['CMD', 'node', 'check.js'] },
      Labels: { team: 'birds' },
    },
  },
  layers: [
    {
      digest,
      size: 2048,
      createdBy: 'avian image build --copy /app',
      entries: [
        { path: 'app', kind: 'directory', size: 0, mode: 0o755 },
        { path: 'app/server.js', kind: 'file', size: 512, mode: 0o644 },
      ],
    },
  ],
  bill: {
    components: [
      { type: 'library', name: 'wing', version: '2.0.0', licenses: [{ expression: 'MIT' }] },
      { type: 'library', name: 'beak', licenses: [{ license: { name: 'see there' } }] },
      { type: 'file', name: '/lib/libc.so.6' },
    ],
  },
};

t.test('what is inside', (t) => {
  t.equal(
    contentsText(CONTENTS, style),
    [
      digest,
      'entrypoint  node server.js --quiet',
      'workdir     /app',
      'user        65532:65532',
      'health      node check.js',
      'label       team=birds',
      '2.0 KiB  avian image build --copy /app',
      '    app/server.js  512 B',
      '3 components in the bill of materials',
      '    wing  2.0.0  library  MIT',
      '    beak  library  see there',
      '    /lib/libc.so.6  file',
      '',
    ].join('\n'),
  );
  t.match(contentsJson(CONTENTS), {
    v: 1,
    annotations: { team: 'birds' },
    layers: [{ entries: [{ path: 'app' }, { mode: 0o644 }] }],
    bill: { components: [{}, {}, {}] },
  });
  t.end();
});

t.test('an image of somebody else says little', (t) => {
  const { bill: _, ...bare } = CONTENTS;
  t.equal(
    contentsText({ ...bare, config: {}, layers: [] }, style),
    [
      digest,
      'entrypoint  ',
      'workdir     /',
      'user        root',
      'no bill of materials is attached',
      '',
    ].join('\n'),
  );
  t.match(contentsJson(bare), { bill: null });
  t.end();
});

t.test('a push ends with what a deployment is given', (t) => {
  const pushed: PushedImage = {
    reference: `registry.example/birds@${digest}`,
    registry: 'registry.example',
    repository: 'birds',
    digest,
    size: 2048,
    sent: 1024,
    attached: [digest],
    labels: {},
  };
  t.equal(pushedText(pushed, style), `1.0 KiB of 2.0 KiB sent\nregistry.example/birds@${digest}\n`);
  t.match(pushedJson(pushed), { v: 1, reference: pushed.reference, tag: null });
  t.match(pushedJson({ ...pushed, tag: 'v1' }), { tag: 'v1' });
  t.end();
});
