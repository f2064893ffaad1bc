import type { AttemptId } from '../model/names.ts';

/** Small files handed to a running command, such as its parameters. */
export interface Scratch {
  /** Writes a file for an attempt; returns its absolute path. */
  write(attempt: AttemptId, name: string, text: string): Promise<string>;
  /** Removes what was written for an attempt. */
  clear(attempt: AttemptId): Promise<void>;
}
