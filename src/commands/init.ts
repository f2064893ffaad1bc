import type { CommandContext } from './context.ts';
import { withLine } from './ignore-in-git.ts';
import { installDriver } from './merge-driver.ts';

/** What `init` wrote and what was there already; it never overwrites. */
export interface Initialised {
  readonly written: readonly string[];
  readonly kept: readonly string[];
  /** Whether git merges pipeline.lock by avian in this clone now; it cannot outside of a repository. */
  readonly mergeDriver: 'installed' | 'no-git';
}

const PIPELINE = `# yaml-language-server: $schema=./node_modules/avian/schemas/pipeline.schema.json
# Stages are commands with what they read (deps, params) and what they write (outs).
# \`avian repro\` runs those whose inputs changed. For example:
#
#   stages:
#     prepare:
#       cmd: python prepare.py
#       deps: [prepare.py, data/raw.csv]
#       params: [prepare.rows]
#       outs: [data/clean.csv]
stages: {}
`;

const IGNORED = ['/cache/'];

/** `avian init`: a pipeline.yaml to start from, the cache hidden from git, and the lock merged by avian. */
export async function init(
  context: Pick<CommandContext, 'files' | 'revisions'>,
  launcher: string,
): Promise<Initialised> {
  const { files } = context;
  const written: string[] = [];
  const kept: string[] = [];
  if (files.read('pipeline.yaml') === undefined) {
    files.write('pipeline.yaml', PIPELINE);
    written.push('pipeline.yaml');
  } else kept.push('pipeline.yaml');
  if (hideCacheFromGit(files)) written.push('.gitignore');
  else kept.push('.gitignore');

  const driver = await installDriver(context, launcher);
  (driver.attributes === 'written' ? written : kept).push('.gitattributes');
  return { written, kept, mergeDriver: driver.state };
}

/** Lets git ignore the cache; false when it does already. */
export function hideCacheFromGit(files: CommandContext['files']): boolean {
  const ignore = files.read('.gitignore') ?? '';
  const lines = ignore.split('\n');
  const missing = IGNORED.filter(
    (line) => !lines.includes(line) && !lines.includes(line.replace(/^\//, '')),
  );
  if (missing.length === 0) return false;
  files.write('.gitignore', withLine(ignore, missing.join('\n')));
  return true;
}
