import type { Digest, StageName } from '../model/names.ts';
import type { Ports } from '../ports/ports.ts';
import type { StageWork } from './request.ts';
import { surroundingsOf } from './surroundings.ts';

export type ProbeAnswer =
  | { readonly kind: 'ok'; readonly digest: Digest }
  | { readonly kind: 'failed'; readonly message: string };

/** Asks a stage's probe what the outside looks like now. */
export type Prober = (work: StageWork) => Promise<ProbeAnswer>;

const PROBE_LIMIT_MS = 5000;

/** A prober that asks each stage once; `askAgain` is for after an effect has run. */
export function createProber(
  ports: Pick<Ports, 'executor' | 'environment' | 'hash' | 'scratch'>,
  signal: AbortSignal,
): { readonly probe: Prober; readonly askAgain: Prober } {
  const answers = new Map<StageName, Promise<ProbeAnswer>>();
  const ask: Prober = async (work) => {
    if (work.stage.probe === undefined) throw new Error(`bug: ${work.stage.name} has no probe`);
    const answer = await ports.executor.query({
      cmd: work.stage.probe,
      ...(await surroundingsOf(work, ports)),
      timeoutMs: PROBE_LIMIT_MS,
      signal,
    });
    return answer.kind === 'failed'
      ? answer
      : { kind: 'ok', digest: `b3:${ports.hash(answer.stdout)}` as Digest };
  };
  const remember: Prober = (work) => {
    const answer = ask(work);
    answers.set(work.stage.name, answer);
    return answer;
  };
  return { probe: (work) => answers.get(work.stage.name) ?? remember(work), askAgain: remember };
}
