import { exitStatus, type ExitStatus } from './exit-status.ts';
import { listenForInterrupts } from './interrupts.ts';
import { wantsAscii, wantsColour, type Io } from './io.ts';
import { runWords } from './run-words.ts';

/*
 * The program: argv in, exit status out. The only place that touches `process`; verbs get an Io.
 */

// A reader that goes away (`avian dag | head`) ends the output, not avian.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const interrupts = listenForInterrupts(process);
const io: Io = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  argv: process.argv.slice(2),
  colour: wantsColour(process.env, process.stderr.isTTY),
  stdoutIsTerminal: process.stdout.isTTY,
  columns: process.stderr.isTTY ? process.stderr.columns : undefined,
  ascii: wantsAscii(process.env),
  signal: interrupts.signal,
};

try {
  const status = await runWords(io);
  process.exitCode = interrupts.status() ?? status;
} catch (error) {
  process.exitCode = interrupts.status() ?? reportBug(error);
} finally {
  interrupts.stop();
}

function reportBug(error: unknown): ExitStatus {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `error[avian/bug]: this is a bug in avian, please report it with these lines\n${stack}\n`,
  );
  return exitStatus.bug;
}
