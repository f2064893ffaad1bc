import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createUnpackingLauncher } from '../adapters/deploy-local/launcher.ts';
import { createLocalDeployer } from '../adapters/deploy-local/local-deployer.ts';
import {
  isRunning,
  readState,
  revisionFiles,
  type Identity,
  type SupervisorState,
} from '../adapters/deploy-local/records.ts';
import { openProjectFiles } from '../adapters/project-files/project-files.ts';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import type { Deployment } from '../model/deployment.ts';
import { EMPTY_LOCK } from '../model/lock.ts';
import { ok, type Result } from '../model/result.ts';
import type { RunLog } from '../ports/run-log.ts';
import { deploymentContract } from '../testing/contracts/deployment.contract.ts';
import { deploy, deploymentStatus, type DeployPorts } from './deploy.ts';
import { buildImage, type ImagePorts } from './image.ts';
import { rollback } from './rollback.ts';
import { stopDeployment } from './stop.ts';

/** A service with Cloud Run's contract, and doors for the tests. */
const SERVER = `
const { createServer } = require('node:http');
const { readFileSync } = require('node:fs');
const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(7);
  if (request.url === '/env') return response.end(JSON.stringify({ ...process.env, cwd: process.cwd() }));
  if (request.url === '/hang') return;
  response.statusCode = request.url === '/readyz' || request.url === '/' ? 200 : 404;
  setTimeout(() => response.end(readFileSync('model/answer.txt')), 5);
});
console.log('listening on', process.env.PORT);
server.listen(Number(process.env.PORT), process.env.HOST);
process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
`;

const NODE = process.execPath;
const WITH_NODE = { base: 'node', entrypoint: 'node server.js' };
/** One layer cache for all tests here: Node is packed once. */
const LAYERS = t.testdir({ layers: {} });

t.setTimeout(0);

interface Rig {
  readonly root: string;
  readonly ports: DeployPorts & ImagePorts;
  readonly recorded: Deployment[];
  readonly talk: string[];
  write(path: string, text: string): void;
  build(answer: string, more?: Partial<Parameters<typeof buildImage>[0]>): Promise<void>;
  state(): SupervisorState;
  text(path: string): Promise<string>;
}

/** A project in a temporary folder; whatever it deployed is ended afterwards, by pid. */
function rigFor(t: Test, folder?: string): Rig {
  // Before `testdir`: tap runs teardowns after the folder is removed when they come later.
  t.teardown(async () => {
    for (const one of await deployer.names()) await deployer.stop(one, ports.signal);
  });
  const root = folder ?? t.testdir();
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'server.js'), SERVER);
  writeFileSync(join(root, 'run'), `#!/bin/sh\nexec "${NODE}" server.js\n`, { mode: 0o755 });
  const cache = join(root, 'cache/v1');
  const images = createOciImageStore({
    layers: join(LAYERS, 'layers'),
    nodeProgram: NODE,
    arch: process.arch,
  });
  const services = join(cache, 'services');
  const kill = (pid: number, signal: NodeJS.Signals | 0): boolean => process.kill(pid, signal);
  const deployer = createLocalDeployer({
    directory: services,
    launcher: createUnpackingLauncher(images),
    nodeProgram: NODE,
    environment: {
      ...process.env,
      AVIAN_RUN: 'a-stage',
      SECRET: 'of the shell',
      NODE_OPTIONS: '--title=of-the-shell',
    },
    kill,
  });
  const recorded: Deployment[] = [];
  const talk: string[] = [];
  const runs: Pick<RunLog, 'recordDeployment' | 'deployments'> = {
    recordDeployment: async (one) => void recorded.unshift(one),
    deployments: async (only) => recorded.filter((one) => only === undefined || one.name === only),
  };
  const ports: DeployPorts & ImagePorts = {
    deployers: { local: deployer },
    lock: { read: async () => ok(EMPTY_LOCK) },
    images,
    runs,
    workspace: { digest: async () => ok(undefined) },
    environment: { root, host: () => 'here', variable: () => undefined },
    files: openProjectFiles(root),
    signal: new AbortController().signal,
    version: '0.1.0',
    nodeVersion: process.versions.node,
    engine: () => {
      throw new Error('no engine takes part');
    },
    notify: (message) => void talk.push(message),
  };
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const state = (): SupervisorState => readState(join(services, 'web'))!;
  return {
    root,
    ports,
    recorded,
    talk,
    write,
    state,
    async build(answer, more = {}) {
      write('model/answer.txt', answer);
      const built = await buildImage(
        {
          cwd: root,
          output: 'image',
          copy: ['server.js:/app/server.js', 'run:/app/run', 'model:/app/model'],
          workdir: '/app',
          // Without a layer of Node, which takes a second to unpack; one test has it.
          base: 'scratch',
          entrypoint: '/app/run',
          env: ['PORT=8080', 'MODEL=/app/model', 'MODE=image'],
          expose: ['8080'],
          ...more,
        },
        ports,
      );
      if (!built.ok) throw new Error(JSON.stringify(built.error));
    },
    async text(path) {
      return (await ask(`${state().live!.url}${path}`)).body;
    },
  };
}

