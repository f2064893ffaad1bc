import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import { holdingProject } from './hold-project.ts';

function context(orphans: readonly string[] = []) {
  const told: string[] = [];
  const events: AvianEvent[] = [];
  return {
    told,
    events,
    context: {
      ports: {
        emit: (event: AvianEvent) => void events.push(event),
        workspace: {
          recover: async () => {
            told.push('recover');
            return [{ stage: 'train', at: '2026-11-23T10:15:00.000Z' }];
          },
        },
      },
      invocationLock: {
        acquire: async () => {
          told.push('lock');
          return { release: async () => void told.push('release') };
        },
      },
      reapOrphans: async () => {
        told.push('reap');
        return orphans;
      },
      commandLine: 'avian checkout',
      signal: new AbortController().signal,
    },
  };
}

t.test('orphans end before the outs they write to are put back, all under the lock', async (t) => {
  const { context: given, told, events } = context(['train']);
  const interrupted = await holdingProject(given, async (stages) => {
    told.push('work');
    return stages;
  });
  t.same(told, ['lock', 'reap', 'recover', 'work', 'release']);
  t.same([...interrupted], [['train', '2026-11-23T10:15:00.000Z']]);
  t.match(events, [{ type: 'diagnostic', diagnostic: { code: 'stage/orphan-ended' } }]);
});

t.test('the lock is let go of whatever happens', async (t) => {
  const { context: given, told } = context();
  await t.rejects(
    holdingProject(given, () => Promise.reject(new Error('full'))),
    /full/,
  );
  t.equal(told.at(-1), 'release');
});
