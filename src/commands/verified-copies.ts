import type { Digest } from '../model/names.ts';
import type { Copies } from '../ports/copies.ts';
import { copiesIn } from '../transfer/copies.ts';
import { readProject } from './load-workload.ts';
import { transferPorts, type RemoteContext } from './remote-context.ts';

const JOBS = 8;

/** The remotes of pipeline.yaml as places where copies lie. One that does not answer holds nothing. */
export const openCopies = (context: RemoteContext): Copies => ({
  async verified(digests) {
    const project = await readProject([], context);
    const remotes = project.ok ? (project.value.pipeline.remotes?.known ?? []) : [];
    if (remotes.length === 0) return { kind: 'no-remote' };
    const held = new Set<Digest>();
    const causes: string[] = [];
    for (const remote of remotes) {
      const options = { jobs: JOBS, signal: context.signal };
      const opened = await context.connect(remote);
      const found = await copiesIn(digests, opened, transferPorts(context), options);
      if (found.ok) for (const digest of found.value) held.add(digest);
      else causes.push(found.error.diagnostics[0]?.message ?? remote.url);
    }
    if (causes.length === remotes.length) return { kind: 'unreachable', cause: causes.join('; ') };
    return { kind: 'verified', digests: held };
  },
});
