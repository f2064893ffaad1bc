import type { CommandContext } from '../commands/context.ts';
import { byCodeUnit } from '../model/json.ts';
import { FakeRevisions } from './fake-revisions.ts';
import { FakeWorld } from './fakes.ts';

/**
 * A project in memory for tests of commands: the files that people write and those that stages read
 * are one map. Writing `pipeline.yaml` is noted as `files.write pipeline.yaml`, and can be made to fail.
 */
export class FakeProject {
  readonly world: FakeWorld;
  readonly revisions = new FakeRevisions();

  constructor(files: { readonly [path: string]: string }) {
    this.world = new FakeWorld(files);
  }

  /** A new invocation of avian. */
  context(): CommandContext {
    const { world, revisions } = this;
    const { files } = world;
    return {
      ports: world.ports(),
      files: {
        read: (path) => files.get(path),
        list: (folder) =>
          [...files.keys()]
            .filter((path) => path.startsWith(`${folder}/`))
            .map((path) => path.slice(folder.length + 1).split('/')[0] ?? '')
            .sort(byCodeUnit),
        write: (path, text) => {
          world.note(`files.write ${path}`);
          files.set(path, text);
        },
      },
      projectCache: { load: () => undefined, store: () => undefined },
      revisions,
      invocationLock: { acquire: async () => ({ release: async () => undefined }) },
      reapOrphans: async () => [],
      version: '0.0.0-test',
      commandLine: 'avian test',
      signal: new AbortController().signal,
    };
  }
}

/** The value of a result that has to be one. */
export function valueOf<T>(result: { readonly ok: boolean; readonly value?: T }): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result)}`);
  return result.value as T;
}
