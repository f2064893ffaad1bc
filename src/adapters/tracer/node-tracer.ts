import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Trace } from '../../model/trace.ts';
import { AccessLog } from './access-log.ts';
import type { Tracer, TracerOptions, Watch } from './tracer.ts';

/** One line of JSON, as `node-trace-program.ts` writes it. */
export type NodeNote =
  /** A Node program began; `blind`: it is too old to tell which modules it imports. */
  | readonly ['start', version: string, blind: boolean]
  | readonly ['read' | 'write' | 'list' | 'make' | 'remove', path: string]
  | readonly ['rename', from: string, to: string];

/**
 * Has every Node program of a command load a module first that notes what it imports, reads and
 * writes. Programs in other languages are not seen, nor are native addons.
 * @param cause why there is nothing better
 */
export function createNodeTracer({ folder }: Pick<TracerOptions, 'folder'>, cause: string): Tracer {
  let watches = 0;
  return { watch: (root) => watch(root, join(folder, `${++watches}`), cause) };
}

function watch(root: string, file: string, cause: string): Watch {
  const program = fileURLToPath(new URL('./node-trace-program.ts', import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  return {
    command(cmd, { env }) {
      const options = [env['NODE_OPTIONS'], `--require ${JSON.stringify(program)}`];
      return {
        argv: ['sh', '-c', cmd],
        env: {
          NODE_OPTIONS: options.filter((option) => option !== undefined).join(' '),
          AVIAN_TRACE_FILE: file,
          AVIAN_TRACE_ROOT: root,
        },
      };
    },
    letGo: () => Promise.resolve(),
    end: async () => {
      const trace = replay(file, root, cause);
      rmSync(file, { force: true });
      return trace;
    },
  };
}

function replay(file: string, root: string, cause: string): Trace {
  const notes = existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(parseNote) : [];
  const starts = notes.filter((note) => note[0] === 'start');
  if (starts.length === 0) {
    return { kind: 'untraceable', cause: `${cause}, and the command ran no Node program` };
  }
  const blind = starts.find(([, , isBlind]) => isBlind);
  if (blind !== undefined) {
    const [, version] = blind;
    const why = `Node ${version} cannot tell what it imports; 22.15 and newer can`;
    return { kind: 'untraceable', cause: `${cause}, and ${why}` };
  }
  const log = new AccessLog(root);
  for (const note of notes) {
    switch (note[0]) {
      case 'start':
        break;
      case 'read':
        log.read(note[1], realpath(note[1]));
        break;
      case 'write':
        log.write(note[1]);
        break;
      case 'list':
        log.list(note[1]);
        break;
      case 'make':
        log.makeDirectory(note[1]);
        break;
      case 'remove':
        log.remove(note[1]);
        break;
      case 'rename':
        log.rename(note[1], note[2]);
        break;
    }
  }
  return { kind: 'traced', by: 'node', accesses: log.accesses() };
}

/** A program that was killed may have left half a line. */
function parseNote(line: string): NodeNote[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as NodeNote];
  } catch {
    return [];
  }
}

function realpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
