import type { CommandContext } from './context.ts';
import { withLine } from './ignore-in-git.ts';

/** What git calls to merge two pipeline.locks; .gitattributes names it, the repository's configuration says what it is. */
const NAME = 'avian-lock';
const SETTING = `merge.${NAME}.driver`;
const ATTRIBUTE = `pipeline.lock merge=${NAME}`;

export type DriverState =
  | 'installed'
  /** .gitattributes does not name it. */
  | 'unnamed'
  /** Named, but this clone's configuration does not know it: git merges as text. */
  | 'unknown'
  /** There is no repository, or git cannot be used. */
  | 'no-git';

type DriverContext = Pick<CommandContext, 'files' | 'revisions'>;

export async function driverState({ files, revisions }: DriverContext): Promise<DriverState> {
  if ((await revisions.standing()).kind !== 'repository') return 'no-git';
  if (!isNamed(files)) return 'unnamed';
  return (await revisions.setting(SETTING)) === undefined ? 'unknown' : 'installed';
}

/**
 * Has git merge the lock by `avian merge-lock`, in this clone. May be called again and again;
 * says what it changed.
 * @param launcher the folder of an `avian`, for projects that have none in node_modules/.bin or on PATH
 */
export async function installDriver(
  { files, revisions }: DriverContext,
  launcher: string,
): Promise<{ readonly state: 'installed' | 'no-git'; readonly attributes: 'written' | 'kept' }> {
  const attributes = isNamed(files) ? 'kept' : 'written';
  if (attributes === 'written') {
    files.write('.gitattributes', withLine(files.read('.gitattributes') ?? '', ATTRIBUTE));
  }
  const prefix = await revisions.prefix();
  if (prefix === undefined) return { state: 'no-git', attributes };
  const driver = driverCommand(prefix, launcher);
  if ((await revisions.setting(SETTING)) === driver) return { state: 'installed', attributes };
  const done = await revisions.setSetting(SETTING, driver);
  return { state: done ? 'installed' : 'no-git', attributes };
}

/** Only the last line that speaks of the lock's merging counts, as for git. */
function isNamed(files: DriverContext['files']): boolean {
  const lines = (files.read('.gitattributes') ?? '').split('\n');
  const merging = lines.filter((line) =>
    /^\/?pipeline\.lock\s(?:.*\s)?-?merge(?:=|\s|$)/.test(line),
  );
  return merging.at(-1)?.split(/\s+/).includes(`merge=${NAME}`) === true;
}

/**
 * git has a shell run this at the top of the work tree. The project's own avian comes first, and
 * with it the project's own node; the launcher's path holds on this machine only, as the
 * configuration does that it stands in.
 */
function driverCommand(prefix: string, launcher: string): string {
  const folder = quoted(`${prefix}node_modules/.bin`);
  return `PATH=${folder}:"$PATH":${quoted(launcher)} avian merge-lock %O %A %B`;
}

/** One word for `sh`, in which git finds none of its placeholders. */
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`;