/** One request on a connection of its own. */
const ask = (url: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    }).on('error', reject);
  });

const value = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const code = (result: Result<unknown, { diagnostics: readonly { code: string }[] }>): string =>
  result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (tries > 1500) throw new Error(`never: ${what}`);
    await sleep(10);
  }
}

t.test('deploy, deploy again, a changed image, rollback, stop', async (t) => {
  const rig = rigFor(t);
  const { ports, recorded } = rig;
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  const status = () => deploymentStatus({}, ports);
  t.equal(code(await status()), 'deploy/none');
  t.same(await stopDeployment({}, ports), { ok: true, value: [] });
  t.equal(code(await deploy(request, ports)), 'image/no-layout');

  await rig.build('one', WITH_NODE);
  const first = value(await deploy(request, ports));
  t.match(first, {
    kind: 'deployed',
    deployment: { name: 'web', target: 'local', revision: 'web-00001', host: 'here' },
  });
  const { url } = first.deployment;
  t.same(await ask(url), { status: 200, body: 'one' });
  t.same(recorded, [first.deployment]);
  t.same(value(await status()), { name: 'web', revision: 'web-00001', url });
  const environment = JSON.parse(await rig.text('/env')) as { [name: string]: string };
  const { root } = revisionFiles(join(rig.root, 'cache/v1/services/web'), 'web-00001');
  t.match(environment, {
    MODE: 'image',
    MODEL: join(root, 'app/model'),
    cwd: join(root, 'app'),
    K_REVISION: 'web-00001',
    K_SERVICE: 'web',
    HOST: '127.0.0.1',
  });
  for (const leak of ['AVIAN_RUN', 'SECRET']) t.notOk(leak in environment, leak);
  // Under tap every Node has options, but its own.
  t.notMatch(environment['NODE_OPTIONS'] ?? '', 'of-the-shell');
  t.ok(environment['PATH']?.startsWith(join(root, 'usr/local/bin')));

  const again = value(await deploy(request, ports));
  t.same(again, { kind: 'kept', deployment: first.deployment });
  t.equal(recorded.length, 1, 'nothing new to record');

  // Requests on connections of their own, all the while: none may fail.
  let asking = true;
  const answers: string[] = [];
  const clients = [1, 2].map(async () => {
    while (asking) {
      answers.push((await ask(url)).body);
      await sleep(2);
    }
  });
  await rig.build('two', WITH_NODE);
  const second = value(await deploy(request, ports));
  t.match(second.deployment, { revision: 'web-00002', url });
  t.equal((await ask(url)).body, 'two');
  const back = value(await rollback({}, ports));
  t.match(back, { from: 'web-00002', deployment: { revision: 'web-00001', url } });
  t.equal((await ask(url)).body, 'one');
  asking = false;
  await Promise.all(clients);
  t.same([...new Set(answers)].sort(), ['one', 'two']);
  t.comment(`${answers.length} requests during two exchanges, none failed`);
  t.equal(code(await rollback({}, ports)), 'deploy/no-earlier-revision');
  t.same(
    recorded.map((one) => one.revision),
    ['web-00001', 'web-00002', 'web-00001'],
  );
  t.equal(value(await status()).revision, 'web-00001');

  t.match(await deploy(request, ports), {
    value: { kind: 'deployed', deployment: { revision: 'web-00002', url } },
  });
  const changed = value(await deploy({ ...request, env: ['MODE=deploy'] }, ports));
  t.equal(changed.deployment.revision, 'web-00003', 'other settings are another revision');
  t.match(JSON.parse(await rig.text('/env')), { MODE: 'deploy' });

  const { supervisor, services } = rig.state();
  t.same(await stopDeployment({}, ports), { ok: true, value: [{ name: 'web', stopped: true }] });
  t.notOk([supervisor, ...services].some(isRunning), 'nothing is left running');
  await t.rejects(ask(url), 'nobody listens');
  t.equal(code(await status()), 'deploy/down');
  t.same(await stopDeployment({ name: 'web' }, ports), {
    ok: true,
    value: [{ name: 'web', stopped: false }],
  });
  const back2 = value(await deploy({ ...request, env: ['MODE=deploy'] }, ports));
  t.match(back2, { kind: 'deployed', deployment: { revision: 'web-00003', url } });
});

