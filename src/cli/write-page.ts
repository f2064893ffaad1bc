import { createHash } from 'node:crypto';
import { basename, dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openInBrowser } from '../adapters/browser/browser.ts';
import { openContents } from '../adapters/contents/contents.ts';
import { openProjectFiles } from '../adapters/project-files/project-files.ts';
import type { LookContext } from '../commands/context.ts';
import { problem } from '../model/diagnostic.ts';
import type { PageOptions } from '../report/page/html-page.ts';
import { bytes } from '../report/units.ts';
import type { ProjectContext } from './compose.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import { findRoot } from './find-root.ts';
import type { Io } from './io.ts';
import { tellProblem } from './tell-problem.ts';

export interface PageWish {
  /** Relative to where avian was called. */
  readonly file: string;
  readonly open: boolean;
  readonly json: boolean;
}

const MARK = '<meta name="generator" content="avian"';

/** Writes a page, never over a file that is none, and has it shown where that was asked for. */
export async function writePage(
  render: (options: PageOptions) => string,
  { file, open, json }: PageWish,
  io: Io,
): Promise<ExitStatus> {
  const place = resolve(io.cwd, file);
  const folder = openProjectFiles(dirname(place));
  const before = folder.read(basename(place));
  if (before !== undefined && !before.includes(MARK)) {
    const hint = 'name another file: -o FILE';
    const message = `${file} is there already, and no page of avian`;
    return tellProblem(problem('usage', 'report/not-ours', message, hint), io);
  }
  const text = render({
    project: basename(findRoot(io.cwd) ?? io.cwd),
    now: Date.now(),
    sha256: (script) => createHash('sha256').update(script).digest('base64'),
  });
  try {
    folder.write(basename(place), text);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const message = `${file} cannot be written: ${error.message}`;
    return tellProblem(problem('stage', 'report/unwritable', message), io);
  }
  const url = pathToFileURL(place).href;
  const size = Buffer.byteLength(text);
  io.stdout(
    json
      ? `${JSON.stringify({ v: 1, file: relative(io.cwd, place), bytes: size, url })}\n`
      : `wrote ${relative(io.cwd, place)}, ${bytes(size)}: ${url}\n`,
  );
  const { env } = io;
  if (open && !(await openInBrowser(url, { env, platform: process.platform }))) {
    io.stderr('nothing here opens web pages: set BROWSER to a program that does\n');
  }
  return exitStatus.ok;
}

/** A project's context with what its files hold. */
export const withContents = (context: ProjectContext, io: Io): LookContext => ({
  ...context,
  contents: openContents({ root: findRoot(io.cwd) ?? io.cwd, objects: context.objects }),
});
