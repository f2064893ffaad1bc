import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createTarPacker } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { DeployableImage } from '../../ports/deployer.ts';
import type { StoredImage } from '../../ports/image-store.ts';
import { findProgram, isProgram } from '../environment/find-program.ts';
import { blobPath } from '../oci/layout.ts';
import type { Launcher } from './launcher.ts';
import { PORT_MARK } from './records.ts';

const ENGINES = ['docker', 'podman'] as const;

export interface ContainerLauncherOptions {
  /** The caller's: where to look for the engine, and what its commands need. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** `docker`, `podman` or a path; undefined: the first of the two on PATH. */
  readonly engine: string | undefined;
}

/** Where engines keep their sockets, storage and credentials. */
const INHERITED =
  /^(DOCKER|CONTAINER|CONTAINERS|PODMAN|STORAGE|REGISTRY|XDG)_|^DBUS_SESSION_BUS_ADDRESS$/;

/**
 * Containers of docker or podman, each in the foreground under the supervisor that also runs plain
 * services: the same health check, restarts, switch and way back. The network is the host's: the port
 * is chosen by the supervisor, and nothing but loopback is listened on.
 */
export function createContainerLauncher(options: ContainerLauncherOptions): Launcher {
  const { environment } = options;
  return {
    target: 'docker',
    inherits: INHERITED,

    async plan(revision, root, image, settings) {
      const engine = findEngine(options);
      if (!engine.ok) return engine;
      const program = engine.value;
      const name = nameOf(root, revision);
      const tag = `localhost/avian/${name}:latest`;
      const ready = await bring(program, image, tag, environment);
      if (!ready.ok) return ready;
      mkdirSync(root, { recursive: true });
      const env: { readonly [name: string]: string } = {
        ...settings.env,
        ...{ PORT: PORT_MARK, HOST: '127.0.0.1', K_REVISION: revision },
        K_SERVICE: revision.replace(/-[0-9]+$/, ''),
      };
      const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
      return ok({
        ...{ v: 1, revision, settings, cwd: dirname(root), env: {}, path: [] },
        argv: [
          ...[program, 'run', '--rm', '--pull', 'never', '--name', name, '--network', 'host'],
          ...[...variables, image.kind === 'reference' ? image.reference : tag],
        ],
        // A client that is killed leaves its container running.
        cleanup: [program, 'rm', '--force', name],
      });
    },
  };
}

/** The same for the same revision of the same project, and of no other on this machine. */
const nameOf = (root: string, revision: string): string =>
  `${revision}-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;

function findEngine({ environment, engine }: ContainerLauncherOptions): Result<string, Problem> {
  for (const name of engine === undefined ? ENGINES : [engine]) {
    const found = name.includes('/')
      ? [name].find(isProgram)
      : findProgram(name, environment['PATH']);
    if (found !== undefined) return ok(found);
  }
  return err(
    problem(
      'usage',
      'deploy/no-engine',
      engine === undefined
        ? 'neither docker nor podman is on PATH'
        : `there is no program \`${engine}\``,
      'install one of them, name it with --engine, or take --target local',
    ),
  );
}

/** Has the engine know the image: pulled by digest, or read from the layout. */
async function bring(
  program: string,
  image: DeployableImage,
  tag: string,
  environment: ContainerLauncherOptions['environment'],
): Promise<Result<void, Problem>> {
  if (image.kind === 'layout') return load(program, image.image, tag, environment);
  const { reference } = image;
  const known = await run(program, ['image', 'inspect', reference], environment);
  if (known.ok) return ok(undefined);
  const pulled = await run(program, ['pull', '--quiet', reference], environment);
  if (pulled.ok) return ok(undefined);
  return err(
    problem(
      'remote',
      'deploy/pull-failed',
      `${program} cannot pull ${reference}: ${pulled.error}`,
      'is it pushed (`avian image push`), and is the engine signed in to that registry?',
    ),
  );
}

function run(
  program: string,
  args: readonly string[],
  environment: ContainerLauncherOptions['environment'],
): Promise<Result<void, string>> {
  return new Promise((resolve) => {
    execFile(program, args, { env: environment }, (error, _, stderr) => {
      if (error === null) resolve(ok(undefined));
      else resolve(err(lastOf(stderr) || error.message));
    });
  });
}

/** What both engines read from a pipe: blobs by name, and a list of which they are. */
async function load(
  program: string,
  { directory, manifest }: StoredImage,
  tag: string,
  environment: ContainerLauncherOptions['environment'],
): Promise<Result<void, Problem>> {
  const { readable, controller } = createTarPacker();
  const child = spawn(program, ['load'], { env: environment, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (cause) => resolve(cause.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : lastOf(said) || `exit ${code}`));
  });
  const source = Readable.fromWeb(readable as Parameters<typeof Readable.fromWeb>[0]);
  // An engine that ends early says why by itself; a broken pipe is only the echo.
  const sent = pipeline(source, child.stdin).catch(() => undefined);
  const blobs = [manifest.config, ...manifest.layers];
  const names = blobs.map(({ digest }) => `blobs/sha256/${digest.slice('sha256:'.length)}`);
  const [config, ...layers] = names;
  const list = JSON.stringify([{ Config: config, RepoTags: [tag], Layers: layers }]);
  try {
    const add = async (name: string, size: number, content: Readable): Promise<void> => {
      const entry = controller.add({ name, size, type: 'file' });
      await pipeline(content, async (chunks: AsyncIterable<Uint8Array>) => {
        const writer = entry.getWriter();
        for await (const chunk of chunks) await writer.write(chunk);
        await writer.close();
      });
    };
    await add('manifest.json', Buffer.byteLength(list), Readable.from([Buffer.from(list)]));
    const added = new Set<string>();
    for (const [index, { digest, size }] of blobs.entries()) {
      const name = names[index] ?? '';
      if (added.has(name)) continue;
      added.add(name);
      await add(name, size, createReadStream(blobPath(directory, digest)));
    }
    controller.finalize();
  } catch (cause) {
    controller.error(cause);
  }
  await sent;
  const failure = await ended;
  return failure === undefined
    ? ok(undefined)
    : err(problem('stage', 'deploy/load-failed', `${program} does not take the image: ${failure}`));
}

const lastOf = (text: string): string => text.trim().split('\n').at(-1) ?? '';
