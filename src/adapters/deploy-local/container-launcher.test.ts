import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildImage, type ImagePorts } from '../../commands/image.ts';
import { deploy, deploymentStatus, type DeployPorts } from '../../commands/deploy.ts';
import { rollback } from '../../commands/rollback.ts';
import { stopDeployment } from '../../commands/stop.ts';
import type { Deployment } from '../../model/deployment.ts';
import type { Problem } from '../../model/diagnostic.ts';
import { EMPTY_LOCK } from '../../model/lock.ts';
import { ok, type Result } from '../../model/result.ts';
import { deploymentContract } from '../../testing/contracts/deployment.contract.ts';
import { createOciImageStore } from '../oci/oci-image-store.ts';
import { openProjectFiles } from '../project-files/project-files.ts';
import { createContainerLauncher } from './container-launcher.ts';
import { createLocalDeployer } from './local-deployer.ts';

t.setTimeout(0);

/** Refuses to serve as root: an image names another user, and the container is to have it. */
const server = (answer: string): string => `
if (process.getuid() !== 65532) process.exit(4);
require('node:http')
  .createServer((_, response) => response.end('${answer} ' + process.env.K_REVISION))
  .listen(process.env.PORT, process.env.HOST);
process.on('SIGTERM', () => process.exit(0));
`;

const value = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const code = (result: Result<unknown, Problem>): string =>
  result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');

t.test('without an engine it says what to do', async (t) => {
  const root = t.testdir();
  const image = { kind: 'reference' as const, reference: `h/n@sha256:${'0'.repeat(64)}` };
  const settings = { image: '', health: '/', env: {} };
  const none = createContainerLauncher({ environment: { PATH: root }, engine: undefined });
  t.equal(code(await none.plan('web-00001', join(root, 'r'), image, settings)), 'deploy/no-engine');
  const named = createContainerLauncher({ environment: process.env, engine: 'no-such-engine' });
  const refused = await named.plan('web-00001', join(root, 'r'), image, settings);
  t.match(!refused.ok && refused.error, {
    diagnostics: [{ message: /no-such-engine/, hint: /--engine/ }],
  });
});

const podman = ((): string | false => {
  try {
    execFileSync('podman', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs podman: apt-get install -y --no-install-recommends podman runc conmon netavark skopeo';
  }
})();

t.test(
  'containers: deploy, again, another image, a sick one, back, stop',
  { skip: podman },
  async (t) => {
    // Short: podman's sockets lie in here.
    const storage = mkdtempSync(join(tmpdir(), 'avian-podman-'));
    // What a sandbox without cgroups and user namespaces needs is no business of the deployer.
    const engine = join(storage, 'engine');
    const podmanArgs = [
      ...['--root', join(storage, 'root'), '--runroot', join(storage, 'run')],
      ...['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'],
    ];
    writeFileSync(
      engine,
      `#!/bin/sh
verb=$1; shift
case $verb in run) set -- --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@";; esac
exec podman ${podmanArgs.join(' ')} "$verb" "$@"
`,
    );
    chmodSync(engine, 0o755);
    const podmanRun = (...args: string[]): string =>
      execFileSync('podman', [...podmanArgs, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const cleanUp = async (): Promise<void> => {
      for (const one of await deployer.names()) await deployer.stop(one, ports.signal);
      podmanRun('rm', '--all', '--force', '--time', '1');
      rmSync(storage, { recursive: true, force: true });
    };
    t.teardown(cleanUp);
    const root = t.testdir();
    const images = createOciImageStore({
      ...{ layers: join(root, 'layers'), nodeProgram: process.execPath, arch: process.arch },
    });
    const deployer = createLocalDeployer({
      directory: join(root, 'cache/v1/containers'),
      launcher: createContainerLauncher({ environment: process.env, engine }),
      nodeProgram: process.execPath,
      environment: process.env,
      kill: (pid, signal) => process.kill(pid, signal),
    });
    const recorded: Deployment[] = [];
    const ports: DeployPorts & ImagePorts = {
      deployers: { docker: deployer },
      lock: { read: async () => ok(EMPTY_LOCK) },
      images,
      engine: () => {
        throw new Error('bug: the image is built without an engine');
      },
      version: '0.0.0',
      nodeVersion: process.versions.node,
      runs: {
        recordDeployment: async (one) => void recorded.unshift(one),
        deployments: async (name) =>
          recorded.filter((one) => name === undefined || one.name === name),
      },
      workspace: { digest: async () => ok(undefined) },
      environment: { root, host: () => 'here', variable: () => undefined },
      files: openProjectFiles(root),
      signal: new AbortController().signal,
      notify: () => undefined,
    };
    const request = { cwd: root, image: 'image', name: 'web', target: 'docker', health: '/' };
    const holding = async (text: string): Promise<string> => {
      mkdirSync(join(root, 'service'), { recursive: true });
      writeFileSync(join(root, 'service/server.js'), text);
      const image = { cwd: root, output: 'image', copy: ['service:/app'], workdir: '/app' };
      value(await buildImage({ ...image, entrypoint: 'node server.js' }, ports));
      return 'image';
    };
    await deploymentContract(t, {
      target: 'docker',
      recorded,
      image: (answer) => holding(server(answer)),
      sickImage: () => holding('process.exit(3)'),
      deploy: (image) => deploy({ ...request, image }, ports),
      status: () => deploymentStatus({ target: 'docker' }, ports),
      rollback: () => rollback({ target: 'docker' }, ports),
    });
    t.equal(podmanRun('ps', '-q').trim().split('\n').length, 1, 'one container serves');

    value(await stopDeployment({ target: 'docker' }, ports));
    t.equal(podmanRun('ps', '-aq').trim(), '', 'no container is left');
  },
);