t.test('as every target does', async (t) => {
  const rig = rigFor(t);
  const { ports, recorded } = rig;
  const request = { cwd: rig.root, image: 'image', name: 'web', timeoutMs: 10_000 };
  const holding = async (body: string): Promise<string> => {
    rig.write('server.js', body);
    await rig.build('x');
    return 'image';
  };
  const server = (answer: string): string => `
    require('node:http')
      .createServer((_, response) => response.end('${answer} ' + process.env.K_REVISION))
      .listen(process.env.PORT, process.env.HOST);
    process.on('SIGTERM', () => process.exit(0));`;
  await deploymentContract(t, {
    target: 'local',
    recorded,
    image: (answer) => holding(server(answer)),
    sickImage: () => holding('process.exit(3)'),
    deploy: (image) => deploy({ ...request, image }, ports),
    status: () => deploymentStatus({}, ports),
    rollback: () => rollback({}, ports),
  });
});

t.test('a crash is restarted, a killed service too', async (t) => {
  const rig = rigFor(t);
  await rig.build('up');
  const { deployment } = value(
    await deploy({ cwd: rig.root, image: 'image', name: 'web' }, rig.ports),
  );
  await ask(`${deployment.url}/crash`).catch(() => undefined);
  await until('noticed', () => rig.state().live?.restarts === 1);
  // The proxy holds a request that comes before the service is back.
  t.same(await ask(deployment.url), { status: 200, body: 'up' });
  t.equal(rig.state().live?.restarts, 1);
  await until('running', () => rig.state().status === 'running');
  const { pid } = rig.state().live!;
  t.not(pid, deployment.pid);
  process.kill(pid, 'SIGKILL');
  await until(
    'restarted',
    () => rig.state().live?.restarts === 2 && rig.state().status === 'running',
  );
  t.equal((await ask(deployment.url)).body, 'up');
  t.match(await deploymentStatus({ name: 'web' }, rig.ports), { ok: true });
  t.match(value(await deploy({ cwd: rig.root, image: 'image', name: 'web' }, rig.ports)), {
    kind: 'kept',
  });
});

