import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { EngineBuild, ImageEngine } from '../../ports/image-engine.ts';
import { parseOciDigest, type OciDigest } from '../../ports/image-store.ts';
import { engineWords, type EngineName } from './engine-words.ts';
import { stageContext } from './stage-context.ts';

export interface EngineOptions {
  readonly engine: EngineName;
  /** What the engine is started with; BUILDAH_ISOLATION, STORAGE_DRIVER, DOCKER_HOST count. */
  readonly env: NodeJS.ProcessEnv;
  /** Where folders for work may be made, absolute. */
  readonly temporary: string;
  /** What the engine says while it builds, line by line. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

/** An engine as a program: the same verbs in the words of docker, buildah or podman. */
export function createImageEngine(options: EngineOptions): ImageEngine {
  const words = engineWords[options.engine];
  return {
    async inScratch(work) {
      await mkdir(options.temporary, { recursive: true });
      const folder = await mkdtemp(join(options.temporary, 'avian-image-'));
      try {
        return await work(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },

    async layersOf(name) {
      const said = await run(words.layers(name), options);
      if (said.kind === 'absent') return err(notInstalled(options));
      // It says no in as many ways as there are versions; whether it works is seen when it builds.
      return ok(said.code === 0 ? parseLayers(said.stdout) : undefined);
    },

    async load(archive) {
      const said = await run(words.load(archive), options);
      return said.kind === 'ended' && said.code === 0 ? ok(undefined) : err(failure(said, options));
    },

    async build(build, archive, folder) {
      const prepared = await prepare(build, folder);
      if (!prepared.ok) return prepared;
      const idFile = join(folder, 'id');
      const built = await run(words.build({ ...build, ...prepared.value, idFile }), options, true);
      if (built.kind !== 'ended' || built.code !== 0) return err(failure(built, options));
      const id = (await readFile(idFile, 'utf8')).trim();
      const saved = await run(words.save(id, archive), options);
      return saved.kind === 'ended' && saved.code === 0
        ? ok(undefined)
        : err(failure(saved, options));
    },
  };
}

/** The Dockerfile and its context as paths. */
async function prepare(
  { source, epoch }: EngineBuild,
  folder: string,
): Promise<Result<{ readonly file: string; readonly context: string }, Problem>> {
  if (source.kind === 'file') return ok(source);
  const context = join(folder, 'context');
  const staged = await stageContext(source.copies, context, epoch);
  if (!staged.ok) return staged;
  const file = join(folder, 'Dockerfile');
  await writeFile(file, source.text);
  return ok({ file, context });
}

type Said =
  | {
      readonly kind: 'ended';
      /** Null: by a signal. */
      readonly code: number | null;
      readonly stdout: string;
      readonly lines: readonly string[];
    }
  | { readonly kind: 'absent' };

/** Lines of an error that are worth repeating. */
const LAST_LINES = 20;

function run(
  [program = '', ...args]: readonly string[],
  { env, onLine, signal }: EngineOptions,
  isTalkative = false,
): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>();
  const child = spawn(program, args, {
    env: { ...env, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const stdout: string[] = [];
  const lines: string[] = [];
  const hear = (line: string): void => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
    if (isTalkative) onLine(line);
  };
  // buildah and podman tell their steps where docker tells nothing.
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout.push(line);
    if (isTalkative) onLine(line);
  });
  createInterface({ input: child.stderr }).on('line', hear);
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') resolve({ kind: 'absent' });
    else reject(error);
  });
  child.once('close', (code) => {
    resolve({ kind: 'ended', code, stdout: stdout.join('\n'), lines });
  });
  return promise;
}

function parseLayers(text: string): readonly OciDigest[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const digests = Array.isArray(value) ? value.map(parseOciDigest) : [undefined];
    return digests.every((digest) => digest !== undefined) ? digests : undefined;
  } catch {
    return undefined;
  }
}

function failure(said: Said, options: EngineOptions): Problem {
  if (said.kind === 'absent') return notInstalled(options);
  const { engine } = options;
  const last = said.lines.filter((line) => !/^[\s-]*$/.test(line)).slice(-3);
  const how = said.code === null ? 'was ended by a signal' : `ended with ${said.code}`;
  const isDown = last.some((line) => /cannot connect to the docker daemon/i.test(line));
  return problem(
    'stage',
    isDown ? 'image/engine-down' : 'image/engine-failed',
    `${engine} ${how}: ${last.join(' | ')}`,
    isDown ? 'start the daemon, or build without one: --builder oci' : undefined,
  );
}

const notInstalled = ({ engine }: EngineOptions): Problem =>
  problem(
    'usage',
    'image/no-engine',
    `${engine} is not installed`,
    'install it, or build without one: --builder oci',
  );
