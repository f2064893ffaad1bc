import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContainerLauncher } from '../adapters/deploy-local/container-launcher.ts';
import { createUnpackingLauncher } from '../adapters/deploy-local/launcher.ts';
import { createLocalDeployer } from '../adapters/deploy-local/local-deployer.ts';
import { createImageEngine } from '../adapters/image-engine/image-engine.ts';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import { createHttpProber } from '../adapters/prober/http-prober.ts';
import { openRegistries } from '../adapters/registry/registry.ts';
import type { PushPorts } from '../commands/image-push.ts';
import type { RolloutCommandPorts } from '../commands/rollout.ts';
import type { ImagePorts } from '../commands/image.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import { withProject } from './compose.ts';
import type { ExitStatus } from './exit-status.ts';
import { findRoot } from './find-root.ts';
import type { Io } from './io.ts';
import { startTalk } from './steady-talk.ts';
import { VERSION } from './version.ts';

const kill = (pid: number, signal: NodeJS.Signals | 0): boolean => process.kill(pid, signal);

/** Images need no project: outside of one, layers are cached in the working directory. */
export function openImages(
  io: Io,
  notify = (message: string): void => {
    io.stderr(`${message}\n`);
  },
): Omit<ImagePorts, 'project'> {
  const cache = join(findRoot(io.cwd) ?? io.cwd, 'cache/v1');
  return {
    images: createOciImageStore({
      layers: join(cache, 'layers'),
      nodeProgram: process.execPath,
      arch: process.arch,
    }),
    engine: (engine) =>
      createImageEngine({
        engine,
        env: io.env,
        temporary: io.env['TMPDIR'] ?? tmpdir(),
        onLine: notify,
        signal: io.signal,
      }),
    version: VERSION,
    nodeVersion: process.versions.node,
    environment: { variable: (name) => io.env[name] },
    notify,
  };
}

/** Registries, with docker's and Google's credentials; avian keeps none. */
export const openPush = (io: Io): Omit<PushPorts, 'onSent'> => ({
  images: openImages(io).images,
  openRepository: openRegistries({ env: io.env, home: io.env['HOME'] ?? homedir() }),
  signal: io.signal,
});

/** In a project an image is labelled with where it comes from. */
export async function withImageProject(
  io: Io,
  work: (ports: ImagePorts) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const talk = startTalk(io);
  const images = openImages(io, talk.say);
  try {
    if (findRoot(io.cwd) === undefined) return await work(images);
    return await withProject(
      io,
      () => undefined,
      ({ ports: { workspace, runs, environment, hash }, files }) =>
        work({ ...images, project: { workspace, runs, environment, files, hash } }),
    );
  } finally {
    talk.stop();
  }
}

/** The project's deployments: its run log, and the targets there are. */
export function withDeployments(
  io: Io,
  work: (ports: RolloutCommandPorts, files: ProjectFiles) => Promise<ExitStatus>,
  engine?: string,
): Promise<ExitStatus> {
  return withProject(
    io,
    () => undefined,
    ({ ports, files, signal }) => {
      const { images, notify } = openImages(io);
      const cache = join(ports.environment.root, 'cache/v1');
      const env = withoutStage(io.env);
      const supervised = { nodeProgram: process.execPath, environment: env, kill };
      const local = createLocalDeployer({
        ...supervised,
        directory: join(cache, 'services'),
        launcher: createUnpackingLauncher(images),
      });
      const docker = createLocalDeployer({
        ...supervised,
        directory: join(cache, 'containers'),
        launcher: createContainerLauncher({ environment: env, engine }),
      });
      const { lock, runs, workspace, environment, clock } = ports;
      const openCloud: RolloutCommandPorts['openCloud'] = async (location) => {
        // Google's client is a megabyte of code, and only this target has a use for it.
        const { openCloudRunAt } = await import('../adapters/cloud-run/open-cloud-run.ts');
        return openCloudRunAt(join(cache, 'operations'), location);
      };
      const openMonitoring: RolloutCommandPorts['openMonitoring'] = async (scope) =>
        (await import('../adapters/monitoring-gcp/monitoring-gcp.ts')).openMonitoring(scope);
      return work(
        {
          ...{
            deployers: { local, docker },
            images,
            lock,
            runs,
            workspace,
            environment,
            signal,
            notify,
          },
          ...{ openCloud, openMonitoring, prober: createHttpProber(), clock, files },
        },
        files,
      );
    },
  );
}

/** A service started by a stage outlives it: marked as a part of it, it would be ended with it. */
const withoutStage = (env: Io['env']): Io['env'] =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AVIAN_')));
