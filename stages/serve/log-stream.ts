/** Where the log goes: standard output, a turn of the event loop at a time. */
import { destination } from 'pino';

/**
 * Lines to a file descriptor, those of one turn of the event loop together. pino's own stream hands every line to a thread of
 * libuv and is woken when it is written: with a small model, a tenth of the requests a second. The last lines are written when
 * the process exits, whatever ends it short of a signal that kills. A reader that is gone is none of the service's business.
 */
export function openLogStream(fd: number): { write(line: string): void } {
  const sink = destination({ fd, sync: true });
  let lines = '';
  const flush = (): void => {
    const now = lines;
    lines = '';
    if (now !== '') sink.write(now);
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
}
