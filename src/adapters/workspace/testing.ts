import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Test } from 'tap';
import type { AvianEvent } from '../../model/event.ts';
import type { RepoPath } from '../../model/names.ts';
import type { WorkspaceBed } from '../../testing/contracts/workspace.contract.ts';
import { openWorkspace, type OpenOptions, type OpenWorkspace } from './open-workspace.ts';

/** A project in a temporary folder, removed with its workspaces when the test ends. */
export interface DiskBed extends WorkspaceBed {
  readonly root: string;
  readonly cache: string;
  readonly events: AvianEvent[];
  readonly workspace: OpenWorkspace;
  /** Another workspace on the same project. */
  open(options?: Partial<OpenOptions>): OpenWorkspace;
  reopen(): Promise<OpenWorkspace>;
}

export const path = (text: string): RepoPath => text as RepoPath;

export function openBed(
  t: Test,
  options: Partial<OpenOptions> & { readonly in?: string } = {},
): DiskBed {
  const { in: parent = tmpdir(), ...given } = options;
  const root = fs.mkdtempSync(join(parent, 'avian-workspace-'));
  const cache = join(root, 'cache', 'v1');
  const events: AvianEvent[] = [];
  const opened: OpenWorkspace[] = [];
  const open = (more: Partial<OpenOptions> = {}): OpenWorkspace => {
    const emit = (event: AvianEvent): void => void events.push(event);
    const workspace = openWorkspace({ root, cache, emit, ...given, ...more });
    opened.push(workspace);
    return workspace;
  };
  t.teardown(async () => {
    for (const workspace of opened) await workspace.close();
    fs.rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    cache,
    events,
    workspace: open(),
    open,
    async reopen() {
      // The other's writes to the stat cache are committed by then: two of one process would wait for each other.
      await setImmediate();
      return open();
    },
    async write(file, text) {
      fs.mkdirSync(dirname(join(root, file)), { recursive: true });
      fs.writeFileSync(join(root, file), text);
    },
    async read(file) {
      return fs.statSync(join(root, file), { throwIfNoEntry: false })?.isFile() === true
        ? fs.readFileSync(join(root, file), 'utf8')
        : undefined;
    },
    async remove(file) {
      fs.rmSync(join(root, file), { recursive: true, force: true });
    },
    async loseObjects() {
      fs.rmSync(join(cache, 'objects'), { recursive: true, force: true });
    },
  };
}

/** Everything below a folder, one line an entry, so that two pictures can be compared. */
export function picture(folder: string): string[] {
  const lines: string[] = [];
  const visit = (below: string): void => {
    for (const name of fs.readdirSync(join(folder, below)).sort()) {
      const inside = below === '' ? name : `${below}/${name}`;
      const stat = fs.lstatSync(join(folder, inside));
      const mark = (stat.mode & 0o100) === 0 ? '-' : 'x';
      if (stat.isDirectory()) {
        lines.push(`d ${JSON.stringify(inside)}`);
        visit(inside);
      } else if (stat.isSymbolicLink()) {
        lines.push(`l ${JSON.stringify(inside)} ${fs.readlinkSync(join(folder, inside))}`);
      } else {
        const bytes = fs.readFileSync(join(folder, inside)).toString('base64');
        lines.push(`${mark} ${JSON.stringify(inside)} ${bytes}`);
      }
    }
  };
  visit('');
  return lines;
}
