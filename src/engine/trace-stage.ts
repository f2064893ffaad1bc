import type { Graph } from '../model/graph.ts';
import type { AttemptId } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { Trace, Undeclared } from '../model/trace.ts';
import type { Ports } from '../ports/ports.ts';
import { findUndeclared } from './undeclared.ts';

const PATHS_SHOWN = 5;

/** Keeps what a stage was seen to do, beside its log, and warns of what it does not declare. */
export async function tellTrace(
  trace: Trace,
  about: {
    readonly stage: Stage;
    readonly attempt: AttemptId;
    readonly graph: Graph;
    readonly succeeded: boolean;
  },
  ports: Pick<Ports, 'logs' | 'emit'>,
): Promise<void> {
  const { stage } = about;
  const warn = (code: string, message: string, hint: string): void =>
    ports.emit({
      type: 'diagnostic',
      stage: stage.name,
      diagnostic: { severity: 'warning', code, message, hint },
    });
  if (trace.kind === 'untraceable') {
    const message = `\`${stage.name}\` ran unwatched: ${trace.cause}`;
    return warn('trace/unavailable', message, INSTALL);
  }
  await ports.logs.keepTrace(about.attempt, trace);
  if (trace.by === 'node') {
    const message = `only the Node programs of \`${stage.name}\` were watched: strace is not to be had`;
    warn('trace/partial', message, INSTALL);
  }
  tellUndeclared(stage, findUndeclared(stage, trace, about), warn);
}

const INSTALL = 'strace watches programs of every kind; on Debian: apt-get install strace';

function tellUndeclared(
  stage: Stage,
  { reads, writes, unread }: Undeclared,
  warn: (code: string, message: string, hint: string) => void,
): void {
  const hint = `\`avian deps suggest ${stage.name}\` prints the lines for pipeline.yaml`;
  const named = ({ path, files, producer }: Undeclared['reads'][number]): string =>
    `${path}${files > 1 ? ` (${files} files)` : ''}${producer === undefined ? '' : ` of \`${producer}\``}`;
  const list = (paths: readonly string[]): string =>
    [
      ...paths.slice(0, PATHS_SHOWN),
      ...(paths.length > PATHS_SHOWN ? [`${paths.length - PATHS_SHOWN} more`] : []),
    ].join(', ');
  const { name } = stage;
  if (reads.length > 0) {
    const message = `\`${name}\` read what it does not declare: ${list(reads.map(named))}`;
    warn('trace/undeclared-read', message, hint);
  }
  if (writes.length > 0) {
    const message = `\`${name}\` wrote what it does not declare: ${list(writes.map(named))}`;
    warn('trace/undeclared-write', message, hint);
  }
  if (unread.length > 0) {
    const message = `\`${name}\` declares what it never read: ${list(unread)}`;
    warn('trace/never-read', message, hint);
  }
}
