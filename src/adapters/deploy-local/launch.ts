import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { RevisionSettings } from '../../ports/deployer.ts';
import type { ImageConfig } from '../../ports/image-store.ts';
import { resolveInRoot } from '../oci/rooted-path.ts';
import type { RevisionRecord } from './records.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * How to run an image's content without a container. Paths of the image are translated to where it
 * was unpacked: the program, arguments and environment values that are absolute paths of something
 * in it. What is written inside another word (`--model=/app/model`) stays, so images name
 * paths relative to their workdir. There is no isolation: the service runs as whoever deploys.
 */
export async function planLaunch(
  revision: string,
  root: string,
  config: ImageConfig,
  settings: RevisionSettings,
): Promise<Result<RevisionRecord, Problem>> {
  const image = config.config ?? {};
  const inRoot = (path: string): Promise<string | undefined> =>
    resolveInRoot(
      root,
      path.split('/').filter((part) => part !== ''),
    );
  const translate = async (text: string): Promise<string> => {
    if (!text.startsWith('/') || text === '/') return text;
    const path = await inRoot(text);
    return path !== undefined && existsSync(path) ? path : text;
  };

  const env: { [name: string]: string } = {};
  for (const pair of image.Env ?? []) {
    const at = pair.indexOf('=');
    env[pair.slice(0, at)] = pair.slice(at + 1);
  }
  Object.assign(env, settings.env);
  const { PATH: searchPath = DEFAULT_PATH, ...rest } = env;
  for (const [name, value] of Object.entries(rest)) rest[name] = await translate(value);
  const path: string[] = [];
  for (const directory of searchPath.split(':')) {
    const here = directory.startsWith('/') ? await inRoot(directory) : undefined;
    if (here !== undefined && existsSync(here)) path.push(here);
  }

  const workdir = image.WorkingDir ?? '/';
  const cwd = await inRoot(workdir);
  if (cwd === undefined || statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return err(
      problem(
        'usage',
        'deploy/no-workdir',
        `the image's working directory \`${workdir}\` is not in it`,
      ),
    );
  }
  const [named, ...args] = [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])];
  if (named === undefined) {
    return err(
      problem(
        'usage',
        'deploy/no-entrypoint',
        'the image does not say which program to run',
        'build it with --entrypoint',
      ),
    );
  }
  const candidates = named.includes('/')
    ? [await inRoot(posix.resolve('/', workdir, named))]
    : path.map((directory) => `${directory}/${named}`);
  const program = candidates.find((candidate) => candidate !== undefined && isProgram(candidate));
  if (program === undefined) {
    return err(
      problem(
        'usage',
        'deploy/no-program',
        `the image has no program \`${named}\``,
        named === 'node' ? 'build it with --base node' : 'copy it into the image',
      ),
    );
  }
  return ok({
    v: 1,
    revision,
    settings,
    argv: [program, ...(await Promise.all(args.map(translate)))],
    cwd,
    env: rest,
    path,
  });
}

function isProgram(path: string): boolean {
  const info = statSync(path, { throwIfNoEntry: false });
  return info?.isFile() === true && (info.mode & 0o111) !== 0;
}
