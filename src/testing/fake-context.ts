import type { Result } from '../model/result.ts';
import type { SpaceContext } from '../commands/gc.ts';
import type { Revisions } from '../ports/revisions.ts';
import { FakeObjectStore } from './fake-object-store.ts';
import { FakeRevisions } from './fake-revisions.ts';
import type { FakeWorld } from './fakes.ts';

/** What a command that tidies up is given, in memory. */
export function spaceContext(
  world: FakeWorld,
  revisions: Revisions = new FakeRevisions(),
): SpaceContext & { readonly store: FakeObjectStore } {
  return {
    ports: world.ports(),
    files: {
      read: (path) => world.files.get(path),
      list: () => [],
      write: (path, text) => void world.files.set(path, text),
    },
    projectCache: {
      load: () => ({
        pipeline: { stages: [], tasks: [] },
        ...{ config: {}, paramFiles: {}, overrides: [] },
      }),
      store: () => undefined,
    },
    revisions,
    invocationLock: {
      acquire: async () => {
        world.calls.push('lock');
        return { release: async () => void world.calls.push('unlock') };
      },
    },
    reapOrphans: () => Promise.resolve([]),
    version: '0.1.0',
    commandLine: 'avian gc',
    signal: new AbortController().signal,
    store: new FakeObjectStore(world),
    copies: { verified: () => Promise.resolve({ kind: 'no-remote' }) },
  };
}

/** git in which pipeline.lock has these texts; a test may add and take away. */
export function withLocks(locks: readonly string[]): Revisions {
  const revisions = new FakeRevisions();
  revisions.everyVersion = async function* () {
    yield* locks;
  };
  return revisions;
}

/** The value of a result that a test expects to be one. */
export function unwrap<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
