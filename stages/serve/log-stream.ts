/** Where the log goes: standard output, a turn of the event loop at a time. */
import { destination } from 'pino';

/**
 * Lines to a file descriptor, those of one turn of the event loop by one call that waits until they are written. Fastify's own
 * stream asks a thread of libuv for each write and is woken afterwards: with a small model that cost 5 % of the requests a second,
 * whether by line or by turn. As with console.log, a pipe whose reader stalls stops the service; a reader that is gone does not.
 * Lines of the last turn are written when the process exits; what kills or aborts it takes them along.
 */
export function openLogStream(fd: number): { write(line: string): void } {
  const sink = destination({ fd, sync: true });
  let lines = '';
  let isExiting = false;
  const flush = (): void => {
    const now = lines;
    lines = '';
    if (now !== '') sink.write(now);
  };
  process.on('exit', () => {
    isExiting = true;
    flush();
  });
  return {
    write(line) {
      if (lines === '' && !isExiting) setImmediate(flush);
      lines += line;
      if (isExiting) flush();
    },
  };
}
