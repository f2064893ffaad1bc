import { assertNever } from '../../model/result.ts';
import type { Executor } from '../../ports/executor.ts';
import type { ProcessGroups } from './process-group.ts';
import { byShell, runCommand } from './run-command.ts';

type Query = Parameters<Executor['query']>[0];
type Answer = Awaited<ReturnType<Executor['query']>>;

/** Output beyond this is dropped: a probe answers with a few words. */
const KEPT_BYTES = 65_536;

/** Runs a probe or a version query to its end, or to its time limit, and collects what it says. */
export async function query(
  { cmd, cwd, env, timeoutMs, signal }: Query,
  means: {
    readonly env: NodeJS.ProcessEnv;
    readonly groups: ProcessGroups;
    readonly graceMs: number;
  },
): Promise<Answer> {
  const kept = { stdout: new Kept(), stderr: new Kept() };
  const ending = await runCommand({
    argv: byShell(cmd),
    cwd,
    env: { ...means.env, ...env },
    signal,
    timeout: AbortSignal.timeout(timeoutMs),
    groups: means.groups,
    graceMs: means.graceMs,
    // A probe that leaves something behind has said what it had to say.
    drainMs: 50,
    onBytes: (stream, bytes) => kept[stream].push(bytes),
    onStart: () => undefined,
    onPipesHeld: () => undefined,
  });
  const lastWords = (kept.stderr.text() || kept.stdout.text()).trimEnd().split('\n').at(-1) ?? '';
  const because = lastWords === '' ? '' : `: ${lastWords.slice(0, 300)}`;
  switch (ending.kind) {
    case 'exited':
      if (ending.code === 0) return { kind: 'ok', stdout: kept.stdout.text() };
      return { kind: 'failed', message: `exited with ${ending.code}${because}` };
    case 'signalled':
      return { kind: 'failed', message: `was ended by ${ending.signal}${because}` };
    case 'timed-out':
      return { kind: 'failed', message: `gave no answer within ${timeoutMs / 1000} s${because}` };
    case 'cancelled':
      return { kind: 'failed', message: 'was cancelled' };
    case 'not-started':
      return { kind: 'failed', message: `could not be started: ${ending.cause}` };
    default:
      return assertNever(ending);
  }
}

class Kept {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  push(bytes: Buffer): void {
    const piece = bytes.subarray(0, KEPT_BYTES - this.#bytes);
    this.#bytes += piece.length;
    if (piece.length > 0) this.#pieces.push(piece);
  }

  text(): string {
    return Buffer.concat(this.#pieces).toString();
  }
}