t.test('kill -9 of the supervisor: status says so, the next deploy recovers', async (t) => {
  const rig = rigFor(t);
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  await rig.build('up');
  const { deployment } = value(await deploy(request, rig.ports));
  const before = rig.state();
  process.kill(before.supervisor.pid, 'SIGKILL');
  await until('supervisor gone', () => !isRunning(before.supervisor));
  const status = await deploymentStatus({}, rig.ports);
  t.match(!status.ok && status.error.diagnostics[0], {
    code: 'deploy/down',
    message: `the supervisor of web (process ${before.supervisor.pid}) is not running`,
  });
  t.ok(before.services.every(isRunning), 'its service outlived it');
  const after = value(await deploy(request, rig.ports));
  t.match(after, { kind: 'deployed', deployment: { revision: 'web-00001', url: deployment.url } });
  t.notOk(before.services.some(isRunning), 'and was ended by the new supervisor');
  t.same(await ask(deployment.url), { status: 200, body: 'up' });
  t.match(await deploymentStatus({}, rig.ports), { ok: true });

  process.kill(rig.state().supervisor.pid, 'SIGKILL');
  await until('supervisor gone', () => !isRunning(rig.state().supervisor));
  const orphans = rig.state().services;
  t.ok(orphans.length > 0);
  t.match(await stopDeployment({ name: 'web' }, rig.ports), { value: [{ stopped: true }] });
  t.notOk(orphans.some(isRunning), 'stop ends what a killed supervisor left');
});

t.test('a revision that never becomes healthy leaves the old one in service', async (t) => {
  const rig = rigFor(t);
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  await rig.build('good');
  const { deployment } = value(await deploy(request, rig.ports));

  rig.write('server.js', `console.error('model is missing'); process.exitCode = 3;`);
  await rig.build('bad');
  const failed = await deploy(request, rig.ports);
  t.match(!failed.ok && failed.error, {
    kind: 'stage',
    diagnostics: [{ code: 'deploy/unhealthy', message: /exited with 3[\s\S]*model is missing/ }],
  });
  t.equal((await ask(deployment.url)).body, 'good');
  t.equal(value(await deploymentStatus({}, rig.ports)).revision, 'web-00001');
  t.equal(rig.recorded.length, 1);

  rig.write('server.js', SERVER.replace("=== '/readyz'", "=== '/other'"));
  await rig.build('sick');
  const late = await deploy({ ...request, timeoutMs: 300 }, rig.ports);
  t.match(!late.ok && late.error.diagnostics[0]?.message, /no 200 within 0.3 s/);
  t.equal((await ask(deployment.url)).body, 'good');

  // Even when nothing kept the good one there.
  process.kill(rig.state().supervisor.pid, 'SIGKILL');
  await until('supervisor gone', () => !isRunning(rig.state().supervisor));
  t.notOk((await deploy({ ...request, timeoutMs: 300 }, rig.ports)).ok);
  t.same(await ask(deployment.url), { status: 200, body: 'good' });
  t.ok(rig.talk.includes('starting web-00001 again'));

  rig.write('server.js', SERVER);
  await rig.build('fixed');
  t.equal(value(await deploy(request, rig.ports)).deployment.revision, 'web-00005');
  t.equal((await ask(deployment.url)).body, 'fixed');
});

t.test('a first deployment that fails leaves nothing running', async (t) => {
  const rig = rigFor(t);
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  await rig.build('x', {
    entrypoint: '/app/run absent.js',
    env: ['PORT=1', 'NODE_OPTIONS=--require ./absent.js'],
  });
  t.equal(code(await deploy(request, rig.ports)), 'deploy/unhealthy');
  const { supervisor } = rig.state();
  t.equal(code(await deploymentStatus({}, rig.ports)), 'deploy/down');
  // At once again, while the failed supervisor may still be on its way out.
  await rig.build('x');
  t.match(await deploy(request, rig.ports), { ok: true });
  t.notOk(isRunning(supervisor));
  await rig.build('x', { entrypoint: '/bin/none' });
  t.equal(code(await deploy(request, rig.ports)), 'deploy/no-program');
  await rig.build('x', { workdir: '/none' });
  t.equal(code(await deploy(request, rig.ports)), 'deploy/no-workdir');
  const rest = { output: 'image', copy: ['model:/m'] };
  value(await buildImage({ ...rest, base: 'scratch', cwd: rig.root }, rig.ports));
  t.equal(code(await deploy(request, rig.ports)), 'deploy/no-entrypoint');
});

