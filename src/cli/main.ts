import type { ExitStatus } from './exit-status.ts';
import { listenForInterrupts } from './interrupts.ts';
import { wantsAscii, wantsColour, type Io } from './io.ts';
import { runWords } from './run-words.ts';
import { createWriter, isTerminal } from './streams.ts';

/*
 * The program: argv in, exit status out. The only place that touches `process`; verbs get an Io.
 */

const interrupts = listenForInterrupts(process);
const io: Io = {
  stdout: createWriter(1),
  stderr: createWriter(2),
  env: process.env,
  cwd: process.cwd(),
  argv: process.argv.slice(2),
  colour: wantsColour(process.env, isTerminal(2)),
  stdoutIsTerminal: isTerminal(1),
  columns: isTerminal(2) ? process.stderr.columns : undefined,
  ascii: wantsAscii(process.env),
  signal: interrupts.signal,
  hurry: interrupts.hurry,
  openTerminal: () => ({
    input: process.stdin,
    output: process.stderr,
    interrupt: () => void process.kill(process.pid, 'SIGINT'),
    on(moment, act) {
      const name = moment === 'ended' ? 'exit' : 'SIGCONT';
      process.on(name, act);
      return () => void process.off(name, act);
    },
    onUncaught(judge) {
      const listener = (error: unknown): void => {
        if (judge(error) === 'dealt with') return;
        process.off('uncaughtException', listener);
        setImmediate(() => {
          throw error;
        });
      };
      process.on('uncaughtException', listener);
      return () => void process.off('uncaughtException', listener);
    },
  }),
};

const unexpected = async (error: unknown): Promise<ExitStatus> => {
  // Interrupted while it waited for the lock: the wait ends with an error that is none of avian's.
  const status = interrupts.status();
  if (status !== undefined) return status;
  return (await import('./tell-unexpected.ts')).tellUnexpected(error, io);
};
// At once: taking the heap apart in order takes 5 ms. All is written, and every port is closed.
const end = (status: ExitStatus): never => process.exit(interrupts.status() ?? status);

// A promise that nobody settles any more, such as that of a stream that lost its source, would be a success to Node.
process.once('beforeExit', () => {
  const error = new Error('bug: the command waits for something that will never come');
  void unexpected(error).then(end);
});
void runWords(io).catch(unexpected).then(end);
