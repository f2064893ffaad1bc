import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ImageConfig, ProcessConfig } from '../../ports/image-store.ts';
import { planLaunch } from './launch.ts';

const settings = {
  image: 'sha256:0',
  health: '/readyz',
  env: { MODE: 'deploy', DATA: '/app/data' },
};
const imageOf = (config: ProcessConfig): ImageConfig => ({
  architecture: 'amd64',
  os: 'linux',
  config,
  rootfs: { type: 'layers', diff_ids: [] },
});

t.test('paths of the image become paths of this machine', async (t) => {
  const root = t.testdir({
    usr: { local: { bin: { tool: '#!/bin/sh' } } },
    app: { 'server.js': '', data: {}, run: '#!/bin/sh', note: 'plain' },
  });
  chmodSync(join(root, 'usr/local/bin/tool'), 0o755);
  chmodSync(join(root, 'app/run'), 0o755);
  symlinkSync('/etc', join(root, 'outside'));
  const launch = (config: ProcessConfig) =>
    planLaunch('web-00001', root, imageOf(config), settings);
  t.same(
    await launch({
      Entrypoint: ['tool', '/app/server.js', '/nowhere', '/', '--at=/app'],
      Cmd: ['/app/data'],
      WorkingDir: '/app',
      Env: [
        'PATH=/usr/local/bin:/none:relative',
        'MODE=image',
        'MODEL=/app/data',
        'URL=http://x/y=z',
      ],
    }),
    {
      ok: true,
      value: {
        v: 1,
        revision: 'web-00001',
        settings,
        argv: [
          join(root, 'usr/local/bin/tool'),
          join(root, 'app/server.js'),
          '/nowhere',
          '/',
          '--at=/app',
          join(root, 'app/data'),
        ],
        cwd: join(root, 'app'),
        env: {
          MODE: 'deploy',
          MODEL: join(root, 'app/data'),
          URL: 'http://x/y=z',
          DATA: join(root, 'app/data'),
        },
        path: [join(root, 'usr/local/bin')],
      },
    },
  );
  t.match(await launch({ Cmd: ['./run'], WorkingDir: '/app' }), {
    value: { argv: [join(root, 'app/run')] },
  });
  for (const [config, code] of [
    [{}, 'deploy/no-entrypoint'],
    [{ Cmd: ['absent'] }, 'deploy/no-program'],
    [{ Cmd: ['/app/note'] }, 'deploy/no-program'],
    [{ Cmd: ['/app'] }, 'deploy/no-program'],
    [{ Cmd: ['/app/../../../bin/sh'] }, 'deploy/no-program'],
    [{ Cmd: ['/outside/../bin/sh'] }, 'deploy/no-program'],
    [{ Cmd: ['tool'], WorkingDir: '/app/note' }, 'deploy/no-workdir'],
    [{ Cmd: ['tool'], WorkingDir: '/outside' }, 'deploy/no-workdir'],
  ] as const) {
    t.match(await launch(config), { error: { diagnostics: [{ code }] } }, JSON.stringify(config));
  }
});
