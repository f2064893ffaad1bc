import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { runPull } from './pull.ts';

export const run = (words: readonly string[], io: Io): Promise<ExitStatus> =>
  runPull(words, false, io);
