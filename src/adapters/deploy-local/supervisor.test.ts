import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import {
  files,
  isRunning,
  readState,
  revisionFiles,
  writeRecord,
  type Desired,
  type RevisionRecord,
  type SupervisorState,
} from './records.ts';
import { Supervisor, type Timings } from './supervisor.ts';

t.setTimeout(0);

/** `mode` decides how it behaves; what it answers is the revision. */
const SERVER = `
const mode = process.argv[2];
if (mode === 'exits') process.exit(4);
const server = require('node:http').createServer((request, response) => {
  if (request.url === '/crash') process.exit(9);
  if (request.url === '/slow') return setTimeout(() => response.end('slow'), 300);
  response.statusCode = mode === 'sick' ? 503 : 200;
  response.end(process.env.K_REVISION);
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.on('SIGTERM', () => { if (mode !== 'deaf') server.close(() => process.exit(0)); });
`;

interface Rig {
  readonly supervisor: Supervisor;
  readonly running: Promise<void>;
  want(wanted: Desired['wanted']): void;
  state(): SupervisorState;
  settled(): Promise<SupervisorState>;
}

/** The supervisor inside this very process, with short pauses. */
function supervise(
  t: Test,
  revisions: { readonly [revision: string]: string },
  wanted: Desired['wanted'],
  timings: Partial<Timings> = {},
): Rig {
  // Before `testdir`: tap runs teardowns after the folder is removed when they come later.
  const over: { stop?: () => Promise<void> } = {};
  t.teardown(() => over.stop?.());
  const directory = join(t.testdir({ 'server.cjs': SERVER }), 'web');
  for (const [revision, mode] of Object.entries(revisions)) {
    const { root, record } = revisionFiles(directory, revision);
    mkdirSync(root, { recursive: true });
    const value: RevisionRecord = {
      v: 1,
      revision,
      settings: { image: `sha256:${mode}`, health: '/readyz', env: {} },
      argv: [
        mode === 'absent' ? '/none' : process.execPath,
        join(directory, '../server.cjs'),
        mode,
      ],
      cwd: root,
      env: {},
      path: [],
    };
    writeRecord(record, value);
  }
  let generation = 0;
  const want = (next: Desired['wanted']): void => {
    generation += 1;
    writeRecord(files(directory).desired, { v: 1, generation, wanted: next });
  };
  want(wanted);
  const supervisor = new Supervisor({
    directory,
    name: 'web',
    pid: process.pid,
    environment: {},
    kill: (pid, signal) => process.kill(pid, signal),
    timings: { watchMs: 10, backoffMs: 5, drainMs: 2000, graceMs: 500, ...timings },
  });
  const running = supervisor.run();
  over.stop = async () => {
    supervisor.stop();
    await running;
  };
  const state = (): SupervisorState => readState(directory)!;
  return {
    supervisor,
    running,
    want,
    state,
    async settled() {
      while (readState(directory)?.generation !== generation) await sleep(2);
      return state();
    },
  };
}

const serve = (revision: string, timeoutMs = 60_000): Desired['wanted'] => ({
  kind: 'serve',
  revision,
  timeoutMs,
});

const ask = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });

t.test('serves, exchanges without losing a request under way, drains, stops', async (t) => {
  const rig = supervise(t, { 'web-00001': 'good', 'web-00002': 'good' }, serve('web-00001'));
  const first = await rig.settled();
  t.match(first, { status: 'running', live: { revision: 'web-00001', restarts: 0 } });
  const { url } = first.live!;
  t.equal(await ask(url), 'web-00001');
  const slow = ask(`${url}/slow`);
  await sleep(50);
  rig.want(serve('web-00002'));
  rig.supervisor.look();
  const second = await rig.settled();
  t.match(second, { live: { revision: 'web-00002', url } });
  t.equal(await ask(url), 'web-00002');
  t.equal(await slow, 'slow', 'finished by the old one');
  while (rig.state().services.length > 1) await sleep(2);
  rig.want({ kind: 'stop' });
  await rig.running;
  t.match(rig.state(), { status: 'stopped', services: [], generation: 3 });
  await t.rejects(ask(url));
});

t.test('a service that ignores SIGTERM is killed', async (t) => {
  const rig = supervise(t, { 'web-00001': 'deaf' }, serve('web-00001'), { graceMs: 50 });
  const { services } = await rig.settled();
  t.ok(services.every(isRunning));
  rig.supervisor.stop();
  await rig.running;
  t.notOk(services.some(isRunning));
});

t.test('crashes in a row are restarted at growing pauses', async (t) => {
  const rig = supervise(t, { 'web-00001': 'good' }, serve('web-00001'));
  const { live } = await rig.settled();
  for (let crash = 1; crash <= 3; crash += 1) {
    await ask(`${live!.url}/crash`).catch(() => undefined);
    // Until the process is gone, its listening socket may still take a connection and reset it.
    while (rig.state().live?.restarts !== crash) await sleep(2);
    t.equal(await ask(live!.url), 'web-00001');
    while (rig.state().status !== 'running') await sleep(2);
  }
  t.equal(rig.state().live?.startedAt, live?.startedAt, 'live since the same time');
});

t.test('what fails leaves what served', async (t) => {
  const revisions = {
    'web-00001': 'good',
    'web-00002': 'exits',
    'web-00003': 'sick',
    'web-00004': 'absent',
  };
  const rig = supervise(t, revisions, serve('web-00001'));
  const { url } = (await rig.settled()).live!;
  for (const [revision, timeoutMs, message] of [
    ['web-00002', 60_000, /^it exited with 4/],
    ['web-00003', 400, /no 200 within 0.4 s$/],
    ['web-00004', 60_000, /^it could not start: .*ENOENT/],
    ['web-00009', 60_000, /^web-00009 is not there/],
  ] as const) {
    rig.want(serve(revision, timeoutMs));
    t.match(await rig.settled(), { failure: { message }, live: { revision: 'web-00001' } });
    t.equal(await ask(url), 'web-00001');
  }
  rig.want(serve('web-00001'));
  t.equal((await rig.settled()).failure, undefined, 'a later success clears the failure');
});

t.test('with nothing to serve it ends, and says why', async (t) => {
  const rig = supervise(t, { 'web-00001': 'exits' }, serve('web-00001'));
  await rig.running;
  t.match(rig.state(), { status: 'failed', services: [], failure: { code: 'deploy/unhealthy' } });
});

t.test('something newer ends the wait for something older', async (t) => {
  const rig = supervise(
    t,
    { 'web-00001': 'sick', 'web-00002': 'good' },
    serve('web-00001', 3_600_000),
  );
  while (rig.state().services.length === 0) await sleep(2);
  rig.want(serve('web-00002'));
  t.match(await rig.settled(), { live: { revision: 'web-00002' } });
});

t.test('a folder that disappears ends it', async (t) => {
  const rig = supervise(t, { 'web-00001': 'good' }, serve('web-00001'));
  const { services } = await rig.settled();
  rmSync(join(t.testdirName, 'web'), { recursive: true });
  await rig.running;
  t.notOk(services.some(isRunning));
});

t.test('a torn or foreign state file counts as none', (t) => {
  const directory = t.testdir({});
  for (const text of ['', '{', '[]', '{"v":2}', '{"v":1,"generation":1,"services":[{"pid":1}]}']) {
    writeFileSync(files(directory).state, text);
    t.equal(readState(directory), undefined);
  }
  t.end();
});
