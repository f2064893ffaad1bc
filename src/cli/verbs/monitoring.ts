import { resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { openMonitoring } from '../../adapters/monitoring-gcp/monitoring-gcp.ts';
import { monitoring } from '../../commands/monitoring.ts';
import { monitoringJson, monitoringText } from '../../report/monitoring.ts';
import { parseWords } from '../arguments.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { atMostOneWord } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  project: { type: 'string' },
  region: { type: 'string' },
  'exit-code': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('monitoring', ['plan', 'apply'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const { name, rest } = verb.value;
  const file = atMostOneWord(rest, `monitoring ${name}`);
  if (!file.ok) return tellProblem(file.error, io);
  const { project, region } = options;
  const given = {
    ...(project !== undefined && { project }),
    ...(region !== undefined && { region }),
  };
  const path = file.value ?? 'monitoring.yaml';
  const done = await monitoring(
    { given, file: path, text: readText(resolve(io.cwd, path)), apply: name === 'apply' },
    { open: openMonitoring, notify: (message) => io.stderr(`${message}\n`) },
  );
  const status = show(done, { text: monitoringText, json: monitoringJson }, options.json, io);
  const isStale =
    done.ok && !done.value.applied && done.value.actions.some(({ kind }) => kind !== 'keep');
  return options['exit-code'] && isStale ? exitStatus.stale : status;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
