import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '../../model/json.ts';
import type { PendingOperation, RolloutJournal } from '../../ports/rollout-journal.ts';
import { withLock } from '../deploy-local/deployment-lock.ts';

/**
 * ```
 * cache/v1/operations/<project>.<region>/
 *   <name>.json           the operation under way; not there when none is
 *   <name>.lock.sqlite    held by the command that changes the service
 * ```
 */
export function openRolloutJournal(directory: string): RolloutJournal {
  const pathOf = (name: string): string => join(directory, `${name}.json`);
  return {
    exclusively: (name, options, work) =>
      withLock(join(directory, `${name}.lock.sqlite`), options, work),

    pending(name) {
      let value: unknown;
      try {
        value = JSON.parse(readFileSync(pathOf(name), 'utf8'));
      } catch {
        // None, or one that a power cut took: the service itself says that it is reconciling.
        return undefined;
      }
      if (!isJsonObject(value) || value['v'] !== 1) return undefined;
      const fields = ['operation', 'resource', 'startedAt'] as const;
      return fields.every((field) => typeof value[field] === 'string')
        ? (value as unknown as PendingOperation)
        : undefined;
    },

    keep(name, operation) {
      mkdirSync(directory, { recursive: true });
      const path = pathOf(name);
      const text = `${JSON.stringify({ v: 1, ...operation })}\n`;
      writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    },

    forget(name) {
      rmSync(pathOf(name), { force: true });
    },
  };
}
