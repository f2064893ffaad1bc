import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { runFreeze } from './freeze.ts';

export const run = (words: readonly string[], io: Io): Promise<ExitStatus> =>
  runFreeze(words, false, io);