t.test('a gate that does not hold leaves all as it is; a reason is kept', async (t) => {
  const rig = rigFor(t);
  await rig.build('x');
  rig.write('metrics.json', '{"accuracy": 0.8}');
  const gate = ['metrics.json:accuracy>=0.9'];
  const request = { cwd: rig.root, image: 'image', name: 'web', gate };
  const blocked = await deploy(request, rig.ports);
  t.match(!blocked.ok && blocked.error.diagnostics[0], {
    code: 'gate/failed',
    message: 'metrics.json: accuracy >= 0.9 does not hold: 0.8',
  });
  t.equal(code(await deploymentStatus({}, rig.ports)), 'deploy/none', 'nothing was touched');
  t.match(value(await deploy({ ...request, override: 'ticket 12' }, rig.ports)), {
    deployment: { override: 'ticket 12', gates: [{ actual: '0.8', passed: false }] },
  });
});

t.test('ports: a chosen one, a change of it, one that is taken', async (t) => {
  const rig = rigFor(t);
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  await rig.build('x');
  const first = value(await deploy(request, rig.ports)).deployment;
  const other = rigFor(t, join(rig.root, 'other'));
  await other.build('y');
  const taken = Number(new URL(first.url).port);
  const refused = await deploy(
    { cwd: other.root, image: 'image', name: 'web', port: taken },
    other.ports,
  );
  t.equal(code(refused), 'deploy/port-taken');
  t.equal((await ask(first.url)).body, 'x');
  const moved = value(
    await deploy({ cwd: other.root, image: 'image', name: 'web' }, other.ports),
  ).deployment;
  t.not(moved.url, first.url);
  value(await stopDeployment({}, rig.ports));
  const back = value(
    await deploy({ cwd: other.root, image: 'image', name: 'web', port: taken }, other.ports),
  );
  t.equal(back.deployment.url, first.url, 'an asked-for port moves the deployment');
  await t.rejects(ask(moved.url));
});

t.test('the supervisor ends by itself when its folder disappears', async (t) => {
  const rig = rigFor(t);
  await rig.build('x');
  value(await deploy({ cwd: rig.root, image: 'image', name: 'web' }, rig.ports));
  const { supervisor, services } = rig.state();
  const all: readonly Identity[] = [supervisor, ...services];
  t.equal(all.length, 2);
  rmSync(join(rig.root, 'cache'), { recursive: true });
  await until('all gone', () => !all.some(isRunning));
  t.notOk(existsSync(join(rig.root, 'cache')), 'and does not make it again');
});

t.test('two deploys at once: one waits, both end well', async (t) => {
  const rig = rigFor(t);
  await rig.build('x');
  const request = { cwd: rig.root, image: 'image', name: 'web' };
  const both = await Promise.all([deploy(request, rig.ports), deploy(request, rig.ports)]);
  t.same(both.map((one) => value(one).kind).sort(), ['deployed', 'kept']);
  t.ok(rig.talk.includes('waiting: another command is changing web'));
  const abort = AbortSignal.abort(new Error('enough'));
  const { deployers } = rig.ports;
  await deployers.local!.exclusively(
    'web',
    { signal: abort, onWait: () => undefined },
    async () => {
      await t.rejects(deploy(request, { ...rig.ports, signal: abort }), { message: 'enough' });
    },
  );
});

t.test('several deployments have to be named', async (t) => {
  const rig = rigFor(t);
  await rig.build('x');
  for (const name of ['web', 'api']) {
    value(await deploy({ cwd: rig.root, image: 'image', name }, rig.ports));
  }
  for (const verb of [stopDeployment, rollback, deploymentStatus]) {
    const refused = await verb({}, rig.ports);
    t.match(!refused.ok && refused.error, {
      kind: 'usage',
      diagnostics: [{ code: 'deploy/which', hint: 'name one of: api, web' }],
    });
    t.equal(code(await verb({ name: 'wob' }, rig.ports)), 'deploy/unknown');
    t.equal(code(await verb({ target: 'moon' }, rig.ports)), 'deploy/unknown-target');
  }
  value(await stopDeployment({ name: 'api' }, rig.ports));
  t.match(await stopDeployment({}, rig.ports), { value: [{ name: 'web', stopped: true }] });
});
