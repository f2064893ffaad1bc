import { join } from 'node:path';
import { openDownloads } from '../adapters/download/open-downloads.ts';
import { openObjectStore } from '../adapters/object-store/open-store.ts';
import type { SpaceContext } from '../commands/gc.ts';
import type { ImportContext } from '../commands/fetch-source.ts';
import type { Copies } from '../ports/copies.ts';
import { withProject, type ProjectContext } from './compose.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { withRenderer } from './with-renderer.ts';

/** The project's remotes; what talks to them is loaded when they are asked. */
const copiesOf = (context: ProjectContext, io: Io): Copies => ({
  async verified(digests) {
    const { openCopies, usingRemotes } = await import('./remote-verbs.ts');
    return usingRemotes(context, io, (remotes) => openCopies(remotes).verified(digests));
  },
});

/** A project with its object cache as a whole, for verbs that tidy up or bring something in. */
export async function withSpace(
  io: Io,
  work: (context: SpaceContext) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  return withRenderer(io, (renderer) =>
    withProject(io, renderer.onEvent, (context) => {
      const { root } = context.ports.environment;
      const store = openObjectStore({ root, cache: join(root, 'cache/v1') });
      return work({ ...context, store, copies: copiesOf(context, io) });
    }),
  );
}

/** The same for verbs that fetch. */
export const withImports = (
  io: Io,
  work: (context: ImportContext) => Promise<ExitStatus>,
): Promise<ExitStatus> =>
  withSpace(io, (context) => {
    const { root } = context.ports.environment;
    const folder = join(root, 'cache/v1/tmp/downloads');
    return work({ ...context, downloads: openDownloads({ root, cwd: io.cwd, folder }) });
  });
