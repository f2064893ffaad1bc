import { join } from 'node:path';
import { openObjectStore } from '../../adapters/object-store/open-store.ts';
import { fsck, fsckRemote } from '../../commands/fsck.ts';
import { fsckJson, fsckText, remoteFsckJson, remoteFsckText } from '../../report/care.ts';
import { parseWords } from '../arguments.ts';
import { withRemotes } from '../compose-remote.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  remote: { type: 'boolean', default: false },
  repair: { type: 'boolean', default: false },
  jobs: { type: 'string', short: 'j' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const name =
    positionals.length === 0 ? undefined : oneWord(positionals, 'fsck', 'the name of a remote');
  if (name?.ok === false) return tellProblem(name.error, io);
  const asked = { repair: options.repair, remote: name?.value, jobs: jobs.value };
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      if (options.remote) {
        const found = await fsckRemote(asked, context);
        renderer.close();
        const shown = { text: remoteFsckText, json: remoteFsckJson };
        const status = show(found, shown, options.json, io);
        if (!found.ok) return status;
        const { repair, damages, lost, unhealed } = found.value;
        const isLeft = repair ? unhealed.length > 0 : damages.length + lost > 0;
        return isLeft ? exitStatus.corruption : status;
      }
      const { root } = context.ports.environment;
      const store = openObjectStore({ root, cache: join(root, 'cache/v1') });
      const found = await fsck(asked, { ...context, store });
      renderer.close();
      const status = show(found, { text: fsckText, json: fsckJson }, options.json, io);
      if (!found.ok) return status;
      const { wrong, missing, healed } = found.value;
      return wrong.length + missing.length > healed.length ? exitStatus.corruption : status;
    }),
  );
}
