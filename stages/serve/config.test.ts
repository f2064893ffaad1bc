import t from 'tap';
import { describeConfig, readConfig } from './config.ts';

t.test('an empty environment gives the defaults', (t) => {
  t.match(readConfig({ PORT: '' }), {
    kind: 'ok',
    config: { host: '0.0.0.0', port: 8080, modelDir: 'model', maxPixels: 40_000_000 },
  });
  t.end();
});

t.test('variables are read; Cloud Run names the revision, REVISION wins', (t) => {
  const env = { PORT: '0', HOST: '127.0.0.1', MODEL_DIR: '/m', K_REVISION: 'birds-00007' };
  t.match(readConfig(env), {
    kind: 'ok',
    config: { port: 0, host: '127.0.0.1', modelDir: '/m', revision: 'birds-00007' },
  });
  t.match(readConfig(env), { config: { driftReference: '/m/drift.json' } });
  t.match(readConfig({ ...env, DRIFT_REFERENCE: '/d' }), { config: { driftReference: '/d' } });
  t.match(readConfig({ ...env, REVISION: 'mine' }), { config: { revision: 'mine' } });
  t.end();
});

t.test('all problems are told at once', (t) => {
  t.same(readConfig({ PORT: '99999', MAX_BATCH: '1.5', LOG_LEVEL: 'loud' }), {
    kind: 'wrong',
    problems: [
      'PORT=99999 is not a whole number from 0 to 65535',
      'MAX_BATCH=1.5 is not a whole number from 1 to 1024',
      'LOG_LEVEL=loud is none of debug, info, warn, error, silent',
    ],
  });
  t.end();
});

t.test('the help names every variable', (t) => {
  for (const name of ['PORT', 'HOST', 'MODEL_DIR', 'K_REVISION', 'DRAIN_DELAY_MS', 'LOG_LEVEL']) {
    t.match(describeConfig(), new RegExp(`\\b${name}\\b`));
  }
  t.end();
});
