import { needsWork, status } from '../../commands/status.ts';
import { statusJson, statusText } from '../../report/status.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  'exit-code': { type: 'boolean', default: false },
  quiet: { type: 'boolean', short: 'q', default: false },
  probe: { type: 'boolean', default: true },
  cloud: { type: 'boolean', short: 'c', default: false },
  remote: { type: 'string', short: 'r' },
  jobs: { type: 'string', short: 'j' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (options.cloud || options.remote !== undefined) {
    const { runCloudStatus } = await import('../remote-verbs.ts');
    const { json, quiet, remote, jobs } = options;
    const exitCode = options['exit-code'];
    return runCloudStatus({ targets: positionals, remote, jobs, json, quiet, exitCode }, io);
  }
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await status({ ...splitOverrides(positionals), probes: options.probe }, context);
      if (!view.ok) return tellProblem(view.error, io);
      if (!options.quiet) show(view, { text: statusText, json: statusJson }, options.json, io);
      const tells = options['exit-code'] || options.quiet;
      return tells && needsWork(view.value) ? exitStatus.stale : exitStatus.ok;
    },
  );
}
