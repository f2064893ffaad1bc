import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { isJsonObject } from '../../model/json.ts';
import { secretsIn } from '../../model/redacted.ts';
import type { Environment } from '../../ports/environment.ts';
import { findProgram } from './find-program.ts';

export interface EnvironmentOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /** The environment that stages get, with its `PATH` as prepared for them. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the running Node: `process.execPath`, `process.version`, `process.platform`, `process.arch`. */
  readonly node: {
    readonly execPath: string;
    readonly version: string;
    readonly platform: string;
    readonly arch: string;
  };
  /** How long a tool or git may take to answer; 5 s. */
  readonly timeoutMs?: number;
}

/** Facts about this machine. Everything that has to ask a program is asked at most once. */
export function createEnvironment(options: EnvironmentOptions): Environment {
  const { root, env, node } = options;
  const ask: Ask = (file, args) => run(file, args, options);
  const versions = new Map<string, Promise<string | undefined>>();
  let secrets: readonly string[] | undefined;
  let git: ReturnType<Environment['git']> | undefined;
  let user: string | undefined;
  return {
    root,
    variable: (name) => env[name],
    secrets: () => (secrets ??= secretsIn(env)),
    toolVersion: (tool) => {
      const known = versions.get(tool) ?? toolVersion(tool, options, ask);
      versions.set(tool, known);
      return known;
    },
    host: () => hostname(),
    user: () => (user ??= userName(env)),
    platform: () => `${node.platform}-${node.arch}`,
    git: () => (git ??= gitState(ask)),
  };
}

type Ask = (file: string, args: readonly string[]) => Promise<string | undefined>;

async function toolVersion(
  tool: string,
  { root, env, node }: EnvironmentOptions,
  ask: Ask,
): Promise<string | undefined> {
  if (tool.startsWith('npm:')) return packageVersion(root, tool.slice('npm:'.length));
  const program = programOf(tool, env['PATH'] ?? '');
  if (program === undefined) return undefined;
  // The Node that runs avian knows its version; starting another would take 40 ms.
  if (realpathSync(program) === realpathSync(node.execPath)) return node.version.replace(/^v/, '');
  return versionIn(await ask(program, ['--version']));
}

/** The version that npm's lockfile installs at the top; undefined without one. */
function packageVersion(root: string, name: string): string | undefined {
  for (const file of ['package-lock.json', 'node_modules/.package-lock.json']) {
    const lock = readJson(join(root, file));
    const packages = isJsonObject(lock) ? lock['packages'] : undefined;
    const entry = isJsonObject(packages) ? packages[`node_modules/${name}`] : undefined;
    const version = isJsonObject(entry) ? entry['version'] : undefined;
    if (typeof version === 'string') return version;
  }
  return undefined;
}

/** The first program of this name on a PATH. */
function programOf(name: string, path: string): string | undefined {
  if (!/^[\w.+-]+$/.test(name)) return undefined;
  return findProgram(name, path);
}

/** `Python 3.11.2` -> `3.11.2`, `v24.21.0` -> `24.21.0`: the first word that looks like a version. */
export const versionIn = (output: string | undefined): string | undefined =>
  /(?:^|[^\w.])v?(\d+(?:\.\d+)+(?:[-+.]?[0-9A-Za-z]+)*)/.exec(output ?? '')?.[1];

async function gitState(
  ask: Ask,
): Promise<{ readonly commit: string; readonly dirty: boolean } | undefined> {
  // One process for both answers. What is not tracked does not make a commit dirty.
  const args = ['status', '--porcelain=v2', '--branch', '--untracked-files=no'];
  const status = await ask('git', args);
  const commit = /^# branch\.oid ([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  if (status === undefined || commit === undefined) return undefined;
  return { commit, dirty: /^[^#\n]/m.test(status) };
}

/** What a program prints, on whichever stream; undefined when it fails, is missing or takes too long. */
function run(
  file: string,
  args: readonly string[],
  { root, env, timeoutMs = 5000 }: EnvironmentOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = {
      cwd: root,
      // Asking must not take git's index lock from somebody who works there.
      env: { ...env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 16 * 2 ** 20,
    } as const;
    execFile(file, args, options, (error, stdout, stderr) => {
      // Java and others print their version to stderr.
      resolve(error === null ? (stdout.trim() === '' ? stderr : stdout) : undefined);
    }).stdin?.end();
  });
}

function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number that has no name.
    return env['USER'] ?? 'unknown';
  }
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
