import { join } from 'node:path';
import type { EventKeeper, Told } from '../adapters/running-events/keep-events.ts';
import type { Emit } from '../model/event.ts';
import { systemClock } from './clock.ts';
import { findRoot } from './find-root.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

export const eventsFileIn = (root: string): string =>
  join(root, 'cache/v1/tmp/running/events.jsonl');

/**
 * Hands events on, and from the first stage that starts also keeps them where another terminal can
 * read them (`avian tui` there shows this run). A run of nothing writes nothing.
 */
export function tellOthers(
  io: Pick<Io, 'cwd' | 'argv'>,
  emit: Emit,
): { readonly emit: Emit; readonly close: () => Promise<void> } {
  let held: Told[] = [];
  let opening: Promise<EventKeeper> | undefined;
  let keeper: EventKeeper | undefined;

  async function open(): Promise<EventKeeper> {
    const { openEventKeeper } = await import('../adapters/running-events/keep-events.ts');
    const file = eventsFileIn(findRoot(io.cwd) ?? io.cwd);
    const command = ['avian', ...io.argv].join(' ');
    keeper = openEventKeeper(file, { avian: VERSION, pid: process.pid, command });
    for (const told of held) keeper.keep(told);
    held = [];
    return keeper;
  }

  return {
    emit(event) {
      emit(event);
      // Logs hold it.
      if (event.type === 'stage-output') return;
      const told = { at: systemClock.now(), event };
      if (keeper !== undefined) return keeper.keep(told);
      held.push(told);
      if (event.type === 'stage-started') opening ??= open();
    },
    async close() {
      (await opening)?.close();
    },
  };
}
