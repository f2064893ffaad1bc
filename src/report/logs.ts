import type { JsonObject } from '../model/json.ts';
import type { LogsView } from '../model/views.ts';
import { createLineAssembler } from './child-output.ts';
import { describeAdoption, describeFailure, shortRun } from './describe.ts';
import type { Style } from './style.ts';
import { duration } from './units.ts';

/** Which attempt the log is of: talk, so that stdout holds nothing but the log. One line. */
export function logsHead(view: LogsView, style: Style): string {
  const facts = [
    `attempt ${view.attempt}`,
    ...(view.run === undefined ? [] : [`run ${shortRun(view.run)}`]),
    ...(view.startedAt === undefined ? [] : [view.startedAt]),
    ...(view.durationMs === undefined || view.adopted ? [] : [duration(view.durationMs)]),
    ...(view.adopted === undefined ? [] : [`${describeAdoption(view.adopted)}: no command ran`]),
    ...(view.ending?.kind === 'failed' ? [describeFailure(view.ending.failure)] : []),
  ];
  return `${style.faint(`${view.stage}: ${facts.join(', ')}`)}\n`;
}

/** The log's lines without control sequences; both streams, in the order in which lines ended. */
export function logsText(view: LogsView): string {
  const streams = { stdout: createLineAssembler(), stderr: createLineAssembler() };
  const lines = view.chunks.flatMap(({ stream, chunk }) => streams[stream].push(chunk));
  return [...lines, ...streams.stdout.end(), ...streams.stderr.end()]
    .map((line) => `${line}\n`)
    .join('');
}

/** `logs --json`: chunks as they were kept, every byte. */
export const logsJson = (view: LogsView): JsonObject => ({
  v: 1,
  stage: view.stage,
  attempt: view.attempt,
  run: view.run ?? null,
  ...(view.startedAt !== undefined && { startedAt: view.startedAt }),
  ...(view.durationMs !== undefined && { durationMs: view.durationMs }),
  ...(view.ending !== undefined && { ending: view.ending.kind }),
  ...(view.adopted !== undefined && { adopted: view.adopted }),
  chunks: view.chunks.map(({ stream, chunk }) => ({ stream, chunk })),
});
