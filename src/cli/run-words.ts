import { resolve } from 'node:path';
import { closest } from '../model/did-you-mean.ts';
import { problem } from '../model/diagnostic.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { verbs } from './verbs.ts';
import { VERSION } from './version.ts';

/** Finds the verb among the words and runs it. */
export async function runWords(io: Io): Promise<ExitStatus> {
  const [first, ...rest] = io.argv;
  if (first === '-C' || first === '--cd') return inDirectory(rest, io);
  if (first === '--version' || first === '-V' || first === 'version') {
    io.stdout(`avian ${VERSION}\n`);
    return exitStatus.ok;
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    return showHelp(rest[0], io, first === undefined ? exitStatus.usage : exitStatus.ok);
  }
  const verb = verbs[first];
  if (verb === undefined) return unknownVerb(first, io);
  const words = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
  if (first !== 'run' && (words.includes('--help') || words.includes('-h'))) {
    return showHelp(first, io, exitStatus.ok);
  }
  const { run } = await verb.load();
  return run(rest, io);
}

/** `avian -C DIR …` is as if started in DIR, as in git. */
async function inDirectory(words: readonly string[], io: Io): Promise<ExitStatus> {
  const [directory, ...argv] = words;
  if (directory === undefined) return tell(io, 'usage/bad-option', '`-C` needs a directory');
  return runWords({ ...io, argv, cwd: resolve(io.cwd, directory) });
}

async function showHelp(verb: string | undefined, io: Io, status: ExitStatus): Promise<ExitStatus> {
  const entry = verb === undefined ? undefined : verbs[verb];
  if (verb !== undefined && entry === undefined) return unknownVerb(verb, io);
  const { overview } = await import('./help.ts');
  const write = status === exitStatus.ok ? io.stdout : io.stderr;
  write(entry === undefined ? overview(VERSION) : `${entry.summary}\n\n${entry.help}\n`);
  return status;
}

function unknownVerb(name: string, io: Io): Promise<ExitStatus> {
  const near = closest(name, Object.keys(verbs));
  return tell(
    io,
    'usage/unknown-command',
    `there is no command \`${name}\``,
    near === undefined ? '`avian --help` lists them' : `did you mean \`avian ${near}\`?`,
  );
}

async function tell(io: Io, code: string, message: string, hint?: string): Promise<ExitStatus> {
  const { tellProblem } = await import('./tell-problem.ts');
  return tellProblem(problem('usage', code, message, hint), io);
}
